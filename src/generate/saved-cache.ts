// The file of a saved cache: a directory bound to model and kernels, pages, states, all summed.
import { BaimoError } from "../errors.ts";
import type { ByteSource } from "../formats/sources/byte-source.ts";
import { type WriteTarget, withSink } from "../formats/sources/file-sink.ts";
import { grouped } from "../grouped.ts";
import { isRecord, parseJson } from "../json.ts";
import { PAGE } from "../tensor/backend.ts";
import { sumOf } from "./checksum.ts";
import type { SavedPage } from "./protocol.ts";

/** To be raised with whatever changes the bits of keys and values, or this form. */
const MAGIC = "baimo cache 2\n";
/** After it: the directory's length in so many digits, and its sum. */
const LENGTH_DIGITS = 12;
const SUM_DIGITS = 16;
const HEAD = MAGIC.length + LENGTH_DIGITS + SUM_DIGITS;
/** No directory is longer: some millions of tokens. */
const MOST_DIRECTORY = 64 << 20;

/** What a cache file must be of. */
export interface CacheOwner {
  /** All that the bits of keys and values follow from, in one text. */
  readonly identity: string;
  /** Bytes of a page. */
  readonly pageBytes: number;
  /** Bytes of a recurrent state; 0: there are none. */
  readonly stateBytes: number;
  readonly vocabSize: number;
}

interface Entry {
  readonly root: number;
  readonly parent: number;
  readonly tokens: readonly number[];
  readonly sum: string;
  /** The sum of the recurrent state at its end, which follows the page. */
  readonly state?: string;
}

/** Writes pages; returns the bytes written. */
export async function writeSavedCache(
  target: WriteTarget,
  pages: readonly SavedPage[],
  { identity, pageBytes, stateBytes }: CacheOwner,
  signal?: AbortSignal,
): Promise<number> {
  const roots = [...new Set(pages.map(({ root }) => root))];
  const entries = pages.map(
    ({ root, parent, tokens, bytes, state }): Entry => ({
      root: roots.indexOf(root),
      parent,
      tokens: Array.from(tokens),
      sum: sumOf(bytes),
      state: state && sumOf(state),
    }),
  );
  const directory = new TextEncoder().encode(
    JSON.stringify({ identity, pageBytes, stateBytes, roots, entries }),
  );
  const head = `${MAGIC}${String(directory.length).padStart(LENGTH_DIGITS, "0")}${sumOf(directory)}`;
  await withSink(target, signal, async (put) => {
    await put(new TextEncoder().encode(head));
    await put(directory);
    for (const { bytes, state } of pages) {
      await put(bytes);
      if (state) await put(state);
    }
  });
  return HEAD + directory.length + lengthOf(entries, { pageBytes, stateBytes });
}

/** Bytes of pages and their states. */
function lengthOf(
  entries: readonly Entry[],
  { pageBytes, stateBytes }: Pick<CacheOwner, "pageBytes" | "stateBytes">,
): number {
  return entries.reduce((sum, { state }) => sum + pageBytes + (state === undefined ? 0 : stateBytes), 0);
}

/**
 * Reads what `writeSavedCache` wrote.
 * @throws {BaimoError} `format` for a file that is damaged, or of another model, build or kind of cache
 */
export async function readSavedCache(
  source: ByteSource,
  owner: CacheOwner,
  signal?: AbortSignal,
): Promise<SavedPage[]> {
  const fail = (text: string) => new BaimoError("format", `${source.name}: ${text}`);
  const head = new TextDecoder().decode(await source.read(0, Math.min(HEAD, source.size), signal));
  const length = Number(head.slice(MAGIC.length, MAGIC.length + LENGTH_DIGITS));
  if (!head.startsWith(MAGIC) || !Number.isSafeInteger(length))
    throw fail("is no saved cache of this version");
  if (length > MOST_DIRECTORY || HEAD + length > source.size) throw fail("is not whole");
  const bytes = await source.read(HEAD, length, signal);
  if (sumOf(bytes) !== head.slice(HEAD - SUM_DIGITS)) throw fail("its directory is damaged");
  const { roots, entries } = readDirectory(bytes, owner, fail);
  const expected = HEAD + length + lengthOf(entries, owner);
  if (expected !== source.size) {
    throw fail(`has ${grouped(source.size)} bytes where ${grouped(expected)} belong; is it whole?`);
  }
  const pages: SavedPage[] = [];
  let at = HEAD + length;
  const readNext = async (size: number, sum: string, what: string): Promise<Uint8Array> => {
    const read = await source.read(at, size, signal);
    if (sumOf(read) !== sum) throw fail(`${what} ${pages.length} is damaged`);
    at += size;
    return read;
  };
  for (const { root, parent, tokens, sum, state } of entries) {
    pages.push({
      root: roots[root],
      parent,
      tokens: Int32Array.from(tokens),
      bytes: await readNext(owner.pageBytes, sum, "page"),
      state: state === undefined ? undefined : await readNext(owner.stateBytes, state, "the state of page"),
    });
  }
  return pages;
}

/** The directory, every number of it within bounds. */
function readDirectory(
  bytes: Uint8Array,
  { identity, pageBytes, stateBytes, vocabSize }: CacheOwner,
  fail: (text: string) => BaimoError,
): { roots: string[]; entries: Entry[] } {
  const directory = parseJson(bytes, "the directory of a saved cache");
  if (!isRecord(directory)) throw fail("its directory is no object");
  const isOwn =
    directory.identity === identity &&
    directory.pageBytes === pageBytes &&
    directory.stateBytes === stateBytes;
  if (!isOwn) {
    throw fail("was saved with another model, other kernels or another type of cache");
  }
  const { roots, entries } = directory;
  const isRoots = Array.isArray(roots) && roots.every((root) => typeof root === "string");
  if (!isRoots || !Array.isArray(entries)) throw fail("its directory has no lists");
  const isWithin = (value: unknown, from: number, to: number) =>
    Number.isInteger(value) && (value as number) >= from && (value as number) < to;
  const isEntry = (entry: unknown, at: number): entry is Entry =>
    isRecord(entry) &&
    isWithin(entry.root, 0, roots.length) &&
    isWithin(entry.parent, -1, at) &&
    typeof entry.sum === "string" &&
    (entry.state === undefined || (typeof entry.state === "string" && stateBytes > 0)) &&
    Array.isArray(entry.tokens) &&
    isWithin(entry.tokens.length, 1, PAGE + 1) &&
    entry.tokens.every((token) => isWithin(token, 0, vocabSize));
  const read: Entry[] = [];
  for (const [at, entry] of entries.entries()) {
    if (!isEntry(entry, at)) throw fail(`entry ${at} of its directory makes no sense`);
    const parent = read[entry.parent];
    if (entry.state !== undefined && entry.tokens.length !== PAGE) {
      throw fail(`entry ${at} of its directory has a state within a page`);
    }
    if (parent && (parent.tokens.length !== PAGE || parent.root !== entry.root)) {
      throw fail(`entry ${at} of its directory follows a page that is not full`);
    }
    read.push(entry);
  }
  return { roots, entries: read };
}
