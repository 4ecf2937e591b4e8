// Downloads models from the Hugging Face Hub into its cache.
import { BaimoError, throwIfAborted } from "../../errors.ts";
import { text } from "../../option-kinds.ts";
import { call, readOptions } from "../../options.ts";
import { loadFileSystem } from "../sources/path-source.ts";
import { findKept, modelRepository } from "./hub-cache.ts";
import { downloadFiles } from "./hub-download.ts";
import { chooseFiles, parseHubSpec } from "./hub-files.ts";
import { type Listing, listRepository, Unreachable } from "./hub-listing.ts";
import { type PullOptions, pullTable } from "./pull-options.ts";

/**
 * Brings a model to this machine and returns what to open: the path of the (first) GGUF file, or a folder.
 *
 * spec  "hf:owner/name[:QUANT][@revision]"; without a quantisation `chooseFiles` has an order of preference
 * @throws {BaimoError} `request` for a wrong option, or when there is no such model or it may not be had, `format` when what came does not
 *   match its checksum, `aborted`
 */
export async function pullModel(spec: string, given: PullOptions): Promise<string> {
  const wanted = parseHubSpec(text().read(spec, "spec", call("pullModel")));
  const repository = modelRepository(wanted);
  const options = readOptions(given, pullTable, call("pullModel"));
  const { cacheFolder, signal } = options;
  throwIfAborted(signal, `pulling ${spec}`);
  const fs = await loadFileSystem(cacheFolder);

  if (options.offline) {
    const kept = await findKept(fs, cacheFolder, wanted);
    if (kept !== undefined) return kept;
    throw new BaimoError(
      "request",
      `${spec}: is not in the cache (${cacheFolder}), and the Hub may not be asked (HF_HUB_OFFLINE)`,
    );
  }
  let listing: Listing;
  try {
    listing = await listRepository(repository, options);
  } catch (error) {
    const kept = error instanceof Unreachable ? await findKept(fs, cacheFolder, wanted) : undefined;
    if (kept) return kept;
    throw error;
  }
  const { commit, files } = listing;
  const chosen = chooseFiles(
    files.map((file) => file.path),
    wanted,
  );
  const toHave = files.filter((file) => chosen.files.includes(file.path));
  const snapshot = await downloadFiles(fs, repository, { commit, files: toHave }, options);
  return chosen.open ? `${snapshot}/${chosen.open}` : snapshot;
}
