// The Hub's cache folder in huggingface_hub's layout: finds files in it and adds downloads.
import { BaimoError } from "../../errors.ts";
import { fileError } from "../sources/path-source.ts";
import { chooseFiles, type HubSpec } from "./hub-files.ts";

export type FileSystem = typeof import("node:fs");

/** Most entries that are looked at below one snapshot; the largest repositories have some thousands. */
const MAX_FILES = 1 << 16;
const MAX_DEPTH = 16;

/** A repository of the Hub at a revision. */
export interface HubRepository {
  readonly kind: "model" | "dataset";
  /** "owner/name"; a few old datasets have no owner. */
  readonly repo: string;
  /** A branch, tag or commit. */
  readonly revision: string;
}

/** The repository of a model. */
export const modelRepository = ({ repo, revision }: HubSpec): HubRepository => ({
  kind: "model",
  repo,
  revision,
});

/** A repository wherever its revision does not matter. */
export type RepositoryName = Pick<HubRepository, "kind" | "repo">;

/** A repository as the cache names folders. @throws {BaimoError} `request` for what would lead out of the cache */
function folderName({ kind, repo }: RepositoryName): string {
  const form = kind === "model" ? /^[\w.-]+\/[\w.-]+$/ : /^[\w.-]+(?:\/[\w.-]+)?$/;
  if (form.test(repo) && !/(?:^|\/)\.\.?(?:\/|$)/.test(repo)) return `${kind}s--${repo.replace("/", "--")}`;
  throw new BaimoError("request", `"${repo}" does not name a repository of the Hub; expected owner/name`);
}

/** The folder of a repository. */
export const repositoryFolder = (cacheFolder: string, repository: RepositoryName): string =>
  `${cacheFolder}/${folderName(repository)}`;

/** The folder of a repository's locks. */
export const lockFolder = (cacheFolder: string, repository: RepositoryName): string =>
  `${cacheFolder}/.locks/${folderName(repository)}`;

/** The lock of one file's download, beside huggingface_hub's own, which are of another kind (flock). */
export const lockPath = (cacheFolder: string, repository: RepositoryName, oid: string): string =>
  `${lockFolder(cacheFolder, repository)}/${oid}.baimo.lock`;

/** Puts a blob under its name in the snapshot: a relative symbolic link, or where that is not allowed a hard link or copy. */
export async function placeBlob(fs: FileSystem, blob: string, target: string): Promise<void> {
  const { dirname, relative } = await import("node:path");
  const { mkdir, rename, rm, symlink, link, copyFile, realpath } = fs.promises;
  const real = (path: string) => realpath(path).catch(() => undefined);
  const there = await real(target);
  if (there !== undefined && there === (await real(blob))) return;
  await mkdir(dirname(target), { recursive: true });
  // Under another name first, so that who looks meanwhile finds the old file or the new.
  const fresh = `${target}.${Math.random().toString(36).slice(2)}.tmp`;
  try {
    await symlink(relative(dirname(target), blob), fresh)
      .catch(() => link(blob, fresh))
      .catch(() => copyFile(blob, fresh));
    await rename(fresh, target);
  } catch (cause) {
    await rm(fresh, { force: true });
    throw fileError(target, cause);
  }
}

/** Notes which commit a branch or tag meant. */
export async function writeRef(
  fs: FileSystem,
  home: string,
  revision: string,
  commit: string,
): Promise<void> {
  if (revision === commit) return;
  const { dirname } = await import("node:path");
  const ref = `${home}/refs/${revision}`;
  await fs.promises.mkdir(dirname(ref), { recursive: true });
  await fs.promises.writeFile(ref, commit);
}

/** Files below a folder, with "/" between the parts of a name; links to folders are not followed. */
export async function listFiles(fs: FileSystem, folder: string): Promise<string[]> {
  const files: string[] = [];
  const walk = async (below: string, depth: number): Promise<void> => {
    const entries = await fs.promises.readdir(`${folder}/${below}`, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (files.length === MAX_FILES) throw tooMany(folder);
      if (!entry.isDirectory()) files.push(below + entry.name);
      else if (depth < MAX_DEPTH) await walk(`${below}${entry.name}/`, depth + 1);
    }
  };
  await walk("", 0);
  return files;
}

const tooMany = (folder: string) =>
  new BaimoError("format", `${folder}: has more than ${MAX_FILES} files; is it a folder of the Hub's cache?`);

/** The commit that a revision meant when it was last asked for; undefined when it is not here. */
export async function readRef(fs: FileSystem, home: string, revision: string): Promise<string | undefined> {
  if (/^[0-9a-f]{40}$/.test(revision)) return revision;
  const text = (await fs.promises.readFile(`${home}/refs/${revision}`, "utf8").catch(() => "")).trim();
  return /^[0-9a-f]{40}$/.test(text) ? text : undefined;
}

/** Some programs keep snapshots and do not note what "main" meant; where there is one, it was that. */
async function onlySnapshot(fs: FileSystem, home: string, revision: string): Promise<string | undefined> {
  if (revision !== "main") return undefined;
  const names = await fs.promises.readdir(`${home}/snapshots`).catch(() => []);
  const commits = names.filter((name) => /^[0-9a-f]{40}$/.test(name));
  return commits.length === 1 ? commits[0] : undefined;
}

/** A snapshot in the cache. */
export interface KeptSnapshot {
  readonly commit: string;
  readonly folder: string;
  /** Names of the files that are there whole. */
  readonly names: readonly string[];
}

/** Without the Hub: the snapshot that an earlier download left for a revision; undefined when there is none. */
export async function findSnapshot(
  fs: FileSystem,
  cacheFolder: string,
  wanted: HubRepository,
): Promise<KeptSnapshot | undefined> {
  const home = repositoryFolder(cacheFolder, wanted);
  const commit =
    (await readRef(fs, home, wanted.revision)) ?? (await onlySnapshot(fs, home, wanted.revision));
  if (commit === undefined) return undefined;
  const folder = `${home}/snapshots/${commit}`;
  const names: string[] = [];
  for (const name of await listFiles(fs, folder)) {
    // A link to a blob that was deleted is no file.
    const stat = await fs.promises.stat(`${folder}/${name}`).catch(() => undefined);
    if (stat?.isFile()) names.push(name);
  }
  return names.length === 0 ? undefined : { commit, folder, names };
}

/**
 * Without the Hub: what an earlier pull left here of a model, and undefined when there is none.
 * @throws {BaimoError} `request` when there is something, but not what is asked for
 */
export async function findKept(
  fs: FileSystem,
  cacheFolder: string,
  spec: HubSpec,
): Promise<string | undefined> {
  const kept = await findSnapshot(fs, cacheFolder, modelRepository(spec));
  if (kept === undefined) return undefined;
  try {
    const { open } = chooseFiles(kept.names, spec);
    return open ? `${kept.folder}/${open}` : kept.folder;
  } catch (cause) {
    if (!(cause instanceof BaimoError)) throw cause;
    throw new BaimoError(
      cause.code,
      `${cause.message} (of the files in the cache; the Hub was not reached)`,
      {
        cause,
      },
    );
  }
}
