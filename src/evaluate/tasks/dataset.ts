// Documents from JSON, JSON Lines and CSV, with the columns that `datasets` gives them.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { BaimoError } from "../../errors.ts";
import { brief, isRecord, textOf } from "../../json.ts";
import { parsePythonJson } from "../../python-json.ts";
import { sha256 } from "../../sha256.ts";
import { configError } from "./config-error.ts";
import { parseCsv } from "./csv.ts";
import type { Document } from "./document.ts";
import type { TaskConfig } from "./task-config.ts";

/** A task's data, by split. */
export interface Dataset {
  readonly splits: ReadonlyMap<string, readonly Document[]>;
  /** The files read, with their hashes. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

/**
 * Reads the files that a task names, each from the first of the folders that has it.
 * @throws {BaimoError} `format` for a file that is missing or unreadable, `request` for data that is not on this machine
 */
export async function loadDataset(config: TaskConfig, folders: readonly string[]): Promise<Dataset> {
  const { datasetPath, datasetKwargs, where } = config;
  if (datasetPath !== "json" && datasetPath !== "csv") {
    throw new BaimoError(
      "request",
      `${where}: dataset_path is ${brief(datasetPath)}; here only json and csv with data_files are read`,
    );
  }
  const splits = new Map<string, Document[]>();
  const files: { path: string; sha256: string }[] = [];
  for (const [split, names] of filesBySplit(datasetKwargs.data_files, where)) {
    const rows: Document[] = [];
    for (const name of names) {
      const path = findFile(name, folders, where);
      const bytes = readFileSync(path);
      for (const row of datasetPath === "csv"
        ? parseCsv(textOf(bytes, path), path)
        : readJsonRows(bytes, path))
        rows.push(row);
      files.push({ path: name, sha256: await sha256(bytes) });
    }
    splits.set(split, unifyColumns(rows));
  }
  return { splits, files };
}

function findFile(name: string, folders: readonly string[], where: string): string {
  const paths = [...new Set(folders.map((folder) => resolve(folder, name)))];
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw configError(
    where,
    "dataset_kwargs.data_files",
    `names ${name}, and there is none of ${paths.join(", ")}`,
  );
}

function filesBySplit(value: unknown, where: string): [split: string, names: string[]][] {
  const namesOf = (names: unknown): string[] => {
    const list = Array.isArray(names) ? names : [names];
    if (list.length > 0 && list.every((name) => typeof name === "string")) return list;
    throw configError(where, "dataset_kwargs.data_files", `must name files but is ${brief(value)}`);
  };
  if (isRecord(value)) return Object.entries(value).map(([split, names]) => [split, namesOf(names)]);
  return [["train", namesOf(value)]];
}

function readJsonRows(bytes: Uint8Array, path: string): Document[] {
  const text = textOf(bytes, path);
  const first = text.trimStart()[0];
  if (first === "[") {
    const value = parsePythonJson(text, path);
    if (Array.isArray(value) && value.every(isRecord)) return value;
    throw new BaimoError("format", `${path} must be a list of objects`);
  }
  const rows: Document[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const row = parsePythonJson(line, `${path}, line ${i + 1}`);
    if (!isRecord(row))
      throw new BaimoError("format", `${path}, line ${i + 1} must be an object but is ${brief(row)}`);
    rows.push(row);
  }
  return rows;
}

/** Gives every row every column, and every number of a column the column's type, as a table has them. */
function unifyColumns(rows: readonly Document[]): Document[] {
  const columns = new Map<string, boolean>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      const isFloat = value instanceof Number || (typeof value === "number" && !Number.isInteger(value));
      columns.set(name, (columns.get(name) ?? false) || isFloat);
    }
  }
  const asFloat = (value: unknown): unknown =>
    typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value))
      ? Object(Number(value))
      : value;
  return rows.map((row) =>
    Object.fromEntries(
      Array.from(columns, ([name, isFloat]) => {
        const value = Object.hasOwn(row, name) ? row[name] : null;
        return [name, isFloat ? asFloat(value) : value];
      }),
    ),
  );
}
