// How Python writes values and what its string methods do, as far as chat templates show it.

import { describe, isList, keyOf, type TemplateValue } from "./python-values.ts";

/** Python's str() of a template's value. */
export function pythonStr(value: TemplateValue): string {
  switch (value.type) {
    case "StringValue":
      return value.value as string;
    case "UndefinedValue":
      return "";
    default:
      return pythonRepr(value);
  }
}

/** Python's repr() of a template's value. */
export function pythonRepr(value: TemplateValue): string {
  switch (value.type) {
    case "NullValue":
      return "None";
    case "UndefinedValue":
      return "Undefined";
    case "BooleanValue":
      return value.value ? "True" : "False";
    case "IntegerValue":
      return String(value.value);
    case "FloatValue":
      return floatRepr(value.value as number);
    case "StringValue":
      return stringRepr(value.value as string);
    case "ArrayValue":
      return `[${(value.value as TemplateValue[]).map(pythonRepr).join(", ")}]`;
    case "TupleValue": {
      const items = (value.value as TemplateValue[]).map(pythonRepr);
      return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
    }
    case "ObjectValue":
    case "KeywordArgumentsValue": {
      const items = [...(value.value as Map<string, TemplateValue>)];
      return `{${items.map(([key, item]) => `${keyRepr(key)}: ${pythonRepr(item)}`).join(", ")}}`;
    }
    default:
      throw new Error(`a ${value.type} cannot be written as text`);
  }
}

function keyRepr(kept: string): string {
  const key = keyOf(kept);
  return typeof key === "number" ? String(key) : stringRepr(key);
}

/** repr() of a float: 1.0, 1e-07, 1e+16. */
export function floatRepr(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x < 0 ? "-inf" : "inf";
  if (Object.is(x, -0)) return "-0.0";
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return x.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  const text = String(x);
  return text.includes(".") ? text : `${text}.0`;
}

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]/u;

function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = quote;
  for (const character of text) {
    const c = character.codePointAt(0) as number;
    if (character === quote || character === "\\") out += `\\${character}`;
    else if (character === "\n") out += "\\n";
    else if (character === "\r") out += "\\r";
    else if (character === "\t") out += "\\t";
    else if (character === " " || !UNPRINTABLE.test(character)) out += character;
    else if (c < 0x100) out += `\\x${c.toString(16).padStart(2, "0")}`;
    else if (c < 0x10000) out += `\\u${c.toString(16).padStart(4, "0")}`;
    else out += `\\U${c.toString(16).padStart(8, "0")}`;
  }
  return out + quote;
}

const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** str.strip, lstrip and rstrip, of white space or of the characters given. */
export function strip(text: string, characters: string | undefined, left: boolean, right: boolean): string {
  const points = [...text];
  const set = characters === undefined ? undefined : new Set(characters);
  const space = new RegExp(`[${SPACE}]`);
  const drop = (c: string) => (set ? set.has(c) : space.test(c));
  let from = 0;
  let to = points.length;
  while (left && from < to && drop(points[from])) from++;
  while (right && to > from && drop(points[to - 1])) to--;
  return points.slice(from, to).join("");
}

/** str.split and rsplit. */
export function split(
  text: string,
  separator: string | undefined,
  limit: number,
  fromRight: boolean,
): string[] {
  if (separator === "") throw new Error("empty separator");
  if (separator === undefined) {
    const words = text.split(new RegExp(`[${SPACE}]+`)).filter((word) => word !== "");
    if (limit < 0 || words.length <= limit + 1) return words;
    const pattern = `[${SPACE}]*([^${SPACE}]+)[${SPACE}]*`;
    return fromRight
      ? splitRest(text, new RegExp(`${pattern}$`), limit, true)
      : splitRest(text, new RegExp(`^${pattern}`), limit, false);
  }
  const parts = text.split(separator);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return fromRight
    ? [parts.slice(0, parts.length - limit).join(separator), ...parts.slice(parts.length - limit)]
    : [...parts.slice(0, limit), parts.slice(limit).join(separator)];
}

function splitRest(text: string, word: RegExp, limit: number, fromRight: boolean): string[] {
  const out: string[] = [];
  let rest = text;
  for (let n = 0; n < limit; n++) {
    const match = word.exec(rest);
    if (!match) break;
    rest = fromRight ? rest.slice(0, match.index) : rest.slice(match[0].length);
    out.push(match[1]);
  }
  rest = strip(rest, undefined, !fromRight, fromRight);
  if (rest !== "") out.push(rest);
  return fromRight ? out.reverse() : out;
}

/** str.title: a letter after a letter is small, any other is capital. */
export function title(text: string): string {
  return text.replace(/\p{L}+/gu, capitalize);
}

/** str.capitalize. */
export function capitalize(text: string): string {
  const [first = "", ...rest] = text;
  return first.toUpperCase() + rest.join("").toLowerCase();
}

/** str % values, for %s %r %d %i %f %% with an optional width and precision. */
export function percentFormat(text: string, values: readonly TemplateValue[]): string {
  let next = 0;
  return text.replace(/%([-0]?)(\d*)(?:\.(\d+))?([srdif%])/g, (_whole, flag, width, precision, kind) => {
    if (kind === "%") return "%";
    if (next >= values.length) throw new Error("not enough arguments for format string");
    const value = values[next++];
    let out: string;
    if (kind === "s") out = pythonStr(value);
    else if (kind === "r") out = pythonRepr(value);
    else if (kind === "f") out = Number(value.value).toFixed(precision === undefined ? 6 : Number(precision));
    else out = String(Math.trunc(Number(value.value)));
    const size = Number(width || 0);
    return flag === "-" ? out.padEnd(size) : out.padStart(size, flag === "0" ? "0" : " ");
  });
}

