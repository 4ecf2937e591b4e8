// Which file of packed weights belongs to a model and a layout of kernels.
import type { ByteSource } from "../../formats/sources/byte-source.ts";
import type { DeviceOptions } from "../device.ts";
import type { PackedFile } from "./packed-store.ts";

const LEAST_PACKED_BYTES = 64 << 20;
const DEFAULT_PACKED_BYTES = 16e9;

/** The file for models that are files on this machine; `layout` is all that packing depends on beside them. */
export async function findPackedFile(
  files: readonly ByteSource[],
  packedCache: NonNullable<DeviceOptions["packedCache"]>,
  layout: object,
): Promise<PackedFile | undefined> {
  const paths = files.map(({ descriptor }) => (descriptor.kind === "path" ? descriptor.path : undefined));
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (paths.includes(undefined) || size < (packedCache.leastBytes ?? LEAST_PACKED_BYTES)) return undefined;
  const { stat } = await import("node:fs/promises");
  const stats = await Promise.all(
    paths.map(async (path) => {
      const { size: bytes, mtimeMs } = await stat(String(path));
      return { path, bytes, mtimeMs };
    }),
  );
  const text = new TextEncoder().encode(JSON.stringify([stats, layout]));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const key = Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { path: `${packedCache.folder}/${key}`, folderBytes: packedCache.maxBytes ?? DEFAULT_PACKED_BYTES };
}
