// Q4_0 weights: packing, products and row lookup.
//
// Packed: row group after row group (8 rows), block after block (32 columns): 4 pairs j of vectors of 16 bytes, for rows 0-3
// and 4-7, then 8 halves (the rows' scales). Bytes 4r..4r+3 of a vector are bytes 4j..4j+3 of row r's block: low nibbles are
// columns 4j.., high ones 16 + 4j... So each 32-bit lane of a vector is one row, and no sum ever crosses lanes; and an engine
// that makes one instruction of two neighbouring vectors finds them everywhere.
import { activationBytes, TOKEN_BLOCK, wholeTiles } from "./quantize-activations.as";
import { chunkTokens, multiplyPanels, PANEL_BLOCK } from "./panel.as";
import { lowBytes, prefersPairs, start, step, total } from "./dot8.as";
import { addHalves, halfAt, halfMask, halfScale, halfToFloat, nibbles, nibbleWords, oneWords, storeGroups, zeros } from "../module/simd.as";
import { normalizeScales } from "./subnormal.as";
import { streamGroups } from "./streams.as";

const BLOCK: usize = 144;
const SCALES: usize = 128;
const FILE_BLOCK: usize = 18;

/** src: 8 * rowGroups file rows of cols / 32 blocks { f16 d, 16 bytes } -> dst, packed. */
export function pack_q4_0(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  const blocks = cols >> 5;
  const row = <usize>blocks * FILE_BLOCK;
  for (let g = 0; g < rowGroups; g++) {
    packSide(src, row, blocks, dst, 0);
    packSide(src + 4 * row, row, blocks, dst, 1);
    src += 8 * row;
    dst += <usize>blocks * BLOCK;
  }
}

/** 4 file rows -> the first (0) or second (1) vectors of a row group. */
function packSide(a: usize, row: usize, blocks: i32, dst: usize, side: usize): void {
  for (let i = 0; i < blocks; i++) {
    const b = a + row, c = b + row, d = c + row;
    joinHalves(a, b, c, d, dst + SCALES + 8 * side);
    transpose(v128.load(a, 2), v128.load(b, 2), v128.load(c, 2), v128.load(d, 2), dst + 16 * side, 32);
    a += FILE_BLOCK;
    dst += BLOCK;
  }
}

/** The halves at a, b, c and d -> side by side at `o`. */
@inline
export function joinHalves(a: usize, b: usize, c: usize, d: usize, o: usize): void {
  store<u16>(o, load<u16>(a), 0);
  store<u16>(o, load<u16>(b), 2);
  store<u16>(o, load<u16>(c), 4);
  store<u16>(o, load<u16>(d), 6);
}

/** Four vectors of four words -> their transpose, vectors `step` bytes apart from `o` on. */
@inline
export function transpose(a: v128, b: v128, c: v128, d: v128, o: usize, step: usize = 16): void {
  const ab0 = v128.shuffle<i32>(a, b, 0, 4, 1, 5), ab1 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<i32>(c, d, 0, 4, 1, 5), cd1 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(o, v128.shuffle<i64>(ab0, cd0, 0, 2));
  v128.store(o + step, v128.shuffle<i64>(ab0, cd0, 1, 3));
  v128.store(o + 2 * step, v128.shuffle<i64>(ab1, cd1, 0, 2));
  v128.store(o + 3 * step, v128.shuffle<i64>(ab1, cd1, 1, 3));
}

/** See normalizeScales. */
export function normalize_q4_0(w: usize, rowGroups: i32, cols: i32): i32 {
  return normalizeScales(w, rowGroups * (cols >> 5), BLOCK, 8, SCALES);
}

/** Row `row` of w, times scale -> out [cols] f32. */
export function unpack_row_q4_0(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  const blocks = cols >> 5;
  const lane = <usize>(row & 7);
  let p = w + <usize>(row >> 3) * <usize>blocks * BLOCK;
  for (let b = 0; b < blocks; b++) {
    const d = f32x4.splat(halfAt(p + SCALES + 2 * lane) * scale);
    for (let j: usize = 0; j < 4; j++) {
      const bytes = v128.load32_zero(p + 32 * j + 4 * lane);
      store4(out + 16 * j, v128.and(bytes, i8x16.splat(15)), d);
      store4(out + 64 + 16 * j, v128.and(i16x8.shr_u(bytes, 4), i8x16.splat(15)), d);
    }
    p += BLOCK;
    out += 128;
  }
}

@inline
function store4(out: usize, bytes: v128, d: v128): void {
  const words = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes));
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(words, i32x4.splat(8))), d));
}

/** y[token * yStride + row] = scale * (w x); x: what quantize_q8 wrote. scratch: two panels. */
export function matmul_q4_0(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  if (!ASC_FEATURE_RELAXED_SIMD) product<i16>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
  else if (prefersPairs()) product<u16>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
  else product<u8>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
}

