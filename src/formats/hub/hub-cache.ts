// The Hub's cache folder in huggingface_hub's layout: finds files in it and adds downloads.
import { BaimoError } from "../../errors.ts";
import { fileError } from "../sources/path-source.ts";
import { chooseFiles, type HubSpec } from "./hub-files.ts";

export type FileSystem = typeof import("node:fs");

/** Most entries that are looked at below one snapshot; the largest repositories have some thousands. */
const MAX_FILES = 1 << 16;
const MAX_DEPTH = 16;

/** "owner/name" as the cache names folders. @throws {BaimoError} `request` for what would lead out of the cache */
function folderName(repo: string): string {
  if (/^[\w.-]+\/[\w.-]+$/.test(repo) && !`/${repo}/`.includes("/../"))
    return `models--${repo.replace("/", "--")}`;
  throw new BaimoError("request", `"${repo}" does not name a repository of the Hub; expected owner/name`);
}

/** The folder of a repository. */
export const repositoryFolder = (cacheFolder: string, repo: string): string =>
  `${cacheFolder}/${folderName(repo)}`;

/** The folder of a repository's locks. */
export const lockFolder = (cacheFolder: string, repo: string): string =>
  `${cacheFolder}/.locks/${folderName(repo)}`;

/** The lock of one file's download, beside huggingface_hub's own, which are of another kind (flock). */
export const lockPath = (cacheFolder: string, repo: string, oid: string): string =>
  `${lockFolder(cacheFolder, repo)}/${oid}.baimo.lock`;

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

/**
 * Without the Hub: what an earlier pull left here for this revision, and undefined when there is none.
 * @throws {BaimoError} `request` when there is something, but not what is asked for
 */
export async function findKept(
  fs: FileSystem,
  cacheFolder: string,
  spec: HubSpec,
): Promise<string | undefined> {
  const home = repositoryFolder(cacheFolder, spec.repo);
  const commit = (await readRef(fs, home, spec.revision)) ?? (await onlySnapshot(fs, home, spec.revision));
  if (commit === undefined) return undefined;
  const snapshot = `${home}/snapshots/${commit}`;
  const names: string[] = [];
  for (const name of await listFiles(fs, snapshot)) {
    // A link to a blob that was deleted is no file.
    const stat = await fs.promises.stat(`${snapshot}/${name}`).catch(() => undefined);
    if (stat?.isFile()) names.push(name);
  }
  if (names.length === 0) return undefined;
  try {
    const { open } = chooseFiles(names, spec);
    return open ? `${snapshot}/${open}` : snapshot;
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
