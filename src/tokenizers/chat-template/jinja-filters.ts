// Jinja2's filters and tests that @huggingface/jinja lacks or does otherwise.

import type { Value } from "./jinja-package.ts";
import { percentFormat, pythonStr, stringMethod, strip } from "./python-text.ts";
import { compare, describe, dictKey, equal, isList, isNumeric, keyOf } from "./python-values.ts";

/** What filters need of the interpreter. */
export interface FilterHost {
  /** Something undefined. */
  readonly nothing: Value;
  /** A value of the package from one of JavaScript. */
  make(value: unknown): Value;
  /** A list of values. */
  list(items: readonly Value[]): Value;
  /** The package's own filter of this name. */
  packageFilter(name: string, operand: Value, args: readonly Value[]): Value;
  /** The package's own test of this name. */
  packageTest(name: string, operand: Value): boolean;
}

type Named = ReadonlyMap<string, Value>;

/** The items that a loop over a value runs over: a dict gives its keys, text its characters, undefined nothing. */
export function itemsOf(host: FilterHost, value: Value): Value[] {
  switch (value.type) {
    case "ArrayValue":
    case "TupleValue":
      return value.value as Value[];
    case "ObjectValue":
      return [...(value.value as Map<string, Value>).keys()].map((key) => host.make(keyOf(key)));
    case "StringValue":
      return [...(value.value as string)].map((character) => host.make(character));
    case "UndefinedValue":
      return [];
    default:
      throw new Error(`${describe(value)} is not iterable`);
  }
}

/** Whether a value counts as true. */
export function truth(value: Value): boolean {
  return value.__bool__().value;
}

/** Python's `item in container`. */
export function contains(host: FilterHost, container: Value, item: Value): boolean {
  if (container.type === "StringValue") {
    if (item.type !== "StringValue") throw new Error(`text contains only text, not ${describe(item)}`);
    return (container.value as string).includes(item.value as string);
  }
  if (container.type === "ObjectValue") {
    const key = dictKey(item);
    return key !== undefined && (container.value as Map<string, Value>).has(key);
  }
  return itemsOf(host, container).some((other) => equal(other, item));
}

/** Calls a method of dict. */
export function dictMethod(host: FilterHost, dict: Value, method: string, args: readonly Value[]): Value {
  if (dict.type !== "ObjectValue") throw new Error(`${describe(dict)} is no dict and has no ${method}`);
  const entries = [...(dict.value as Map<string, Value>)];
  switch (method) {
    case "items":
      return host.list(entries.map(([key, value]) => host.list([host.make(keyOf(key)), value])));
    case "keys":
      return host.list(itemsOf(host, dict));
    case "values":
      return host.list(entries.map(([, value]) => value));
    case "get": {
      const key = args[0] && dictKey(args[0]);
      const found = key === undefined ? undefined : (dict.value as Map<string, Value>).get(key);
      return found ?? args[1] ?? host.make(null);
    }
    default:
      throw new Error(`a dict has no method ${method}`);
  }
}

/** Whether a value passes a test, called by its name. */
export function passes(host: FilterHost, name: string, operand: Value, args: readonly Value[]): boolean {
  const other = args[0] ?? host.nothing;
  switch (name) {
    case "iterable":
    case "sequence":
      return isList(operand) || ["StringValue", "ObjectValue", "UndefinedValue"].includes(operand.type);
    case "mapping":
      return operand.type === "ObjectValue";
    case "number":
      return isNumeric(operand);
    case "float":
      return operand.type === "FloatValue";
    case "divisibleby":
      return Number(operand.value) % Number(other.value) === 0;
    case "in":
      return contains(host, other, operand);
    case "eq":
    case "equalto":
    case "==":
      return equal(operand, other);
    case "ne":
    case "!=":
      return !equal(operand, other);
    case "sameas":
      return operand.type === other.type && operand.value === other.value;
    case "lt":
    case "lessthan":
    case "<":
      return compare(operand, other) < 0;
    case "le":
    case "<=":
      return compare(operand, other) <= 0;
    case "gt":
    case "greaterthan":
    case ">":
      return compare(operand, other) > 0;
    case "ge":
    case ">=":
      return compare(operand, other) >= 0;
    default:
      return host.packageTest(name, operand);
  }
}

/** Applies a filter by its name. */
export function applyFilter(
  host: FilterHost,
  name: string,
  operand: Value,
  args: readonly Value[],
  named: Named,
): Value {
  if (name.startsWith("is ")) {
    const negated = name.startsWith("is not ");
    const result = passes(host, name.slice(negated ? 7 : 3), operand, args);
    return host.make(negated ? !result : result);
  }
  return (
    textFilter(host, name, operand, args, named) ??
    listFilter(host, name, operand, args, named) ??
    host.packageFilter(name, operand, args)
  );
}

