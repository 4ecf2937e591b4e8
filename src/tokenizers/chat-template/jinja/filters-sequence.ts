// Jinja2's filters on lists, dicts and other sequences as wholes.

import { type Definition, define } from "./arguments.ts";
import { missingItem, safeAttribute } from "./attributes.ts";
import { compare, equals, sortBy } from "./comparison.ts";
import { Dict, DictView } from "./dict.ts";
import { isError, TemplateError, typeError } from "./errors.ts";
import { attributeGetter, foldCase, multiAttributeGetter } from "./getters.ts";
import { indexOf, intOf } from "./numbers.ts";
import { binary } from "./operators.ts";
import { str, toMarkup } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { joinText, softText } from "./str-methods.ts";
import { len, Slice, subscript } from "./subscript.ts";
import { characters } from "./text.ts";
import {
  Bytes,
  Iter,
  itemsOf,
  iterate,
  listOf,
  Markup,
  Range,
  Tuple,
  textOf,
  truth,
  typeName,
  Undefined,
  undefinedIn,
  type Value,
} from "./values.ts";

/** A filter that gives its items one by one, when they are asked for. */
function lazy(
  maker: string,
  items: (args: Value[], runtime: Runtime) => Generator<Value>,
): Definition["run"] {
  return (args, runtime) => new Iter(counted(items(args, runtime), runtime), "generator", maker);
}

function* counted(items: Generator<Value>, runtime: Runtime): Generator<Value> {
  for (const item of items) {
    runtime.budget.step();
    yield item;
  }
}

function* batch([value, size, fill]: Value[], runtime: Runtime): Generator<Value> {
  let part: Value[] = [];
  for (const item of iterate(value)) {
    if (equals(part.length, size, runtime)) {
      yield part;
      part = [];
    }
    runtime.budget.hold(1);
    part.push(item);
  }
  if (part.length === 0) return;
  if (fill !== null) {
    const missing = indexOf(size) - part.length;
    runtime.budget.hold(Math.max(0, missing));
    for (let i = 0; i < missing; i++) part.push(fill);
  }
  yield part;
}

function* slice([value, count, fill]: Value[], runtime: Runtime): Generator<Value> {
  const items = listOf(value, runtime);
  if (intOf(count) === undefined) {
    binary("//", items.length, count, runtime);
    indexOf(count);
  }
  const slices = indexOf(count);
  if (slices === 0) throw new TemplateError("ZeroDivisionError", "integer division or modulo by zero");
  const each = Math.floor(items.length / slices);
  const extra = items.length - each * slices;
  let offset = 0;
  for (let i = 0; i < slices; i++) {
    const start = offset + i * each;
    if (i < extra) offset++;
    const part = items.slice(start, offset + (i + 1) * each);
    if (fill !== null && i >= extra) part.push(fill);
    runtime.budget.hold(1);
    yield part;
  }
}

function* unique([value, caseSensitive, attribute]: Value[], runtime: Runtime): Generator<Value> {
  const key = attributeGetter(attribute, runtime, truth(caseSensitive) ? undefined : foldCase);
  const seen = new Dict();
  for (const item of iterate(value)) {
    const found = key(item);
    if (seen.has(found)) continue;
    runtime.budget.hold(1);
    seen.set(found, null);
    yield item;
  }
}

function* items([value]: Value[]): Generator<Value> {
  if (value instanceof Undefined) return;
  if (!(value instanceof Dict)) throw typeError("Can only get item pairs from a mapping.");
  for (const pair of value.entries()) yield new Tuple(pair);
}

/** The smallest or largest item, by the key. */
function extreme(largest: boolean): Definition["run"] {
  return ([value, caseSensitive, attribute], runtime) => {
    const key = attributeGetter(attribute, runtime, truth(caseSensitive) ? undefined : foldCase);
    let best: Value | undefined;
    let bestKey: Value = null;
    for (const item of iterate(value)) {
      const itemKey = key(item);
      if (best === undefined || compare(largest ? ">" : "<", itemKey, bestKey, runtime))
        [best, bestKey] = [item, itemKey];
    }
    return best === undefined ? undefinedIn(runtime, "No aggregated item, sequence was empty.") : best;
  };
}

function join([value, separator, attribute]: Value[], runtime: Runtime): Value {
  const key = attribute === null ? undefined : attributeGetter(attribute, runtime);
  const all: Value[] = [];
  for (const item of iterate(value)) {
    runtime.budget.hold(1);
    all.push(key ? key(item) : item);
  }
  if (!runtime.autoescape) {
    const texts = all.map((item) => str(item, runtime));
    return joinText(str(separator, runtime), texts, runtime);
  }
  if (separator instanceof Markup) {
    return new Markup(joinText(separator.value, all, runtime, true));
  }
  if (all.some((item) => item instanceof Markup)) {
    return new Markup(
      joinText(
        toMarkup(separator, runtime).value,
        all.map((item) => softText(item, runtime)),
        runtime,
        true,
      ),
    );
  }
  return joinText(
    str(separator, runtime),
    all.map((item) => str(item, runtime)),
    runtime,
  );
}

function first([value]: Value[], runtime: Runtime): Value {
  for (const item of iterate(value)) return item;
  return undefinedIn(runtime, "No first item, sequence was empty.");
}

/** reversed(value), or undefined where Python has none. */
function reversed(value: Value, runtime: Runtime): Iter | undefined {
  if (value instanceof DictView) return value.reversed();
  const sequence =
    itemsOf(value) ?? (textOf(value) !== undefined ? characters(textOf(value) as string) : undefined);
  if (!sequence && !(value instanceof Dict || value instanceof Range || value instanceof Bytes))
    return undefined;
  const kind = Array.isArray(value)
    ? "list_reverseiterator"
    : value instanceof Dict
      ? "dict_reversekeyiterator"
      : value instanceof Range
        ? "range_iterator"
        : "reversed";
  const all = sequence ? [...sequence] : listOf(value, runtime);
  runtime.budget.hold(all.length);
  return new Iter(all.reverse(), kind);
}

