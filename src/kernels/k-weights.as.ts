// How K-quants are packed, read and unpacked, for Q2_K to Q6_K alike; leans on how q8k orders activations.
//
// Weights are kept as unsigned integers q of `bits` bits, in words that match the words of activations (quantize-q8k.as.ts).
// Packed: row group after row group (4 rows), block after block (256 columns): 4 halves d, for types with minimums 4
// halves dmin, then 4 chunks of 64 columns: 16 bytes of scales, and 2 units of 8 words. A unit takes `bits` vectors, in
// which bytes 4r..4r+3 belong to row r: words of 4 or more bits stand in the low bits and what is left of the bytes
// holds the rest. Scales stand for each row as a pair, A's before B's:
//   Q4_K, Q5_K  8 bytes of minimums, 8 of scales, both for the chunk (sub-blocks of 32)
//   Q3_K, Q6_K  8 signed bytes of scales for each unit (sub-blocks of 16); d (q - 4), d (q - 32)
//   Q2_K        8 bytes for each unit, the scale in the low nibble and the minimum in the high one
import { dot2, scaled } from "./k-products.as";
import { zero } from "./simd.as";

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
// @ts-ignore: decorator
@inline
export function hasMinimums<T>(): bool {
  return offsetof<T>() != 3 && offsetof<T>() != 6;
}

/** Whether scales belong to 16 columns; else to 32. */
// @ts-ignore: decorator
@inline
export function hasScalesOf16<T>(): bool {
  return offsetof<T>() != 4 && offsetof<T>() != 5;
}

/** Whether 8 products of words fit an i16; else 4 do. */
// @ts-ignore: decorator
@inline
export function fitsEight<T>(): bool {
  return offsetof<T>() < 5;
}

// @ts-ignore: decorator
@inline
export function headBytes<T>(): usize {
  return hasMinimums<T>() ? 16 : 8;
}

// @ts-ignore: decorator
@inline
export function chunkBytes<T>(): usize {
  return 16 + 32 * offsetof<T>();
}

// @ts-ignore: decorator
@inline
export function blockBytes<T>(): usize {
  return headBytes<T>() + 4 * chunkBytes<T>();
}

/** The lowest bits of every byte that hold one word. */
// @ts-ignore: decorator
@inline
export function lowBits<T>(): v128 {
  if (offsetof<T>() == 2) return LOW_2;
  if (offsetof<T>() == 3) return LOW_3;
  if (offsetof<T>() == 4) return LOW_4;
  return offsetof<T>() == 5 ? LOW_5 : LOW_6;
}

const LOW_2: v128 = i32x4.splat(0x03030303 + zero);
const LOW_3: v128 = i32x4.splat(0x07070707 + zero);
const LOW_4: v128 = i32x4.splat(0x0f0f0f0f + zero);
const LOW_5: v128 = i32x4.splat(0x1f1f1f1f + zero);
const LOW_6: v128 = i32x4.splat(0x3f3f3f3f + zero);

/** The scales, as i16 pairs, of the first (0) or second unit of the chunk at `p`. */
// @ts-ignore: decorator
@inline
export function scalesOf<T, U>(p: usize): v128 {
  if (!hasScalesOf16<T>()) return v128.load8x8_u(p, 8);
  const scales = hasMinimums<T>() ? v128.load8x8_u(p, 8 * offsetof<U>()) : v128.load8x8_s(p, 8 * offsetof<U>());
  return hasMinimums<T>() ? v128.and(scales, i16x8.splat(15)) : scales;
}

/** Their minimums alike, for types that have some; of sub-blocks of 32 only the first unit has them. */
// @ts-ignore: decorator
@inline
export function minimumsOf<T, U>(p: usize): v128 {
  if (!hasScalesOf16<T>()) return v128.load8x8_u(p);
  return i16x8.shr_u(v128.load8x8_u(p, 8 * offsetof<U>()), 4);
}

/** Three pairs of bits that words of 6 bits leave at the top of three vectors, as words of 6. */
// @ts-ignore: decorator
@inline
export function tops2(a: v128, b: v128, c: v128, mask: v128): v128 {
  const ab = v128.or(i16x8.shr_u(v128.andnot(a, mask), 6), i16x8.shr_u(v128.andnot(b, mask), 4));
  return v128.or(ab, i16x8.shr_u(v128.andnot(c, mask), 2));
}

/** Two triples of bits that words of 5 bits leave at the top of two vectors, as words of 6. */
// @ts-ignore: decorator
@inline
export function tops3(a: v128, b: v128, mask: v128): v128 {
  return v128.or(i16x8.shr_u(v128.andnot(a, mask), 5), i16x8.shr_u(v128.andnot(b, mask), 2));
}

