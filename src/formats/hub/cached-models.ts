// Lists and removes models in the Hub's cache folder: links first, then unreferenced blobs.
import { BaimoError } from "../../errors.ts";
import { list, required, text } from "../../option-kinds.ts";
import { call, isPlain, readFields, refusal } from "../../options.ts";
import { loadFileSystem } from "../sources/path-source.ts";
import { type FileSystem, listFiles, lockFolder, repositoryFolder } from "./hub-cache.ts";
import { findGgufModels, folderFormat, type HubFormat, type HubSpec } from "./hub-files.ts";
import { isLocked } from "./hub-lock.ts";

/** A model in the cache: one quantisation of a repository at one commit, or its safetensors or PyTorch files. */
export interface CachedModel {
  /** "owner/name". */
  readonly repo: string;
  /** Of GGUF files, as after the ":" of a specification. */
  readonly quantisation?: string;
  /** "other": files without weights, as other programs keep them. */
  readonly format: HubFormat | "other";
  readonly commit: string;
  /** Branches and tags that meant this commit when they were last asked for. */
  readonly refs: readonly string[];
  /** Names in the repository. */
  readonly files: readonly string[];
  /** Bytes of its files; those that another model shares are counted for both. */
  readonly size: number;
  /** When one of its files was last read or written, as far as the file system keeps that. In milliseconds since 1970. */
  readonly lastUsed: number;
  /** What to open. */
  readonly path: string;
}

/** The whole cache. */
export interface CacheListing {
  readonly models: readonly CachedModel[];
  /** Bytes of all blobs, shared ones once, and of downloads that were not finished. */
  readonly totalSize: number;
  readonly unfinished: readonly { readonly repo: string; readonly size: number }[];
}

/** A file of a snapshot and what it leads to. */
interface Entry {
  readonly name: string;
  readonly path: string;
  /** Identifies the content on this machine, through links; undefined for a link to nothing. */
  readonly content?: string;
  readonly size: number;
  /** Bytes that it takes itself: none where it is a link. */
  readonly own: number;
  readonly used: number;
}

interface Snapshot {
  readonly commit: string;
  readonly path: string;
  readonly refs: readonly string[];
  readonly entries: readonly Entry[];
}

interface Repository {
  readonly repo: string;
  readonly home: string;
  readonly snapshots: readonly Snapshot[];
  /** Path, content and own bytes (0 for a link into a store that repositories share) of each blob. */
  readonly blobs: readonly { path: string; content?: string; size: number; unfinished: boolean }[];
}

const anyText = text({ most: Infinity });

/** What `planRemoval` removes, declared. */
const removedTable = {
  repo: required(text({ most: 256 })),
  quantisation: text({ most: 256 }),
  revision: text({ most: 256 }),
};

/** Lists the models in a cache folder; one that is not there holds none. */
export async function listCachedModels(cacheFolder: string): Promise<CacheListing> {
  const fs = await loadFileSystem(anyText.read(cacheFolder, "cacheFolder", call("listCachedModels")));
  const models: CachedModel[] = [];
  const unfinished: { repo: string; size: number }[] = [];
  const sizes = new Map<string, number>();
  for (const repo of await findRepositories(fs, cacheFolder)) {
    const repository = await readRepository(fs, cacheFolder, repo);
    for (const snapshot of repository.snapshots) {
      models.push(...modelsOf(repo, snapshot));
      for (const { content, size } of snapshot.entries) if (content) sizes.set(content, size);
    }
    for (const { content, size } of repository.blobs)
      if (content && !sizes.has(content)) sizes.set(content, size);
    const partial = repository.blobs.filter((blob) => blob.unfinished);
    if (partial.length > 0) unfinished.push({ repo, size: partial.reduce((sum, { size }) => sum + size, 0) });
  }
  const totalSize = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  return { models, totalSize, unfinished };
}

/** What is to be removed, and what that frees. */
export interface Removal {
  readonly models: readonly CachedModel[];
  /** Bytes that no other model needs. */
  readonly freed: number;
  /** Unfinished downloads among them. */
  readonly unfinished: number;
  /** Paths, in the order in which they go: links, blobs, notes of commits, folders. */
  readonly paths: readonly string[];
}

/**
 * Plans the removal of a repository, of one of its quantisations ("safetensors" and "torch" count as such), or of what
 * is there of one revision.
 *
 * revision  undefined for all of them
 * @throws {BaimoError} `request` when it is not in the cache, or is being downloaded
 */