/** str.format with {} {0} {name} and no format specifications. */
export function braceFormat(
  text: string,
  values: readonly TemplateValue[],
  named: ReadonlyMap<string, TemplateValue>,
): string {
  let next = 0;
  return text.replace(/\{\{|\}\}|\{(\w*)\}/g, (whole, name: string | undefined) => {
    if (whole === "{{") return "{";
    if (whole === "}}") return "}";
    const value =
      name === ""
        ? values[next++]
        : /^\d+$/.test(name as string)
          ? values[Number(name)]
          : named.get(name as string);
    if (!value) throw new Error(`format: no value for ${whole}`);
    return pythonStr(value);
  });
}

/** The ends of lines that str.splitlines knows. */
const LINE_END = "\\r\\n|[\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029]";

/** Calls a method of str; lists come back as arrays. */
export function stringMethod(
  text: string,
  method: string,
  args: readonly TemplateValue[],
  named: ReadonlyMap<string, TemplateValue>,
): string | number | boolean | string[] {
  const optional = (i: number): string | undefined => {
    const value = args[i];
    if (value === undefined || value.type === "NullValue") return undefined;
    if (value.type !== "StringValue")
      throw new Error(`${method} expects text but was given ${describe(value)}`);
    return value.value as string;
  };
  const needed = (i: number): string => {
    const value = optional(i);
    if (value === undefined) throw new Error(`${method} expects text`);
    return value;
  };
  const number = (i: number, name: string, fallback: number): number => {
    const value = args[i] ?? named.get(name);
    return typeof value?.value === "number" ? value.value : fallback;
  };
  const affixes = (): string[] =>
    isList(args[0]) ? (args[0].value as TemplateValue[]).map((value) => String(value.value)) : [needed(0)];
  switch (method) {
    case "strip":
      return strip(text, optional(0), true, true);
    case "lstrip":
      return strip(text, optional(0), true, false);
    case "rstrip":
      return strip(text, optional(0), false, true);
    case "split":
    case "rsplit": {
      const separator = optional(0) ?? (named.get("sep")?.value as string | null | undefined);
      return split(text, separator ?? undefined, number(1, "maxsplit", -1), method === "rsplit");
    }
    case "splitlines":
      return text === "" ? [] : text.replace(new RegExp(`(?:${LINE_END})$`), "").split(new RegExp(LINE_END));
    case "startswith":
      return affixes().some((affix) => text.startsWith(affix));
    case "endswith":
      return affixes().some((affix) => text.endsWith(affix));
    case "removeprefix":
      return text.startsWith(needed(0)) ? text.slice(needed(0).length) : text;
    case "removesuffix":
      return needed(0) !== "" && text.endsWith(needed(0)) ? text.slice(0, -needed(0).length) : text;
    case "replace": {
      const old = needed(0);
      const limit = number(2, "count", -1);
      const parts = old === "" ? ["", ...text, ""] : text.split(old);
      const kept = limit < 0 ? parts.length - 1 : Math.min(limit, parts.length - 1);
      return [...parts.slice(0, kept), parts.slice(kept).join(old)].join(needed(1));
    }
    case "join": {
      if (!isList(args[0])) throw new Error(`join expects a list but was given ${describe(args[0])}`);
      const items = args[0].value as TemplateValue[];
      const wrong = items.find((item) => item.type !== "StringValue");
      if (wrong) throw new Error(`join expects texts but found ${describe(wrong)}`);
      return items.map((item) => item.value).join(text);
    }
    case "find":
    case "index":
    case "rfind": {
      const at = method === "rfind" ? text.lastIndexOf(needed(0)) : text.indexOf(needed(0));
      if (at < 0 && method === "index") throw new Error("substring not found");
      return at < 0 ? -1 : [...text.slice(0, at)].length;
    }
    case "count":
      return needed(0) === "" ? [...text].length + 1 : text.split(needed(0)).length - 1;
    case "upper":
      return text.toUpperCase();
    case "lower":
    case "casefold":
      return text.toLowerCase();
    case "title":
      return title(text);
    case "capitalize":
      return capitalize(text);
    case "isdigit":
    case "isnumeric":
    case "isdecimal":
      return /^\p{Nd}+$/u.test(text);
    case "isalpha":
      return /^\p{L}+$/u.test(text);
    case "isalnum":
      return /^[\p{L}\p{N}]+$/u.test(text);
    case "isspace":
      return text !== "" && strip(text, undefined, true, false) === "";
    case "isupper":
      return text !== text.toLowerCase() && text === text.toUpperCase();
    case "islower":
      return text !== text.toUpperCase() && text === text.toLowerCase();
    case "zfill":
      return text.padStart(number(0, "width", 0), "0");
    case "ljust":
      return text.padEnd(number(0, "width", 0), optional(1) ?? " ");
    case "rjust":
      return text.padStart(number(0, "width", 0), optional(1) ?? " ");
    case "format":
      return braceFormat(text, args, named);
    default:
      throw new Error(`text has no method ${method}`);
  }
}
