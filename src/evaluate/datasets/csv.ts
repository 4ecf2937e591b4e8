// Comma-separated values (RFC 4180), with numbers where a whole column has them.
import { BaimoError } from "../../errors.ts";

const INTEGER = /^[+-]?\d{1,15}$/;
const FLOAT = /^[+-]?(?:\d+\.\d*|\.\d+|\d+(?:\.\d*)?[eE][+-]?\d+)$/;

/** Rows as objects by the names of the first line; an empty field is null. The separator is one character. */
export function parseCsv(text: string, where: string, separator = ","): Record<string, unknown>[] {
  const [header, ...rows] = readRows(text.startsWith("\ufeff") ? text.slice(1) : text, separator, where);
  if (!header) return [];
  const converted = header.map((_, column) => {
    const texts = rows.map((row) => row[column] ?? "").filter((value) => value !== "");
    if (texts.length === 0) return (value: string) => value;
    if (texts.every((value) => INTEGER.test(value))) return Number;
    const isFloat = texts.every((value) => INTEGER.test(value) || FLOAT.test(value));
    return isFloat ? (value: string) => Object(Number(value)) : (value: string) => value;
  });
  return rows.map((row, i) => {
    if (row.length !== header.length) {
      throw new BaimoError(
        "format",
        `${where}: row ${i + 2} has ${row.length} fields, the first has ${header.length}`,
      );
    }
    return Object.fromEntries(
      header.map((name, column) => [name, row[column] === "" ? null : converted[column](row[column])]),
    );
  });
}

function readRows(text: string, separator: string, where: string): string[][] {
  if (separator.length !== 1 || /[\r\n"]/.test(separator))
    throw new BaimoError("format", `${where}: fields are separated by one character, not "${separator}"`);
  const off = `\\u${separator.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const field = new RegExp(`"((?:[^"]|"")*)"(?=[${off}\\r\\n]|$)|([^${off}\\r\\n]*)`, "y");
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    field.lastIndex = at;
    const match = field.exec(text);
    if (!match) throw new BaimoError("format", `${where}: a quoted field does not end, at character ${at}`);
    row.push(match[1] === undefined ? match[2] : match[1].replaceAll('""', '"'));
    at = field.lastIndex;
    if (text[at] === separator) {
      at++;
      if (at === text.length) row.push("");
      continue;
    }
    rows.push(row);
    row = [];
    if (text[at] === "\r") at++;
    if (text[at] === "\n") at++;
  }
  return rows.filter((fields) => fields.length > 1 || fields[0] !== "");
}
