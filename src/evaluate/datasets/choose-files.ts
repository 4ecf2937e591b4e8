// Which files of a folder are which split: by the card, by the task, else by their names.
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { configError } from "../tasks/config-error.ts";
import type { CardConfig, DatasetCard } from "./card.ts";
import { compileGlob } from "./glob.ts";

/** The kinds of file that are read. */
export type DataFormat = "json" | "csv" | "parquet" | "text";

/** Files by split, in order. */
export type SplitFiles = ReadonlyMap<string, readonly string[]>;

/** What of a dataset is asked for. */
export interface DatasetChoice {
  /** `dataset_name` */
  readonly config: string | null;
  /** `dataset_kwargs.data_dir` */
  readonly dataDir?: string;
  /** `dataset_kwargs.data_files` */
  readonly dataFiles?: unknown;
  /** The task's file, for messages. */
  readonly where: string;
}

/** The files of a dataset that is a folder. */
export interface ChosenData {
  readonly format: DataFormat;
  readonly splits: SplitFiles;
  readonly separator?: string;
}

const SPLITS = ["train", "validation", "test"];
const KEYWORDS = [
  ["train", "training"],
  ["validation", "valid", "dev", "val"],
  ["test", "testing", "eval", "evaluation"],
];
const FORMATS: readonly (readonly [format: DataFormat, end: RegExp])[] = [
  ["parquet", /\.parquet$/i],
  ["json", /\.(?:jsonl|json|ndjson)(?:\.gz|\.zst)?$/i],
  ["csv", /\.(?:csv|tsv)(?:\.gz|\.zst)?$/i],
  ["text", /\.txt(?:\.gz|\.zst)?$/i],
];
/** Files that tell of a dataset. */
const ABOUT = new Set([
  "README.md",
  "config.json",
  "dataset_info.json",
  "dataset_infos.json",
  "dummy_data.zip",
  "dataset_dict.json",
]);

/**
 * The files that `datasets` would load.
 *
 * names  of all files, from the dataset's folder on
 * @throws {BaimoError} `request` where there is no such configuration or no file that can be read
 */
export function chooseFiles(names: readonly string[], card: DatasetCard, choice: DatasetChoice): ChosenData {
  const { where, dataFiles, dataDir } = choice;
  const config = dataFiles === undefined && dataDir === undefined ? configOf(card, choice) : undefined;
  const wanted = dataFiles ?? config?.dataFiles;
  const folder = folderPrefix(dataDir ?? config?.dataDir);
  const inside = names.filter((name) => name.startsWith(folder)).map((name) => name.slice(folder.length));
  const found =
    wanted === undefined ? splitsByName(inside) : splitsByPattern(patternsOf(wanted, where), inside, where);
  const format = formatOf([...found.values()].flat());
  if (format === undefined) {
    const shown = inside.slice(0, 6).join(", ") || "nothing";
    throw new BaimoError(
      "request",
      `${where}: the data has no file of JSON, CSV, Parquet or text; it has ${shown}`,
    );
  }
  const [, end] = FORMATS.find(([name]) => name === format)!; // it is of the list
  const splits = new Map<string, string[]>();
  for (const [split, files] of found) {
    const read = files.filter((name) => end.test(name)).map((name) => folder + name);
    if (read.length > 0) splits.set(split, read);
  }
  return { format, splits, separator: config?.separator };
}

/** The configuration that is asked for; undefined where the card names none. */
function configOf({ configs }: DatasetCard, { config: name, where }: DatasetChoice): CardConfig | undefined {
  if (configs.length === 0) return undefined;
  const only = configs.length === 1 ? configs[0] : undefined;
  const found =
    name === null
      ? (configs.find(({ isDefault }) => isDefault) ?? configs.find((one) => one.name === "default") ?? only)
      : configs.find((one) => one.name === name);
  if (found) return found;
  const known = configs.map((one) => one.name);
  const shown = known.slice(0, 20).join(", ") + (known.length > 20 ? ", …" : "");
  throw configError(where, "dataset_name", `is ${brief(name)}; the dataset has ${shown}`);
}

