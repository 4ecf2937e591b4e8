// How Python writes values: str() and repr().

import { Dict, DictView, PySet } from "./dict.ts";
import { asciiEscape } from "./literals.ts";
import { floatText, intText } from "./number-text.ts";
import type { Runtime } from "./runtime.ts";
import { Bytes, Float, Markup, PyObject, Tuple, type Value } from "./values.ts";

/** str(value). */
export function str(value: Value, runtime: Runtime): string {
  if (typeof value === "string") return value;
  if (value instanceof Markup) return value.value;
  if (value instanceof PyObject && value.text) return value.text();
  return repr(value, runtime);
}

/** repr(value). */
export function repr(value: Value, runtime: Runtime): string {
  runtime.budget.step();
  switch (typeof value) {
    case "string":
      runtime.budget.make(value.length);
      return quote(value);
    case "bigint":
      runtime.budget.make(value.toString(16).length * 16);
      return intText(value);
    case "number":
      return intText(value);
    case "boolean":
      return value ? "True" : "False";
    default:
      if (value === null) return "None";
      return Array.isArray(value) ? `[${join(value, runtime)}]` : reprObject(value, runtime);
  }
}

function reprObject(value: PyObject, runtime: Runtime): string {
  if (value instanceof Float) return floatText(value.value);
  if (value instanceof Markup) return `Markup(${quote(value.value)})`;
  if (value instanceof Tuple) return `(${join(value.items, runtime)}${value.items.length === 1 ? "," : ""})`;
  if (value instanceof Dict) return `{${joinEntries(value, runtime)}}`;
  if (value instanceof DictView) return `${value.typeName}([${join([...value.iterate()], runtime)}])`;
  if (value instanceof PySet)
    return value.size() === 0 ? "set()" : `{${join([...value.iterate()], runtime)}}`;
  if (value instanceof Bytes) {
    runtime.budget.make(value.size() * 4);
    return quoteBytes(value.data);
  }
  return value.repr(runtime);
}

function join(items: readonly Value[], runtime: Runtime): string {
  return items.map((item) => repr(item, runtime)).join(", ");
}

function joinEntries(dict: Dict, runtime: Runtime): string {
  return Array.from(dict.entries(), ([key, item]) => `${repr(key, runtime)}: ${repr(item, runtime)}`).join(
    ", ",
  );
}

const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\p{Zs}]/u;
const PLAIN = /^[ -&(-[\]-~]*$/;
const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

/** Whether Python prints a character in repr() as it is. */
export function isPrintable(character: string): boolean {
  return character === " " || !UNPRINTABLE.test(character);
}

/** repr() of a text. */
export function quote(text: string): string {
  if (PLAIN.test(text)) return `'${text}'`;
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = "";
  for (const character of text) {
    if (character === mark) out += `\\${mark}`;
    else if (Object.hasOwn(ESCAPES, character)) out += ESCAPES[character];
    else out += isPrintable(character) ? character : asciiEscape(character);
  }
  return mark + out + mark;
}

function quoteBytes(data: Uint8Array): string {
  const mark = data.includes(39) && !data.includes(34) ? '"' : "'";
  let out = "";
  for (const byte of data) {
    const character = String.fromCharCode(byte);
    if (character === mark) out += `\\${mark}`;
    else if (Object.hasOwn(ESCAPES, character)) out += ESCAPES[character];
    else out += byte >= 32 && byte < 127 ? character : asciiEscape(character);
  }
  return `b${mark}${out}${mark}`;
}

/** Text with the characters of HTML replaced. */
export function escapeText(text: string): string {
  if (!/[&<>'"]/.test(text)) return text;
  return text
    .replaceAll("&", "&amp;")
    .replaceAll(">", "&gt;")
    .replaceAll("<", "&lt;")
    .replaceAll("'", "&#39;")
    .replaceAll('"', "&#34;");
}

/** A value's text, escaped for HTML; Markup stays as it is. */
export function toMarkup(value: Value, runtime: Runtime): Markup {
  return value instanceof Markup ? value : new Markup(escapeText(str(value, runtime)));
}
