// Jinja2's filters on text.

import { type Definition, define } from "./arguments.ts";
import { callValue, getAttribute } from "./attributes.ts";
import { Dict } from "./dict.ts";
import { TemplateError, typeError, valueError } from "./errors.ts";
import { toJson } from "./json.ts";
import { indexOf, intOf } from "./numbers.ts";
import { binary } from "./operators.ts";
import { prettyPrint } from "./pretty-print.ts";
import { escapeText, quote, str, toMarkup } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { replaceBounded, softText, stripTags } from "./str-methods.ts";
import { len, Slice, subscript } from "./subscript.ts";
import { SPACE_CLASS, splitLines, splitText } from "./text.ts";
import { urlize } from "./urlize.ts";
import {
  iterate,
  type Kwargs,
  Markup,
  NO_KWARGS,
  PyObject,
  Tuple,
  textOf,
  truth,
  typeName,
  Undefined,
  type Value,
} from "./values.ts";
import { wrapText } from "./wrap-text.ts";

/** A method of str called on the text of a value; Markup stays Markup. */
function viaMethod(name: string): (args: Value[], runtime: Runtime) => Value {
  return ([value, ...args], runtime) => {
    const method = getAttribute(softText(value, runtime), name, runtime);
    return callValue(method, args, NO_KWARGS, runtime);
  };
}

function replace([value, old, fresh, count]: Value[], runtime: Runtime): Value {
  const limit = count === null ? -1 : indexOf(count);
  if (!runtime.autoescape) {
    return replaceBounded(str(value, runtime), str(old, runtime), str(fresh, runtime), limit, runtime);
  }
  const escaped = old instanceof Markup || (fresh instanceof Markup && !(value instanceof Markup));
  const text = escaped ? toMarkup(value, runtime) : softText(value, runtime);
  const method = getAttribute(text, "replace", runtime);
  return callValue(method, [softText(old, runtime), softText(fresh, runtime), limit], NO_KWARGS, runtime);
}

/** What the title filter begins with a capital: all up to white space, - or an opening bracket. */
const TITLE_WORD = new RegExp(`[^-${SPACE_CLASS}({[<]+`, "gu");

function title([value]: Value[], runtime: Runtime): Value {
  const text = str(value, runtime);
  return text.replace(TITLE_WORD, (word) => {
    const [first = "", ...rest] = word;
    return first.toUpperCase() + rest.join("").toLowerCase();
  });
}

function indent([value, width, first, blank]: Value[], runtime: Runtime): Value {
  const given = textOf(width);
  const markup = value instanceof Markup;
  const text = textOf(value);
  if (text === undefined) {
    // Python adds a line break to the value, which a list takes as well.
    if (!Array.isArray(value)) binary("+", value, "\n", runtime);
    throw noAttribute(value, "splitlines");
  }
  const wide = given === undefined ? intOf(width) : undefined;
  if (given === undefined && wide === undefined) {
    throw typeError(`can't multiply sequence by non-int of type '${typeName(width)}'`);
  }
  const lines = splitLines(`${text}\n`);
  runtime.budget.make(text.length + lines.length * (given?.length ?? Math.max(0, Number(wide))));
  const margin = given ?? " ".repeat(Math.max(0, Number(wide)));
  const out = lines
    .map((line, i) => (i > 0 && (line !== "" || truth(blank)) ? margin + line : line))
    .join("\n");
  const result = truth(first) ? margin + out : out;
  return markup ? new Markup(result) : result;
}

function truncate([value, length, killWords, end, leeway]: Value[], runtime: Runtime): Value {
  const limit = indexOf(length);
  const tail = textOf(end);
  if (limit < len(end)) {
    throw new TemplateError("AssertionError", `expected length >= ${len(end)}, got ${limit}`);
  }
  const slack = leeway === null ? 5 : indexOf(leeway);
  if (slack < 0) throw new TemplateError("AssertionError", `expected leeway >= 0, got ${slack}`);
  if (len(value) <= limit + slack) return value;
  const cut = subscript(value, new Slice(null, limit - len(end), null), runtime);
  if (truth(killWords)) return binary("+", cut, end, runtime);
  const text = textOf(cut);
  if (text === undefined || tail === undefined)
    throw typeError(`'${typeName(cut)}' object has no attribute 'rsplit'`);
  const [head] = splitText(text, " ", 1, true);
  return binary("+", cut instanceof Markup ? new Markup(head) : head, end, runtime);
}

function wordWrap([value, width, breakLong, wrapString, breakHyphens]: Value[], runtime: Runtime): Value {
  const text = textOf(value);
  if (text === undefined) throw noAttribute(value, "splitlines");
  const joint = wrapString === null ? "\n" : textOf(wrapString);
  if (joint === undefined) throw noAttribute(wrapString, "join");
  runtime.budget.make(text.length * 2);
  const options = {
    width: indexOf(width),
    breakLongWords: truth(breakLong),
    breakOnHyphens: truth(breakHyphens),
  };
  const wrapped = splitLines(text).map((line) => wrapText(line, options).join(joint));
  runtime.budget.make(wrapped.reduce((sum, part) => sum + part.length, 0));
  return wrapString instanceof Markup
    ? new Markup(wrapped.map((part) => escapeText(part)).join(joint))
    : wrapped.join(joint);
}

function noAttribute(value: Value, name: string): Error {
  if (value instanceof Undefined) value.fail();
  return new TemplateError("AttributeError", `'${typeName(value)}' object has no attribute '${name}'`);
}

