// Codes of IQ2 with two scales a block of 32: packing, products and row lookup.
//
// Packed: row group after row group (8 rows), block after block (32 columns): quants as of Q4_0 (see fours.as.ts), 8 halves d, and
// for each row a byte of two scales s, of columns 0-15 low and of 16-31 high. A nibble stands for a level of the codebook, a weight
// is d (2 s + 1) level. Sums of a block are whole numbers: those of 16 columns times 2 s + 1.
import { Fours, Halves, secondScales, firstScales, unpackHead } from "./block-scales.as";
import { lowBytes } from "./dot8.as";
import { interleave } from "./pack-blocks.as";
import { chunkOfWords, multiplyWords, widenTokens, WORDS_BLOCK, WORDS_SCALES } from "./panel-i16.as";
import { activationBytes, TOKEN_BLOCK, wholeTiles } from "./quantize-activations.as";
import { normalizeScales } from "./subnormal.as";
import { addBlock, halfAt, halfMask, halfScale, nibbles, storeRows, zero, zeros } from "../module/simd.as";

/** Bytes of a packed block, and where its halves and its bytes of scales stand. */
const BLOCK: usize = 152;
const HALVES: usize = 128;
const SCALES: usize = 144;
/** Bytes of 256 columns before they are packed: d, 8 bytes of scales, 8 times 16 bytes of codes. */
const FILE_BLOCK: usize = 138;

/** What codes stand for; the other eight stand for nothing. */
const LEVELS: v128 = i32x4.add(i8x16(8, 25, 43, 0, -8, -25, -43, 0, 0, 0, 0, 0, 0, 0, 0, 0), i32x4.splat(zero));

/** src: 8 * rowGroups rows of cols / 256 blocks -> dst, packed. */
export function pack_iq2(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  const row = <usize>(cols >> 8) * FILE_BLOCK;
  for (let g = 0; g < rowGroups; g++) {
    for (let p = src; p < src + row; p += FILE_BLOCK) {
      for (let sub: usize = 0; sub < 8; sub++) {
        interleave(p + 10 + 16 * sub, row, dst);
        for (let r: usize = 0; r < 8; r++) {
          store<u16>(dst + 2 * r, load<u16>(p + r * row), HALVES);
          store<u8>(dst + r, load<u8>(p + r * row + sub, 2), SCALES);
        }
        dst += BLOCK;
      }
    }
    src += 8 * row;
  }
}

/** See normalizeScales. */
export function normalize_iq2(w: usize, rowGroups: i32, cols: i32): i32 {
  return normalizeScales(w, rowGroups * (cols >> 5), BLOCK, 8, HALVES);
}

/** y[token * yStride + row] = scale * (w x); x: what quantize_q8 wrote. scratch: two panels of words. */
export function matmul_iq2(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  const blocks = cols >> 5, whole = wholeTiles(tokens), yStep = <usize>yStride << 2;
  const group = <usize>blocks * BLOCK, panel = <usize>blocks * WORDS_BLOCK;
  const next = <usize>(tokens - whole) * TOKEN_BLOCK;
  for (let t = whole, at = x + activationBytes(whole, blocks); t < tokens; t++, at += TOKEN_BLOCK) {
    for (let g = 0; g < rowGroups; g++) {
      oneGroup(w + <usize>g * group, blocks, at, next, y + <usize>t * yStep + (<usize>g << 5), scale);
    }
  }
  const chunk = chunkOfWords(blocks), tiles = scratch + 2 * panel;
  for (let t0 = 0; t0 < whole; t0 += chunk) {
    const end = min(whole, t0 + chunk);
    widenTokens(x, blocks, t0, end, tiles);
    for (let g = 0; g < rowGroups; g += 2) {
      const p = w + <usize>g * group;
      const both = g + 1 < rowGroups;
      unpackWords(p, blocks, scratch);
      if (both) unpackWords(p + group, blocks, scratch + panel);
      multiplyWords(scratch, both, blocks, tiles, end - t0, y + <usize>t0 * yStep + (<usize>g << 5), yStep, scale);
    }
  }
}

/** A row group times a token, whose blocks are `next` bytes apart: sums a and b are of rows 0-3, c and d of rows 4-7. */
function oneGroup(p: usize, blocks: i32, x: usize, next: usize, y: usize, scale: f32): void {
  const mask = nibbles(), levels = LEVELS, half = halfMask(), by = halfScale();
  let f = zeros(), g = f;
  for (let i = 0; i < blocks; i++) {
    let a = zeros(), b = a, c = a, d = a;
    for (let j: usize = 0; j < 16; j += 4) {
      const s = v128.load32_splat(x + j, 0), u = v128.load32_splat(x + j, 16);
      const s0 = lowBytes(s), s1 = i16x8.shr_s(s, 8), u0 = lowBytes(u), u1 = i16x8.shr_s(u, 8);
      const v = v128.load(p + 8 * j, 0), w = v128.load(p + 8 * j, 16);
      a = addWords(a, s0, s1, level(levels, v128.and(v, mask)));
      b = addWords(b, u0, u1, level(levels, v128.and(i16x8.shr_u(v, 4), mask)));
      c = addWords(c, s0, s1, level(levels, v128.and(w, mask)));
      d = addWords(d, u0, u1, level(levels, v128.and(i16x8.shr_u(w, 4), mask)));
    }
    const s = v128.load32_splat(x, 32);
    const first = i32x4.add(i32x4.mul(a, lowScales(p, 0)), i32x4.mul(b, highScales(p, 0)));
    const second = i32x4.add(i32x4.mul(c, lowScales(p, 4)), i32x4.mul(d, highScales(p, 4)));
    f = addBlock(f, firstScales<Halves, Fours>(p, half, by), first, s);
    g = addBlock(g, secondScales<Halves, Fours>(p, half, by), second, s);
    p += BLOCK;
    x += next;
  }
  storeRows(y, f, g, f32x4.splat(scale));
}

