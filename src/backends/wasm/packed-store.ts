// The packed-weight cache on disk: one file a rank, with checksums, for the next opening.
import { folderOf, partialPath, removeLeftBehind } from "../../formats/sources/partial-file.ts";
import type { Kernels } from "../../kernels/module/module.ts";

/** Which file to read, or to write where there is none. */
export interface PackedFile {
  readonly path: string;
  /** Most bytes of all files in its folder; the ones used longest ago give way. */
  readonly folderBytes: number;
}

/** One part of a matrix: where it lies in the file. */
interface Entry {
  readonly at: number;
  readonly bytes: number;
  readonly scale: number;
  readonly sum: string;
}

/** Where packed bytes lie in WASM memory. */
interface PackedPlace {
  readonly bank: { readonly u8: Uint8Array; readonly kernels: Kernels };
  readonly address: number;
}

/** Packed parts, asked for in the order in which a model loads them, which is always the same. */
export interface PackedStore {
  /** Fills the place with the next part and returns its scale; undefined where it must be packed. */
  restore(place: PackedPlace, bytes: number): number | undefined;
  /** Keeps a part that was packed. */
  keep(place: PackedPlace, bytes: number, scale: number): void;
  /** After the last part: what was written is complete, and older files make room for it. */
  finish(): void;
}

const MAGIC = "baimo packed 3\n";
/** So much is read or written and summed before the next: what has just been copied is still in the processor's cache. */
const CHUNK_BYTES = 256 << 10;
/** Makes the order of chunks count: odd and large (2^64 over the golden ratio). */
const SUM_FACTOR = 0x9e3779b97f4a7c15n;
/** Before the magic word stand the directory's length, in so many digits, and its SHA-256. */
const LENGTH_DIGITS = 12;
const HASH_DIGITS = 64;
const TAIL = LENGTH_DIGITS + HASH_DIGITS + MAGIC.length;
/** No directory is longer: a hundred thousand parts. */
const MOST_DIRECTORY = 16 << 20;

type FileSystem = typeof import("node:fs");
type HashOf = (bytes: Uint8Array) => string;

/**
 * Opens the file of packed parts, or begins one. Whatever is wrong with it, the model loads without: a part that is damaged
 * or missing is packed anew, and a disk that is full keeps nothing.
 */
export async function openPackedStore({ path, folderBytes }: PackedFile): Promise<PackedStore> {
  const fs = await import("node:fs");
  const { createHash } = await import("node:crypto");
  const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const found = readDirectory(fs, path, hashOf);
  if (found) return createReader(fs, path, found);
  return createWriter({ fs, path, folderBytes, hashOf });
}

/** The directory at the file's end; undefined where there is no whole file. */
function readDirectory(
  fs: FileSystem,
  path: string,
  hashOf: HashOf,
): { file: number; entries: readonly Entry[] } | undefined {
  let file: number | undefined;
  try {
    file = fs.openSync(path, "r");
    const { size } = fs.fstatSync(file);
    const tail = Buffer.alloc(TAIL);
    if (size < tail.length) throw new Error("too short");
    fs.readSync(file, tail, 0, tail.length, size - tail.length);
    const length = Number(tail.toString("latin1", 0, LENGTH_DIGITS));
    const start = size - tail.length - length;
    const magic = tail.toString("latin1", LENGTH_DIGITS + HASH_DIGITS);
    if (magic !== MAGIC || !(length <= MOST_DIRECTORY) || start < 0) throw new Error("not whole");
    const json = Buffer.alloc(length);
    fs.readSync(file, json, 0, length, start);
    if (hashOf(json) !== tail.toString("latin1", LENGTH_DIGITS, LENGTH_DIGITS + HASH_DIGITS))
      throw new Error("damaged");
    const entries: Entry[] = JSON.parse(json.toString("utf8"));
    for (const { at, bytes } of entries)
      if (!(at >= 0 && at + bytes <= start)) throw new Error("out of bounds");
    const now = new Date();
    fs.utimesSync(path, now, now);
    return { file, entries };
  } catch {
    if (file !== undefined) fs.closeSync(file);
    return undefined;
  }
}

