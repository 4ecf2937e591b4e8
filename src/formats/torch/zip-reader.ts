// Reads a zip archive's central directory; finds uncompressed entries, as PyTorch stores them.
//
// Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
//
// Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
import { BaimoError } from "../../errors.ts";
import { grouped } from "../../grouped.ts";
import type { ByteSource } from "../sources/byte-source.ts";
import { MAX_TENSORS } from "../tensor-info.ts";

/** A storage a tensor, and a dozen small files of the archive's own. */
const MAX_ENTRIES = MAX_TENSORS + 64;
/** 46 bytes an entry, a name, and 28 bytes of sizes beyond 4 GiB: room for names of 180 bytes. */
const MAX_DIRECTORY_BYTES = MAX_ENTRIES * 256;
const MAX_NAME_BYTES = 1024;

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
/** The end record is the last thing but for a comment of at most 65,535 bytes. */
const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
const ZIP64_EXTRA = 1;

/** One file of the archive. */
export interface ZipEntry {
  readonly name: string;
  readonly size: number;
}

/** An archive whose directory was read. */
export interface ZipArchive {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /**
   * The byte of the file at which an entry's content begins.
   * @throws {BaimoError} `format` when it is compressed, or its own header and the directory disagree
   */
  locate(entry: ZipEntry, signal?: AbortSignal): Promise<number>;
}

interface Located extends ZipEntry {
  /** Bytes that it takes in the file; other than its size where it is compressed. */
  readonly stored: number;
  readonly method: number;
  readonly header: number;
  readonly nameBytes: Uint8Array;
}

/**
 * Reads which files a zip archive has, and where; none shares bytes with another.
 *
 * @throws {BaimoError} `format` when it is no such archive
 */
export async function readZip(source: ByteSource, signal?: AbortSignal): Promise<ZipArchive> {
  const fail = (message: string) => new BaimoError("format", `${source.name}: ${message}`);
  const directory = await findDirectory(source, fail, signal);
  const bytes = await source.read(directory.offset, directory.bytes, signal);
  const entries = readDirectory(bytes, directory.count, fail);

  // Archives that name one stretch of bytes many times are how a small file becomes a large one.
  const limits = new Map<Located, number>();
  const sorted = [...entries.values()].sort((a, b) => a.header - b.header);
  for (const [i, entry] of sorted.entries()) {
    const limit = sorted[i + 1]?.header ?? directory.offset;
    if (entry.header + 30 + entry.nameBytes.length + entry.stored > limit) {
      throw fail(
        `entry "${entry.name}" of ${grouped(entry.stored)} bytes at byte ${grouped(entry.header)} runs into ` +
          `${sorted[i + 1] ? `"${sorted[i + 1].name}"` : "the directory"} at byte ${grouped(limit)}`,
      );
    }
    limits.set(entry, limit);
  }
  return {
    entries,
    async locate({ name }, atSignal) {
      const entry = entries.get(name)!; // entries come from this archive
      const { header, size, stored, method, nameBytes } = entry;
      if (method !== 0) {
        throw fail(
          `entry "${name}" is compressed (method ${method}${method === 8 ? ", deflate" : ""}); PyTorch stores entries as they are`,
        );
      }
      if (stored !== size) {
        throw fail(
          `entry "${name}" is stored, but ${grouped(stored)} bytes are said to make ${grouped(size)}`,
        );
      }
      const head = await source.read(header, 30 + nameBytes.length, atSignal);
      const view = new DataView(head.buffer);
      const sameName = nameBytes.every((byte, i) => head[30 + i] === byte);
      if (view.getUint32(0, true) !== LOCAL || view.getUint16(26, true) !== nameBytes.length || !sameName) {
        throw fail(`entry "${name}" should have its header at byte ${grouped(header)}, but has not`);
      }
      if (view.getUint16(8, true) !== 0) throw fail(`entry "${name}" is compressed by its own header`);
      const start = header + 30 + nameBytes.length + view.getUint16(28, true);
      if (start + size > limits.get(entry)!) {
        throw fail(`entry "${name}" ends at byte ${grouped(start + size)}, inside what follows it`);
      }
      return start;
    },
  };
}

