// Writing keys and values into the cache: what is stored, a plain reference, cost and test cases; leans on nothing.

export type CacheType = "f16" | "f32";

export interface KvStoreShape {
  readonly tokens: number;
  readonly headDim: number;
  /** The first token's position. */
  readonly position: number;
}

/**
 * The value that a cache of this type gives back for x: itself, or rounded to f16 (to nearest, ties to even), clamped to
 * +-65504, with values that would be subnormal made zero.
 */
export function cachedValue(x: number, type: CacheType): number {
  if (type === "f32") return x;
  const size = Math.min(Math.abs(x), 65504);
  if (size === 0) return 0;
  const step = 2 ** (Math.floor(Math.log2(size)) - 10);
  const rest = (size / step) % 1;
  const floor = Math.floor(size / step);
  const rounded = (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor) * step;
  return rounded < 2 ** -14 ? 0 : Math.sign(x) * rounded;
}

/** Index of an element in a K area, [block][headDim][32]. */
export function keyIndex(position: number, i: number, headDim: number): number {
  return ((position >> 5) * headDim + i) * 32 + (position & 31);
}

/** Index of an element in a V area, [block][32][headDim]. */
export function valueIndex(position: number, i: number, headDim: number): number {
  return position * headDim + i;
}

/** Bytes of one K or V area for `positions` positions: whole blocks of 32. */
export function areaBytes(type: CacheType, positions: number, headDim: number): number {
  return Math.ceil(positions / 32) * 32 * headDim * (type === "f16" ? 2 : 4);
}

export function cost(type: CacheType, { tokens, headDim }: KvStoreShape): { flops: number; bytes: number } {
  return { flops: 0, bytes: tokens * headDim * (type === "f16" ? 6 : 8) };
}

export const cases: readonly KvStoreShape[] = [
  { tokens: 1, headDim: 8, position: 0 },
  { tokens: 40, headDim: 64, position: 30 },
  { tokens: 3, headDim: 80, position: 95 },
];
