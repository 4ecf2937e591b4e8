// A document of a corpus, where it comes from, and which columns of a row make its text.
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";

/** A text with a name of its own. */
export interface CorpusDocument {
  /** The row's own id, else its file and number. */
  readonly id: string;
  readonly text: string;
}

/** What of a row is read. */
export interface Columns {
  /** Whose texts are joined, each with a line break; a column may be a list of lines. Default `text`. */
  readonly text: readonly string[];
  /** Default `id`; where a row has none, its place is its name. */
  readonly id: string;
}

export const DEFAULT_COLUMNS: Columns = { text: ["text"], id: "id" };

/** A row of a table, and its place in messages: file and line. */
export interface CorpusRow {
  readonly row: unknown;
  readonly where: string;
}

/** The longest text, in UTF-16 units; what is longer is no document but a file that was read wrongly. */
export const LONGEST_TEXT = 1 << 28;

/**
 * A row of a table as a document.
 *
 * where  file and line, in messages and as the name of what has none
 * @throws {BaimoError} `format` where a column is missing, or is no text
 */
export function documentOf(row: unknown, columns: Columns, where: string): CorpusDocument {
  if (!isRecord(row)) throw new BaimoError("format", `${where} must be an object but is ${brief(row)}`);
  const parts = columns.text.map((column) => columnText(row, column, where));
  return { id: nameOf(row, columns, where), text: parts.join("\n") };
}

/** A row's own id, else its place. */
export function nameOf(row: Record<string, unknown>, columns: Columns, where: string): string {
  const id = Object.hasOwn(row, columns.id) ? row[columns.id] : undefined;
  const named = typeof id === "string" || typeof id === "number" || typeof id === "bigint";
  return named ? String(id) : where;
}

function columnText(row: Record<string, unknown>, column: string, where: string): string {
  const value = Object.hasOwn(row, column) ? row[column] : undefined;
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((line) => typeof line === "string")) return value.join("\n");
  if (value !== undefined)
    throw new BaimoError(
      "format",
      `${where}: "${column}" must be a text or lines of text but is ${brief(value)}`,
    );
  const names = Object.keys(row).slice(0, 20).join(", ");
  throw new BaimoError(
    "format",
    `${where} has no "${column}"; it has ${brief(names)}. Name the column of the text`,
  );
}
