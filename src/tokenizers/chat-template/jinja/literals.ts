// The texts of string literals, unescaped as Python's unicode-escape does.

import { TemplateError } from "./errors.ts";

/** What Python's escapes of one character stand for, but for those of digits. */
export const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** The text between the quotes, with its escapes resolved; unknown escapes stay as they are. */
export function unescapeLiteral(text: string, line: number): string {
  if (!text.includes("\\")) return text;
  return text.replace(
    /\\(?:([0-7]{1,3})|([xuU])([0-9a-fA-F]*)|([\s\S]))/gu,
    (whole, octal, kind, hex, other) => {
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      if (kind !== undefined) return fromHex(kind, hex, line);
      if (Object.hasOwn(SIMPLE_ESCAPES, other)) return SIMPLE_ESCAPES[other];
      if (other === "N") fail("escapes by name (\\N{...}) are not supported", line);
      // Python makes the text ASCII first, so that a backslash meets the backslash of the escape.
      return other.codePointAt(0) > 0x7f ? asciiEscape(other) : whole;
    },
  );
}

function fromHex(kind: string, digits: string, line: number): string {
  const wanted = HEX_DIGITS[kind];
  if (digits.length < wanted) fail(`truncated \\${kind}${"X".repeat(wanted)} escape`, line);
  const code = Number.parseInt(digits.slice(0, wanted), 16);
  if (code > 0x10ffff) fail("illegal Unicode character", line);
  return String.fromCodePoint(code) + digits.slice(wanted);
}

/** Python's backslashreplace of a character: \xe9, \u4e2d, \U0001f600. */
export function asciiEscape(character: string): string {
  const code = character.codePointAt(0) as number;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

function fail(message: string, line: number): never {
  throw new TemplateError("TemplateSyntaxError", message, line);
}
