// The file of a saved cache: a directory bound to model and kernels, then pages, all summed.
import { BaimoError } from "../errors.ts";
import type { ByteSource } from "../formats/sources/byte-source.ts";
import { type WriteTarget, withSink } from "../formats/sources/file-sink.ts";
import { grouped } from "../grouped.ts";
import { isRecord, parseJson } from "../json.ts";
import { PAGE } from "../tensor/backend.ts";
import { sumOf } from "./checksum.ts";
import type { SavedPage } from "./protocol.ts";

/** To be raised with whatever changes the bits of keys and values, or this form. */
const MAGIC = "baimo cache 1\n";
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
  readonly vocabSize: number;
}

interface Entry {
  readonly root: number;
  readonly parent: number;
  readonly tokens: readonly number[];
  readonly sum: string;
}

/** Writes pages; returns the bytes written. */
export async function writeSavedCache(
  target: WriteTarget,
  pages: readonly SavedPage[],
  { identity, pageBytes }: CacheOwner,
  signal?: AbortSignal,
): Promise<number> {
  const roots = [...new Set(pages.map(({ root }) => root))];
  const entries = pages.map(
    ({ root, parent, tokens, bytes }): Entry => ({
      root: roots.indexOf(root),
      parent,
      tokens: Array.from(tokens),
      sum: sumOf(bytes),
    }),
  );
  const directory = new TextEncoder().encode(JSON.stringify({ identity, pageBytes, roots, entries }));
  const head = `${MAGIC}${String(directory.length).padStart(LENGTH_DIGITS, "0")}${sumOf(directory)}`;
  await withSink(target, signal, async (put) => {
    await put(new TextEncoder().encode(head));
    await put(directory);
    for (const { bytes } of pages) await put(bytes);
  });
  return HEAD + directory.length + pages.length * pageBytes;
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
  const expected = HEAD + length + entries.length * owner.pageBytes;
  if (expected !== source.size) {
    throw fail(`has ${grouped(source.size)} bytes where ${grouped(expected)} belong; is it whole?`);
  }
  const pages: SavedPage[] = [];
  for (const [i, { root, parent, tokens, sum }] of entries.entries()) {
    const page = await source.read(HEAD + length + i * owner.pageBytes, owner.pageBytes, signal);
    if (sumOf(page) !== sum) throw fail(`page ${i} is damaged`);
    pages.push({ root: roots[root], parent, tokens: Int32Array.from(tokens), bytes: page });
  }
  return pages;
}

/** The directory, every number of it within bounds. */
function readDirectory(
  bytes: Uint8Array,
  { identity, pageBytes, vocabSize }: CacheOwner,
  fail: (text: string) => BaimoError,
): { roots: string[]; entries: Entry[] } {
  const directory = parseJson(bytes, "the directory of a saved cache");
  if (!isRecord(directory)) throw fail("its directory is no object");
  if (directory.identity !== identity || directory.pageBytes !== pageBytes) {
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
    Array.isArray(entry.tokens) &&
    isWithin(entry.tokens.length, 1, PAGE + 1) &&
    entry.tokens.every((token) => isWithin(token, 0, vocabSize));
  const read: Entry[] = [];
  for (const [at, entry] of entries.entries()) {
    if (!isEntry(entry, at)) throw fail(`entry ${at} of its directory makes no sense`);
    const parent = read[entry.parent];
    if (parent && (parent.tokens.length !== PAGE || parent.root !== entry.root)) {
      throw fail(`entry ${at} of its directory follows a page that is not full`);
    }
    read.push(entry);
  }
  return { roots, entries: read };
}
