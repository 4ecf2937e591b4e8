// How K-quants (Q2_K to Q6_K) are packed, read and unpacked.
//
// Weights are kept as unsigned integers q of `bits` bits, in words that match the words of activations (quantize-q8k.as.ts).
// Packed: row group after row group (8 rows), block after block (256 columns): 4 chunks of 64 columns, then 8 halves d
// and, for types with minimums, 8 halves dmin. A chunk is a unit of 8 words, 32 bytes of scales, and a second unit. A unit
// takes `bits` pairs of vectors, side by side: for rows 0-3, then for rows 4-7, bytes 4r..4r+3 of a vector being of its
// row r. Words of 4 or more bits stand in the low bits and what is left of the bytes holds the rest. Scales stand for each
// row as a pair, A's before B's:
//   Q4_K, Q5_K  16 bytes of minimums, 16 of scales, both for the chunk (sub-blocks of 32)
//   Q3_K, Q6_K  16 signed bytes of scales for each unit (sub-blocks of 16); d (q - 4), d (q - 32)
//   Q2_K        16 bytes for each unit, the scale in the low nibble and the minimum in the high one
// So a product with one token reads a block in one direction, which memory rewards, and finds nothing that it has to
// widen at offset 0, where V8 would not join the loads.
import { dot2, scaled } from "./k-products.as";
import { zero } from "../module/simd.as";

/** The types, named for generic code: offsetof<T>() is the number of bits. */
@unmanaged export class Q2 {
  bits: u16;
}
@unmanaged export class Q3 {
  bits: u16;
  more: u8;
}
@unmanaged export class Q4 {
  bits: u32;
}
@unmanaged export class Q5 {
  bits: u32;
  more: u8;
}
@unmanaged export class Q6 {
  bits: u32;
  more: u16;
}

/** Whether weights are d s q - dmin m; else they are d s (q - half the range). */
@inline
export function hasMinimums<T>(): bool {
  return offsetof<T>() != 3 && offsetof<T>() != 6;
}

/** Whether scales belong to 16 columns; else to 32. */
@inline
export function hasScalesOf16<T>(): bool {
  return offsetof<T>() != 4 && offsetof<T>() != 5;
}

/** Whether 8 products of words fit an i16; else 4 do. */
@inline
export function fitsEight<T>(): bool {
  return offsetof<T>() < 5;
}

/** Bytes of a block's halves. */
@inline
export function halfBytes<T>(): usize {
  return hasMinimums<T>() ? 32 : 16;
}

/** Bytes of a unit's words, and where the scales of a chunk stand. */
@inline
export function unitBytes<T>(): usize {
  return 32 * offsetof<T>();
}

/** Where in a chunk its second unit stands. */
@inline
export function secondAt<T>(): usize {
  return unitBytes<T>() + 32;
}

@inline
export function chunkBytes<T>(): usize {
  return secondAt<T>() + unitBytes<T>();
}

/** Where in a block its halves stand. */
@inline
export function halvesAt<T>(): usize {
  return 4 * chunkBytes<T>();
}

@inline
export function blockBytes<T>(): usize {
  return halvesAt<T>() + halfBytes<T>();
}

const low2: i32 = 0x03030303 + zero;
const low3: i32 = 0x07070707 + zero;
const low4: i32 = 0x0f0f0f0f + zero;
const low5: i32 = 0x1f1f1f1f + zero;
const low6: i32 = 0x3f3f3f3f + zero;
const lowWord4: i32 = 0x000f000f + zero;

/** The lowest bits of every byte that hold one word. */
@inline
export function lowBits<T>(): v128 {
  if (offsetof<T>() == 2) return i32x4.splat(low2);
  if (offsetof<T>() == 3) return i32x4.splat(low3);
  if (offsetof<T>() == 4) return i32x4.splat(low4);
  return i32x4.splat(offsetof<T>() == 5 ? low5 : low6);
}

/** A second mask that a type needs: of 2 bits, for its scales of 4; of 3 bits, for what its words leave of the bytes. */
@inline
export function moreBits<T>(): v128 {
  return i32x4.splat(offsetof<T>() == 2 ? lowWord4 : low6);
}