/** The last word of a unit of 5 bits: the top of the last vector, and a bit each that tops3 found too many. */
// @ts-ignore: decorator
@inline
export function rest5(e: v128, ab: v128, cd: v128, mask: v128): v128 {
  const high = v128.or(i16x8.shr_u(v128.andnot(ab, mask), 2), i16x8.shr_u(v128.andnot(cd, mask), 1));
  return v128.or(i16x8.shr_u(v128.andnot(e, mask), 5), high);
}

/** The first unit of a chunk and the second, named for generic code: offsetof<U>() is 0 or 1. */
@unmanaged export class First {}
@unmanaged export class Second {
  one: u8;
}

/** Vector 0 of a unit of the chunk at `p`. */
// @ts-ignore: decorator
@inline
function vectors<T, U>(): usize {
  return 16 + 16 * offsetof<T>() * offsetof<U>();
}

/** The first unit of the chunk at `p`, or the second if p is a unit further on, -> 8 words of bytes at o, o + 32 … */
// @ts-ignore: decorator
@inline
export function unpackUnit<T>(p: usize, o: usize): void {
  const m = lowBits<T>();
  const v0 = v128.load(p, 16), v1 = v128.load(p, 32);
  if (offsetof<T>() == 2) {
    unpackFour2(v0, m, o);
    unpackFour2(v1, m, o + 128);
    return;
  }
  const v2 = v128.load(p, 48);
  if (offsetof<T>() == 3) {
    const rest = tops2(v0, v1, v2, LOW_6);
    unpackTwo3(v0, m, o);
    unpackTwo3(v1, m, o + 64);
    unpackTwo3(v2, m, o + 128);
    unpackTwo3(rest, m, o + 192);
    return;
  }
  const v3 = v128.load(p, 64);
  if (offsetof<T>() == 4) {
    v128.store(o, v128.and(v0, m), 0);
    v128.store(o, v128.and(v1, m), 32);
    v128.store(o, v128.and(v2, m), 64);
    v128.store(o, v128.and(v3, m), 96);
    v128.store(o, v128.and(i16x8.shr_u(v0, 4), m), 128);
    v128.store(o, v128.and(i16x8.shr_u(v1, 4), m), 160);
    v128.store(o, v128.and(i16x8.shr_u(v2, 4), m), 192);
    v128.store(o, v128.and(i16x8.shr_u(v3, 4), m), 224);
    return;
  }
  const v4 = v128.load(p, 80);
  v128.store(o, v128.and(v0, m), 0);
  v128.store(o, v128.and(v1, m), 32);
  v128.store(o, v128.and(v2, m), 64);
  if (offsetof<T>() == 5) {
    const ab = tops3(v0, v1, m), cd = tops3(v2, v3, m);
    v128.store(o, v128.and(v3, m), 96);
    v128.store(o, v128.and(v4, m), 128);
    v128.store(o, v128.and(ab, m), 160);
    v128.store(o, v128.and(cd, m), 192);
    v128.store(o, rest5(v4, ab, cd, m), 224);
    return;
  }
  const v5 = v128.load(p, 96);
  v128.store(o, tops2(v0, v1, v2, m), 96);
  v128.store(o, v128.and(v3, m), 128);
  v128.store(o, v128.and(v4, m), 160);
  v128.store(o, v128.and(v5, m), 192);
  v128.store(o, tops2(v3, v4, v5, m), 224);
}

// @ts-ignore: decorator
@inline
function unpackFour2(v: v128, m: v128, o: usize): void {
  v128.store(o, v128.and(v, m), 0);
  v128.store(o, v128.and(i16x8.shr_u(v, 2), m), 32);
  v128.store(o, v128.and(i16x8.shr_u(v, 4), m), 64);
  v128.store(o, v128.and(i16x8.shr_u(v, 6), m), 96);
}

// @ts-ignore: decorator
@inline
function unpackTwo3(v: v128, m: v128, o: usize): void {
  v128.store(o, v128.and(v, m), 0);
  v128.store(o, v128.and(i16x8.shr_u(v, 3), m), 32);
}

/**
 * sums + a unit of the chunk at `p` times the words s0 to s7, with its scales. e0, e1: what takes the offset out of
 * the first and the last four words' sums, for types of 6 bits, or out of all eight, for types of 3.
 */
