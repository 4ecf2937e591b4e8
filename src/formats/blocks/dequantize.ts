// Dequantises blocks of any element type to float32.
import { BaimoError } from "../../errors.ts";
import { choice, instance, whole } from "../../option-kinds.ts";
import { call } from "../../options.ts";
import { byteLength, type DType, dtypes, isRead, type UnreadType } from "../../tensor/dtype.ts";
import { e4m3, e5m2, e8m0, unpackBytes, unpackE4M3_32 } from "./float8.ts";
import { unpackMXFP4, unpackNVFP4 } from "./fp4.ts";
import { halfTable } from "./half.ts";
import {
  unpackIQ1_M,
  unpackIQ1_S,
  unpackIQ2_CODES,
  unpackIQ2_S,
  unpackIQ2_XS,
  unpackIQ2_XXS,
  unpackIQ3_S,
  unpackIQ3_XXS,
  unpackIQ4_NL,
  unpackIQ4_XS,
} from "./i-quants.ts";
import { unpackQ2_K, unpackQ3_K, unpackQ4_K, unpackQ5_K, unpackQ6_K } from "./k-quants.ts";
import { unpackQ4_0, unpackQ4_1, unpackQ5_0, unpackQ5_1, unpackQ8_0 } from "./legacy.ts";
import { unpackTQ1_0, unpackTQ2_0 } from "./ternary.ts";

/** Unpacks `count` blocks from the start of `blocks` to the start of `target`. */
type Unpack = (blocks: Uint8Array, target: Float32Array, count: number) => void;

function unpackF16(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let i = 0; i < count; i++) target[i] = half[blocks[2 * i] | (blocks[2 * i + 1] << 8)];
}

function unpackBF16(blocks: Uint8Array, target: Float32Array, count: number): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < count; i++) bits[i] = (blocks[2 * i] << 16) | (blocks[2 * i + 1] << 24);
}

function unpackF32(blocks: Uint8Array, target: Float32Array, count: number): void {
  new Uint8Array(target.buffer, target.byteOffset, count * 4).set(blocks.subarray(0, count * 4));
}

/** An unpacker of plain numbers that DataView reads by `get`. */
function unpackWith(bytes: number, get: (view: DataView, at: number) => number): Unpack {
  return (blocks, target, count) => {
    const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength);
    for (let i = 0; i < count; i++) target[i] = get(view, i * bytes);
  };
}

const unpackers: Record<Exclude<DType, UnreadType>, Unpack> = {
  F32: unpackF32,
  F16: unpackF16,
  BF16: unpackBF16,
  F64: unpackWith(8, (view, at) => view.getFloat64(at, true)),
  I64: unpackWith(8, (view, at) => Number(view.getBigInt64(at, true))),
  I32: unpackWith(4, (view, at) => view.getInt32(at, true)),
  I16: unpackWith(2, (view, at) => view.getInt16(at, true)),
  I8: unpackWith(1, (view, at) => view.getInt8(at)),
  U8: unpackWith(1, (view, at) => view.getUint8(at)),
  BOOL: unpackWith(1, (view, at) => view.getUint8(at)),
  F8_E4M3: unpackBytes(e4m3),
  E4M3_32: unpackE4M3_32,
  F8_E5M2: unpackBytes(e5m2),
  F8_E8M0: unpackBytes(e8m0),
  Q4_0: unpackQ4_0,
  Q4_1: unpackQ4_1,
  Q5_0: unpackQ5_0,
  Q5_1: unpackQ5_1,
  Q8_0: unpackQ8_0,
  Q2_K: unpackQ2_K,
  Q3_K: unpackQ3_K,
  Q4_K: unpackQ4_K,
  Q5_K: unpackQ5_K,
  Q6_K: unpackQ6_K,
  IQ1_S: unpackIQ1_S,
  IQ1_M: unpackIQ1_M,
  IQ2_XXS: unpackIQ2_XXS,
  IQ2_XS: unpackIQ2_XS,
  IQ2_S: unpackIQ2_S,
  IQ2_CODES: unpackIQ2_CODES,
  IQ3_XXS: unpackIQ3_XXS,
  IQ3_S: unpackIQ3_S,
  IQ4_NL: unpackIQ4_NL,
  IQ4_XS: unpackIQ4_XS,
  TQ1_0: unpackTQ1_0,
  TQ2_0: unpackTQ2_0,
  MXFP4: unpackMXFP4,
  NVFP4: unpackNVFP4,
};

const anyType = choice(...(Object.keys(dtypes) as DType[]));
const bytes = instance("a Uint8Array", Uint8Array);
const floats = instance("a Float32Array", Float32Array);

/**
 * Turns blocks into float32 values, filling `target`. The values are those of ggml's own conversion, bit for bit.
 *
 * blocks  at least the bytes that target.length values take
 * @throws {BaimoError} `request` for an unknown type, `shape` when the sizes do not fit
 */
export function dequantizeInto(type: DType, blocks: Uint8Array, target: Float32Array): void {
  const door = call("dequantizeInto");
  anyType.read(type, "type", door);
  bytes.read(blocks, "blocks", door);
  floats.read(target, "target", door);
  if (!isRead(type)) throw new BaimoError("request", `values of type ${type} are not read here`);
  const need = byteLength(type, target.length);
  if (blocks.byteLength < need) {
    throw new BaimoError(
      "shape",
      `${type}: ${target.length} values take ${need} bytes, but only ${blocks.byteLength} were given`,
    );
  }
  unpackers[type](blocks, target, target.length / dtypes[type].elements);
}

/**
 * Turns blocks into `count` float32 values; see `dequantizeInto`.
 *
 * @throws {BaimoError} `request` for an unknown type, `shape` when the sizes do not fit
 */
export function dequantize(type: DType, blocks: Uint8Array, count: number): Float32Array {
  const door = call("dequantize");
  anyType.read(type, "type", door);
  bytes.read(blocks, "blocks", door);
  const need = byteLength(type, whole().read(count, "count", door));
  if (count < 0 || blocks.byteLength < need) {
    throw new BaimoError(
      "shape",
      `${type}: ${count} values take ${need} bytes, but ${blocks.byteLength} were given`,
    );
  }
  const target = new Float32Array(count);
  dequantizeInto(type, blocks, target);
  return target;
}