/** The first of two units of a chunk or of two sides, and the second, named for generic code: offsetof<U>() is 0 or 1. */
@unmanaged export class First {}
@unmanaged export class Second {
  one: u8;
}

/** The scales, as i16 pairs, of unit U of the chunk at `p`, for side S; n: moreBits. */
@inline
export function scalesOf<T, U, S>(p: usize, n: v128): v128 {
  if (!hasScalesOf16<T>()) return v128.load8x8_u(p, unitBytes<T>() + 16 + 8 * offsetof<S>());
  if (hasMinimums<T>()) return v128.and(v128.load8x8_u(p, unitBytes<T>() + 16 * offsetof<U>() + 8 * offsetof<S>()), n);
  return v128.load8x8_s(p, unitBytes<T>() + 16 * offsetof<U>() + 8 * offsetof<S>());
}

/** Their minimums alike, for types that have some; of sub-blocks of 32 only the first unit has them. */
@inline
export function minimumsOf<T, U, S>(p: usize): v128 {
  if (!hasScalesOf16<T>()) return v128.load8x8_u(p, unitBytes<T>() + 8 * offsetof<S>());
  return i16x8.shr_u(v128.load8x8_u(p, unitBytes<T>() + 16 * offsetof<U>() + 8 * offsetof<S>()), 4);
}

/** Three pairs of bits that words of 6 bits leave at the top of three vectors, as words of 6. */
@inline
export function tops2(a: v128, b: v128, c: v128, mask: v128): v128 {
  const ab = v128.or(i16x8.shr_u(v128.andnot(a, mask), 6), i16x8.shr_u(v128.andnot(b, mask), 4));
  return v128.or(ab, i16x8.shr_u(v128.andnot(c, mask), 2));
}

/** Two triples of bits that words of 5 bits leave at the top of two vectors, as words of 6. */
@inline
export function tops3(a: v128, b: v128, mask: v128): v128 {
  return v128.or(i16x8.shr_u(v128.andnot(a, mask), 5), i16x8.shr_u(v128.andnot(b, mask), 2));
}

/** The last word of a unit of 5 bits: the top of the last vector, and a bit each that tops3 found too many. */
@inline
export function rest5(e: v128, ab: v128, cd: v128, mask: v128): v128 {
  const high = v128.or(i16x8.shr_u(v128.andnot(ab, mask), 2), i16x8.shr_u(v128.andnot(cd, mask), 1));
  return v128.or(i16x8.shr_u(v128.andnot(e, mask), 5), high);
}

/** The unit at `p` -> 8 pairs of words of bytes at o; m: lowBits, n: moreBits. */
@inline
export function unpackUnit<T>(p: usize, o: usize, m: v128, n: v128): void {
  const v0 = v128.load(p, 0), u0 = v128.load(p, 16), v1 = v128.load(p, 32), u1 = v128.load(p, 48);
  if (offsetof<T>() == 2) {
    unpackFour2(v0, u0, m, o);
    unpackFour2(v1, u1, m, o + 128);
    return;
  }
  const v2 = v128.load(p, 64), u2 = v128.load(p, 80);
  if (offsetof<T>() == 3) {
    unpackTwo3(v0, u0, m, o);
    unpackTwo3(v1, u1, m, o + 64);
    unpackTwo3(v2, u2, m, o + 128);
    unpackTwo3(tops2(v0, v1, v2, n), tops2(u0, u1, u2, n), m, o + 192);
    return;
  }
  const v3 = v128.load(p, 96), u3 = v128.load(p, 112);
  if (offsetof<T>() == 4) {
    unpackTwo4(v0, u0, m, o);
    unpackTwo4(v1, u1, m, o + 32);
    unpackTwo4(v2, u2, m, o + 64);
    unpackTwo4(v3, u3, m, o + 96);
    return;
  }
  const v4 = v128.load(p, 128), u4 = v128.load(p, 144);
  storePair(v128.and(v0, m), v128.and(u0, m), o);
  storePair(v128.and(v1, m), v128.and(u1, m), o + 32);
  storePair(v128.and(v2, m), v128.and(u2, m), o + 64);
  if (offsetof<T>() == 5) {
    const ab = tops3(v0, v1, m), cd = tops3(v2, v3, m), ef = tops3(u0, u1, m), gh = tops3(u2, u3, m);
    storePair(v128.and(v3, m), v128.and(u3, m), o + 96);
    storePair(v128.and(v4, m), v128.and(u4, m), o + 128);
    storePair(v128.and(ab, m), v128.and(ef, m), o + 160);
    storePair(v128.and(cd, m), v128.and(gh, m), o + 192);
    storePair(rest5(v4, ab, cd, m), rest5(u4, ef, gh, m), o + 224);
    return;
  }
  const v5 = v128.load(p, 160), u5 = v128.load(p, 176);
  storePair(tops2(v0, v1, v2, m), tops2(u0, u1, u2, m), o + 96);
  storePair(v128.and(v3, m), v128.and(u3, m), o + 128);
  storePair(v128.and(v4, m), v128.and(u4, m), o + 160);
  storePair(v128.and(v5, m), v128.and(u5, m), o + 192);
  storePair(tops2(v3, v4, v5, m), tops2(u3, u4, u5, m), o + 224);
}