// @ts-ignore: decorator
@inline
export function addUnit<T, U>(
  sums: v128, p: usize, m: v128, s0: v128, s1: v128, s2: v128, s3: v128, s4: v128, s5: v128, s6: v128, s7: v128,
  e0: v128, e1: v128,
): v128 {
  const v0 = v128.load(p, vectors<T, U>()), v1 = v128.load(p, vectors<T, U>() + 16);
  if (offsetof<T>() == 2) {
    const a = i16x8.add(dot2(s0, v128.and(v0, m)), dot2(s1, v128.and(i16x8.shr_u(v0, 2), m)));
    const b = i16x8.add(dot2(s2, v128.and(i16x8.shr_u(v0, 4), m)), dot2(s3, v128.and(i16x8.shr_u(v0, 6), m)));
    const c = i16x8.add(dot2(s4, v128.and(v1, m)), dot2(s5, v128.and(i16x8.shr_u(v1, 2), m)));
    const d = i16x8.add(dot2(s6, v128.and(i16x8.shr_u(v1, 4), m)), dot2(s7, v128.and(i16x8.shr_u(v1, 6), m)));
    return scaled(sums, i16x8.add(i16x8.add(a, b), i16x8.add(c, d)), scalesOf<T, U>(p));
  }
  const v2 = v128.load(p, vectors<T, U>() + 32);
  if (offsetof<T>() == 3) {
    const rest = tops2(v0, v1, v2, LOW_6);
    let a = i16x8.add(i16x8.add(e0, dot2(s0, v128.and(v0, m))), dot2(s1, v128.and(i16x8.shr_u(v0, 3), m)));
    a = i16x8.add(i16x8.add(a, dot2(s2, v128.and(v1, m))), dot2(s3, v128.and(i16x8.shr_u(v1, 3), m)));
    a = i16x8.add(i16x8.add(a, dot2(s4, v128.and(v2, m))), dot2(s5, v128.and(i16x8.shr_u(v2, 3), m)));
    a = i16x8.add(i16x8.add(a, dot2(s6, v128.and(rest, m))), dot2(s7, v128.and(i16x8.shr_u(rest, 3), m)));
    return scaled(sums, a, scalesOf<T, U>(p));
  }
  const v3 = v128.load(p, vectors<T, U>() + 48);
  if (offsetof<T>() == 4) {
    let a = i16x8.add(dot2(s0, v128.and(v0, m)), dot2(s4, v128.and(i16x8.shr_u(v0, 4), m)));
    a = i16x8.add(i16x8.add(a, dot2(s1, v128.and(v1, m))), dot2(s5, v128.and(i16x8.shr_u(v1, 4), m)));
    a = i16x8.add(i16x8.add(a, dot2(s2, v128.and(v2, m))), dot2(s6, v128.and(i16x8.shr_u(v2, 4), m)));
    a = i16x8.add(i16x8.add(a, dot2(s3, v128.and(v3, m))), dot2(s7, v128.and(i16x8.shr_u(v3, 4), m)));
    return scaled(sums, a, scalesOf<T, U>(p));
  }
  const scales = scalesOf<T, U>(p);
  if (offsetof<T>() == 5) {
    const v4 = v128.load(p, vectors<T, U>() + 64);
    const ab = tops3(v0, v1, m), cd = tops3(v2, v3, m);
    const a = i16x8.add(dot2(s0, v128.and(v0, m)), dot2(s1, v128.and(v1, m)));
    const b = i16x8.add(dot2(s2, v128.and(v2, m)), dot2(s3, v128.and(v3, m)));
    const c = i16x8.add(dot2(s4, v128.and(v4, m)), dot2(s5, v128.and(ab, m)));
    const d = i16x8.add(dot2(s6, v128.and(cd, m)), dot2(s7, rest5(v4, ab, cd, m)));
    return scaled(scaled(sums, i16x8.add(a, b), scales), i16x8.add(c, d), scales);
  }
  return addFour6(
    addFour6(sums, v0, v1, v2, m, s0, s1, s2, s3, e0, scales),
    v3, v128.load(p, vectors<T, U>() + 64), v128.load(p, vectors<T, U>() + 80), m, s4, s5, s6, s7, e1, scales,
  );
}

// @ts-ignore: decorator
@inline
function addFour6(
  sums: v128, v0: v128, v1: v128, v2: v128, m: v128, s0: v128, s1: v128, s2: v128, s3: v128, e: v128, scales: v128,
): v128 {
  const a = i16x8.add(dot2(s0, v128.and(v0, m)), dot2(s1, v128.and(v1, m)));
  const b = i16x8.add(dot2(s2, v128.and(v2, m)), dot2(s3, tops2(v0, v1, v2, m)));
  return scaled(sums, i16x8.add(i16x8.add(a, b), e), scales);
}
