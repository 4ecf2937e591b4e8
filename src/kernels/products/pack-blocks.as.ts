// Packing of Q4_1, Q5_0, Q5_1, IQ4_NL, IQ4_XS and MXFP4, and their rows back.
//
// Packed: row group after row group (8 rows), block after block (32 columns): quants, then a head; all as large as in a
// file, but for IQ4_NL and IQ4_XS, which share one form whose scales take 3 bytes a block and row (1.06 and 1.12 times).
import { fivesAt, packFives } from "./fives.as";
import { foursAt } from "./fours.as";
import { Fives, Floats24, Fours, Halves, HalvesPairs, hasMinimums, minimumOf, Powers, scaleOf } from "./block-scales.as";
import { transpose } from "./matmul-q4_0.as";
import { halfAt } from "../module/simd.as";
import { normalizeScales } from "./subnormal.as";

/** src: 8 * rowGroups file rows of cols / 32 blocks { f16 d, f16 m, 16 bytes } -> dst, packed. */
export function pack_q4_1(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  packFours<HalvesPairs>(src, dst, rowGroups, cols >> 5, 4);
}

/** The same of blocks { f16 d, 16 bytes }. */
export function pack_iq4_nl(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  packFours<Floats24>(src, dst, rowGroups, cols >> 5, 2);
}

/** The same of blocks { E8M0 e, 16 bytes }. Scales of e < 2 become 0: their weights are below 10^-37. */
export function pack_mxfp4(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  packFours<Powers>(src, dst, rowGroups, cols >> 5, 1);
}

/** The same of blocks { f16 d, 32 fifth bits, 16 bytes }. */
export function pack_q5_0(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  packRowsOfFives<Halves>(src, dst, rowGroups, cols >> 5, 2);
}

/** The same of blocks { f16 d, f16 m, 32 fifth bits, 16 bytes }. */
export function pack_q5_1(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  packRowsOfFives<HalvesPairs>(src, dst, rowGroups, cols >> 5, 4);
}

/** The same of cols / 256 blocks { f16 d, 8 times the high 2 bits of a scale, 8 times its low 4, 8 times 16 bytes }. */
export function pack_iq4_xs(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  const row = <usize>(cols >> 8) * 136;
  for (let g = 0; g < rowGroups; g++) {
    for (let p = src; p < src + row; p += 136) {
      for (let sub: usize = 0; sub < 8; sub++) {
        interleave(p + 16 * sub + 8, row, dst);
        dst += offsetof<Fours>();
        for (let r: usize = 0; r < 8; r++) {
          const at = p + r * row;
          const low = (load<u8>(at + (sub >> 1), 4) >> <u8>((sub & 1) << 2)) & 15;
          const high = (load<u16>(at, 2) >> <u16>(2 * sub)) & 3;
          // 11 bits times 5, or times 32: 24 bits of an f32 hold it
          storeFloat24(dst + 3 * r, halfAt(at) * <f32>(<i32>(low | (high << 4)) - 32));
        }
        dst += offsetof<Floats24>();
      }
    }
    src += 8 * row;
  }
}

/** The upper 24 bits of a value. */
@inline
function storeFloat24(dst: usize, value: f32): void {
  const bits = reinterpret<u32>(value);
  store<u16>(dst, <u16>(bits >> 8));
  store<u8>(dst, <u8>(bits >> 24), 2);
}

/** quants: where in a file's block they begin. */
@inline
function packFours<H>(src: usize, dst: usize, rowGroups: i32, blocks: i32, quants: usize): void {
  const size = quants + 16;
  const row = <usize>blocks * size;
  for (let g = 0; g < rowGroups; g++) {
    for (let p = src; p < src + row; p += size) {
      interleave(p + quants, row, dst);
      packHead<H>(p, row, dst + offsetof<Fours>());
      dst += offsetof<Fours>() + offsetof<H>();
    }
    src += 8 * row;
  }
}

/** The 16 bytes at `q` of 8 rows, `row` bytes apart -> 4 pairs of vectors. */
@inline
export function interleave(q: usize, row: usize, dst: usize): void {
  transposeRows(q, row, dst);
  transposeRows(q + 4 * row, row, dst + 16);
}

@inline
function transposeRows(a: usize, row: usize, dst: usize): void {
  const b = a + row, c = b + row, d = c + row;
  transpose(v128.load(a), v128.load(b), v128.load(c), v128.load(d), dst, 32);
}

/** The heads of the blocks of 8 rows, `row` bytes apart. */
@inline
function packHead<H>(p: usize, row: usize, dst: usize): void {
  for (let r: usize = 0; r < 8; r++) {
    if (offsetof<H>() == 8) store<u8>(dst + r, <u8>max<i32>(0, <i32>load<u8>(p) - 1));
    else if (offsetof<H>() == 24) storeFloat24(dst + 3 * r, halfAt(p));
    else store<u16>(dst + 2 * r, load<u16>(p));
    if (hasMinimums<H>()) store<u16>(dst + 2 * r, load<u16>(p, 2), 16);
    p += row;
  }
}

/** fifths: where in a file's block the fifth bits are, before the nibbles. */
@inline
function packRowsOfFives<H>(src: usize, dst: usize, rowGroups: i32, blocks: i32, fifths: usize): void {
  const size = fifths + 20;
  const row = <usize>blocks * size;
  for (let g = 0; g < rowGroups; g++) {
    for (let p = src; p < src + row; p += size) {
      packFourRows(p + fifths, row, dst);
      packFourRows(p + fifths + 4 * row, row, dst + 16);
      packHead<H>(p, row, dst + offsetof<Fives>());
      dst += offsetof<Fives>() + offsetof<H>();
    }
    src += 8 * row;
  }
}