function product<P>(
  w: usize, rowGroups: i32, cols: i32, x: usize, tokens: i32, y: usize, yStride: i32, scale: f32, scratch: usize,
): void {
  const blocks = cols >> 5, whole = wholeTiles(tokens), yStep = <usize>yStride << 2;
  const next = <usize>(tokens - whole) * TOKEN_BLOCK;
  for (let t = whole, at = x + activationBytes(whole, blocks); t < tokens; t++, at += TOKEN_BLOCK) {
    oneToken<P>(w, rowGroups, blocks, at, next, y + <usize>t * yStep, scale);
  }
  const chunk = chunkTokens(blocks);
  const group = <usize>blocks * BLOCK;
  for (let t0 = 0; t0 < whole; t0 += chunk) {
    const end = min(whole, t0 + chunk);
    for (let g = 0; g < rowGroups; g += 2) {
      const p = w + <usize>g * group;
      const both = g + 1 < rowGroups;
      unpackPanel(p, blocks, scratch);
      if (both) unpackPanel(p + group, blocks, scratch + <usize>blocks * PANEL_BLOCK);
      const to = y + <usize>t0 * yStep + (<usize>g << 5);
      multiplyPanels<P>(scratch, both, blocks, 8, x, t0, end, to, yStep, scale);
    }
  }
}

/** The row group packed at `p` -> a panel at `o`. */
function unpackPanel(p: usize, blocks: i32, o: usize): void {
  const mask = nibbles(), sign = halfMask(), size = halfScale();
  for (let b = 0; b < blocks; b++) {
    for (let j: usize = 0; j < 128; j += 32) {
      const v = v128.load(p + j, 0), u = v128.load(p + j, 16);
      v128.store(o + j, v128.and(v, mask), 0);
      v128.store(o + j, v128.and(u, mask), 16);
      v128.store(o + j, v128.and(i16x8.shr_u(v, 4), mask), 128);
      v128.store(o + j, v128.and(i16x8.shr_u(u, 4), mask), 144);
    }
    v128.store(o, halfToFloat(v128.load16x4_s(p, SCALES), sign, size), 256);
    v128.store(o, halfToFloat(v128.load16x4_s(p, SCALES + 8), sign, size), 272);
    p += BLOCK;
    o += PANEL_BLOCK;
  }
}

/** A matrix times one token, whose blocks are `next` bytes apart. Reads two distant row groups at once: hardware prefetch stops at 4 KiB pages. */
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

/** acc + the low nibbles of v times s + the high ones times u; mask: 15 in every byte, or in every word where plain. */
@inline
export function steps<P>(acc: v128, s: v128, u: v128, v: v128, mask: v128): v128 {
  if (sizeof<P>() == 2 && isSigned<P>()) {
    const even = i32x4.add(
      i32x4.dot_i16x8_s(lowBytes(s), v128.and(v, mask)),
      i32x4.dot_i16x8_s(lowBytes(u), v128.and(i16x8.shr_u(v, 4), mask)),
    );
    const odd = i32x4.add(
      i32x4.dot_i16x8_s(i16x8.shr_s(s, 8), v128.and(i16x8.shr_u(v, 8), mask)),
      i32x4.dot_i16x8_s(i16x8.shr_s(u, 8), i16x8.shr_u(v, 12)),
    );
    return i32x4.add(acc, i32x4.add(even, odd));
  }
  return step<P>(step<P>(acc, s, v128.and(v, mask)), u, v128.and(i16x8.shr_u(v, 4), mask));
}

@inline
function maskOf<P>(): v128 {
  return sizeof<P>() == 2 && isSigned<P>() ? nibbleWords() : nibbles();
}

/** Two row groups, `stride` bytes apart, times a token -> y, `yStride` bytes apart. a0, a1: the sides of the first; b0, b1: of the second. */
@inline
function twoGroups<P>(
  p: usize, stride: usize, blocks: i32, x: usize, next: usize, y: usize, yStride: usize, scale: f32,
): void {
  let q = p + stride;
  const mask = maskOf<P>(), sign = halfMask(), size = halfScale(), ones = oneWords();
  let f0 = zeros(), f1 = f0, g0 = f0, g1 = f0;
  for (let i = 0; i < blocks; i++) {
    let a0 = start<P>(x, 8), a1 = a0, b0 = a0, b1 = a0;
    for (const end = p + 128; p < end; p += 32) {
      const s = v128.load32_splat(x, 0), u = v128.load32_splat(x, 16);
      a0 = steps<P>(a0, s, u, v128.load(p, 0), mask);
      a1 = steps<P>(a1, s, u, v128.load(p, 16), mask);
      b0 = steps<P>(b0, s, u, v128.load(q, 0), mask);
      b1 = steps<P>(b1, s, u, v128.load(q, 16), mask);
      q += 32;
      x += 4;
    }
    p -= SCALES;
    q -= SCALES;
    x -= 16;
    const d = v128.load32_splat(x, 32);
    f0 = addHalves(f0, v128.load16x4_s(p, SCALES), total<P>(a0, ones), d, sign, size);
    f1 = addHalves(f1, v128.load16x4_s(p, SCALES + 8), total<P>(a1, ones), d, sign, size);
    g0 = addHalves(g0, v128.load16x4_s(q, SCALES), total<P>(b0, ones), d, sign, size);
    g1 = addHalves(g1, v128.load16x4_s(q, SCALES + 8), total<P>(b1, ones), d, sign, size);
    p += BLOCK;
    q += BLOCK;
    x += next;
  }
  const by = f32x4.splat(scale);
  storeGroups(y, yStride, f0, f1, g0, g1, by);
}
