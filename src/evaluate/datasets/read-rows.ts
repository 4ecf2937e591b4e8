// The rows of a file of data, as `datasets` gives them: JSON, JSON Lines, CSV, Parquet, text.
import { readLines } from "../../data/documents/read-lines.ts";
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { parsePythonJson } from "../../python-json.ts";
import type { Document } from "../tasks/document.ts";
import type { DataFormat } from "./choose-files.ts";
import { parseCsv } from "./csv.ts";
import { readParquetRows } from "./parquet-rows.ts";

/** Characters of a file that is read as a whole: a list in JSON, CSV. */
const LARGEST = 2 ** 28;

/**
 * The rows of one file; names that end with .gz or .zst are unpacked.
 * @throws {BaimoError} `format` naming file and line
 */
export async function readRows(path: string, format: DataFormat, separator?: string): Promise<Document[]> {
  switch (format) {
    case "json":
      return readJson(path);
    case "csv":
      return parseCsv(await wholeText(path), path, separator ?? (/\.tsv\b/i.test(path) ? "\t" : ","));
    case "parquet":
      return readParquetRows(path);
    case "text": {
      const rows: Document[] = [];
      for await (const text of readLines(path)) rows.push({ text });
      return rows;
    }
  }
}

async function readJson(path: string): Promise<Document[]> {
  const rows: Document[] = [];
  let number = 0;
  for await (const line of readLines(path)) {
    number++;
    if (line.trim() === "") continue;
    if (rows.length === 0 && line.trimStart().startsWith("[")) return readJsonList(path);
    const row = parsePythonJson(line, `${path}, line ${number}`);
    if (!isRecord(row))
      throw new BaimoError("format", `${path}, line ${number} must be an object but is ${brief(row)}`);
    rows.push(row);
  }
  return rows;
}

async function readJsonList(path: string): Promise<Document[]> {
  const value = parsePythonJson(await wholeText(path), path);
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw new BaimoError("format", `${path} must be a list of objects`);
}

async function wholeText(path: string): Promise<string> {
  const lines: string[] = [];
  let length = 0;
  for await (const line of readLines(path)) {
    length += line.length + 1;
    if (length > LARGEST)
      throw new BaimoError(
        "format",
        `${path} has more than ${LARGEST} characters; expected JSON Lines or Parquet`,
      );
    lines.push(line);
  }
  return lines.join("\n");
}
