// Q8_0 weights: packing, products and row lookup.
//
// Packed: row group after row group (8 rows), block after block (32 columns): 8 pairs k of vectors of 16 bytes, for rows 0-3
// and 4-7, then 8 halves (the rows' scales). Bytes 4r..4r+3 of a vector are columns 4k..4k+3 of row r. `offset` (0 or 128) is
// added to every byte, so that a machine whose dot takes the weights as unsigned can be given them.
import { activationBytes, TOKEN_BLOCK, wholeTiles } from "./quantize-activations.as";
import { chunkTokens, multiplyPanels, PANEL_BLOCK } from "./panel.as";
import { lowBytes, start, step } from "./dot8.as";
import { addHalves, halfAt, halfMask, halfScale, halfToFloat, storeGroups, upperBytes, zeros } from "../module/simd.as";
import { normalizeScales } from "./subnormal.as";
import { joinHalves, transpose } from "./matmul-q4_0.as";
import { streamGroups } from "./streams.as";
import { chunkOfWords, multiplyWords, storeWords, widenTokens, WORDS_BLOCK, WORDS_SCALES } from "./panel-i16.as";

const BLOCK: usize = 272;
const SCALES: usize = 256;
const FILE_BLOCK: usize = 34;

/** src: 8 * rowGroups file rows of cols / 32 blocks { f16 d, 32 i8 } -> dst, packed. */
export function pack_q8_0(src: usize, dst: usize, rowGroups: i32, cols: i32, offset: i32): void {
  const blocks = cols >> 5;
  const row = <usize>blocks * FILE_BLOCK;
  for (let g = 0; g < rowGroups; g++) {
    packSide(src, row, blocks, dst, 0, offset);
    packSide(src + 4 * row, row, blocks, dst, 1, offset);
    src += 8 * row;
    dst += <usize>blocks * BLOCK;
  }
}

/** 4 file rows -> the first (0) or second (1) vectors of a row group. */
function packSide(a: usize, row: usize, blocks: i32, dst: usize, side: usize, offset: i32): void {
  const flip = i8x16.splat(<i8>offset); // adding 128 to a byte flips its top bit
  for (let i = 0; i < blocks; i++) {
    const b = a + row, c = b + row, d = c + row;
    joinHalves(a, b, c, d, dst + SCALES + 8 * side);
    for (let half: usize = 0; half < 32; half += 16) {
      transpose(
        v128.xor(v128.load(a + half, 2), flip), v128.xor(v128.load(b + half, 2), flip),
        v128.xor(v128.load(c + half, 2), flip), v128.xor(v128.load(d + half, 2), flip), dst + 8 * half + 16 * side, 32,
      );
    }
    a += FILE_BLOCK;
    dst += BLOCK;
  }
}

/** See normalizeScales. */
export function normalize_q8_0(w: usize, rowGroups: i32, cols: i32): i32 {
  return normalizeScales(w, rowGroups * (cols >> 5), BLOCK, 8, SCALES);
}

/** Row `row` of w, times scale -> out [cols] f32. */
export function unpack_row_q8_0(w: usize, cols: i32, row: i32, out: usize, scale: f32, offset: i32): void {
  const blocks = cols >> 5;
  const lane = <usize>(row & 7);
  const flip = i8x16.splat(<i8>offset);
  let p = w + <usize>(row >> 3) * <usize>blocks * BLOCK;
  for (let b = 0; b < blocks; b++) {
    const d = f32x4.splat(halfAt(p + SCALES + 2 * lane) * scale);
    for (let k: usize = 0; k < 8; k++) {
      const bytes = v128.xor(v128.load32_zero(p + 32 * k + 4 * lane), flip);
      const words = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(bytes));
      v128.store(out + 16 * k, f32x4.mul(f32x4.convert_i32x4_s(words), d));
    }
    p += BLOCK;
    out += 128;
  }
}

/** As matmul_q4_0; w packed with offset 128, on a machine whose relaxed dot takes weights as unsigned. */
export function matmul_q8_0_unsigned(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  if (ASC_FEATURE_RELAXED_SIMD) product<u8>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
  else unreachable();
}

