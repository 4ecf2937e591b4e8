// The methods of str, and of Markup, whose methods escape what they are given.

import { bindArguments, boundMethod, type Definition, define, functionOf } from "./arguments.ts";
import { capitalize, caseFold, PREDICATES, swapCase, title } from "./casing.ts";
import { encodeText } from "./codecs.ts";
import { Dict } from "./dict.ts";
import { typeError, valueError } from "./errors.ts";
import { unescapeHtml } from "./html-text.ts";
import { indexOf, needText } from "./numbers.ts";
import { repr, str, toMarkup } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { findLastText, findText } from "./search.ts";
import * as text from "./text.ts";
import { Bytes, Callable, iterate, Markup, Tuple, textOf, truth, typeName, type Value } from "./values.ts";

type Run = (self: string, args: Value[], runtime: Runtime) => Value;

/** A method, whose first argument is the text. */
function method(parameters: string, run: Run): Definition {
  return define(parameters === "" ? "self, /" : `self, ${parameters}`, ([self, ...args], runtime) => {
    const own = textOf(self);
    if (own === undefined) throw typeError(`a 'str' object is needed, not '${typeName(self)}'`);
    runtime.budget.make(own.length);
    return run(own, args, runtime);
  });
}

const needed = (value: Value, name: string) =>
  needText(value, (type) => `${name}() argument must be str, not ${type}`);
const optional = (value: Value, name: string) =>
  value === null ? undefined : needText(value, (type) => `${name} arg must be None or str, not ${type}`);

/** The character that fills a field. */
function fillOf(value: Value): string {
  const fill = needText(value, (type) => `The fill character must be a unicode character, not ${type}`);
  if (text.lengthOf(fill) !== 1) throw typeError("The fill character must be exactly one character long");
  return fill;
}

/** Where a search begins and ends, in characters, clipped as slices are. */
function bounds(self: string, start: Value, stop: Value): [start: number, stop: number] {
  const length = text.lengthOf(self);
  const clip = (value: Value, missing: number) => {
    if (value === null) return missing;
    const at = indexOf(value);
    return Math.max(0, Math.min(length, at < 0 ? at + length : at));
  };
  // A start beyond the end finds nothing, not even nothing.
  const from = start === null ? 0 : indexOf(start);
  if (from > length) return [from, length];
  return [clip(start, 0), clip(stop, length)];
}

function search(fromRight: boolean, fails: boolean): Definition {
  return method("sub, start=None, end=None, /", (self, [sub, start, end]) => {
    const wanted = needText(sub, (type) => `must be str, not ${type}`);
    const [from, to] = bounds(self, start, end);
    let at = -1;
    if (from <= to && from <= text.lengthOf(self)) {
      const part = text.substring(self, from, to);
      const unit = fromRight ? findLastText(part, wanted) : findText(part, wanted);
      if (unit >= 0) at = from + text.lengthOf(part.slice(0, unit));
    }
    if (at < 0 && fails) throw valueError("substring not found");
    return at;
  });
}

function affix(name: "startswith" | "endswith"): Definition {
  return method("affix, start=None, end=None, /", (self, [wanted, start, end]) => {
    const [from, to] = bounds(self, start, end);
    const wrong = (type: string) => `${name} first arg must be str or a tuple of str, not ${type}`;
    const affixes = wanted instanceof Tuple ? wanted.items : [wanted];
    if (from > to || from > text.lengthOf(self)) {
      for (const each of affixes) needText(each, wrong);
      return false;
    }
    const part = text.substring(self, from, to);
    return affixes.some((each) => {
      const one = needText(
        each,
        wanted instanceof Tuple ? (type) => `tuple for ${name} must only contain str, not ${type}` : wrong,
      );
      return name === "startswith" ? part.startsWith(one) : part.endsWith(one);
    });
  });
}

function strip(name: string, left: boolean, right: boolean): Definition {
  return method("chars=None, /", (self, [chars]) => text.stripText(self, optional(chars, name), left, right));
}

function split(fromRight: boolean): Definition {
  return method("sep=None, maxsplit=-1", (self, [separator, limit], runtime) => {
    const at =
      separator === null ? undefined : needText(separator, (type) => `must be str or None, not ${type}`);
    const parts = text.splitText(self, at, Math.trunc(indexOf(limit)), fromRight);
    runtime.budget.hold(parts.length);
    return parts;
  });
}

function partition(fromRight: boolean): Definition {
  return method("sep, /", (self, [separator]) => {
    const at = needText(separator, (type) => `must be str, not ${type}`);
    if (at === "") throw valueError("empty separator");
    const unit = fromRight ? findLastText(self, at) : findText(self, at);
    if (unit < 0) return new Tuple(fromRight ? ["", "", self] : [self, "", ""]);
    return new Tuple([self.slice(0, unit), at, self.slice(unit + at.length)]);
  });
}

type Padding = (self: string, blanks: number, fill: string, width: number) => string;