export async function planRemoval(
  cacheFolder: string,
  removed: Omit<HubSpec, "revision"> & { revision?: string },
): Promise<Removal> {
  const door = call("planRemoval");
  const fs = await loadFileSystem(anyText.read(cacheFolder, "cacheFolder", door));
  const { repo, quantisation, revision } = readFields(
    removed,
    removedTable,
    { name: "removed", prefix: "removed." },
    door,
  );
  const repository = await readRepository(fs, cacheFolder, repo);
  const { home, snapshots, blobs } = repository;
  const all = snapshots.flatMap((snapshot) => modelsOf(repo, snapshot));
  const wanted = (model: CachedModel) =>
    (revision === undefined || model.commit === revision || model.refs.includes(revision)) &&
    (quantisation === undefined ||
      (model.quantisation ?? model.format).toLowerCase() === quantisation.toLowerCase());
  const models = all.filter(wanted);
  const whole = models.length === all.length;
  const partial = blobs.filter((blob) => blob.unfinished);
  if (
    models.length === 0 &&
    !(whole && partial.length > 0 && quantisation === undefined && revision === undefined)
  ) {
    const there = [...new Set(all.map((model) => nameOf(model)))];
    throw new BaimoError(
      "request",
      `${repo}${quantisation ? `:${quantisation}` : ""}${revision ? `@${revision}` : ""}: is not in the cache (${cacheFolder})` +
        (there.length > 0 ? `; of it there are ${there.join(", ")}` : "; baimo list shows what is"),
    );
  }
  await refuseWhileDownloading(fs, cacheFolder, repo);

  const going = new Set(
    models.flatMap(({ commit, files }) => files.map((name) => `${home}/snapshots/${commit}/${name}`)),
  );
  const kept = new Set<string | undefined>();
  const freedContents = new Map<string, number>();
  for (const { entries } of snapshots) {
    for (const { path, content } of entries) if (!going.has(path)) kept.add(content);
  }
  // Copies and hard links, where a file system has no symbolic links, are content of their own.
  for (const { entries } of snapshots) {
    for (const { path, content, own } of entries) {
      const isBlob = blobs.some((blob) => blob.content === content);
      if (going.has(path) && content && !kept.has(content) && !isBlob) freedContents.set(content, own);
    }
  }
  const gone = whole
    ? blobs
    : blobs.filter((blob) => !blob.unfinished && !kept.has(blob.content) && goesWith(blob, snapshots, going));
  for (const { path, content, size } of gone) freedContents.set(content ?? path, size);
  const emptied = snapshots.filter(({ entries }) => entries.every(({ path }) => going.has(path)));
  const refs = await listFiles(fs, `${home}/refs`);
  const goneRefs = refs.filter((name) => emptied.some((snapshot) => snapshot.refs.includes(name)));
  return {
    models,
    freed: [...freedContents.values()].reduce((sum, size) => sum + size, 0),
    unfinished: whole ? partial.length : 0,
    paths: [
      ...going,
      ...gone.map(({ path }) => path),
      ...goneRefs.map((name) => `${home}/refs/${name}`),
      ...(whole ? [home, lockFolder(cacheFolder, { kind: "model", repo })] : emptied.map(({ path }) => path)),
    ],
  };
}

/** Carries a plan out. What is gone already is no failure. */
export async function removeCachedModels(removal: Removal): Promise<void> {
  const door = call("removeCachedModels");
  if (!isPlain(removal)) throw refusal("type", "removal", removal, "what planRemoval gives", door);
  const paths = list(anyText, { most: Infinity }).read(removal.paths, "removal.paths", door);
  const fs = await loadFileSystem(paths[0] ?? "");
  for (const path of paths) {
    await fs.promises.rm(path, { recursive: true, force: true }).catch((cause) => {
      throw new BaimoError("request", `${path}: could not be removed (${cause.code ?? cause.message})`, {
        cause,
      });
    });
  }
}

/** How a model of the cache is named on a command line. */
export function nameOf({ repo, quantisation, format }: CachedModel): string {
  return format === "gguf" ? `${repo}:${quantisation}` : repo;
}

/** Whether a blob belongs to what goes; blobs that nothing refers to are left to whoever is about to. */
function goesWith(
  blob: { content?: string },
  snapshots: readonly Snapshot[],
  going: ReadonlySet<string>,
): boolean {
  return snapshots.some(({ entries }) =>
    entries.some(({ path, content }) => content !== undefined && content === blob.content && going.has(path)),
  );
}