function createReader(
  fs: FileSystem,
  path: string,
  { file, entries }: { file: number; entries: readonly Entry[] },
): PackedStore {
  let damaged = false;
  let next = 0;
  return {
    restore({ bank, address }, bytes) {
      const entry = entries[next++];
      if (entry?.bytes !== bytes) return void (damaged = true);
      let read = 0;
      const sum = sumOf({ bank, address }, bytes, (from, length, done) => {
        read += fs.readSync(file, bank.u8, from, length, entry.at + done);
      });
      if (read !== bytes || sum !== entry.sum) return void (damaged = true);
      return entry.scale;
    },
    keep() {},
    finish() {
      fs.closeSync(file);
      // The next time it is made anew.
      if (damaged) fs.rmSync(path, { force: true });
    },
  };
}

function createWriter(options: {
  fs: FileSystem;
  path: string;
  folderBytes: number;
  hashOf: HashOf;
}): PackedStore {
  const { fs, path, folderBytes, hashOf } = options;
  const partial = partialPath(path);
  const entries: Entry[] = [];
  let file: number | undefined;
  let at = 0;
  const giveUp = () => {
    if (file !== undefined) fs.closeSync(file);
    file = undefined;
    fs.rmSync(partial, { force: true });
  };
  try {
    fs.mkdirSync(folderOf(path), { recursive: true, mode: 0o700 });
    removeLeftBehind(fs, folderOf(path));
    file = fs.openSync(partial, "wx", 0o600);
  } catch {} // nothing is kept
  const write = (bytes: Uint8Array, start: number, length: number) => {
    for (let done = 0; done < length; ) done += fs.writeSync(file!, bytes, start + done, length - done);
    at += length;
  };
  return {
    restore: () => undefined,
    keep({ bank, address }, bytes, scale) {
      if (file === undefined) return;
      try {
        if (at + bytes > folderBytes) throw new Error("larger than the folder may be");
        const entry = { at, bytes, scale };
        const sum = sumOf({ bank, address }, bytes, (from, length) => write(bank.u8, from, length));
        entries.push({ ...entry, sum });
      } catch {
        giveUp();
      }
    },
    finish() {
      if (file === undefined) return;
      try {
        const directory = Buffer.from(JSON.stringify(entries));
        const length = String(directory.length).padStart(LENGTH_DIGITS, "0");
        const tail = Buffer.from(length + hashOf(directory) + MAGIC, "latin1");
        write(directory, 0, directory.length);
        write(tail, 0, tail.length);
        fs.closeSync(file);
        file = undefined;
        fs.renameSync(partial, path);
        makeRoom(fs, folderOf(path), folderBytes, path);
      } catch {
        giveUp();
      }
    },
  };
}

/** The sum of a part, chunk by chunk; `move` brings each chunk to its place, or away from there, before it is summed. */
function sumOf(
  { bank, address }: PackedPlace,
  bytes: number,
  move: (from: number, length: number, done: number) => void,
): string {
  let sum = 0n;
  for (let done = 0; done < bytes; done += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES, bytes - done);
    move(address + done, length, done);
    sum = BigInt.asUintN(64, sum * SUM_FACTOR + bank.kernels.checksum(address + done, length));
  }
  return sum.toString(16);
}

/** Removes the files used longest ago until the rest fits; never the one just written. */
function makeRoom(fs: FileSystem, folder: string, most: number, newest: string): void {
  removeLeftBehind(fs, folder);
  const files = fs
    .readdirSync(folder)
    .map((name) => `${folder}/${name}`)
    // Those that are being written count as well.
    .filter((path) => path.endsWith(".packed") || path.endsWith(".partial"))
    // Another rank may have removed it since.
    .flatMap((path) => {
      const found = fs.statSync(path, { throwIfNoEntry: false });
      return found ? [{ path, size: found.size, mtimeMs: found.mtimeMs }] : [];
    })
    .sort((a, b) => a.mtimeMs - b.mtimeMs);
  let total = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files) {
    if (total <= most) return;
    if (path === newest || path.endsWith(".partial")) continue;
    fs.rmSync(path, { force: true });
    total -= size;
  }
}