/** The format of a list of files: that of most of them. */
function formatOf(names: readonly string[]): DataFormat | undefined {
  const counts = FORMATS.map(([format, end]) => ({
    format,
    count: names.filter((name) => end.test(name)).length,
  }));
  const most = counts.reduce((best, one) => (one.count > best.count ? one : best));
  return most.count > 0 ? most.format : undefined;
}

/** `data_files` as patterns by split. */
export function patternsOf(value: unknown, where: string): [split: string, patterns: string[]][] {
  const fail = () =>
    configError(where, "dataset_kwargs.data_files", `must name files but is ${brief(value)}`);
  const texts = (given: unknown): string[] => {
    const list = [given].flat();
    if (list.length > 0 && list.every((one) => typeof one === "string")) return list;
    throw fail();
  };
  if (isRecord(value)) return Object.entries(value).map(([split, given]) => [split, texts(given)]);
  if (Array.isArray(value) && value.length > 0 && value.every(isRecord))
    return value.map((entry) => {
      if (typeof entry.split !== "string") throw fail();
      return [entry.split, texts(entry.path)];
    });
  return [["train", texts(value)]];
}

function splitsByPattern(
  patterns: readonly [string, readonly string[]][],
  names: readonly string[],
  where: string,
): SplitFiles {
  return new Map(
    patterns.map(([split, list]): [string, string[]] => [
      split,
      list.flatMap((pattern) => {
        const found = matching(pattern, names, where);
        if (found.length > 0) return found;
        throw new BaimoError("request", `${where}: the data lacks ${pattern}, which is its split ${split}`);
      }),
    ]),
  );
}

/** Splits by shards named `data/SPLIT-00000-of-00001`, else by folders, else by names of files; else all are train. */
function splitsByName(names: readonly string[]): SplitFiles {
  const shards = new Map<string, string[]>();
  for (const name of matching("data/*-[0-9][0-9][0-9][0-9][0-9]-of-[0-9][0-9][0-9][0-9][0-9]*.*", names)) {
    const [, split] = /^data\/(.+)-\d{5}-of-\d{5}[^/]*\.[^/]*$/.exec(name) ?? [];
    if (split !== undefined) shards.set(split, [...(shards.get(split) ?? []), name]);
  }
  if (shards.size > 0) {
    const order = [
      ...SPLITS.filter((split) => shards.has(split)),
      ...[...shards.keys()].filter((s) => !SPLITS.includes(s)).sort(),
    ];
    return new Map(order.map((split) => [split, shards.get(split) ?? []]));
  }
  const inFolders = (word: string) => [
    `**/${word}/**`,
    `**/${word}[-._ 0-9]*/**`,
    `**/*[-._ 0-9]${word}/**`,
    `**/*[-._ 0-9]${word}[-._ 0-9]*/**`,
  ];
  const inNames = (word: string) => [`**/${word}[-._ 0-9]*`, `**/*[-._ 0-9]${word}[-._ 0-9]*`];
  for (const patterns of [inFolders, inNames]) {
    const found = KEYWORDS.map((words, i): [string, string[]] => {
      const all = words.flatMap(patterns).flatMap((pattern) => matching(pattern, names));
      return [SPLITS[i], [...new Set(all)]];
    }).filter(([, files]) => files.length > 0);
    if (found.length > 0) return new Map(found);
  }
  return new Map([["train", matching("**", names)]]);
}

/** The names that fit, in order; hidden ones and those that tell of the data only where the pattern says so. */
function matching(pattern: string, names: readonly string[], where = ""): string[] {
  const fits = compileGlob(pattern, where);
  const plain = pattern.replace(/^\.\//, "");
  const count = (path: string, first: RegExp) => path.split("/").filter((part) => first.test(part)).length;
  const isOff = (name: string) =>
    count(name, /^\.[^.]/) !== count(plain, /^\.[^.]/) || count(name, /^__/) !== count(plain, /^__/);
  const base = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  return names
    .filter((name) => fits(name) && !isOff(name) && (!ABOUT.has(base(name)) || base(plain) === base(name)))
    .sort();
}

/** A folder's name as names begin with it. */
function folderPrefix(folder: string | undefined): string {
  const plain = (folder ?? "").replace(/^\.\/|\/+$/g, "");
  return plain === "" || plain === "." ? "" : `${plain}/`;
}
