// A task's data by split, with hashes: files that it names, a folder, or a dataset of the Hub.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { hashFile } from "../../data/packing/hashed-file.ts";
import { BaimoError } from "../../errors.ts";
import { type LocalDataset, pullDataset } from "../../formats/hub/pull-dataset.ts";
import type { PullOptions } from "../../formats/hub/pull-options.ts";
import { brief } from "../../json.ts";
import { configError } from "../tasks/config-error.ts";
import type { Document } from "../tasks/document.ts";
import type { TaskConfig } from "../tasks/task-config.ts";
import { readCard } from "./card.ts";
import { type ChosenData, chooseFiles, type DataFormat, patternsOf } from "./choose-files.ts";
import { isLargeJson, largeRows } from "./large-json.ts";
import { readRows } from "./read-rows.ts";
import { unifyColumns } from "./unify-columns.ts";

/** Where a task's data came from. */
export interface DataSource {
  /** The folder, or the dataset's name on the Hub; left out where the task names files. */
  readonly dataset?: string;
  /** The commit. */
  readonly revision?: string;
  /** As the dataset's card tags it. */
  readonly licence?: string;
  /** The files read, with their hashes. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

/** A task's data, by split. */
export interface Dataset {
  /** Those that the task uses. */
  readonly splits: ReadonlyMap<string, readonly Document[]>;
  /** The names of all. */
  readonly names: readonly string[];
  readonly source: DataSource;
}

/** Where data is looked for. */
export interface DataPlaces {
  /** Where relative paths may begin. */
  readonly folders: readonly string[];
  /** The Hub's cache; unless `offline`, what it lacks is downloaded. Left out, there is none. */
  readonly hub?: PullOptions;
}

/** `dataset_path` for files that the task names. */
const FORMATS: readonly DataFormat[] = ["json", "csv", "parquet", "text"];
/** Arguments of `load_dataset` that change no row. */
const WITHOUT_EFFECT = new Set(
  "trust_remote_code verification_mode streaming num_proc keep_in_memory".split(" "),
);
const KNOWN = new Set(["data_files", "data_dir", "revision"]);
/** Files of a folder that is looked through. */
const MOST_FILES = 1 << 16;

/** What is to be read, before any row is. */
interface Found {
  readonly chosen: ChosenData;
  readonly dataset?: string;
  readonly revision?: string;
  readonly licence?: string;
  pathOf(name: string): string;
}

/**
 * Reads those splits of a task's data that it uses.
 * @throws {BaimoError} `format` for a file that is missing or unreadable, `request` for data that is not on this machine
 */
export async function loadDataset(config: TaskConfig, places: DataPlaces): Promise<Dataset> {
  const { datasetKwargs, where } = config;
  for (const key of Object.keys(datasetKwargs)) {
    if (!KNOWN.has(key) && !WITHOUT_EFFECT.has(key))
      throw configError(
        where,
        `dataset_kwargs.${key}`,
        `is not known here; expected ${[...KNOWN].join(", ")}`,
      );
  }
  const { chosen, dataset, revision, licence, pathOf } = await find(config, places);
  const used = usedSplits(config);
  const splits = new Map<string, readonly Document[]>();
  const files: { path: string; sha256: string }[] = [];
  for (const [split, names] of chosen.splits) {
    if (!used.has(split)) continue;
    const paths = names.map(pathOf);
    splits.set(split, await rowsOf(paths, chosen));
    for (const [i, path] of names.entries()) files.push({ path, sha256: await hashFile(paths[i]) });
  }
  return { splits, names: [...chosen.splits.keys()], source: { dataset, revision, licence, files } };
}

async function rowsOf(paths: readonly string[], chosen: ChosenData): Promise<readonly Document[]> {
  const { format, separator } = chosen;
  if (format === "json" && (await isLargeJson(paths))) return largeRows(paths);
  const rows: Document[] = [];
  for (const path of paths) for (const row of await readRows(path, format, separator)) rows.push(row);
  return format === "parquet" ? rows : unifyColumns(rows);
}

/** The splits that are evaluated, or that examples come from. */
function usedSplits({
  testSplit,
  validationSplit,
  trainingSplit,
  fewshot,
  numFewshot,
}: TaskConfig): Set<string> {
  const evaluated = testSplit ?? validationSplit;
  const examples = fewshot.split ?? (fewshot.samples === null ? (trainingSplit ?? validationSplit) : null);
  return new Set([evaluated, numFewshot ? examples : null].filter((split) => split !== null));
}

async function find(config: TaskConfig, places: DataPlaces): Promise<Found> {
  const { datasetPath, datasetName, datasetKwargs, where } = config;
  const { data_files: dataFiles, data_dir: dataDir, revision = "main" } = datasetKwargs;
  if (datasetPath === null) throw configError(where, "dataset_path", "is missing");
  if (typeof dataDir !== "string" && dataDir !== undefined)
    throw configError(where, "dataset_kwargs.data_dir", `must name a folder but is ${brief(dataDir)}`);
  if (typeof revision !== "string")
    throw configError(where, "dataset_kwargs.revision", `must be a text but is ${brief(revision)}`);
  const format = FORMATS.find((one) => one === datasetPath);
  if (format) {
    const splits = new Map(patternsOf(dataFiles, where));
    return {
      chosen: { format, splits },
      pathOf: (name) => findPath(join(dataDir ?? "", name), places.folders, where),
    };
  }
  const choice = { config: datasetName, dataDir, dataFiles, where };
  const choose = (names: readonly string[], card: string) => {
    const about = readCard(card, `${datasetPath}/README.md`);
    return { chosen: chooseFiles(names, about, choice), licence: about.licence };
  };
  const folder = places.folders.map((base) => resolve(base, datasetPath)).find(isFolder);
  const local = folder === undefined ? await fromHub() : readFolder(folder);
  const { chosen, licence } = choose(local.names, local.card);
  for (const names of chosen.splits.values()) checkShards(names, where);
  return {
    chosen,
    licence,
    dataset: datasetPath,
    revision: local.revision === "" ? undefined : local.revision,
    pathOf: (name) => join(local.folder, name),
  };

  async function fromHub(): Promise<LocalDataset> {
    const { hub } = places;
    const isName = /^\w[\w.-]*(?:\/\w[\w.-]*)?$/.test(datasetPath as string);
    if (hub === undefined || !isName) {
      const looked = places.folders.map((base) => resolve(base, datasetPath as string)).join(", ");
      throw configError(
        where,
        "dataset_path",
        `is ${brief(datasetPath)}, and there is no such folder (${looked})`,
      );
    }
    try {
      const files = (names: readonly string[], card: string) =>
        [...choose(names, card).chosen.splits.values()].flat();
      return await pullDataset(datasetPath as string, revision as string, files, hub);
    } catch (cause) {
      if (!(cause instanceof BaimoError) || !hub.offline) throw cause;
      throw new BaimoError(
        cause.code,
        `${where}: dataset_path: ${cause.message}. Download it with --download, or with another tool into that cache, or ` +
          `put its files into a folder ${datasetPath} beside the tasks`,
        { cause },
      );
    }
  }
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

function findPath(name: string, folders: readonly string[], where: string): string {
  const paths = [...new Set(folders.map((folder) => resolve(folder, name)))];
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw configError(
    where,
    "dataset_kwargs.data_files",
    `names ${name}, and there is none of ${paths.join(", ")}`,
  );
}

function readFolder(folder: string): LocalDataset {
  const names: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) continue;
    names.push(relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"));
    if (names.length > MOST_FILES)
      throw new BaimoError("format", `${folder}: has more than ${MOST_FILES} files; is it a dataset?`);
  }
  const card = join(folder, "README.md");
  return { folder, names, revision: "", card: existsSync(card) ? readFileSync(card, "utf8") : "" };
}

/** Other tools keep only some files of a dataset: of shards all must be there. */
function checkShards(names: readonly string[], where: string): void {
  for (const name of names) {
    const [, start, count, end] = /^(.*)-\d{5}-of-(\d{5})(.*)$/.exec(name) ?? [];
    if (start === undefined) continue;
    for (let i = 0; i < Number(count); i++) {
      const wanted = `${start}-${String(i).padStart(5, "0")}-of-${count}${end}`;
      if (!names.includes(wanted))
        throw new BaimoError(
          "request",
          `${where}: the data has ${name} but lacks ${wanted}; download it, too`,
        );
    }
  }
}
