// Documents of files and folders in a fixed order: JSON Lines, Parquet, text.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { BaimoError } from "../../errors.ts";
import {
  type Columns,
  type CorpusDocument,
  type CorpusRow,
  DEFAULT_COLUMNS,
  documentOf,
} from "./document.ts";
import { readJsonl } from "./read-jsonl.ts";
import { readParquet } from "./read-parquet.ts";
import { readTextFile } from "./read-text.ts";

interface Reader {
  /** The end of a file's name; packed ones end with .gz or .zst behind it. */
  readonly end: RegExp;
  read(path: string, columns: Columns): AsyncGenerator<CorpusRow, void>;
  /** Those of every such file, whatever was asked for. */
  readonly columns?: Columns;
}

const READERS: readonly Reader[] = [
  { end: /\.(?:jsonl|ndjson|json)(?:\.gz|\.zst)?$/i, read: readJsonl },
  { end: /\.parquet$/i, read: readParquet },
  { end: /\.(?:txt|text|md)(?:\.gz|\.zst)?$/i, read: readTextFile, columns: DEFAULT_COLUMNS },
];

/** What tells of a dataset in its folder and holds no documents of it. */
const ABOUT = /^(?:dataset_infos?|dataset_dict|state|README|LICENSE)\b|^\./i;

/** The files of a corpus, in order: as named, those of a folder by name, with the folders below it. */
export async function corpusFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const about = await stat(path).catch((cause: unknown) => {
      throw new BaimoError("request", `${path}: there is no such file or folder`, { cause });
    });
    if (!about.isDirectory()) {
      readerOf(path);
      files.push(path);
      continue;
    }
    const found = await filesBelow(path);
    if (found.length > 0) files.push(...found);
    else throw new BaimoError("request", `${path}: no file below it is JSON Lines, Parquet or text`);
  }
  return files;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  if (entries.some(({ name }) => name.endsWith(".arrow")))
    throw new BaimoError(
      "request",
      `${folder}: holds Arrow files, as save_to_disk writes them; save the dataset with to_parquet or to_json`,
    );
  const files: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (ABOUT.test(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await filesBelow(path)));
    else if (READERS.some(({ end }) => end.test(entry.name))) files.push(path);
  }
  return files;
}

/** Streams the documents of files and folders, always in the same order. */
export async function* readDocuments(
  paths: readonly string[],
  columns: Columns = DEFAULT_COLUMNS,
): AsyncGenerator<CorpusDocument, void> {
  for (const path of await corpusFiles(paths)) {
    const { read, columns: own = columns } = readerOf(path);
    for await (const { row, where } of read(path, own)) yield documentOf(row, own, where);
  }
}

/** Streams their rows as they are, with all columns that JSON Lines have and those of Parquet that are named. */
export async function* readRows(paths: readonly string[], columns: Columns): AsyncGenerator<CorpusRow, void> {
  for (const path of await corpusFiles(paths)) yield* readerOf(path).read(path, columns);
}

function readerOf(path: string): Reader {
  const found = READERS.find(({ end }) => end.test(path));
  if (found) return found;
  throw new BaimoError(
    "request",
    `${path}: expected .jsonl, .parquet or .txt (JSON Lines and text also with .gz or .zst), or a folder of these`,
  );
}