/** As matmul_q4_0; w packed with offset 0, on a machine whose relaxed dot takes weights as signed. */
export function matmul_q8_0_signed(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  if (ASC_FEATURE_RELAXED_SIMD) product<i8>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
  else unreachable();
}

/** As matmul_q4_0; w packed with offset 0, on any machine. */
export function matmul_q8_0_wide(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  const blocks = cols >> 5, whole = wholeTiles(tokens), yStep = <usize>yStride << 2;
  few<i16>(w, rowGroups, blocks, x, whole, tokens, y, yStep, scale);
  inWords(w, rowGroups, blocks, x, whole, y, yStep, scale, scratch);
}

/** The product where one step is exact for 8-bit weights. */
function product<P>(
  w: usize, rowGroups: i32, cols: i32, x: usize, tokens: i32, y: usize, yStride: i32, scale: f32, scratch: usize,
): void {
  const blocks = cols >> 5, whole = wholeTiles(tokens), yStep = <usize>yStride << 2;
  few<P>(w, rowGroups, blocks, x, whole, tokens, y, yStep, scale);
  const group = <usize>blocks * BLOCK;
  const chunk = chunkTokens(blocks);
  for (let t0 = 0; t0 < whole; t0 += chunk) {
    const end = min(whole, t0 + chunk);
    for (let g = 0; g < rowGroups; g += 2) {
      const p = w + <usize>g * group;
      const both = g + 1 < rowGroups;
      unpackPanel(p, blocks, scratch);
      if (both) unpackPanel(p + group, blocks, scratch + <usize>blocks * PANEL_BLOCK);
      const to = y + <usize>t0 * yStep + (<usize>g << 5);
      multiplyPanels<P>(scratch, both, blocks, zeroOf<P>(), x, t0, end, to, yStep, scale);
    }
  }
}

/** The product where it is not: weights and activations as words of 16 bits. scratch: two panels, then a chunk of tokens. */
function inWords(
  w: usize, rowGroups: i32, blocks: i32, x: usize, tokens: i32, y: usize, yStep: usize, scale: f32, scratch: usize,
): void {
  const group = <usize>blocks * BLOCK, panel = <usize>blocks * WORDS_BLOCK;
  const chunk = chunkOfWords(blocks), tiles = scratch + 2 * panel;
  for (let t0 = 0; t0 < tokens; t0 += chunk) {
    const end = min(tokens, t0 + chunk);
    widenTokens(x, blocks, t0, end, tiles);
    for (let g = 0; g < rowGroups; g += 2) {
      const p = w + <usize>g * group;
      const both = g + 1 < rowGroups;
      unpackWords(p, blocks, scratch);
      if (both) unpackWords(p + group, blocks, scratch + panel);
      const to = y + <usize>t0 * yStep + (<usize>g << 5);
      multiplyWords(scratch, both, blocks, tiles, end - t0, to, yStep, scale);
    }
  }
}

@inline
function zeroOf<P>(): i32 {
  return isSigned<P>() ? 0 : 128; // plain products are of signed bytes, too
}

/** The row group packed at `p` -> a panel at `o`. */
function unpackPanel(p: usize, blocks: i32, o: usize): void {
  for (let b = 0; b < blocks; b++) {
    memory.copy(o, p, 256);
    unpackScales(p, o + 256);
    p += BLOCK;
    o += PANEL_BLOCK;
  }
}

/** The same as words of 16 bits. */
function unpackWords(p: usize, blocks: i32, o: usize): void {
  for (let b = 0; b < blocks; b++) {
    for (let k: usize = 0; k < 256; k += 32) storeWords(v128.load(p + k, 0), v128.load(p + k, 16), o + 2 * k);
    unpackScales(p, o + WORDS_SCALES);
    p += BLOCK;
    o += WORDS_BLOCK;
  }
}

/** The 8 scales of the block at `p` -> f32 at `o`. */
@inline
function unpackScales(p: usize, o: usize): void {
  v128.store(o, halfToFloat(v128.load16x4_s(p, SCALES), halfMask(), halfScale()), 0);
  v128.store(o, halfToFloat(v128.load16x4_s(p, SCALES + 8), halfMask(), halfScale()), 16);
}