/** Filters of text; what is no text is written as Python writes it first. */
function textFilter(
  host: FilterHost,
  name: string,
  operand: Value,
  args: readonly Value[],
  named: Named,
): Value | undefined {
  switch (name) {
    case "string":
      return host.make(pythonStr(operand));
    case "trim": {
      const characters = (args[0] ?? named.get("chars"))?.value;
      return host.make(strip(pythonStr(operand), characters as string | undefined, true, true));
    }
    case "upper":
    case "lower":
    case "title":
    case "capitalize":
    case "replace":
      return host.make(stringMethod(pythonStr(operand), name, args, named));
    case "format":
      return host.make(percentFormat(pythonStr(operand), args));
    case "e":
    case "escape":
      return host.make(
        pythonStr(operand)
          .replaceAll("&", "&amp;")
          .replaceAll("<", "&lt;")
          .replaceAll(">", "&gt;")
          .replaceAll("'", "&#39;")
          .replaceAll('"', "&#34;"),
      );
    case "wordcount":
      return host.make((pythonStr(operand).match(/[\p{L}\p{N}_]+/gu) ?? []).length);
    case "tojson":
      if (operand.type === "UndefinedValue") throw new Error("what is undefined cannot be written as JSON");
      return undefined;
    case "round": {
      const scale = 10 ** Number((args[0] ?? named.get("precision"))?.value ?? 0);
      return host.make(Math.round(Number(operand.value) * scale) / scale);
    }
    default:
      return undefined;
  }
}

/** Filters of lists and of whatever can be looped over, and `default`. */
function listFilter(
  host: FilterHost,
  name: string,
  operand: Value,
  args: readonly Value[],
  named: Named,
): Value | undefined {
  const items = () => itemsOf(host, operand);
  const argument = (i: number, key: string) => args[i] ?? named.get(key);
  const attributeOf = (item: Value, attribute: Value | undefined) =>
    attribute === undefined ? item : attributeAt(host, item, attribute);
  switch (name) {
    case "length":
    case "count":
      return host.make(items().length);
    case "list":
      return host.list(items());
    case "first":
      return items()[0] ?? host.nothing;
    case "last":
      return items().at(-1) ?? host.nothing;
    case "reverse": {
      const reversed = [...items()].reverse();
      return operand.type === "StringValue"
        ? host.make(reversed.map((c) => c.value).join(""))
        : host.list(reversed);
    }
    case "items":
      return operand.type === "UndefinedValue" ? host.list([]) : dictMethod(host, operand, "items", []);
    case "dictsort": {
      const by = argument(1, "by")?.value === "value" ? 1 : 0;
      const cased = argument(0, "case_sensitive");
      const backwards = argument(2, "reverse");
      const fold = (value: Value) =>
        value.type === "StringValue" && !(cased && truth(cased))
          ? host.make(String(value.value).toLowerCase())
          : value;
      const pairs = itemsOf(host, dictMethod(host, operand, "items", []));
      const sorted = [...pairs].sort((a, b) =>
        compare(fold(itemsOf(host, a)[by]), fold(itemsOf(host, b)[by])),
      );
      return host.list(backwards && truth(backwards) ? sorted.reverse() : sorted);
    }
    case "default":
    case "d": {
      const orFalse = argument(1, "boolean");
      const absent = operand.type === "UndefinedValue" || (orFalse && truth(orFalse) && !truth(operand));
      return absent ? (argument(0, "default_value") ?? host.make("")) : operand;
    }
    case "join": {
      const separator = argument(0, "d");
      const texts = items().map((item) => pythonStr(attributeOf(item, argument(1, "attribute"))));
      return host.make(texts.join(separator ? pythonStr(separator) : ""));
    }
    case "map":
      return mapItems(host, items(), args, named);
    case "select":
    case "reject":
      return host.list(items().filter((item) => selected(host, item, args) === (name === "select")));
    case "selectattr":
    case "rejectattr": {
      const [attribute, ...test] = args;
      if (!attribute) throw new Error(`${name} expects an attribute`);
      const wanted = name === "selectattr";
      return host.list(
        items().filter((item) => selected(host, attributeAt(host, item, attribute), test) === wanted),
      );
    }
    case "unique": {
      const kept: Value[] = [];
      for (const item of items()) if (!kept.some((other) => equal(other, item))) kept.push(item);
      return host.list(kept);
    }
    case "sum": {
      const attribute = argument(0, "attribute");
      return host.make(items().reduce((sum, item) => sum + Number(attributeOf(item, attribute).value), 0));
    }
    case "min":
    case "max": {
      const sorted = [...items()].sort(compare);
      return (name === "min" ? sorted[0] : sorted.at(-1)) ?? host.nothing;
    }
    case "attr":
      return attributeOf(operand, args[0]);
    default:
      return undefined;
  }
}

function mapItems(host: FilterHost, items: readonly Value[], args: readonly Value[], named: Named): Value {
  const attribute = named.get("attribute");
  if (attribute) {
    const fallback = named.get("default");
    return host.list(
      items.map((item) => {
        const value = attributeAt(host, item, attribute);
        return value.type === "UndefinedValue" ? (fallback ?? value) : value;
      }),
    );
  }
  const [filter, ...rest] = args;
  if (!filter) throw new Error("map expects a filter or an attribute");
  return host.list(items.map((item) => applyFilter(host, pythonStr(filter), item, rest, named)));
}

function selected(host: FilterHost, value: Value, test: readonly Value[]): boolean {
  const [name, ...args] = test;
  return name ? passes(host, pythonStr(name), value, args) : truth(value);
}

/** What a dotted path finds in a value. */
function attributeAt(host: FilterHost, item: Value, path: Value): Value {
  let value = item;
  for (const part of String(path.value).split(".")) {
    let next: Value | undefined;
    if (value.type === "ObjectValue" || value.type === "NamespaceValue") {
      next = (value.value as Map<string, Value>).get(part);
    } else if (isList(value) && /^\d+$/.test(part)) {
      next = (value.value as Value[])[Number(part)];
    }
    if (!next) return host.nothing;
    value = next;
  }
  return value;
}
