// What a model is, for caches that outlive it: its description, and samples of every tensor.
import { partsOf } from "../formats/quantized/encoding.ts";
import type { ByteSourceDescriptor } from "../formats/sources/byte-source.ts";
import { openByteSource } from "../formats/sources/open-byte-source.ts";
import type { ModelDescription } from "../models/open-model.ts";
import { tensorsOf } from "../models/weights/tensor-plan.ts";
import { byteLength } from "../tensor/dtype.ts";
import { sumOf } from "./checksum.ts";

/** Of each tensor so many pieces of so many bytes: training, merging or quantising changes all of a tensor. */
const SAMPLES = 4;
const SAMPLE_BYTES = 256;
/** Reads under way at a time: they may go over a network. */
const AT_ONCE = 16;

/**
 * The sum of all that the numbers of a model follow from, as far as samples tell.
 * @throws {BaimoError} `format` where a file is another than it was, `request` where it is gone
 */
export async function modelIdentity(
  { config, weights }: ModelDescription,
  descriptors: readonly ByteSourceDescriptor[],
): Promise<string> {
  const files = await Promise.all(descriptors.map((descriptor) => openByteSource(descriptor)));
  try {
    const stored = tensorsOf(weights).flatMap(({ stored: one }) =>
      one.encoding ? partsOf(one.encoding) : [one],
    );
    const places = stored.flatMap(({ file, offset, dtype, rows, cols }) => {
      const bytes = byteLength(dtype, rows * cols);
      const length = Math.min(SAMPLE_BYTES, bytes);
      return Array.from({ length: SAMPLES }, (_, i) => ({
        file,
        length,
        at: offset + Math.floor(((bytes - length) * i) / (SAMPLES - 1)),
      }));
    });
    const sums: string[] = [];
    for (let from = 0; from < places.length; from += AT_ONCE) {
      const some = places.slice(from, from + AT_ONCE);
      const read = await Promise.all(some.map(({ file, at, length }) => files[file].read(at, length)));
      sums.push(...read.map(sumOf));
    }
    return sumOf(new TextEncoder().encode(JSON.stringify([config, weights, sums])));
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}
