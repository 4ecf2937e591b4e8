// Writing keys and values into the KV cache: plain reference, cost and test cases.
import { type CacheType, type KvCacheShape, PAGE } from "../../tensor/backend.ts";

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

/** Of one value of a key. */
export const elementBytes = { F32: 4, F16: 2, Q8: 1 } as const;

/** Bytes of a page of PAGE positions: elements, and for q8 the scales after them. */
function pageBytes(type: CacheType, dim: number): number {
  return PAGE * (dim * elementBytes[type] + (type === "Q8" ? 4 : 0));
}

const wholeFours = (dim: number) => Math.ceil(dim / 4) * 4;

type HeadShape = Pick<KvCacheShape, "headDim" | "valueDim" | "valueInKey">;

/** Values of a head's key that are stored as one: all, or those before its value. */
export function keyDimOf({ headDim, valueDim, valueInKey }: HeadShape): number {
  return valueInKey ? headDim - valueDim : headDim;
}

/** Rows of keys, whole again: what is stored as one, and then its value. */
export function joinRows(keys: Float32Array, values: Float32Array, rows: number): Float32Array {
  const out = new Float32Array(keys.length + values.length);
  const [before, after] = [keys.length / rows, values.length / rows];
  for (let row = 0, at = 0; row < rows; row++, at += before + after) {
    out.set(keys.subarray(row * before, (row + 1) * before), at);
    out.set(values.subarray(row * after, (row + 1) * after), at + before);
  }
  return out;
}

/** Bytes of one head's keys in a page, and of its values. */
export function headPageBytes(type: CacheType, shape: HeadShape): [keys: number, values: number] {
  return [pageBytes(type, keyDimOf(shape)), pageBytes(type, wholeFours(shape.valueDim))];
}

/** Where a page of keys, [dim][PAGE], has an element and (q8) its scale, in bytes. */
export function keyPlace(type: CacheType, position: number, i: number, dim: number) {
  const within = position % PAGE;
  return {
    element: (i * PAGE + within) * elementBytes[type],
    scale: PAGE * dim + 4 * within,
  };
}

/** The same of a page of values, [PAGE][dim in whole fours]. */
export function valuePlace(type: CacheType, position: number, i: number, dim: number) {
  const within = position % PAGE;
  return {
    element: (within * wholeFours(dim) + i) * elementBytes[type],
    scale: PAGE * wholeFours(dim) + 4 * within,
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