function last([value]: Value[], runtime: Runtime): Value {
  if (value instanceof Undefined) {
    // It has a length and items in name only.
    return undefinedIn(runtime, "No last item, sequence was empty.");
  }
  const backwards = reversed(value, runtime);
  if (!backwards) throw typeError(`'${typeName(value)}' object is not reversible`);
  const item = backwards.next();
  if (item === undefined) return undefinedIn(runtime, "No last item, sequence was empty.");
  return value instanceof Markup ? new Markup(item as string) : item;
}

function reverse([value]: Value[], runtime: Runtime): Value {
  if (textOf(value) !== undefined) return subscript(value, new Slice(null, null, -1), runtime);
  const backwards = value instanceof Undefined ? new Iter([], "reversed") : reversed(value, runtime);
  if (backwards) return backwards;
  try {
    return listOf(value, runtime).reverse();
  } catch (error) {
    if (isError(error, "TypeError")) {
      throw new TemplateError("FilterArgumentError", "argument must be iterable");
    }
    throw error;
  }
}

/** The first of a sequence where Python would choose one by chance. */
function random([value]: Value[], runtime: Runtime): Value {
  if (len(value) === 0) return undefinedIn(runtime, "No random item, sequence was empty.");
  return subscript(value, 0, runtime);
}

function sort([value, reversing, caseSensitive, attribute]: Value[], runtime: Runtime): Value {
  const key = multiAttributeGetter(attribute, runtime, truth(caseSensitive) ? undefined : foldCase);
  return sortBy(listOf(value, runtime), key, truth(reversing), runtime);
}

function dictSort([value, caseSensitive, by, reversing]: Value[], runtime: Runtime): Value {
  const position = textOf(by) === "key" ? 0 : textOf(by) === "value" ? 1 : -1;
  if (position < 0) {
    throw new TemplateError("FilterArgumentError", 'You can only sort by either "key" or "value"');
  }
  if (!(value instanceof Dict)) {
    if (value instanceof Undefined) return value.fail();
    throw new TemplateError("AttributeError", `'${typeName(value)}' object has no attribute 'items'`);
  }
  const key = (pair: Value) => {
    const part = (pair as Tuple).items[position];
    return truth(caseSensitive) ? part : foldCase(part);
  };
  const pairs = Array.from(value.entries(), (pair) => new Tuple([...pair]));
  return sortBy(pairs, key, truth(reversing), runtime);
}

function groupBy([value, attribute, fallback, caseSensitive]: Value[], runtime: Runtime): Value {
  const fold = truth(caseSensitive) ? undefined : foldCase;
  const key = attributeGetter(attribute, runtime, fold, fallback);
  const shown = attributeGetter(attribute, runtime, undefined, fallback);
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of sortBy(listOf(value, runtime), key, false, runtime)) {
    const itemKey = key(item);
    const group = groups.at(-1);
    if (group && equals(group.key, itemKey, runtime)) group.items.push(item);
    else groups.push({ key: itemKey, items: [item] });
  }
  return groups.map((group) => {
    const name = fold ? shown(group.items[0]) : group.key;
    return new Tuple([name, group.items], ["grouper", "list"], "_GroupTuple");
  });
}

function sum([value, attribute, start]: Value[], runtime: Runtime): Value {
  const key = attribute === null ? undefined : attributeGetter(attribute, runtime);
  if (textOf(start) !== undefined) {
    throw typeError("sum() can't sum strings [use ''.join(seq) instead]");
  }
  let total = start;
  for (const item of iterate(value)) {
    runtime.budget.step();
    total = binary("+", total, key ? key(item) : item, runtime);
  }
  return total;
}

function attribute([value, name]: Value[], runtime: Runtime): Value {
  const text = textOf(name);
  if (text === undefined) throw typeError("attribute name must be string");
  const found = safeAttribute(value, text, runtime);
  return found === undefined ? missingItem(value, name, runtime) : found;
}

function fallBack([value, fallback, falsy]: Value[]): Value {
  return value instanceof Undefined || (truth(falsy) && !truth(value)) ? fallback : value;
}

/** The filters, by name. */
export const sequenceFilters: Readonly<Record<string, Definition>> = {
  attr: define("obj, name", attribute),
  batch: define("value, linecount, fill_with=None", lazy("do_batch", batch)),
  count: define("obj, /", ([value]) => len(value)),
  d: define("value, default_value='', boolean=False", fallBack),
  default: define("value, default_value='', boolean=False", fallBack),
  dictsort: define("value, case_sensitive=False, by='key', reverse=False", dictSort),
  first: define("seq", first),
  groupby: define("value, attribute, default=None, case_sensitive=False", groupBy),
  items: define("value", lazy("do_items", items)),
  join: define("value, d='', attribute=None", join),
  last: define("seq", last),
  length: define("obj, /", ([value]) => len(value)),
  list: define("value", ([value], runtime) => listOf(value, runtime)),
  max: define("value, case_sensitive=False, attribute=None", extreme(true)),
  min: define("value, case_sensitive=False, attribute=None", extreme(false)),
  random: define("seq", random),
  reverse: define("value", reverse),
  slice: define("value, slices, fill_with=None", lazy("sync_do_slice", slice)),
  sort: define("value, reverse=False, case_sensitive=False, attribute=None", sort),
  sum: define("iterable, attribute=None, start=0", sum),
  unique: define("value, case_sensitive=False, attribute=None", lazy("sync_do_unique", unique)),
};