/** The product with the tokens from `first` on, which fill no tile: one by one. */
function few<P>(
  w: usize, rowGroups: i32, blocks: i32, x: usize, first: i32, tokens: i32, y: usize, yStep: usize, scale: f32,
): void {
  const next = <usize>(tokens - first) * TOKEN_BLOCK;
  x += activationBytes(first, blocks);
  for (let t = first; t < tokens; t++) {
    oneToken<P>(w, rowGroups, blocks, x, next, y + <usize>t * yStep, scale);
    x += TOKEN_BLOCK;
  }
}

/** A matrix times one token, whose blocks are `next` bytes apart, from two distant row groups at once. */
function oneToken<P>(w: usize, rowGroups: i32, blocks: i32, x: usize, next: usize, y: usize, scale: f32): void {
  const group = <usize>blocks * BLOCK;
  const part = streamGroups(rowGroups, group);
  const apart = <usize>(rowGroups - part);
  for (let g = 0; g < part; g++) {
    twoGroups<P>(w, apart * group, blocks, x, next, y, apart << 5, scale);
    w += group;
    y += 32;
  }
}

/** Whether products are of 16 bits, weights in the upper byte of a lane: sums are 256 times too large. */
@inline
function isWide<P>(): bool {
  return sizeof<P>() == 2;
}

/** acc + s . v over the 4 bytes of each i32 lane; even, odd: the bytes of s as words, upper: the upper bytes of words, both for wide products. */
@inline
function add4<P>(acc: v128, s: v128, even: v128, odd: v128, v: v128, upper: v128): v128 {
  if (!isWide<P>()) return step<P>(acc, s, v);
  return i32x4.add(
    i32x4.add(acc, i32x4.dot_i16x8_s(even, i16x8.shl(v, 8))), i32x4.dot_i16x8_s(odd, v128.and(v, upper)),
  );
}

/** The sums of a block in their true size. */
@inline
function wholeOf<P>(acc: v128): v128 {
  return isWide<P>() ? i32x4.shr_s(acc, 8) : acc;
}

/** Two row groups, `stride` bytes apart, times a token -> y, `yStride` bytes apart. a0, a1: the sides of the first; b0, b1: of the second. */
@inline
function twoGroups<P>(
  p: usize, stride: usize, blocks: i32, x: usize, next: usize, y: usize, yStride: usize, scale: f32,
): void {
  let q = p + stride;
  const upper = upperBytes(), sign = halfMask(), size = halfScale();
  let f0 = zeros(), f1 = f0, g0 = f0, g1 = f0;
  for (let i = 0; i < blocks; i++) {
    let a0 = isWide<P>() ? zeros() : start<P>(x, zeroOf<P>()), a1 = a0, b0 = a0, b1 = a0;
    for (const end = p + SCALES; p < end; p += 32) {
      const s = v128.load32_splat(x, 0);
      const even = isWide<P>() ? lowBytes(s) : s, odd = isWide<P>() ? i16x8.shr_s(s, 8) : s;
      a0 = add4<P>(a0, s, even, odd, v128.load(p, 0), upper);
      a1 = add4<P>(a1, s, even, odd, v128.load(p, 16), upper);
      b0 = add4<P>(b0, s, even, odd, v128.load(q, 0), upper);
      b1 = add4<P>(b1, s, even, odd, v128.load(q, 16), upper);
      q += 32;
      x += 4;
    }
    p -= SCALES;
    q -= SCALES;
    x -= 32;
    const d = v128.load32_splat(x, 32);
    f0 = addHalves(f0, v128.load16x4_s(p, SCALES), wholeOf<P>(a0), d, sign, size);
    f1 = addHalves(f1, v128.load16x4_s(p, SCALES + 8), wholeOf<P>(a1), d, sign, size);
    g0 = addHalves(g0, v128.load16x4_s(q, SCALES), wholeOf<P>(b0), d, sign, size);
    g1 = addHalves(g1, v128.load16x4_s(q, SCALES + 8), wholeOf<P>(b1), d, sign, size);
    p += BLOCK;
    q += BLOCK;
    x += next;
  }
  const by = f32x4.splat(scale);
  storeGroups(y, yStride, f0, f1, g0, g1, by);
}
