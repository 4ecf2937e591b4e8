// TensorInfo: name, shape, type and place of a tensor, whichever format it is in.
import type { DType } from "../tensor/dtype.ts";
import type { Encoding } from "./quantized/encoding.ts";

/** One tensor of a checkpoint; its bytes stay in the file. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: DType;
  /** Outermost first, as in safetensors; GGUF stores it the other way round. */
  readonly shape: readonly number[];
  /** Index into the checkpoint's files. */
  readonly file: number;
  /** Of the first byte, from the beginning of that file. */
  readonly offset: number;
  readonly byteLength: number;
  /** Of a weight that lies in several tensors: how. `dtype` is then the form in which it is read. */
  readonly encoding?: Encoding;
  /** Zeros that a quantiser writes as a bias where a model may have none. */
  readonly spare?: boolean;
}

/** Most tensors that one file may have; published ones have a few thousand. Their descriptions take some 600 bytes each. */
export const MAX_TENSORS = 1 << 16;

/** The product of the sizes, or undefined when it is beyond 2^53 or a size is no count. */
export function elementCount(shape: readonly number[]): number | undefined {
  let product = 1;
  for (const n of shape) {
    if (!Number.isSafeInteger(n) || n < 0) return undefined;
    product *= n;
  }
  return Number.isSafeInteger(product) ? product : undefined;
}

/** The first two tensors, by offset, that share bytes; a file with such tensors asks for more memory than it has. */
export function findOverlap(tensors: readonly TensorInfo[]): [TensorInfo, TensorInfo] | undefined {
  const sorted = tensors.filter((t) => t.byteLength > 0).sort((a, b) => a.offset - b.offset);
  for (let i = 1; i < sorted.length; i++) {
    const before = sorted[i - 1];
    if (before.offset + before.byteLength > sorted[i].offset) return [before, sorted[i]];
  }
  return undefined;
}