/** Two vectors side by side, at `o`. */
@inline
function storePair(v: v128, u: v128, o: usize): void {
  v128.store(o, v, 0);
  v128.store(o, u, 16);
}

@inline
function unpackFour2(v: v128, u: v128, m: v128, o: usize): void {
  storePair(v128.and(v, m), v128.and(u, m), o);
  storePair(v128.and(i16x8.shr_u(v, 2), m), v128.and(i16x8.shr_u(u, 2), m), o + 32);
  storePair(v128.and(i16x8.shr_u(v, 4), m), v128.and(i16x8.shr_u(u, 4), m), o + 64);
  storePair(v128.and(i16x8.shr_u(v, 6), m), v128.and(i16x8.shr_u(u, 6), m), o + 96);
}

@inline
function unpackTwo3(v: v128, u: v128, m: v128, o: usize): void {
  storePair(v128.and(v, m), v128.and(u, m), o);
  storePair(v128.and(i16x8.shr_u(v, 3), m), v128.and(i16x8.shr_u(u, 3), m), o + 32);
}

/** Words k and k + 4 of a unit. */
@inline
function unpackTwo4(v: v128, u: v128, m: v128, o: usize): void {
  storePair(v128.and(v, m), v128.and(u, m), o);
  storePair(v128.and(i16x8.shr_u(v, 4), m), v128.and(i16x8.shr_u(u, 4), m), o + 128);
}

/** Vector 0 of unit U of a chunk, for side S. */
@inline
function vectors<T, U, S>(): usize {
  return secondAt<T>() * offsetof<U>() + 16 * offsetof<S>();
}

/**
 * sums + side S of unit U of the chunk at `p` times the words s0 to s7, with its scales. e0, e1: what takes the offset out
 * of the first and the last four words' sums, for types of 6 bits, or out of all eight, for types of 3.
 */
