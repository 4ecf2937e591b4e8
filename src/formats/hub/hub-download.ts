// Downloads files of a repository into the Hub's cache: resumed, verified by checksum.
import type { Hash } from "node:crypto";
import { BaimoError, throwIfAborted } from "../../errors.ts";
import { grouped } from "../../grouped.ts";
import { fileError } from "../sources/path-source.ts";
import { streamUrl } from "../sources/url-source.ts";
import {
  type FileSystem,
  type HubRepository,
  lockPath,
  placeBlob,
  repositoryFolder,
  writeRef,
} from "./hub-cache.ts";
import { endpointOf, type Listing, type WantedFile } from "./hub-listing.ts";
import { takeLock } from "./hub-lock.ts";
import type { PullOptions } from "./pull-options.ts";

/** Has files of a commit in the cache; returns the snapshot's folder. */
export async function downloadFiles(
  fs: FileSystem,
  wanted: HubRepository,
  { commit, files }: Listing,
  options: PullOptions,
): Promise<string> {
  const { cacheFolder } = options;
  const home = repositoryFolder(cacheFolder, wanted);
  const snapshot = `${home}/snapshots/${commit}`;
  const prefix = wanted.kind === "model" ? "" : `${wanted.kind}s/`;
  const totalOfAll = files.reduce((sum, file) => sum + file.size, 0);
  let before = 0;
  for (const file of files) {
    const report = (done: number) =>
      options.onProgress?.({ file: file.path, done, total: file.size, doneOfAll: before + done, totalOfAll });
    const place = { home, lock: lockPath(cacheFolder, wanted, file.oid) };
    const blob = await download(
      fs,
      place,
      file,
      `${prefix}${wanted.repo}/resolve/${commit}`,
      options,
      report,
    );
    await placeBlob(fs, blob, `${snapshot}/${file.path}`);
    before += file.size;
  }
  await writeRef(fs, home, wanted.revision, commit);
  return snapshot;
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
