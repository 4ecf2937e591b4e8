// Finds a dataset in the Hub's cache, or downloads those of its files that are wanted.
import { readFile } from "node:fs/promises";
import { BaimoError } from "../../errors.ts";
import { call, readOptions } from "../../options.ts";
import { loadFileSystem } from "../sources/path-source.ts";
import { findSnapshot, type HubRepository } from "./hub-cache.ts";
import { downloadFiles } from "./hub-download.ts";
import { listRepository } from "./hub-listing.ts";
import { type PullOptions, pullTable } from "./pull-options.ts";

/** A dataset on this machine. */
export interface LocalDataset {
  /** The folder that its names begin in. */
  readonly folder: string;
  /** The commit. */
  readonly revision: string;
  readonly names: readonly string[];
  /** The text of its README.md; "" where it has none. */
  readonly card: string;
}

const CARD = "README.md";

/**
 * A dataset of the Hub: with `offline`, what the cache has; else its card and the files that `choose` wants.
 *
 * repo      "owner/name"
 * revision  a branch, tag or commit
 * choose    the files to have, from the names of all and the card
 * @throws {BaimoError} `request` when it is not there, or may not be had
 */
export async function pullDataset(
  repo: string,
  revision: string,
  choose: (names: readonly string[], card: string) => readonly string[],
  given: PullOptions,
): Promise<LocalDataset> {
  const options = readOptions(given, pullTable, call("pullDataset"));
  const { cacheFolder } = options;
  const wanted: HubRepository = { kind: "dataset", repo, revision };
  const fs = await loadFileSystem(cacheFolder);
  const cardOf = (folder: string) => readFile(`${folder}/${CARD}`, "utf8").catch(() => "");
  if (options.offline) {
    const kept = await findSnapshot(fs, cacheFolder, wanted);
    if (kept) {
      const { folder, names, commit } = kept;
      return { folder, names, revision: commit, card: await cardOf(folder) };
    }
    throw new BaimoError(
      "request",
      `the dataset ${repo} (revision ${revision}) is not in the Hub's cache (${cacheFolder})`,
    );
  }
  const { commit, files } = await listRepository(wanted, options);
  const have = (names: readonly string[]) => {
    const some = files.filter(({ path }) => names.includes(path));
    return downloadFiles(fs, wanted, { commit, files: some }, options);
  };
  const card = await cardOf(await have([CARD]));
  const names = choose(
    files.map(({ path }) => path),
    card,
  );
  return { folder: await have(names), revision: commit, names, card };
}
