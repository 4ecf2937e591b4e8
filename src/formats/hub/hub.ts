// Downloads models from the Hugging Face Hub into its cache: resumed, verified by checksum.
import type { Hash } from "node:crypto";
import { BaimoError, throwIfAborted } from "../../errors.ts";
import { grouped } from "../../grouped.ts";
import { text } from "../../option-kinds.ts";
import { call, readOptions } from "../../options.ts";
import { fileError, loadFileSystem } from "../sources/path-source.ts";
import { streamUrl } from "../sources/url-source.ts";
import { type FileSystem, findKept, lockPath, placeBlob, repositoryFolder, writeRef } from "./hub-cache.ts";
import { chooseFiles, type HubSpec, parseHubSpec } from "./hub-files.ts";
import { takeLock } from "./hub-lock.ts";
import { type PullOptions, pullTable } from "./pull-options.ts";

/** A file to have, and what it must hash to. */
interface WantedFile {
  path: string;
  size: number;
  /** sha256 of its content where it is kept in LFS or Xet, else sha1 as Git hashes blobs. */
  oid: string;
}

/**
 * Brings a model to this machine and returns what to open: the path of the (first) GGUF file, or a folder.
 *
 * spec  "hf:owner/name[:QUANT][@revision]"; without a quantisation `chooseFiles` has an order of preference
 * @throws {BaimoError} `request` for a wrong option, or when there is no such model or it may not be had, `format` when what came does not
 *   match its checksum, `aborted`
 */