async function refuseWhileDownloading(fs: FileSystem, cacheFolder: string, repo: string): Promise<void> {
  const folder = lockFolder(cacheFolder, { kind: "model", repo });
  for (const name of await listFiles(fs, folder)) {
    if (name.endsWith(".baimo.lock") && (await isLocked(fs, `${folder}/${name}`))) {
      throw new BaimoError(
        "request",
        `${repo}: is being downloaded at this moment; wait for that, or stop it`,
      );
    }
  }
}

// --- reading the folders ---

async function findRepositories(fs: FileSystem, cacheFolder: string): Promise<string[]> {
  const names = await fs.promises.readdir(cacheFolder).catch(() => []);
  return names
    .map((name) => /^models--([\w.-]+?)--([\w.-]+)$/.exec(name))
    .filter((match) => match !== null)
    .map(([, owner, name]) => `${owner}/${name}`)
    .sort();
}

async function readRepository(fs: FileSystem, cacheFolder: string, repo: string): Promise<Repository> {
  const home = repositoryFolder(cacheFolder, { kind: "model", repo });
  const refs = new Map<string, string[]>();
  for (const name of await listFiles(fs, `${home}/refs`)) {
    const commit = (await fs.promises.readFile(`${home}/refs/${name}`, "utf8").catch(() => "")).trim();
    refs.set(commit, [...(refs.get(commit) ?? []), name]);
  }
  const snapshots: Snapshot[] = [];
  for (const commit of await fs.promises.readdir(`${home}/snapshots`).catch(() => [])) {
    if (!/^[0-9a-f]{40}$/.test(commit)) continue;
    const path = `${home}/snapshots/${commit}`;
    const entries: Entry[] = [];
    for (const name of await listFiles(fs, path))
      entries.push({ name, path: `${path}/${name}`, ...(await look(fs, `${path}/${name}`)) });
    snapshots.push({ commit, path, refs: refs.get(commit) ?? [], entries });
  }
  const blobs = [];
  for (const name of await listFiles(fs, `${home}/blobs`)) {
    const path = `${home}/blobs/${name}`;
    const { content, own } = await look(fs, path);
    blobs.push({ path, content, size: own, unfinished: name.endsWith(".incomplete") });
  }
  return { repo, home, snapshots, blobs };
}

async function look(fs: FileSystem, path: string): Promise<Pick<Entry, "content" | "size" | "own" | "used">> {
  const stat = await fs.promises.stat(path, { bigint: true }).catch(() => undefined);
  if (!stat?.isFile()) return { size: 0, own: 0, used: 0 };
  const itself = await fs.promises.lstat(path).catch(() => undefined);
  return {
    content: `${stat.dev}:${stat.ino}`,
    size: Number(stat.size),
    own: itself?.isFile() ? Number(stat.size) : 0,
    used: Math.max(Number(stat.atimeMs), Number(stat.mtimeMs)),
  };
}

/** The models of a snapshot: each quantisation of GGUF, and all other files together. */
function modelsOf(repo: string, { commit, path, refs, entries }: Snapshot): CachedModel[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const names = [...byName.keys()].sort();
  const gguf = findGgufModels(names);
  const make = (
    files: readonly string[],
    rest: Pick<CachedModel, "format" | "quantisation" | "path">,
  ): CachedModel => {
    const contents = new Map(files.map((name) => [byName.get(name)!.content ?? name, byName.get(name)!]));
    const list = [...contents.values()];
    return {
      repo,
      commit,
      refs,
      files,
      ...rest,
      size: list.reduce((sum, { size }) => sum + size, 0),
      lastUsed: list.reduce((most, { used }) => Math.max(most, used), 0),
    };
  };
  const models = [...gguf].map(([quantisation, files]) =>
    make(files, { format: "gguf", quantisation, path: `${path}/${files[0]}` }),
  );
  const ofGguf = new Set([...gguf.values()].flat());
  const others = names.filter((name) => !ofGguf.has(name));
  const format = folderFormat(others) ?? "other";
  // Beside GGUF models, a README is no model of its own; it goes with the last of them.
  if (others.length === 0 || (format === "other" && models.length > 0)) return models;
  return [...models, make(others, { format, path })];
}
