// JSON Lines that are too large to keep: where each row begins, and rows read anew when asked for.
import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { parsePythonJson } from "../../python-json.ts";
import type { Document } from "../tasks/document.ts";
import { Columns } from "./unify-columns.ts";

/** Bytes of a split's files from which on its rows are not kept: as objects they take three times as much. */
const LARGE = 2 ** 25;
const LINE_FEED = 10;
const UTF_8 = new TextDecoder("utf-8", { fatal: true });

/** Whether the files are best read row by row: together large, unpacked, and no list. */
export async function isLargeJson(paths: readonly string[]): Promise<boolean> {
  if (paths.some((path) => /\.(gz|zst)$/.test(path))) return false;
  if (paths.reduce((sum, path) => sum + statSync(path).size, 0) < LARGE) return false;
  for (const path of paths) if (await beginsList(path)) return false;
  return true;
}

async function beginsList(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
    return buffer
      .toString("utf8", 0, bytesRead)
      .replace(/^\uFEFF/, "")
      .trimStart()
      .startsWith("[");
  } finally {
    await file.close();
  }
}

interface IndexedFile {
  readonly path: string;
  readonly size: number;
  /** Bytes before each row. */
  readonly starts: readonly number[];
}

/**
 * The rows of files as a list that keeps none of them. Every line is read once now, so that a wrong one is found, and all rows get the
 * columns of all.
 * @throws {BaimoError} `format` naming file and line
 */
export async function largeRows(paths: readonly string[]): Promise<readonly Document[]> {
  const columns = new Columns();
  const files: IndexedFile[] = [];
  for (const path of paths) files.push(await indexFile(path, columns));
  const count = files.reduce((sum, { starts }) => sum + starts.length, 0);
  return listOf(count, (index) => {
    let at = index;
    const file = files.find(({ starts }) => {
      if (at < starts.length) return true;
      at -= starts.length;
      return false;
    }) as IndexedFile; // index is below the count of all
    return columns.of(readRow(file, at));
  });
}

async function indexFile(path: string, columns: Columns): Promise<IndexedFile> {
  const starts: number[] = [];
  const { size } = statSync(path);
  let number = 0;
  const take = (line: Uint8Array, start: number): void => {
    number++;
    const text = textOf(line, `${path}, line ${number}`);
    if (text.trim() === "") return;
    columns.add(rowOf(text, `${path}, line ${number}`));
    starts.push(start);
  };
  let rest: Uint8Array[] = [];
  let [start, done] = [0, 0];
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    const bytes = chunk as Uint8Array; // of a byte stream
    let from = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
      const line = bytes.subarray(from, end);
      take(rest.length > 0 ? Buffer.concat([...rest, line]) : line, start);
      rest = [];
      from = end + 1;
      start = done + from;
    }
    if (from < bytes.length) rest.push(bytes.subarray(from));
    done += bytes.length;
  }
  if (rest.length > 0) take(Buffer.concat(rest), start);
  return { path, size, starts };
}

function readRow({ path, size, starts }: IndexedFile, at: number): Document {
  const start = starts[at];
  const bytes = Buffer.alloc((starts[at + 1] ?? size) - start);
  const file = openSync(path, "r");
  try {
    readSync(file, bytes, 0, bytes.length, start);
  } finally {
    closeSync(file);
  }
  return rowOf(textOf(bytes, path), `${path}, byte ${start}`);
}

function textOf(bytes: Uint8Array, where: string): string {
  try {
    return UTF_8.decode(bytes);
  } catch (cause) {
    throw new BaimoError("format", `${where}: is not text in UTF-8`, { cause });
  }
}

function rowOf(text: string, where: string): Document {
  const row = parsePythonJson(text, where);
  if (isRecord(row)) return row;
  throw new BaimoError("format", `${where} must be an object but is ${brief(row)}`);
}

/** A list whose items are made when they are asked for. */
function listOf<T>(count: number, item: (index: number) => T): readonly T[] {
  const isItem = (key: string | symbol): key is string =>
    typeof key === "string" && /^\d+$/.test(key) && Number(key) < count;
  return new Proxy(new Array<T>(count), {
    get: (list, key) => (isItem(key) ? item(Number(key)) : Reflect.get(list, key)),
    has: (list, key) => isItem(key) || Reflect.has(list, key),
  });
}