function padded(run: Padding): Definition {
  return method("width, fillchar=' ', /", (self, [width, fill], runtime) => {
    const wide = indexOf(width);
    const one = fillOf(fill);
    const blanks = wide - text.lengthOf(self);
    runtime.budget.make(Math.max(0, blanks));
    return blanks <= 0 ? self : run(self, blanks, one, wide);
  });
}

const changed = (change: (self: string) => string) => method("/", (self) => change(self));

/** str.join; `escaped` texts where the separator is Markup. */
export function joinText(separator: string, items: Value, runtime: Runtime, escaped = false): string {
  const parts: string[] = [];
  for (const item of iterate(items)) {
    const part = escaped ? toMarkup(item, runtime).value : textOf(item);
    if (part === undefined) {
      throw typeError(`sequence item ${parts.length}: expected str instance, ${typeName(item)} found`);
    }
    runtime.budget.make(part.length + separator.length + 1);
    parts.push(part);
  }
  return parts.join(separator);
}

function encode(self: string, [encoding, errors]: Value[]): Value {
  return new Bytes(encodeText(self, needed(encoding, "encode"), needed(errors, "encode")));
}

function makeTranslation([from, to, dropped]: Value[]): Value {
  const table = new Dict();
  if (to === null) {
    if (!(from instanceof Dict))
      throw typeError("if you give only one argument to maketrans it must be a dict");
    for (const [key, value] of from.entries()) {
      const character = textOf(key);
      if (character !== undefined && text.lengthOf(character) !== 1) {
        throw valueError("string keys in translate table must be of length 1");
      }
      table.set(character === undefined ? key : (character.codePointAt(0) as number), value);
    }
    return table;
  }
  const sources = [...needed(from, "maketrans")];
  const targets = [...needed(to, "maketrans")];
  if (sources.length !== targets.length) {
    throw valueError("the first two maketrans arguments must have equal length");
  }
  sources.forEach((source, i) => {
    table.set(source.codePointAt(0) as number, targets[i].codePointAt(0) as number);
  });
  if (dropped !== null)
    for (const each of needed(dropped, "maketrans")) table.set(each.codePointAt(0) as number, null);
  return table;
}

function translate(self: string, [table]: Value[], runtime: Runtime): Value {
  let out = "";
  for (const character of self) {
    const code = character.codePointAt(0) as number;
    let mapped: Value | undefined;
    if (table instanceof Dict) mapped = table.get(code);
    else if (Array.isArray(table) || table instanceof Tuple)
      mapped = (Array.isArray(table) ? table : table.items)[code];
    else if (textOf(table) !== undefined) mapped = [...(textOf(table) as string)][code];
    else throw typeError(`'${typeName(table)}' object is not subscriptable`);
    if (mapped === undefined) out += character;
    else if (mapped !== null) {
      out += textOf(mapped) ?? String.fromCodePoint(indexOf(mapped));
      runtime.budget.make(textOf(mapped)?.length ?? 1);
    }
  }
  return out;
}

const predicates = Object.entries(PREDICATES).map(([name, test]): [string, Definition] => [
  name,
  method("/", (self) => test(self)),
]);

/** The methods of str by name; format and format_map are the sandbox's own. */
export const STR_METHODS: Readonly<Record<string, Definition>> = {
  ...Object.fromEntries(predicates),
  isspace: method("/", (self) => text.isSpace(self)),
  capitalize: changed(capitalize),
  casefold: changed(caseFold),
  center: padded((self, _blanks, fill, width) => text.centerText(self, width, fill)),
  count: method("sub, start=None, end=None, /", (self, [sub, start, end]) => {
    const wanted = needText(sub, (type) => `must be str, not ${type}`);
    const [from, to] = bounds(self, start, end);
    return from > to ? 0 : text.countText(text.substring(self, from, to), wanted);
  }),
  encode: method("encoding='utf-8', errors='strict'", encode),
  endswith: affix("endswith"),
  expandtabs: method("tabsize=8", (self, [size], runtime) => {
    const wide = indexOf(size);
    runtime.budget.make(text.countText(self, "\t") * Math.max(0, wide));
    return text.expandTabs(self, wide);
  }),
  find: search(false, false),
  index: search(false, true),
  join: method("iterable, /", (self, [items], runtime) => joinText(self, items, runtime)),
  ljust: padded((self, blanks, fill) => text.pad(self, 0, blanks, fill)),
  lower: changed((self) => self.toLowerCase()),
  lstrip: strip("lstrip", true, false),
  maketrans: define("x, y=None, z=None, /", makeTranslation),
  partition: partition(false),
  removeprefix: method("prefix, /", (self, [prefix]) => {
    const start = needed(prefix, "removeprefix");
    return self.startsWith(start) ? self.slice(start.length) : self;
  }),
  removesuffix: method("suffix, /", (self, [suffix]) => {
    const end = needed(suffix, "removesuffix");
    return end !== "" && self.endsWith(end) ? self.slice(0, -end.length) : self;
  }),
  replace: method("old, new, count=-1, /", (self, [old, fresh, count], runtime) => {
    const from = needText(old, (type) => `replace() argument 1 must be str, not ${type}`);
    const to = needText(fresh, (type) => `replace() argument 2 must be str, not ${type}`);
    return replaceBounded(self, from, to, indexOf(count), runtime);
  }),
  rfind: search(true, false),
  rindex: search(true, true),
  rjust: padded((self, blanks, fill) => text.pad(self, blanks, 0, fill)),
  rpartition: partition(true),
  rsplit: split(true),
  rstrip: strip("rstrip", false, true),
  split: split(false),
  splitlines: method("keepends=False", (self, [keep]) => text.splitLines(self, truth(keep))),
  startswith: affix("startswith"),
  strip: strip("strip", true, true),
  swapcase: changed(swapCase),
  title: changed(title),
  translate: method("table, /", translate),
  upper: changed((self) => self.toUpperCase()),
  zfill: method("width, /", (self, [width], runtime) => {
    const zeros = indexOf(width) - text.lengthOf(self);
    runtime.budget.make(Math.max(0, zeros));
    if (zeros <= 0) return self;
    const sign = self.startsWith("+") || self.startsWith("-") ? self[0] : "";
    return sign + "0".repeat(zeros) + self.slice(sign.length);
  }),
};

