// JSON as Python's json module reads it: 1.0 is not 1, and a long integer keeps its digits.
import { BaimoError } from "./errors.ts";
import { isRecord, parseJson, textOf } from "./json.ts";

/** Arrays and objects within one another. */
const DEEPEST = 512;
/** Digits of an integer; Python reads no more either, since the time grows with their square. */
const MOST_DIGITS = 4300;

/** A literal that is no string; Python has the three names of numbers, too. */
const LITERAL = /(-?\d+)(\.\d+)?([eE][+-]?\d+)?|-?Infinity|NaN|true|false|null/y;
const SPACE = /[ \t\n\r]*/y;
const NAMED: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity, "-Infinity": -Infinity };

/**
 * Reads JSON with the numbers that Python makes of it, as a chat template must see them (`{{ 1.0 }}` is "1.0"): a float
 * without a fraction is a `Number` object, an integer that no double holds a bigint, an object a Map where else its keys would
 * change their order. `plainNumbers` undoes all three.
 *
 * where  names the document in messages
 * @throws {BaimoError} `format` when it is not JSON, `NaN`, `Infinity` and `-Infinity` apart, or nests deeper or has
 *   longer integers than Python reads
 */
export function parsePythonJson(json: string, where = "the text"): unknown {
  let at = 0;
  const fail = (): BaimoError => {
    const rest = at < json.length ? JSON.stringify(json.slice(at, at + 20)) : "the end";
    return new BaimoError("format", `${where} is not JSON: at character ${at} stands ${rest}`);
  };
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(json) ?? undefined;
    at += match?.[0].length ?? 0;
    return match;
  };
  const takes = (mark: string): boolean => {
    take(SPACE);
    if (json[at] !== mark) return false;
    at++;
    return true;
  };
  /** What stands between two brackets, with commas. */
  const each = (end: string, item: () => void) => {
    if (takes(end)) return;
    do item();
    while (takes(","));
    if (!takes(end)) throw fail();
  };
  /** As JSON.parse reads it, or a failure that says where. */
  const plain = (text: string): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      at -= text.length;
      throw fail();
    }
  };
  const string = (): string => {
    const start = at;
    let end = json.indexOf('"', at + 1);
    while (end >= 0 && isEscaped(json, end)) end = json.indexOf('"', end + 1);
    if (end < 0) throw fail();
    at = end + 1;
    return String(plain(json.slice(start, at)));
  };
  const scalar = (): unknown => {
    take(SPACE);
    if (json[at] === '"') return string();
    const match = take(LITERAL);
    if (!match) throw fail();
    const [text, int, fraction, exponent] = match;
    if (Object.hasOwn(NAMED, text)) return NAMED[text];
    const read = plain(text);
    if (int === undefined) return read;
    if (int.length > MOST_DIGITS && (fraction ?? exponent) === undefined) {
      const text = `${where} has an integer of ${int.length} digits; ${MOST_DIGITS} are read`;
      throw new BaimoError("format", text);
    }
    if (fraction ?? exponent) return Number.isInteger(read) ? Object(read) : read;
    return Number.isSafeInteger(read) ? read : BigInt(text);
  };
  const value = (depth: number): unknown => {
    if (depth > DEEPEST) throw new BaimoError("format", `${where} nests deeper than ${DEEPEST} levels`);
    if (takes("[")) {
      const items: unknown[] = [];
      each("]", () => items.push(value(depth + 1)));
      return items;
    }
    if (!takes("{")) return scalar();
    const entries: [string, unknown][] = [];
    each("}", () => {
      const key = scalar();
      if (typeof key !== "string" || !takes(":")) throw fail();
      entries.push([key, value(depth + 1)]);
    });
    return inOrder(entries);
  };
  const read = value(0);
  take(SPACE);
  if (at < json.length) throw fail();
  return read;
}

/** Whether an odd number of backslashes stands before a place. */
function isEscaped(json: string, place: number): boolean {
  let first = place;
  while (json[first - 1] === "\\") first--;
  return (place - first) % 2 === 1;
}

/** An object, or a Map where an object would put its keys that are whole numbers before those that stand before them. */
function inOrder(entries: readonly (readonly [string, unknown])[]): unknown {
  const read = Object.fromEntries(entries);
  if (!entries.some(([key]) => /^\d+$/.test(key))) return read;
  const keys = [...new Map(entries).keys()];
  return Object.keys(read).every((key, i) => key === keys[i]) ? read : new Map(entries);
}

/** Whether what was read is an object of JSON. */
export const isJsonObject = (value: unknown): boolean =>
  value instanceof Map || (isRecord(value) && !(value instanceof Number));

/** Reads a file that a Python program may have written: NaN and the infinities are numbers. Errors as `parseJson`. */
export function parsePythonFile(bytes: Uint8Array, where: string): unknown {
  const text = textOf(bytes, where);
  return /NaN|Infinity/.test(text) ? plainNumbers(parsePythonJson(text, where)) : parseJson(text, where);
}

/** Whether a text may hold a number, or an order of keys, that `JSON.parse` and Python read differently. */
export const mayDiffer = (json: string): boolean => /\d(?:\.0*(?!\d)|[eE])|[\d.]{16}|"\d+"\s*:/.test(json);

/** The same value with the numbers of JavaScript alone, as schemas have them; itself where it has no others. */
export function plainNumbers(value: unknown): unknown {
  if (value instanceof Number || typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) {
    const items = value.map(plainNumbers);
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  if (value instanceof Map) return plainNumbers(Object.fromEntries(value));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, plainNumbers(item)]);
  return entries.some(([key, item]) => item !== value[key]) ? Object.fromEntries(entries) : value;
}

/** Writes JSON that `parsePythonJson` reads as the same value. */
export function writePythonJson(value: unknown): string {
  if (value instanceof Number) {
    const text = Object.is(value.valueOf(), -0) ? "-0" : String(value);
    return /^-?\d+$/.test(text) ? `${text}.0` : text;
  }
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => writePythonJson(item ?? null)).join(",")}]`;
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (!isRecord(value)) return JSON.stringify(value);
  const pairs: Iterable<[string, unknown]> = value instanceof Map ? value : Object.entries(value);
  const entries = [...pairs].filter(([, item]) => item !== undefined);
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${writePythonJson(item)}`).join(",")}}`;
}
