// Codecs of str.encode and bytes.decode: UTF-8, UTF-16, UTF-32, Latin-1 and ASCII.

import { TemplateError } from "./errors.ts";
import { lengthOf } from "./text.ts";

type Codec = "utf-8" | "utf-8-sig" | `utf-${16 | 32}${"" | "-le" | "-be"}` | "latin-1" | "ascii";

const NAMES: ReadonlyMap<string, Codec> = new Map([
  ["utf-8", "utf-8"],
  ["utf8", "utf-8"],
  ["u8", "utf-8"],
  ["utf-8-sig", "utf-8-sig"],
  ["utf-16", "utf-16"],
  ["utf16", "utf-16"],
  ["u16", "utf-16"],
  ["utf-16-le", "utf-16-le"],
  ["utf-16le", "utf-16-le"],
  ["utf-16-be", "utf-16-be"],
  ["utf-16be", "utf-16-be"],
  ["utf-32", "utf-32"],
  ["utf32", "utf-32"],
  ["u32", "utf-32"],
  ["utf-32-le", "utf-32-le"],
  ["utf-32le", "utf-32-le"],
  ["utf-32-be", "utf-32-be"],
  ["utf-32be", "utf-32-be"],
  ["latin-1", "latin-1"],
  ["latin1", "latin-1"],
  ["iso-8859-1", "latin-1"],
  ["iso8859-1", "latin-1"],
  ["l1", "latin-1"],
  ["cp819", "latin-1"],
  ["ascii", "ascii"],
  ["us-ascii", "ascii"],
  ["646", "ascii"],
]);

function codecOf(encoding: string): Codec {
  const codec = NAMES.get(encoding.toLowerCase().replaceAll("_", "-").replaceAll(" ", "-"));
  if (!codec) throw new TemplateError("LookupError", `unknown encoding: ${encoding}`);
  return codec;
}

/** str.encode */
export function encodeText(text: string, encoding: string, errors: string): Uint8Array {
  const codec = codecOf(encoding);
  switch (codec) {
    case "utf-8":
      return new TextEncoder().encode(text);
    case "utf-8-sig":
      return new TextEncoder().encode(`\ufeff${text}`);
    case "latin-1":
      return encodeSingle(text, 256, "latin-1", errors);
    case "ascii":
      return encodeSingle(text, 128, "ascii", errors);
    default:
      return encodeWide(text, codec);
  }
}

function encodeWide(text: string, codec: Codec): Uint8Array {
  const marked = codec === "utf-16" || codec === "utf-32" ? `\ufeff${text}` : text;
  const size = codec.startsWith("utf-16") ? 2 : 4;
  const units =
    size === 2
      ? Array.from({ length: marked.length }, (_, i) => marked.charCodeAt(i))
      : Array.from(marked, (character) => character.codePointAt(0) as number);
  const view = new DataView(new ArrayBuffer(units.length * size));
  const little = !codec.endsWith("-be");
  units.forEach((unit, i) => {
    if (size === 2) view.setUint16(i * 2, unit, little);
    else view.setUint32(i * 4, unit, little);
  });
  return new Uint8Array(view.buffer);
}

/** One byte a character; those beyond `limit` go by the handler of errors. */
function encodeSingle(text: string, limit: number, codec: string, errors: string): Uint8Array {
  const bytes: number[] = [];
  const points = Array.from(text, (character) => character.codePointAt(0) as number);
  points.forEach((code, i) => {
    if (code < limit) bytes.push(code);
    else
      for (const character of replacement(points, i, limit, codec, errors))
        bytes.push(character.charCodeAt(0));
  });
  return new Uint8Array(bytes);
}

function replacement(points: number[], at: number, limit: number, codec: string, errors: string): string {
  const code = points[at];
  switch (errors) {
    case "ignore":
      return "";
    case "replace":
      return "?";
    case "backslashreplace":
      return escapePoint(code);
    case "xmlcharrefreplace":
      return `&#${code};`;
    case "strict": {
      let end = at + 1;
      while (end < points.length && points[end] >= limit) end++;
      const what = end > at + 1 ? "characters" : `character '${escapePoint(code)}'`;
      const where = end > at + 1 ? `${at}-${end - 1}` : `${at}`;
      throw new TemplateError(
        "UnicodeEncodeError",
        `'${codec}' codec can't encode ${what} in position ${where}: ordinal not in range(${limit})`,
      );
    }
    default:
      throw new TemplateError("LookupError", `unknown error handler name '${errors}'`);
  }
}

function escapePoint(code: number): string {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

/** bytes.decode */
export function decodeBytes(data: Uint8Array, encoding: string, errors: string): string {
  const codec = codecOf(encoding);
  if (codec === "latin-1") return Array.from(data, (byte) => String.fromCharCode(byte)).join("");
  const text = codec === "ascii" ? decodeAscii(data) : decodeUnicode(data, codec);
  if (!text.includes("\ufffd") || errors === "replace") return text;
  if (errors === "ignore") return text.replaceAll("\ufffd", "");
  if (errors !== "strict") throw new TemplateError("LookupError", `unknown error handler name '${errors}'`);
  // U+FFFD may stand in the bytes themselves.
  if (lengthOf(text) > 0 && sameBytes(encodeText(text, codec, "strict"), data)) return text;
  throw new TemplateError("UnicodeDecodeError", `'${codec}' codec can't decode the bytes`);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function decodeAscii(data: Uint8Array): string {
  return Array.from(data, (byte) => (byte < 128 ? String.fromCharCode(byte) : "\ufffd")).join("");
}

function decodeUnicode(data: Uint8Array, codec: Codec): string {
  if (codec === "utf-8") return new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);
  if (codec === "utf-8-sig") return new TextDecoder().decode(data);
  const size = codec.startsWith("utf-16") ? 2 : 4;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const unit = (at: number, little: boolean) =>
    size === 2 ? view.getUint16(at, little) : view.getUint32(at, little);
  let at = 0;
  let little = !codec.endsWith("-be");
  if ((codec === "utf-16" || codec === "utf-32") && data.length >= size) {
    if (unit(0, true) === 0xfeff) at = size;
    else if (unit(0, false) === 0xfeff) [at, little] = [size, false];
  }
  let text = "";
  for (; at + size <= data.length; at += size) {
    const code = unit(at, little);
    text += size === 2 ? String.fromCharCode(code) : code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
  }
  if (at < data.length) text += "\ufffd";
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}
