// Downloads models from the Hugging Face Hub into its standard cache folder: resumed where it broke off, verified by
// checksum; leans on @huggingface/hub for the listing, url-source.ts for the bytes and node:fs, all loaded when used.
import type { Hash } from "node:crypto";
import { BaimoError, throwIfAborted } from "../errors.ts";
import { chooseFiles, type HubSpec, parseHubSpec } from "./hub-files.ts";
import { fileError, loadFileSystem } from "./path-source.ts";
import { grouped } from "./tensor-info.ts";
import { streamUrl, type UrlReadOptions } from "./url-source.ts";

/** How far a download is. */
export interface PullProgress {
  /** The file in work. */
  file: string;
  /** Bytes of it that are here, and that it has. */
  done: number;
  total: number;
  /** The same of all files together. */
  doneOfAll: number;
  totalOfAll: number;
}

/** Options of `pullModel`. */
export interface PullOptions {
  /** The cache, laid out as huggingface_hub does: models--owner--name/{blobs,refs,snapshots}. */
  cacheFolder: string;
  signal?: AbortSignal;
  onProgress?: (progress: PullProgress) => void;
  /** Default https://huggingface.co. */
  endpoint?: string;
  /** A user access token, for private and gated models. */
  token?: string;
  /** How patient a download is with its server. */
  retry?: Pick<UrlReadOptions, "attempts" | "waitMs" | "stallMs">;
}

/** A file to have, and what it must hash to. */
interface WantedFile {
  path: string;
  size: number;
  /** sha256 of its content where it is kept in LFS or Xet, else sha1 as Git hashes blobs. */
  oid: string;
}

type FileSystem = typeof import("node:fs");

/**
 * Brings a model to this machine and returns what to open: the path of the (first) GGUF file, or a folder.
 *
 * spec  "hf:owner/name[:QUANT][@revision]"; of GGUF files Q4_K_M, Q8_0 or the only one where no quantisation is named
 * @throws {BaimoError} `request` when there is no such model or it may not be had, `format` when what came does not
 *   match its checksum, `aborted`
 */
export async function pullModel(spec: string, options: PullOptions): Promise<string> {
  const wanted = parseHubSpec(spec);
  const { cacheFolder, signal } = options;
  throwIfAborted(signal, `pulling ${spec}`);
  const fs = await loadFileSystem(cacheFolder);
  const home = `${cacheFolder}/models--${wanted.repo.replace("/", "--")}`;

  let listing: { commit: string; files: WantedFile[] };
  try {
    listing = await listRepository(wanted, options);
  } catch (error) {
    const kept = error instanceof Unreachable ? await findKept(fs, home, wanted) : undefined;
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
    const blob = await download(fs, home, file, `${wanted.repo}/resolve/${commit}`, options, report);
    await place(fs, blob, `${snapshot}/${file.path}`);
    before += file.size;
  }
  await writeRef(fs, home, wanted.revision, commit);
  return chosen.open ? `${snapshot}/${chosen.open}` : snapshot;
}

/** The list of a repository's files comes within so long, or the Hub counts as out of reach. */
const LISTING_MS = 60_000;

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
    fetch: ((input, init) => fetch(input, { ...init, signal: bounded })) as typeof fetch,
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

/** Without the Hub: what an earlier pull left here for this revision. */
async function findKept(fs: FileSystem, home: string, spec: HubSpec): Promise<string | undefined> {
  const commit = /^[0-9a-f]{40}$/.test(spec.revision)
    ? spec.revision
    : (await fs.promises.readFile(`${home}/refs/${spec.revision}`, "utf8").catch(() => "")).trim();
  const snapshot = `${home}/snapshots/${commit}`;
  const names = commit && (await fs.promises.readdir(snapshot, { recursive: true }).catch(() => undefined));
  if (!names) return undefined;
  const { open } = chooseFiles(
    names.map((name) => name.replaceAll("\\", "/")),
    spec,
  );
  return open ? `${snapshot}/${open}` : snapshot;
}

/** Has the file among the blobs, whole and verified; returns its path. */
async function download(
  fs: FileSystem,
  home: string,
  { path, size, oid }: WantedFile,
  location: string,
  options: PullOptions,
  report: (done: number) => void,
): Promise<string> {
  const { signal, token, retry } = options;
  const blob = `${home}/blobs/${oid}`;
  const present = await fs.promises.stat(blob).catch(() => undefined);
  if (present?.size === size) {
    report(size);
    return blob;
  }
  await fs.promises.mkdir(`${home}/blobs`, { recursive: true }).catch((cause) => {
    throw fileError(`${home}/blobs`, cause);
  });
  const partial = `${blob}.incomplete`;
  const handle = await fs.promises.open(partial, "a+").catch((cause) => {
    throw fileError(partial, cause);
  });
  const hash = await createBlobHash(oid, size);
  try {
    let done = await rehash(handle, size, hash, signal);
    report(done);
    const url = `${endpointOf(options)}/${location}/${path.split("/").map(encodeURIComponent).join("/")}`;
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
  await fs.promises.rename(partial, blob);
  return blob;
}

/** sha256 of the content, or sha1 after Git's blob header, whichever the length of the checksum says. */
async function createBlobHash(oid: string, size: number): Promise<Hash> {
  const { createHash } = await import("node:crypto");
  return oid.length === 64 ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
}

/** Hashes what an earlier attempt left; how many bytes that are. More than the file has is thrown away. */
async function rehash(
  handle: import("node:fs").promises.FileHandle,
  size: number,
  hash: Hash,
  signal: AbortSignal | undefined,
): Promise<number> {
  const kept = (await handle.stat()).size;
  if (kept > size) {
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

/** Puts a blob under its name in the snapshot: a relative symbolic link, or where that is not allowed a hard link or copy. */
async function place(fs: FileSystem, blob: string, target: string): Promise<void> {
  const { dirname, relative } = await import("node:path");
  const { mkdir, rm, symlink, link, copyFile } = fs.promises;
  await mkdir(dirname(target), { recursive: true });
  await rm(target, { force: true });
  await symlink(relative(dirname(target), blob), target)
    .catch(() => link(blob, target))
    .catch(() => copyFile(blob, target))
    .catch((cause) => {
      throw fileError(target, cause);
    });
}

/** Notes which commit a branch or tag meant, as huggingface_hub does. */
async function writeRef(fs: FileSystem, home: string, revision: string, commit: string): Promise<void> {
  if (revision === commit) return;
  const { dirname } = await import("node:path");
  const ref = `${home}/refs/${revision}`;
  await fs.promises.mkdir(dirname(ref), { recursive: true });
  await fs.promises.writeFile(ref, commit);
}
