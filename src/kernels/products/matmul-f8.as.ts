// E4M3 weights with a float32 scale for 32 columns: packing, products and row lookup.
//
// Packed: row group after row group (8 rows), block after block: 8 scales, times 2^120, then 32 columns of 8 bytes.
// A byte's exponent and mantissa, moved to those of an f32, are 2^-120 of its value, subnormal or not: the product with the scale
// is the weight, rounded once. Activations stay f32, and an element of the result is summed as those of F32 weights are.
import { madd, zeros } from "../module/simd.as";
import { packTile, putBoth, tile2x3 } from "./matmul-float.as";
import { chunkOf, TILE, wholeTiles } from "./quantize-activations.as";
import { streamGroups } from "./streams.as";

/** 2^120. */
const LIFT: f32 = reinterpret<f32>(0x7b800000);
/** Bytes of a block of a row in a file: the scale, 32 values. */
const FILE_BLOCK: usize = 36;
/** Bytes of a block of 8 rows, packed. */
const BLOCK: usize = 288;

/** Bytes of a row group. */
@inline
function groupBytes(cols: i32): usize {
  return <usize>(cols >> 5) * BLOCK;
}

export function pack_f8(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  const blocks = cols >> 5, row = <usize>blocks * FILE_BLOCK;
  for (let g = 0; g < rowGroups; g++) {
    for (let b = 0; b < blocks; b++) {
      let p = src + <usize>b * FILE_BLOCK;
      for (let r: usize = 0; r < 8; r++, p += row) {
        store<f32>(dst + 4 * r, load<f32>(p) * LIFT);
        for (let k: usize = 0; k < 32; k++) store<u8>(dst + 32 + 8 * k + r, load<u8>(p + 4 + k));
      }
      dst += BLOCK;
    }
    src += 8 * row;
  }
}

/** The bits of an f32 that a byte has. */
@inline
function maskOf(): v128 {
  return i32x4.splat(<i32>0x87f00000);
}

/** Four of eight bytes, which are sign-extended words, as f32 2^-120 of their value. */
@inline
function first(words: v128, mask: v128): v128 {
  return v128.and(i32x4.shl(i32x4.extend_low_i16x8_s(words), 20), mask);
}

@inline
function second(words: v128, mask: v128): v128 {
  return v128.and(i32x4.shl(i32x4.extend_high_i16x8_s(words), 20), mask);
}

export function unpack_row_f8(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  const lane = <usize>(row & 7);
  let p = w + <usize>(row >> 3) * groupBytes(cols);
  for (let b = cols >> 5; b > 0; b--, p += BLOCK) {
    const by = load<f32>(p + 4 * lane);
    for (let k: usize = 0; k < 32; k++, out += 4) {
      const bits = (<i32>load<i8>(p + 32 + 8 * k + lane) << 20) & <i32>0x87f00000;
      store<f32>(out, reinterpret<f32>(bits) * by * scale);
    }
  }
}

/** scratch: cols * 32 bytes for a panel (f32, 8 rows a column), then a chunk of activations, at least cols * 12. */
export function matmul_f8(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  const xStep = <usize>xStride << 2, yStep = <usize>yStride << 2, whole = wholeTiles(tokens);
  for (let t = whole; t < tokens; t++) oneToken(w, rowGroups, cols, x + <usize>t * xStep, y + <usize>t * yStep, scale);
  const tiles = scratch + (<usize>cols << 5);
  const tileBytes = <usize>cols * 12;
  const chunk = chunkOf(tileBytes);
  for (let t0 = 0; t0 < whole; t0 += chunk) {
    const end = min(whole, t0 + chunk);
    for (let t = t0, o = tiles; t < end; t += TILE, o += tileBytes) packTile(x + <usize>t * xStep, xStep, cols, 1, o);
    for (let g = 0; g < rowGroups; g++) {
      widen(w + <usize>g * groupBytes(cols), cols, scratch);
      for (let t = t0, o = tiles; t < end; t += TILE, o += tileBytes) {
        tile2x3(scratch, cols, o, y + <usize>t * yStep + (<usize>g << 5), yStep, scale);
      }
    }
  }
}

/** A packed row group -> an f32 panel. */
function widen(p: usize, cols: i32, o: usize): void {
  const mask = maskOf();
  for (let b = cols >> 5; b > 0; b--, p += BLOCK) {
    const s = v128.load(p, 0), t = v128.load(p, 16);
    for (let k: usize = 32; k < BLOCK; k += 8, o += 32) {
      const v = v128.load8x8_s(p + k);
      v128.store(o, f32x4.mul(first(v, mask), s), 0);
      v128.store(o, f32x4.mul(second(v, mask), t), 16);
    }
  }
}

/** A matrix times one token, from two distant row groups at once. */
function oneToken(w: usize, rowGroups: i32, cols: i32, x: usize, y: usize, scale: f32): void {
  const group = groupBytes(cols);
  const part = streamGroups(rowGroups, group);
  const apart = <usize>(rowGroups - part);
  for (let g = 0; g < part; g++) {
    twoGroups(w, apart * group, cols, x, y, apart << 5, scale);
    w += group;
    y += 32;
  }
}

/** Two row groups, `stride` bytes apart, times a token -> y, `yStride` bytes apart. a, b: the first's even and odd columns; c, d: the second's. */
function twoGroups(p: usize, stride: usize, cols: i32, x: usize, y: usize, yStride: usize, scale: f32): void {
  const mask = maskOf();
  let a0 = zeros(), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
  for (let b = cols >> 5; b > 0; b--, p += BLOCK) {
    const q = p + stride;
    const s0 = v128.load(p, 0), s1 = v128.load(p, 16), t0 = v128.load(q, 0), t1 = v128.load(q, 16);
    for (let k: usize = 32; k < BLOCK; k += 16, x += 8) {
      let by = v128.load32_splat(x, 0);
      let v = v128.load8x8_s(p + k), u = v128.load8x8_s(q + k);
      a0 = madd(f32x4.mul(first(v, mask), s0), by, a0);
      a1 = madd(f32x4.mul(second(v, mask), s1), by, a1);
      c0 = madd(f32x4.mul(first(u, mask), t0), by, c0);
      c1 = madd(f32x4.mul(second(u, mask), t1), by, c1);
      by = v128.load32_splat(x, 4);
      v = v128.load8x8_s(p + k + 8);
      u = v128.load8x8_s(q + k + 8);
      b0 = madd(f32x4.mul(first(v, mask), s0), by, b0);
      b1 = madd(f32x4.mul(second(v, mask), s1), by, b1);
      d0 = madd(f32x4.mul(first(u, mask), t0), by, d0);
      d1 = madd(f32x4.mul(second(u, mask), t1), by, d1);
    }
  }
  putBoth(y, a0, b0, a1, b1, scale);
  putBoth(y + yStride, c0, d0, c1, d1, scale);
}