export async function pullModel(spec: string, given: PullOptions): Promise<string> {
  const wanted = parseHubSpec(text().read(spec, "spec", call("pullModel")));
  const options = readOptions(given, pullTable, call("pullModel"));
  const { cacheFolder, signal } = options;
  throwIfAborted(signal, `pulling ${spec}`);
  const fs = await loadFileSystem(cacheFolder);
  const home = repositoryFolder(cacheFolder, wanted.repo);

  if (options.offline) {
    const kept = await findKept(fs, cacheFolder, wanted);
    if (kept !== undefined) return kept;
    throw new BaimoError(
      "request",
      `${spec}: is not in the cache (${cacheFolder}), and the Hub may not be asked (HF_HUB_OFFLINE)`,
    );
  }
  let listing: { commit: string; files: WantedFile[] };
  try {
    listing = await listRepository(wanted, options);
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
  const totalOfAll = toHave.reduce((sum, file) => sum + file.size, 0);
  const snapshot = `${home}/snapshots/${commit}`;
  let before = 0;
  for (const file of toHave) {
    const report = (done: number) =>
      options.onProgress?.({ file: file.path, done, total: file.size, doneOfAll: before + done, totalOfAll });
    const place = { home, lock: lockPath(cacheFolder, wanted.repo, file.oid) };
    const blob = await download(fs, place, file, `${wanted.repo}/resolve/${commit}`, options, report);
    await placeBlob(fs, blob, `${snapshot}/${file.path}`);
    before += file.size;
  }
  await writeRef(fs, home, wanted.revision, commit);
  return chosen.open ? `${snapshot}/${chosen.open}` : snapshot;
}

/** The list of a repository's files comes within so long, or the Hub counts as out of reach. */
const LISTING_MS = 60_000;

/** A listing has no more pages: a thousand files each. */
const MOST_PAGES = 1000;

/** fetch that sends the token to the Hub's own origin alone, wherever a listing says that it goes on. */
function fetchAtHome(endpoint: string, signal: AbortSignal): typeof fetch {
  const { origin } = new URL(endpoint);
  let pages = 0;
  return async (input, init) => {
    if (++pages > MOST_PAGES)
      throw new BaimoError("format", `${endpoint}: the list of files has no end within ${MOST_PAGES} pages`);
    const headers = new Headers(init?.headers);
    if (new URL(input instanceof Request ? input.url : input).origin !== origin)
      headers.delete("authorization");
    return fetch(input, { ...init, headers, signal });
  };
}

/** The Hub could not be asked at all. */
class Unreachable extends BaimoError {}

const endpointOf = ({ endpoint = "https://huggingface.co" }: PullOptions) => endpoint.replace(/\/+$/, "");

/** The commit that a revision means, and every file in it. */
async function listRepository(
  { repo, revision }: HubSpec,
  options: PullOptions,
): Promise<{ commit: string; files: WantedFile[] }> {
  const { signal, token } = options;
  const hub = await import("@huggingface/hub");
  const limit = AbortSignal.timeout(LISTING_MS);
  const bounded = signal ? AbortSignal.any([signal, limit]) : limit;
  const access = {
    hubUrl: endpointOf(options),
    ...(token && { accessToken: token }),
    fetch: fetchAtHome(endpointOf(options), bounded),
  };
  try {
    const { sha } = await hub.modelInfo({ name: repo, revision, additionalFields: ["sha"], ...access });
    if (!/^[0-9a-f]{40}$/.test(sha))
      throw new BaimoError("format", `${repo}: the Hub gave "${sha}" for a commit`);
    const files: WantedFile[] = [];
    for await (const entry of hub.listFiles({ repo, revision: sha, recursive: true, ...access })) {
      if (entry.type !== "file") continue;
      const oid = entry.lfs?.oid ?? entry.oid ?? "";
      const sane =
        /^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(oid) &&
        Number.isSafeInteger(entry.size) &&
        entry.path.split("/").every((part) => /^[^\\:\0]+$/.test(part) && part !== "." && part !== "..");
      // A name that would lead out of the folder, or a file without a checksum, is never fetched.
      if (sane) files.push({ path: entry.path, size: entry.size, oid });
    }
    return { commit: sha, files };
  } catch (cause) {
    throwIfAborted(signal, `asking for ${repo}`);
    if (cause instanceof BaimoError) throw cause;
    if (cause instanceof SyntaxError || cause instanceof hub.InvalidApiResponseFormatError) {
      throw new BaimoError("format", `${repo}: ${endpointOf(options)} does not answer as the Hub does`, {
        cause,
      });
    }
    if (cause instanceof hub.HubApiError && cause.statusCode < 500) {
      const { statusCode } = cause;
      const reason =
        statusCode === 404
          ? `there is no such model, or no revision "${revision}"`
          : statusCode === 401 || statusCode === 403
            ? "the Hub refuses: the model does not exist, is private, or its terms must be accepted first; is a token set?"
            : `the Hub answered ${statusCode}`;
      throw new BaimoError("request", `${repo}: ${reason}`, { cause });
    }
    if (cause instanceof Error && cause.message.includes("access token")) {
      throw new BaimoError("request", `the token does not begin with hf_, as the Hub's tokens do`, { cause });
    }
    throw new Unreachable(
      "request",
      `${repo}: ${endpointOf(options)} could not be reached; is the network up?`,
      { cause },
    );
  }
}

/** Has the file among the blobs, whole and verified; returns its path. Of two who want it, one waits for the other. */
async function download(
  fs: FileSystem,
  { home, lock }: { home: string; lock: string },
  file: WantedFile,
  location: string,
  options: PullOptions,
  report: (done: number) => void,
): Promise<string> {
  const { size, oid } = file;
  const { signal } = options;
  const blob = `${home}/blobs/${oid}`;
  const partial = `${blob}${PARTIAL}`;
  const isHere = async () => (await fs.promises.stat(blob).catch(() => undefined))?.size === size;
  if (!(await isHere())) {
    const release = await takeLock(fs, lock, options.lock, {
      signal,
      // Another fetches it: its progress is ours.
      onWait: async () => report((await fs.promises.stat(partial).catch(() => undefined))?.size ?? 0),
    });
    try {
      if (!(await isHere())) await fetchBlob(fs, { blob, partial, file, location }, options, report);
    } finally {
      await release();
    }
  }
  report(size);
  return blob;
}

/** What a download is called until it is whole; huggingface_hub appends to names of its own. */
const PARTIAL = ".baimo.incomplete";

async function fetchBlob(
  fs: FileSystem,
  what: { blob: string; partial: string; file: WantedFile; location: string },
  options: PullOptions,
  report: (done: number) => void,
): Promise<void> {
  const { blob, partial, location } = what;
  const { path, size, oid } = what.file;
  const { signal, token, retry } = options;
  const { dirname } = await import("node:path");
  await fs.promises.mkdir(dirname(blob), { recursive: true }).catch((cause) => {
    throw fileError(dirname(blob), cause);
  });
  const handle = await fs.promises.open(partial, "a+").catch((cause) => {
    throw fileError(partial, cause);
  });
  const hash = await createBlobHash(oid, size);
  try {
    let done = await rehash(handle, size, hash, signal);
    report(done);
    const url = `${endpointOf(options)}/${location}/${path.split("/").map(encodeURIComponent).join("/")}`;
    // fetch asks for "identity" where a range is wanted: compressed, its bytes would be others.
    const headers = token ? { authorization: `Bearer ${token}` } : undefined;
    for await (const chunk of streamUrl({ url, headers }, done, size, { ...retry, signal })) {
      hash.update(chunk);
      await handle.appendFile(chunk).catch((cause) => {
        throw fileError(partial, cause);
      });
      done += chunk.byteLength;
      report(done);
    }
  } finally {
    await handle.close();
  }
  const found = hash.digest("hex");
  if (found !== oid) {
    await fs.promises.unlink(partial);
    throw new BaimoError(
      "format",
      `${path}: its ${oid.length === 64 ? "sha256" : "Git hash"} should be ${oid}, but what came has ${found}; ` +
        `the ${grouped(size)} bytes were deleted; pull again`,
    );
  }
  await fs.promises.rename(partial, blob).catch((cause) => {
    throw fileError(blob, cause);
  });
}

/** sha256 of the content, or sha1 after Git's blob header, whichever the length of the checksum says. */
async function createBlobHash(oid: string, size: number): Promise<Hash> {
  const { createHash } = await import("node:crypto");
  return oid.length === 64 ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
}

/** Smaller files are begun anew: not every mirror answers range requests for them. */
const RESUMED_FROM = 1 << 20;

/** Hashes what an earlier attempt left; how many bytes that are. More than the file has is thrown away. */
async function rehash(
  handle: import("node:fs").promises.FileHandle,
  size: number,
  hash: Hash,
  signal: AbortSignal | undefined,
): Promise<number> {
  const kept = (await handle.stat()).size;
  if (kept > size || size < RESUMED_FROM) {
    await handle.truncate(0);
    return 0;
  }
  const buffer = new Uint8Array(1 << 20);
  for (let done = 0; done < kept; ) {
    throwIfAborted(signal, "verifying what was downloaded before");
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, done);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
  return kept;
}