/** Where the directory lies and how many entries it has, by the record at the file's end. */
async function findDirectory(
  source: ByteSource,
  fail: (message: string) => BaimoError,
  signal?: AbortSignal,
): Promise<{ offset: number; bytes: number; count: number }> {
  const tailBytes = Math.min(source.size, END_BYTES + 0xffff);
  const tailStart = source.size - tailBytes;
  const tail = await source.read(tailStart, tailBytes, signal);
  const view = new DataView(tail.buffer);
  let at = tailBytes - END_BYTES;
  // The comment must reach exactly to the file's end, so that bytes inside it cannot pass for the record.
  while (
    at >= 0 &&
    !(view.getUint32(at, true) === END && at + END_BYTES + view.getUint16(at + 20, true) === tailBytes)
  )
    at--;
  if (at < 0) throw fail("is a zip archive without a directory at its end; is the download complete?");

  const end = tailStart + at;
  let [count, bytes, offset] = [
    view.getUint16(at + 10, true),
    view.getUint32(at + 12, true),
    view.getUint32(at + 16, true),
  ];
  if (
    view.getUint16(at + 4, true) !== 0 ||
    view.getUint16(at + 6, true) !== 0 ||
    view.getUint16(at + 8, true) !== count
  )
    throw fail("is a zip archive in several parts; one file is read");
  let directoryEnd = end;
  const locator = end - LOCATOR_BYTES;
  if (locator >= 0) {
    const head = new DataView((await source.read(locator, LOCATOR_BYTES, signal)).buffer);
    if (head.getUint32(0, true) === LOCATOR64) {
      const record = Number(head.getBigUint64(8, true));
      if (!Number.isSafeInteger(record) || record + END64_BYTES > locator) {
        throw fail(
          `its zip64 record should lie before byte ${grouped(locator)}, but is said to be at ${grouped(record)}`,
        );
      }
      const wide = new DataView((await source.read(record, END64_BYTES, signal)).buffer);
      if (wide.getUint32(0, true) !== END64) throw fail(`has no zip64 record at byte ${grouped(record)}`);
      const [wideCount, wideBytes, wideOffset] = [32, 40, 48].map((field) =>
        Number(wide.getBigUint64(field, true)),
      );
      // Two directories that disagree would be read differently by different programs.
      const agree = (narrow: number, most: number, found: number) => narrow === most || narrow === found;
      if (
        !agree(count, 0xffff, wideCount) ||
        !agree(bytes, 0xffffffff, wideBytes) ||
        !agree(offset, 0xffffffff, wideOffset)
      ) {
        throw fail("its two end records disagree on where the directory is");
      }
      [count, bytes, offset] = [wideCount, wideBytes, wideOffset];
      directoryEnd = record;
    }
  }
  if (count > MAX_ENTRIES || bytes > MAX_DIRECTORY_BYTES || count * 46 > bytes) {
    throw fail(
      `its directory has ${grouped(count)} entries in ${grouped(bytes)} bytes; at most ${grouped(MAX_ENTRIES)} in ` +
        `${grouped(MAX_DIRECTORY_BYTES)} are read, of at least 46 bytes each`,
    );
  }
  if (offset + bytes !== directoryEnd) {
    throw fail(
      `its directory of ${grouped(bytes)} bytes at byte ${grouped(offset)} should end at byte ${grouped(directoryEnd)}; is the file whole?`,
    );
  }
  return { offset, bytes, count };
}

function readDirectory(
  bytes: Uint8Array,
  count: number,
  fail: (message: string) => BaimoError,
): Map<string, Located> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const entries = new Map<string, Located>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== CENTRAL) {
      throw fail(`entry ${i} of ${count} is not in its directory`);
    }
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > bytes.length || nameLength > MAX_NAME_BYTES) {
      throw fail(
        `entry ${i} of its directory has a name of ${nameLength} bytes and ends at byte ${next} of ${bytes.length}`,
      );
    }
    const nameBytes = bytes.slice(at + 46, at + 46 + nameLength);
    let name: string;
    try {
      name = decoder.decode(nameBytes);
    } catch {
      throw fail(`the name of entry ${i} of its directory is not UTF-8`);
    }
    const wide = readZip64(view, at, at + 46 + nameLength, extraLength);
    if (!wide) throw fail(`entry "${name}" lacks the sizes that its zip64 field should have`);
    const { stored, size, header } = wide;
    if (flags & 0x2041) throw fail(`entry "${name}" is encrypted`);
    if (!Number.isSafeInteger(header + stored) || view.getUint16(at + 34, true) !== 0) {
      throw fail(`entry "${name}" of ${grouped(stored)} bytes is said to be at byte ${grouped(header)}`);
    }
    if (entries.has(name)) throw fail(`entry "${name}" is there twice`);
    entries.set(name, { name, size, stored, method, header, nameBytes });
    at = next;
  }
  if (at !== bytes.length) throw fail(`its directory has ${bytes.length - at} bytes after the last entry`);
  return entries;
}

/** Sizes and place of an entry, from the zip64 field where the short ones are full. */
function readZip64(view: DataView, at: number, extra: number, extraLength: number) {
  const short = [24, 20, 42].map((field) => view.getUint32(at + field, true)); // size, stored, header
  if (short.every((value) => value !== 0xffffffff)) {
    return { size: short[0], stored: short[1], header: short[2] };
  }
  for (let p = extra; p + 4 <= extra + extraLength; ) {
    const length = view.getUint16(p + 2, true);
    if (p + 4 + length > extra + extraLength) return undefined;
    if (view.getUint16(p, true) === ZIP64_EXTRA) {
      let field = p + 4;
      const wide: number[] = [];
      for (const value of short) {
        if (value !== 0xffffffff) wide.push(value);
        else {
          if (field + 8 > p + 4 + length) return undefined;
          wide.push(Number(view.getBigUint64(field, true)));
          field += 8;
        }
      }
      return { size: wide[0], stored: wide[1], header: wide[2] };
    }
    p += 4 + length;
  }
  return undefined;
}
