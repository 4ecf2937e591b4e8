// Rows of a Parquet file, one row group in memory at a time.
import { open } from "node:fs/promises";
import * as zlib from "node:zlib";
import type { AsyncBuffer, Compressors, FileMetaData, SchemaElement } from "hyparquet";
import { BaimoError } from "../../errors.ts";
import type { Columns, CorpusRow } from "./document.ts";

/** Bytes that the wanted columns of a row group may unpack to; writers make groups of about 1 GB at most. */
const MOST_BYTES = 2 ** 32;
const MOST_FOOTER = 2 ** 28;

/**
 * The rows with the columns that are asked for, and the one of names where there is one.
 * @throws {BaimoError} `format` for a file that is damaged or hostile, or has no such column; `request` for one that cannot be read
 */
export async function* readParquet(path: string, columns: Columns): AsyncGenerator<CorpusRow, void> {
  const file = await openParquet(path);
  try {
    const { names } = file;
    const wanted = [...columns.text, ...(names.includes(columns.id) ? [columns.id] : [])];
    for (const name of columns.text)
      if (file.isFull && !names.includes(name))
        throw new BaimoError(
          "format",
          `${path} has no column "${name}"; it has ${names.slice(0, 20).join(", ")}. Name the column of the text`,
        );
    let number = 0;
    for await (const row of file.rows(wanted)) yield { row, where: `${path}, row ${++number}` };
  } finally {
    await file.close();
  }
}

/** A Parquet file whose footer was read. */
export interface ParquetFile {
  readonly schema: readonly SchemaElement[];
  /** Of the columns at the top. */
  readonly names: readonly string[];
  /** It has rows. */
  readonly isFull: boolean;
  /** Rows with some columns, one row group in memory at a time. */
  rows(columns: readonly string[]): AsyncGenerator<Record<string, unknown>, void>;
  close(): Promise<void>;
}

/** Opens a file. @throws {BaimoError} `format` for one that is damaged or hostile, `request` for one that cannot be read */
export async function openParquet(path: string): Promise<ParquetFile> {
  const handle = await open(path).catch((cause: unknown) => {
    throw new BaimoError("request", `${path}: cannot be read`, { cause });
  });
  try {
    const { size } = await handle.stat();
    const file: AsyncBuffer = {
      byteLength: size,
      async slice(start, end = size) {
        const length = Math.max(0, Math.min(end, size) - Math.max(0, start));
        const bytes = new Uint8Array(length);
        const { bytesRead } = await handle.read(bytes, 0, length, Math.max(0, start));
        return bytes.buffer.slice(0, bytesRead);
      },
    };
    const metadata = await readFooter(file, path);
    const isFull = metadata.row_groups.length > 0;
    return {
      schema: metadata.schema,
      names: isFull ? columnNames(metadata, path) : [],
      isFull,
      async *rows(columns) {
        let from = 0;
        for (const [group, { num_rows }] of metadata.row_groups.entries()) {
          const to = from + checkGroup(metadata, group, columns, size, path);
          yield* await readGroup({ file, metadata, path, columns: [...columns], from, to });
          from += Number(num_rows);
        }
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readFooter(file: AsyncBuffer, path: string): Promise<FileMetaData> {
  const tail = new DataView(await file.slice(Math.max(0, file.byteLength - 8)));
  const isParquet = tail.byteLength === 8 && tail.getUint32(4, true) === 0x31524150; // PAR1
  const length = isParquet ? tail.getUint32(0, true) : 0;
  if (!isParquet || length > Math.min(MOST_FOOTER, file.byteLength - 8))
    throw new BaimoError("format", `${path}: does not end as a Parquet file does; is the download complete?`);
  const { parquetMetadataAsync } = await import("hyparquet");
  return damaged(path, () => parquetMetadataAsync(file));
}

function columnNames({ schema }: FileMetaData, path: string): string[] {
  // The schema is a tree written from the root on: names of the root's children.
  const names: string[] = [];
  let at = 1;
  const skip = (depth: number): void => {
    const { num_children = 0 } = schema[at++] ?? {};
    if (depth > 64) throw new BaimoError("format", `${path}: nests columns more than 64 deep`);
    for (let i = 0; i < num_children && at < schema.length; i++) skip(depth + 1);
  };
  while (at < schema.length) {
    names.push(schema[at].name);
    skip(0);
  }
  return names;
}

/** How many rows a group has, where what it says of itself can be true. */
function checkGroup(
  { row_groups }: FileMetaData,
  group: number,
  wanted: readonly string[],
  size: number,
  path: string,
): number {
  const { columns, num_rows } = row_groups[group];
  const where = `${path}, row group ${group}`;
  let bytes = 0;
  for (const { meta_data: about } of columns) {
    if (!about || !wanted.includes(about.path_in_schema[0])) continue;
    const { total_uncompressed_size: unpacked, total_compressed_size: packed } = about;
    bytes += Number(unpacked);
    if (!(packed >= 0n && packed <= BigInt(size)) || !(unpacked >= 0n))
      throw new BaimoError(
        "format",
        `${where}: says that a column has ${packed} bytes, in a file of ${size}`,
      );
  }
  if (!(num_rows >= 0n && num_rows <= 2n ** 31n))
    throw new BaimoError("format", `${where}: says that it has ${num_rows} rows`);
  if (!(bytes <= MOST_BYTES))
    throw new BaimoError("format", `${where}: unpacks to ${bytes} bytes; expected at most ${MOST_BYTES}`);
  return Number(num_rows);
}

interface GroupRequest {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly path: string;
  readonly columns: string[];
  readonly from: number;
  readonly to: number;
}

async function readGroup({ file, metadata, path, columns, from, to }: GroupRequest) {
  const { parquetReadObjects } = await import("hyparquet");
  const rows = await damaged(path, () =>
    parquetReadObjects({ file, metadata, columns, rowStart: from, rowEnd: to, compressors }),
  );
  return rows as Record<string, unknown>[];
}

/** Runs the library, whose failures over a damaged file are of any kind. */
async function damaged<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof BaimoError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BaimoError("format", `${path}: cannot be read as Parquet: ${reason.slice(0, 200)}`, { cause });
  }
}

/** What Node unpacks; Snappy is the library's own. */
const compressors: Compressors = {
  GZIP: (input, outputLength) => zlib.gunzipSync(input, { maxOutputLength: Math.max(1, outputLength) }),
  BROTLI: (input, outputLength) =>
    zlib.brotliDecompressSync(input, { maxOutputLength: Math.max(1, outputLength) }),
  ZSTD(input, outputLength) {
    const { zstdDecompressSync } = zlib as Partial<typeof zlib>; // of Node 22.15 and later
    if (!zstdDecompressSync)
      throw new BaimoError(
        "request",
        `this Parquet file is packed with Zstandard, which needs Node 22.15 or later; this is ${process.version}`,
      );
    return zstdDecompressSync(input, { maxOutputLength: Math.max(1, outputLength) });
  },
};