/** The blocks of 4 rows, `row` bytes apart, whose fifth bits begin at `q` -> every other vector from `dst` on. */
@inline
function packFourRows(q: usize, row: usize, dst: usize): void {
  const c = q + 2 * row;
  const a0 = firstFives(q), b0 = firstFives(q + row), c0 = firstFives(c), d0 = firstFives(c + row);
  const a1 = secondFives(q), b1 = secondFives(q + row), c1 = secondFives(c), d1 = secondFives(c + row);
  const ab0 = v128.shuffle<i32>(a0, b0, 0, 4, 1, 5), ab1 = v128.shuffle<i32>(a0, b0, 2, 6, 3, 7);
  const cd0 = v128.shuffle<i32>(c0, d0, 0, 4, 1, 5), cd1 = v128.shuffle<i32>(c0, d0, 2, 6, 3, 7);
  const ef0 = v128.shuffle<i32>(a1, b1, 0, 4, 1, 5), ef1 = v128.shuffle<i32>(a1, b1, 2, 6, 3, 7);
  const gh0 = v128.shuffle<i32>(c1, d1, 0, 4, 1, 5), gh1 = v128.shuffle<i32>(c1, d1, 2, 6, 3, 7);
  packFives(
    v128.shuffle<i64>(ab0, cd0, 0, 2), v128.shuffle<i64>(ab0, cd0, 1, 3),
    v128.shuffle<i64>(ab1, cd1, 0, 2), v128.shuffle<i64>(ab1, cd1, 1, 3),
    v128.shuffle<i64>(ef0, gh0, 0, 2), v128.shuffle<i64>(ef0, gh0, 1, 3),
    v128.shuffle<i64>(ef1, gh1, 0, 2), v128.shuffle<i64>(ef1, gh1, 1, 3), dst,
  );
}

/** Columns 0-15 of a row's block whose fifth bits are at `q`, nibbles after them. */
@inline
function firstFives(q: usize): v128 {
  const bits = i8x16.swizzle(v128.load32_splat(q), i8x16(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1));
  return v128.or(v128.and(v128.load(q, 4), i8x16.splat(15)), fifth(bits));
}

/** Columns 16-31. */
@inline
function secondFives(q: usize): v128 {
  const bits = i8x16.swizzle(v128.load32_splat(q), i8x16(2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3));
  return v128.or(v128.and(i16x8.shr_u(v128.load(q, 4), 4), i8x16.splat(15)), fifth(bits));
}

/** 16 where bit i of byte i (modulo 8) is set. */
@inline
function fifth(bits: v128): v128 {
  const each = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
  return v128.and(i8x16.eq(v128.and(bits, each), each), i8x16.splat(16));
}

/** See normalizeScales. */
export function normalize_q4_1(w: usize, rowGroups: i32, cols: i32): i32 {
  const blocks = rowGroups * (cols >> 5);
  return normalizeScales(w, blocks, offsetof<Fours>() + offsetof<HalvesPairs>(), 16, offsetof<Fours>());
}

/** See normalizeScales. */
export function normalize_q5_0(w: usize, rowGroups: i32, cols: i32): i32 {
  const blocks = rowGroups * (cols >> 5);
  return normalizeScales(w, blocks, offsetof<Fives>() + offsetof<Halves>(), 8, offsetof<Fives>());
}

/** See normalizeScales. */
export function normalize_q5_1(w: usize, rowGroups: i32, cols: i32): i32 {
  const blocks = rowGroups * (cols >> 5);
  return normalizeScales(w, blocks, offsetof<Fives>() + offsetof<HalvesPairs>(), 16, offsetof<Fives>());
}

/** Row `row` of w, times scale -> out [cols] f32. */
export function unpack_row_q4_1(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  unpackRow<HalvesPairs, Fours>(w, cols >> 5, row, out, scale);
}

/** As unpack_row_q4_1. */
export function unpack_row_q5_0(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  unpackRow<Halves, Fives>(w, cols >> 5, row, out, scale);
}

/** As unpack_row_q4_1. */
export function unpack_row_q5_1(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  unpackRow<HalvesPairs, Fives>(w, cols >> 5, row, out, scale);
}

/** As unpack_row_q4_1, for IQ4_NL and IQ4_XS. */
export function unpack_row_iq4(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  unpackRow<Floats24, Fours>(w, cols >> 5, row, out, scale);
}

/** As unpack_row_q4_1. */
export function unpack_row_mxfp4(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  unpackRow<Powers, Fours>(w, cols >> 5, row, out, scale);
}

function unpackRow<H, Q>(w: usize, blocks: i32, row: i32, out: usize, scale: f32): void {
  const lane = <usize>(row & 7);
  const lanes = i32x4.splat(0x03020100 + 0x04040404 * (row & 3));
  const size = offsetof<Q>() + offsetof<H>();
  let p = w + <usize>(row >> 3) * <usize>blocks * size;
  for (let b = 0; b < blocks; b++) {
    const head = p + offsetof<Q>(), q = p + 4 * (lane & 4);
    const d = f32x4.splat(scaleOf<H>(head, lane) * scale), m = f32x4.splat(minimumOf<H>(head, lane) * scale);
    for (let k: usize = 0; k < 8; k++) {
      const bytes = i8x16.swizzle(offsetof<Q>() == 160 ? fivesAt<H>(q, k) : foursAt<H>(q, k), lanes);
      const values = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(bytes)));
      // a minimum is added after an exact product: one rounding
      const product = f32x4.mul(values, d);
      v128.store(out + 16 * k, hasMinimums<H>() ? f32x4.add(product, m) : product);
    }
    p += size;
    out += 128;
  }
}
