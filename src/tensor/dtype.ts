// The table of tensor element types: names, ggml numbers and block sizes.
import { BaimoError } from "../errors.ts";

/** One element type. A block of `elements` consecutive values of a row takes `bytes` bytes. */
export interface DTypeInfo {
  /** ggml's type number, as stored in GGUF; absent where GGUF has none. */
  readonly ggml?: number;
  readonly elements: number;
  readonly bytes: number;
}

/** Every element type that a file may hold. Block layouts: ggml-common.h of llama.cpp. */
export const dtypes = {
  F32: { ggml: 0, elements: 1, bytes: 4 },
  F16: { ggml: 1, elements: 1, bytes: 2 },
  Q4_0: { ggml: 2, elements: 32, bytes: 18 },
  Q4_1: { ggml: 3, elements: 32, bytes: 20 },
  Q5_0: { ggml: 6, elements: 32, bytes: 22 },
  Q5_1: { ggml: 7, elements: 32, bytes: 24 },
  Q8_0: { ggml: 8, elements: 32, bytes: 34 },
  Q2_K: { ggml: 10, elements: 256, bytes: 84 },
  Q3_K: { ggml: 11, elements: 256, bytes: 110 },
  Q4_K: { ggml: 12, elements: 256, bytes: 144 },
  Q5_K: { ggml: 13, elements: 256, bytes: 176 },
  Q6_K: { ggml: 14, elements: 256, bytes: 210 },
  IQ2_XXS: { ggml: 16, elements: 256, bytes: 66 },
  IQ2_XS: { ggml: 17, elements: 256, bytes: 74 },
  IQ3_XXS: { ggml: 18, elements: 256, bytes: 98 },
  IQ1_S: { ggml: 19, elements: 256, bytes: 50 },
  IQ4_NL: { ggml: 20, elements: 32, bytes: 18 },
  IQ3_S: { ggml: 21, elements: 256, bytes: 110 },
  IQ2_S: { ggml: 22, elements: 256, bytes: 82 },
  IQ4_XS: { ggml: 23, elements: 256, bytes: 136 },
  I8: { ggml: 24, elements: 1, bytes: 1 },
  I16: { ggml: 25, elements: 1, bytes: 2 },
  I32: { ggml: 26, elements: 1, bytes: 4 },
  I64: { ggml: 27, elements: 1, bytes: 8 },
  F64: { ggml: 28, elements: 1, bytes: 8 },
  IQ1_M: { ggml: 29, elements: 256, bytes: 56 },
  BF16: { ggml: 30, elements: 1, bytes: 2 },
  TQ1_0: { ggml: 34, elements: 256, bytes: 54 },
  TQ2_0: { ggml: 35, elements: 256, bytes: 66 },
  MXFP4: { ggml: 39, elements: 32, bytes: 17 },
  NVFP4: { ggml: 40, elements: 64, bytes: 36 },
  U8: { elements: 1, bytes: 1 },
  BOOL: { elements: 1, bytes: 1 },
  U16: { elements: 1, bytes: 2 },
  U32: { elements: 1, bytes: 4 },
  U64: { elements: 1, bytes: 8 },
  C64: { elements: 1, bytes: 8 },
  F4: { elements: 2, bytes: 1 },
  F6_E2M3: { elements: 4, bytes: 3 },
  F6_E3M2: { elements: 4, bytes: 3 },
  F8_E4M3: { elements: 1, bytes: 1 },
  F8_E5M2: { elements: 1, bytes: 1 },
  F8_E8M0: { elements: 1, bytes: 1 },
  /** In no file: a float32 scale, then 32 values of F8_E4M3, as FP8 checkpoints are read. */
  E4M3_32: { elements: 32, bytes: 36 },
  /** In no file: a half, 16 scales of 4 bits and 256 codes for levels, as IQ2_XXS, IQ2_XS and IQ2_S are held. */
  IQ2_CODES: { elements: 256, bytes: 138 },
} as const satisfies Record<string, DTypeInfo>;

/** The name of an element type, as in GGUF and safetensors. */
export type DType = keyof typeof dtypes;

/** Types of safetensors that files may hold, but whose values nothing here reads. */
export const unreadTypes = [
  "U16",
  "U32",
  "U64",
  "C64",
  "F4",
  "F6_E2M3",
  "F6_E3M2",
] as const satisfies readonly DType[];
export type UnreadType = (typeof unreadTypes)[number];

/** Whether the values of a type can be read. */
export function isRead(dtype: DType): dtype is Exclude<DType, UnreadType> {
  return !unreadTypes.some((type) => type === dtype);
}

/** The element type with this ggml number, or undefined. */
export function dtypeOfGgml(number: number): DType | undefined {
  return byNumber.get(number);
}

const byNumber: ReadonlyMap<number, DType> = new Map(
  Object.entries(dtypes).flatMap(([name, info]) =>
    "ggml" in info ? [[info.ggml, name as DType] as const] : [],
  ),
);

/**
 * Bytes that `count` consecutive values take.
 * @throws {BaimoError} `shape` when count is not a whole number of blocks
 */
export function byteLength(dtype: DType, count: number): number {
  const { elements, bytes } = dtypes[dtype];
  if (count % elements !== 0) {
    throw new BaimoError(
      "shape",
      `${dtype}: ${count} values are not a whole number of blocks of ${elements}`,
    );
  }
  return (count / elements) * bytes;
}