@inline
export function addUnit<T, U, S>(
  sums: v128, p: usize, m: v128, n: v128, s0: v128, s1: v128, s2: v128, s3: v128, s4: v128, s5: v128, s6: v128, s7: v128,
  e0: v128, e1: v128,
): v128 {
  const v0 = v128.load(p, vectors<T, U, S>()), v1 = v128.load(p, vectors<T, U, S>() + 32);
  if (offsetof<T>() == 2) {
    const a = i16x8.add(dot2(s0, v128.and(v0, m)), dot2(s1, v128.and(i16x8.shr_u(v0, 2), m)));
    const b = i16x8.add(dot2(s2, v128.and(i16x8.shr_u(v0, 4), m)), dot2(s3, v128.and(i16x8.shr_u(v0, 6), m)));
    const c = i16x8.add(dot2(s4, v128.and(v1, m)), dot2(s5, v128.and(i16x8.shr_u(v1, 2), m)));
    const d = i16x8.add(dot2(s6, v128.and(i16x8.shr_u(v1, 4), m)), dot2(s7, v128.and(i16x8.shr_u(v1, 6), m)));
    return scaled(sums, i16x8.add(i16x8.add(a, b), i16x8.add(c, d)), scalesOf<T, U, S>(p, n));
  }
  const v2 = v128.load(p, vectors<T, U, S>() + 64);
  if (offsetof<T>() == 3) {
    const rest = tops2(v0, v1, v2, n);
    let a = i16x8.add(i16x8.add(e0, dot2(s0, v128.and(v0, m))), dot2(s1, v128.and(i16x8.shr_u(v0, 3), m)));
    a = i16x8.add(i16x8.add(a, dot2(s2, v128.and(v1, m))), dot2(s3, v128.and(i16x8.shr_u(v1, 3), m)));
    a = i16x8.add(i16x8.add(a, dot2(s4, v128.and(v2, m))), dot2(s5, v128.and(i16x8.shr_u(v2, 3), m)));
    a = i16x8.add(i16x8.add(a, dot2(s6, v128.and(rest, m))), dot2(s7, v128.and(i16x8.shr_u(rest, 3), m)));
    return scaled(sums, a, scalesOf<T, U, S>(p, n));
  }
  const v3 = v128.load(p, vectors<T, U, S>() + 96);
  if (offsetof<T>() == 4) {
    let a = i16x8.add(dot2(s0, v128.and(v0, m)), dot2(s4, v128.and(i16x8.shr_u(v0, 4), m)));
    a = i16x8.add(i16x8.add(a, dot2(s1, v128.and(v1, m))), dot2(s5, v128.and(i16x8.shr_u(v1, 4), m)));
    a = i16x8.add(i16x8.add(a, dot2(s2, v128.and(v2, m))), dot2(s6, v128.and(i16x8.shr_u(v2, 4), m)));
    a = i16x8.add(i16x8.add(a, dot2(s3, v128.and(v3, m))), dot2(s7, v128.and(i16x8.shr_u(v3, 4), m)));
    return scaled(sums, a, scalesOf<T, U, S>(p, n));
  }
  if (offsetof<T>() == 5) {
    const v4 = v128.load(p, vectors<T, U, S>() + 128);
    const ab = tops3(v0, v1, m), cd = tops3(v2, v3, m);
    const a = i16x8.add(dot2(s0, v128.and(v0, m)), dot2(s1, v128.and(v1, m)));
    const b = i16x8.add(dot2(s2, v128.and(v2, m)), dot2(s3, v128.and(v3, m)));
    const c = i16x8.add(dot2(s4, v128.and(v4, m)), dot2(s5, v128.and(ab, m)));
    const d = i16x8.add(dot2(s6, v128.and(cd, m)), dot2(s7, rest5(v4, ab, cd, m)));
    const scales = scalesOf<T, U, S>(p, n);
    return scaled(scaled(sums, i16x8.add(a, b), scales), i16x8.add(c, d), scales);
  }
  const a = four6(v0, v1, v2, m, s0, s1, s2, s3, e0);
  const v4 = v128.load(p, vectors<T, U, S>() + 128), v5 = v128.load(p, vectors<T, U, S>() + 160);
  const b = four6(v3, v4, v5, m, s4, s5, s6, s7, e1);
  const scales = scalesOf<T, U, S>(p, n);
  return scaled(scaled(sums, a, scales), b, scales);
}

/** Four words of 6 bits times a token's, less their offset. */
@inline
function four6(v0: v128, v1: v128, v2: v128, m: v128, s0: v128, s1: v128, s2: v128, s3: v128, e: v128): v128 {
  const a = i16x8.add(dot2(s0, v128.and(v0, m)), dot2(s1, v128.and(v1, m)));
  const b = i16x8.add(dot2(s2, v128.and(v2, m)), dot2(s3, tops2(v0, v1, v2, m)));
  return i16x8.add(i16x8.add(a, b), e);
}