const ATTRIBUTE_BREAK = /[ \t\n\r\f\v/>=]/;

function xmlAttributes([value, autospace]: Value[], runtime: Runtime): Value {
  if (!(value instanceof Dict)) throw noAttribute(value, "items");
  const parts: string[] = [];
  for (const [key, item] of value.entries()) {
    if (item === null || item instanceof Undefined) continue;
    const name = textOf(key);
    if (name === undefined) throw typeError(`expected string or bytes-like object, got '${typeName(key)}'`);
    if (ATTRIBUTE_BREAK.test(name)) throw valueError(`Invalid character in attribute name: ${quote(name)}`);
    parts.push(`${toMarkup(key, runtime).value}="${toMarkup(item, runtime).value}"`);
  }
  let out = parts.join(" ");
  if (truth(autospace) && out !== "") out = ` ${out}`;
  return runtime.autoescape ? new Markup(out) : out;
}

function urlQuote(value: Value, form: boolean, runtime: Runtime): string {
  const text = str(value, runtime);
  runtime.budget.make(text.length * 3);
  let out = "";
  for (const byte of new TextEncoder().encode(text)) {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9_.~-]/.test(character) || (!form && character === "/")) out += character;
    else out += form && character === " " ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

function urlEncode([value]: Value[], runtime: Runtime): Value {
  const iterable = Array.isArray(value) || (value instanceof PyObject && value.iterate !== undefined);
  if (!iterable) return urlQuote(value, false, runtime);
  const pairs = value instanceof Dict ? value.entries() : iterate(value);
  const out: string[] = [];
  for (const pair of pairs) {
    const [key, item, more] = [...iterate(pair as Value)];
    if (key === undefined || item === undefined || more !== undefined) {
      throw valueError("not enough or too many values to unpack (expected 2)");
    }
    out.push(`${urlQuote(key, true, runtime)}=${urlQuote(item, true, runtime)}`);
  }
  return out.join("&");
}

function formatFilter(args: Value[], kwargs: Kwargs, runtime: Runtime): Value {
  if (args.length === 0) throw typeError("do_format() missing 1 required positional argument: 'value'");
  const [value, ...given] = args;
  const named = new Map(kwargs);
  if (named.has("value")) throw typeError("do_format() got multiple values for argument 'value'");
  if (given.length > 0 && named.size > 0) {
    throw new TemplateError(
      "FilterArgumentError",
      "can't handle positional and keyword arguments at the same time",
    );
  }
  const text = softText(value, runtime);
  return binary("%", text, named.size > 0 ? new Dict(named) : new Tuple(given), runtime);
}

/** The filters, by name. */
export const textFilters: Readonly<
  Record<string, Definition | ((a: Value[], k: Kwargs, r: Runtime) => Value)>
> = {
  capitalize: define("s", viaMethod("capitalize")),
  center: define("value, width=80", viaMethod("center")),
  e: define("s, /", ([value], runtime) => toMarkup(value, runtime)),
  escape: define("s, /", ([value], runtime) => toMarkup(value, runtime)),
  forceescape: define("value", ([value], runtime) => new Markup(escapeText(str(value, runtime)))),
  format: formatFilter,
  indent: define("s, width=4, first=False, blank=False", indent),
  lower: define("s", viaMethod("lower")),
  pprint: define("value", ([value], runtime) => prettyPrint(value, runtime)),
  replace: define("s, old, new, count=None", replace),
  safe: define("value", ([value], runtime) => new Markup(str(value, runtime))),
  string: define("s, /", ([value], runtime) => softText(value, runtime)),
  striptags: define("value", ([value], runtime) => stripTags(str(value, runtime), runtime)),
  title: define("s", title),
  tojson: define("x, ensure_ascii=False, indent=None, separators=None, sort_keys=False", (args, runtime) => {
    const [value, ensureAscii, margin, separators, sortKeys] = args;
    return toJson(value, { ensureAscii, indent: margin, separators, sortKeys }, runtime);
  }),
  trim: define("value, chars=None", ([value, chars], runtime) => viaMethod("strip")([value, chars], runtime)),
  truncate: define("s, length=255, killwords=False, end='...', leeway=None", truncate),
  upper: define("s", viaMethod("upper")),
  urlencode: define("value", urlEncode),
  urlize: define(
    "value, trim_url_limit=None, nofollow=False, target=None, rel=None, extra_schemes=None",
    ([value, limit, nofollow, target, rel, schemes], runtime) => {
      const out = urlize(toMarkup(value, runtime).value, {
        limit: limit === null ? undefined : indexOf(limit),
        rel: [
          ...(rel === null || !truth(rel) ? [] : str(rel, runtime).split(/\s+/)),
          ...(truth(nofollow) ? ["nofollow"] : []),
        ],
        target: target === null || !truth(target) ? undefined : str(target, runtime),
        schemes: schemes === null ? [] : [...iterate(schemes)].map((scheme) => str(scheme, runtime)),
      });
      runtime.budget.make(out.length);
      return runtime.autoescape ? new Markup(out) : out;
    },
  ),
  wordcount: define("s", ([value], runtime) => (str(value, runtime).match(/[\p{L}\p{N}_]+/gu) ?? []).length),
  wordwrap: define("s, width=79, break_long_words=True, wrapstring=None, break_on_hyphens=True", wordWrap),
  xmlattr: define("d, autospace=True", xmlAttributes),
};
