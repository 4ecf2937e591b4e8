// Python's json.dumps, as transformers' tojson filter calls it.

import { sortBy } from "./comparison.ts";
import { Dict } from "./dict.ts";
import { typeError } from "./errors.ts";
import { floatText, intText } from "./number-text.ts";
import { intOf } from "./numbers.ts";
import type { Runtime } from "./runtime.ts";
import { Float, itemsOf, iterate, textOf, truth, typeName, type Value } from "./values.ts";

/** How JSON is written. */
export interface JsonOptions {
  ensureAscii: Value;
  indent: Value;
  separators: Value;
  sortKeys: Value;
}

interface Style {
  ascii: boolean;
  sortKeys: boolean;
  /** What one level is indented by; undefined: all in one line. */
  indent: string | undefined;
  item: string;
  key: string;
}

/** json.dumps(value). */
export function toJson(value: Value, options: JsonOptions, runtime: Runtime): string {
  const indent = options.indent === null ? undefined : indentation(options.indent, runtime);
  let [item, key] = [indent === undefined ? ", " : ",", ": "];
  if (options.separators !== null) {
    const given = [...iterate(options.separators)].map(textOf);
    if (given.length !== 2) throw typeError(`separators must be two texts, not ${given.length}`);
    const [first, second] = given;
    if (first === undefined || second === undefined) throw typeError("make_encoder() separators must be str");
    [item, key] = [first, second];
  }
  const style = { ascii: truth(options.ensureAscii), sortKeys: truth(options.sortKeys), indent, item, key };
  return write(value, style, "", runtime);
}

function indentation(value: Value, runtime: Runtime): string {
  const text = textOf(value);
  if (text !== undefined) return text;
  const int = intOf(value);
  if (int === undefined) throw typeError(`can't multiply sequence by non-int of type '${typeName(value)}'`);
  const blanks = Math.max(0, Number(int));
  runtime.budget.make(blanks);
  return " ".repeat(blanks);
}

function write(value: Value, style: Style, margin: string, runtime: Runtime): string {
  runtime.budget.step();
  const text = textOf(value);
  if (text !== undefined) return writeText(text, style, runtime);
  if (value === null) return "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  const int = intOf(value);
  if (int !== undefined) return intText(int);
  if (value instanceof Float) return floatJson(value.value);
  const items = itemsOf(value);
  if (items) {
    const inner = margin + (style.indent ?? "");
    return enclose(
      "[]",
      items.map((item) => write(item, style, inner, runtime)),
      style,
      margin,
      runtime,
    );
  }
  if (value instanceof Dict) return writeDict(value, style, margin, runtime);
  throw typeError(`Object of type ${typeName(value)} is not JSON serializable`);
}

function floatJson(x: number): string {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x < 0 ? "-Infinity" : "Infinity";
  return floatText(x);
}

function writeText(text: string, style: Style, runtime: Runtime): string {
  runtime.budget.make(text.length);
  const escaped = JSON.stringify(text);
  if (!style.ascii) return unescapeSurrogates(escaped);
  return escaped.replace(
    /[\x80-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** JSON.stringify escapes lone surrogates, which Python writes as they are. */
function unescapeSurrogates(json: string): string {
  return json.includes("\\ud")
    ? json.replace(/\\(?:\\|ud[89a-f][0-9a-f]{2})/g, (unit) =>
        unit === "\\\\" ? unit : String.fromCharCode(Number.parseInt(unit.slice(2), 16)),
      )
    : json;
}

function writeDict(dict: Dict, style: Style, margin: string, runtime: Runtime): string {
  let entries = [...dict.entries()];
  if (style.sortKeys) {
    const keys = sortBy(
      entries.map(([key]) => key),
      (key) => key,
      false,
      runtime,
    );
    entries = keys.map((key) => [key, dict.get(key) as Value]);
  }
  const inner = margin + (style.indent ?? "");
  const parts = entries.map(
    ([key, value]) =>
      writeText(keyText(key), style, runtime) + style.key + write(value, style, inner, runtime),
  );
  return enclose("{}", parts, style, margin, runtime);
}

function keyText(key: Value): string {
  const text = textOf(key);
  if (text !== undefined) return text;
  if (key instanceof Float) return floatJson(key.value);
  if (typeof key === "boolean") return key ? "true" : "false";
  if (key === null) return "null";
  const int = intOf(key);
  if (int !== undefined) return intText(int);
  throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

function enclose(brackets: string, parts: string[], style: Style, margin: string, runtime: Runtime): string {
  const [open, close] = brackets;
  if (parts.length === 0) return brackets;
  if (style.indent === undefined) return open + parts.join(style.item) + close;
  const inner = `\n${margin}${style.indent}`;
  runtime.budget.make(inner.length * parts.length);
  return open + inner + parts.join(style.item + inner) + `\n${margin}` + close;
}