/** str.replace within the budget. */
export function replaceBounded(
  self: string,
  old: string,
  fresh: string,
  limit: number,
  runtime: Runtime,
): string {
  const found = text.countText(self, old);
  runtime.budget.make(self.length + (limit < 0 ? found : Math.min(found, limit)) * fresh.length);
  return text.replaceText(self, old, fresh, limit);
}

/** Which arguments of Markup's methods are escaped. */
const ESCAPED: Readonly<Record<string, number>> = { replace: 1, ljust: 1, rjust: 1, center: 1 };
const UNWRAPPED: ReadonlySet<string> = new Set([
  ...Object.keys(PREDICATES),
  ..."isspace count encode endswith find index maketrans rfind rindex startswith".split(" "),
]);

/** A bound method of Markup, or undefined. */
export function markupMethod(self: Markup, name: string): Callable | undefined {
  if (Object.hasOwn(MARKUP_METHODS, name)) return markupBound(self, name, MARKUP_METHODS[name]);
  if (!Object.hasOwn(STR_METHODS, name)) return undefined;
  const definition = STR_METHODS[name];
  if (UNWRAPPED.has(name))
    return name === "maketrans" ? functionOf(name, definition) : boundMethod(name, definition, self);
  if (name === "join") {
    const run = ([, items]: Value[], runtime: Runtime) =>
      new Markup(joinText(self.value, items, runtime, true));
    return markupBound(self, name, define("self, iterable, /", run));
  }
  const escaped = ESCAPED[name];
  const run = (args: Value[], runtime: Runtime): Value => {
    if (escaped !== undefined && args[escaped + 1] !== undefined)
      args[escaped + 1] = toMarkup(args[escaped + 1], runtime);
    return wrap(definition.run(args, runtime));
  };
  return markupBound(self, name, { signature: definition.signature, run });
}

function markupBound(self: Markup, name: string, { signature: to, run }: Definition): Callable {
  return new Callable(
    name,
    (args, kwargs, runtime) => run(bindArguments(name, to, [self, ...args], kwargs), runtime),
    (runtime) => `<bound method Markup.${name} of ${repr(self, runtime)}>`,
  );
}

function wrap(value: Value): Value {
  if (typeof value === "string") return new Markup(value);
  if (Array.isArray(value)) return value.map(wrap);
  return value instanceof Tuple ? new Tuple(value.items.map(wrap)) : value;
}

const MARKUP_METHODS: Readonly<Record<string, Definition>> = {
  unescape: define("self, /", ([self]) => unescapeHtml((self as Markup).value)),
  striptags: define("self, /", ([self], runtime) => stripTags((self as Markup).value, runtime)),
  escape: define("self, s, /", ([, value], runtime) => toMarkup(value, runtime)),
};

/** Text without tags and comments, its white space made single blanks, its entities resolved. */
export function stripTags(markup: string, runtime: Runtime): string {
  runtime.budget.make(markup.length);
  const without = withoutSpans(withoutSpans(markup, "<!--", "-->"), "<", ">");
  return unescapeHtml(text.splitText(without, undefined, -1, false).join(" "));
}

/** Text without what stands from `open` to `close`. */
function withoutSpans(source: string, open: string, close: string): string {
  let kept = "";
  let from = 0;
  for (let start = source.indexOf(open); start >= 0; start = source.indexOf(open, from)) {
    const end = source.indexOf(close, start);
    if (end < 0) break;
    kept += source.slice(from, start);
    from = end + close.length;
  }
  return kept + source.slice(from);
}

/** str(value), or Markup as it is. */
export function softText(value: Value, runtime: Runtime): string | Markup {
  return value instanceof Markup ? value : str(value, runtime);
}

/** A bound method of str, or undefined. */
export function strMethod(self: string, name: string): Callable | undefined {
  if (!Object.hasOwn(STR_METHODS, name)) return undefined;
  return name === "maketrans"
    ? functionOf(name, STR_METHODS[name])
    : boundMethod(name, STR_METHODS[name], self);
}
