// What functions of Python do with documents, as `datasets` has it: columns added, rows chosen.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";
import type { Document } from "../tasks/document.ts";

/** Rows with the columns that a function gives them, after those that they have. */
export const eachWith =
  (columns: (document: Document) => Document) =>
  (documents: readonly Document[]): Document[] =>
    documents.map((document) => Object.assign({}, document, columns(document)));

/** A column that must hold a text. */
export function textIn(document: Document, column: string): string {
  const value = document[column];
  if (typeof value === "string") return value;
  throw wrong(column, "a text", value);
}

/** A column that must hold texts. */
export function textsIn(document: Document, column: string): readonly string[] {
  const value = document[column];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw wrong(column, "a list of texts", value);
}

/** A column that Python's int() reads. */
export function wholeIn(document: Document, column: string): number {
  const value = document[column];
  const number =
    typeof value === "string" ? (/^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : Number.NaN) : Number(value);
  if (value !== null && Number.isInteger(number)) return number;
  throw wrong(column, "a whole number", value);
}

/** The place of a column's text in a list. */
export function placeIn(
  document: Document,
  column: string,
  list: readonly string[],
  read = (text: string) => text,
): number {
  const at = list.indexOf(read(textIn(document, column)));
  if (at >= 0) return at;
  throw wrong(column, `one of ${list.join(", ")}`, document[column]);
}

function wrong(column: string, wanted: string, value: unknown): BaimoError {
  return new BaimoError("format", `a document's ${column} must be ${wanted} but is ${brief(value)}`);
}