@inline
function level(levels: v128, codes: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_swizzle(levels, codes) : i8x16.swizzle(levels, codes);
}

/** acc + x . w over the 4 bytes of each i32 lane; x0, x1: a token's even bytes as words, and its odd ones. */
@inline
function addWords(acc: v128, x0: v128, x1: v128, w: v128): v128 {
  return i32x4.add(i32x4.add(acc, i32x4.dot_i16x8_s(x0, lowBytes(w))), i32x4.dot_i16x8_s(x1, i16x8.shr_s(w, 8)));
}

/** 2 s + 1 of columns 0-15, of four rows from `row` on. */
@inline
function lowScales(p: usize, row: usize): v128 {
  return odd(v128.and(scaleBytes(p + row), i32x4.splat(15)));
}

/** Of columns 16-31. */
@inline
function highScales(p: usize, row: usize): v128 {
  return odd(i32x4.shr_u(scaleBytes(p + row), 4));
}

@inline
function scaleBytes(p: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(p, SCALES)));
}

@inline
function odd(s: v128): v128 {
  return i32x4.add(i32x4.add(s, s), i32x4.splat(1));
}

/** A row group -> a panel of words of 16 bits, (2 s + 1) level. */
function unpackWords(p: usize, blocks: i32, o: usize): void {
  const mask = nibbles(), levels = LEVELS;
  for (let b = 0; b < blocks; b++) {
    const low0 = inWords(lowScales(p, 0)), low1 = inWords(lowScales(p, 4));
    const high0 = inWords(highScales(p, 0)), high1 = inWords(highScales(p, 4));
    for (let j: usize = 0; j < 128; j += 32) {
      const v = v128.load(p + j, 0), w = v128.load(p + j, 16);
      storeScaled(level(levels, v128.and(v, mask)), level(levels, v128.and(w, mask)), low0, low1, o + 2 * j);
      const v1 = v128.and(i16x8.shr_u(v, 4), mask), w1 = v128.and(i16x8.shr_u(w, 4), mask);
      storeScaled(level(levels, v1), level(levels, w1), high0, high1, o + 2 * j + 256);
    }
    unpackHead<Halves, Fours>(p, o + WORDS_SCALES);
    p += BLOCK;
    o += WORDS_BLOCK;
  }
}

/** Whole numbers below 2^16 in both words of their lanes. */
@inline
function inWords(s: v128): v128 {
  return v128.or(s, i32x4.shl(s, 16));
}

/** As storeWords of panel-i16.as.ts, times the scales of v's rows and of u's. */
@inline
function storeScaled(v: v128, u: v128, s: v128, t: v128, o: usize): void {
  v128.store(o, i16x8.mul(lowBytes(v), s), 0);
  v128.store(o, i16x8.mul(lowBytes(u), t), 16);
  v128.store(o, i16x8.mul(i16x8.shr_s(v, 8), s), 32);
  v128.store(o, i16x8.mul(i16x8.shr_s(u, 8), t), 48);
}

/** Row `row` of w, times scale -> out [cols] f32. */
export function unpack_row_iq2(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  const lane = <usize>(row & 7);
  let p = w + <usize>(row >> 3) * <usize>(cols >> 5) * BLOCK;
  for (let b = 0; b < cols >> 5; b++) {
    const d = halfAt(p + HALVES + 2 * lane) * scale;
    const scales = <i32>load<u8>(p + lane, SCALES);
    const codes = p + 4 * (lane & 4) + 4 * (lane & 3);
    for (let i: usize = 0; i < 16; i++) {
      const code = <i32>load<u8>(codes + 32 * (i >> 2) + (i & 3));
      store<f32>(out + 4 * i, d * <f32>(levelOf(code & 15) * (2 * (scales & 15) + 1)), 0);
      store<f32>(out + 4 * i, d * <f32>(levelOf(code >> 4) * (2 * (scales >> 4) + 1)), 64);
    }
    p += BLOCK;
    out += 128;
  }
}

@inline
function levelOf(code: i32): i32 {
  if (code > 7) return 0;
  const size = (code & 3) == 0 ? 8 : (code & 3) == 1 ? 25 : (code & 3) == 2 ? 43 : 0;
  return code > 3 ? -size : size;
}
