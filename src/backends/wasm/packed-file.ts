// Which file of packed weights belongs to a model and a layout of kernels.
import type { ByteSource } from "../../formats/sources/byte-source.ts";
import { sha256 } from "../../sha256.ts";
import type { DeviceOptions } from "../device.ts";
import type { PackedFile } from "./packed-store.ts";

const LEAST_PACKED_BYTES = 64 << 20;
const DEFAULT_PACKED_BYTES = 16e9;
/** Of each file so many pieces of so many bytes are read: a file replaced by another is another model. */
const SAMPLES = 64;
const SAMPLE_BYTES = 4096;

/**
 * The file for models that are files on this machine; `layout` is all that packing depends on beside them. Its name is made
 * of the model's files: where they lie, their sizes and times (also the one that nobody can set), and samples of their bytes.
 */
export async function findPackedFile(
  files: readonly ByteSource[],
  packedCache: NonNullable<DeviceOptions["packedCache"]>,
  layout: object,
): Promise<PackedFile | undefined> {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size < (packedCache.leastBytes ?? LEAST_PACKED_BYTES)) return undefined;
  if (files.some(({ descriptor }) => descriptor.kind !== "path")) return undefined;
  const seen = await Promise.all(files.map(identify));
  const key = (await sha256(JSON.stringify([seen, layout]))).slice(0, 32);
  return { path: `${packedCache.folder}/${key}`, folderBytes: packedCache.maxBytes ?? DEFAULT_PACKED_BYTES };
}

async function identify(file: ByteSource): Promise<unknown> {
  const path = file.descriptor.kind === "path" ? file.descriptor.path : file.name;
  const { stat } = await import("node:fs/promises");
  const { size, mtimeMs, ctimeMs, ino } = await stat(path);
  const samples = new Uint8Array(SAMPLES * SAMPLE_BYTES);
  for (let i = 0; i < SAMPLES; i++) {
    const at = Math.floor((Math.max(0, file.size - SAMPLE_BYTES) * i) / (SAMPLES - 1));
    samples.set(await file.read(at, Math.min(SAMPLE_BYTES, file.size)), i * SAMPLE_BYTES);
  }
  return { path, size, mtimeMs, ctimeMs, ino, samples: await sha256(samples) };
}
