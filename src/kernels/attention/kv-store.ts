// Writing keys and values into the KV cache: plain reference, cost and test cases.
import type { CacheType } from "../../tensor/backend.ts";

/** How kernels of a storage type are called. */
export function kernelSuffix<T extends CacheType>(type: T): Lowercase<T> {
  return type.toLowerCase() as Lowercase<T>;
}

export interface KvStoreShape {
  readonly tokens: number;
  readonly headDim: number;
  /** The first token's position. */
  readonly position: number;
}

/** The values that a cache of this type gives back for one position's: themselves, or rounded to f16 or 8 bits. */
export function cachedValues(x: Float32Array, type: CacheType): Float32Array {
  if (type === "F32") return x;
  if (type === "F16") return x.map(nearestHalf);
  const amax = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (amax <= Math.fround(1e-35)) return x.map(() => 0);
  const scale = Math.fround(amax / 127);
  const inverse = Math.fround(127 / amax);
  return x.map((value) => roundToEven(Math.fround(value * inverse)) * scale);
}

/** To nearest, ties to even, clamped to +-65504, with values that would be subnormal made zero. */
function nearestHalf(x: number): number {
  const size = Math.min(Math.abs(x), 65504);
  if (size === 0) return 0;
  const step = 2 ** (Math.floor(Math.log2(size)) - 10);
  const rounded = roundToEven(size / step) * step;
  return rounded < 2 ** -14 ? 0 : Math.sign(x) * rounded;
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

const elementBytes = { F32: 4, F16: 2, Q8: 1 } as const;

/** Bytes of an area's block of 32 positions: elements, and for q8 the scales after them. */
function blockBytes(type: CacheType, dim: number): number {
  return 32 * (dim * elementBytes[type] + (type === "Q8" ? 4 : 0));
}

const wholeFours = (dim: number) => Math.ceil(dim / 4) * 4;

/** Bytes of a K area and of a V area for `positions` positions: whole blocks of 32. */
export function areaBytes(
  type: CacheType,
  positions: number,
  { headDim, valueDim }: { readonly headDim: number; readonly valueDim: number },
): [number, number] {
  const blocks = Math.ceil(positions / 32);
  return [blocks * blockBytes(type, headDim), blocks * blockBytes(type, wholeFours(valueDim))];
}

/** Where a K area, [block][dim][32], has an element and (q8) its scale, in bytes. */
export function keyPlace(type: CacheType, position: number, i: number, dim: number) {
  const block = (position >> 5) * blockBytes(type, dim);
  return {
    element: block + (i * 32 + (position & 31)) * elementBytes[type],
    scale: block + 32 * dim + 4 * (position & 31),
  };
}

/** The same of a V area, [block][32][dim in whole fours]. */
export function valuePlace(type: CacheType, position: number, i: number, dim: number) {
  const block = (position >> 5) * blockBytes(type, wholeFours(dim));
  return {
    element: block + ((position & 31) * wholeFours(dim) + i) * elementBytes[type],
    scale: block + 32 * wholeFours(dim) + 4 * (position & 31),
  };
}

export function cost(type: CacheType, { tokens, headDim }: KvStoreShape): { flops: number; bytes: number } {
  return { flops: 0, bytes: tokens * headDim * (4 + elementBytes[type]) };
}

export const cases: readonly KvStoreShape[] = [
  { tokens: 1, headDim: 8, position: 0 },
  { tokens: 40, headDim: 64, position: 30 },
  { tokens: 3, headDim: 80, position: 95 },
  { tokens: 35, headDim: 11, position: 2 },
];
