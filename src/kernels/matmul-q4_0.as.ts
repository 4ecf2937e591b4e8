// Q4_0 weights: packing, products and row lookup; leans on the panels and the 8-bit products.
//
// Packed: row group after row group (4 rows), block after block (32 columns): 4 halves (the rows' scales), then 4 vectors
// j of 16 bytes; bytes 4r..4r+3 of vector j are bytes 4j..4j+3 of row r's block: low nibbles are columns 4j.., high ones
// 16 + 4j... So each 32-bit lane of a vector is one row, and no sum ever crosses lanes.
import { activationBytes, TILE, TOKEN_BLOCK } from "./quantize-activations.as";
import { chunkTokens, FEW, PANEL_BLOCK, panelTile } from "./panel.as";
import { lowBytes, prefersPairs, start, step, total } from "./product.as";
import { HALF_MASK, HALF_SCALE, halfAt, loadHalves, madd, NIBBLE, NIBBLE_WORD } from "./simd.as";
import { normalizeScales } from "./subnormal.as";
import { streamGroups } from "./streams.as";

const BLOCK: usize = 72;
const FILE_BLOCK: usize = 18;

/** src: 4 * rowGroups file rows of cols / 32 blocks { f16 d, 16 bytes } -> dst, packed. */
export function pack_q4_0(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  const blocks = cols >> 5;
  const row = <usize>blocks * FILE_BLOCK;
  for (let g = 0; g < rowGroups; g++) {
    let a = src, b = src + row, c = src + 2 * row, d = src + 3 * row;
    for (let i = 0; i < blocks; i++) {
      store<u16>(dst, load<u16>(a), 0);
      store<u16>(dst, load<u16>(b), 2);
      store<u16>(dst, load<u16>(c), 4);
      store<u16>(dst, load<u16>(d), 6);
      transpose(v128.load(a, 2), v128.load(b, 2), v128.load(c, 2), v128.load(d, 2), dst + 8);
      a += FILE_BLOCK;
      b += FILE_BLOCK;
      c += FILE_BLOCK;
      d += FILE_BLOCK;
      dst += BLOCK;
    }
    src += 4 * row;
  }
}

/** Four vectors of four words -> their transpose at `o`. */
// @ts-ignore: decorator
@inline
export function transpose(a: v128, b: v128, c: v128, d: v128, o: usize): void {
  const ab0 = v128.shuffle<i32>(a, b, 0, 4, 1, 5), ab1 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<i32>(c, d, 0, 4, 1, 5), cd1 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(o, v128.shuffle<i64>(ab0, cd0, 0, 2), 0);
  v128.store(o, v128.shuffle<i64>(ab0, cd0, 1, 3), 16);
  v128.store(o, v128.shuffle<i64>(ab1, cd1, 0, 2), 32);
  v128.store(o, v128.shuffle<i64>(ab1, cd1, 1, 3), 48);
}

/** See normalizeScales. */
export function normalize_q4_0(w: usize, rowGroups: i32, cols: i32): i32 {
  return normalizeScales(w, rowGroups * (cols >> 5), BLOCK);
}

/** Row `row` of w, times scale -> out [cols] f32. */
export function unpack_row_q4_0(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  const blocks = cols >> 5;
  const lane = <usize>(row & 3);
  let p = w + <usize>(row >> 2) * <usize>blocks * BLOCK;
  for (let b = 0; b < blocks; b++) {
    const d = f32x4.splat(halfAt(p + 2 * lane) * scale);
    for (let j: usize = 0; j < 4; j++) {
      const bytes = v128.load32_zero(p + 8 + 16 * j + 4 * lane);
      store4(out + 16 * j, v128.and(bytes, i8x16.splat(15)), d);
      store4(out + 64 + 16 * j, v128.and(i16x8.shr_u(bytes, 4), i8x16.splat(15)), d);
    }
    p += BLOCK;
    out += 128;
  }
}

// @ts-ignore: decorator
@inline
function store4(out: usize, bytes: v128, d: v128): void {
  const words = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes));
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(words, i32x4.splat(8))), d));
}

/** y[token * yStride + row] = scale * (w x); x: what quantize_q8 wrote. scratch: a panel. */
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
  const blocks = cols >> 5;
  const yStep = <usize>yStride << 2;
  if (tokens <= FEW) {
    const next = <usize>tokens * TOKEN_BLOCK;
    for (let t = 0; t < tokens; t++) {
      oneToken<P>(w, rowGroups, blocks, x + <usize>t * TOKEN_BLOCK, next, y + <usize>t * yStep, scale);
    }
    return;
  }
  const chunk = chunkTokens(blocks);
  const group = <usize>blocks * BLOCK;
  for (let t0 = 0; t0 < tokens; t0 += chunk) {
    const end = min(tokens, t0 + chunk);
    for (let g = 0; g < rowGroups; g += 2) {
      const p = w + <usize>g * group;
      const both = g + 1 < rowGroups;
      unpackPanel(p, blocks, scratch);
      if (both) unpackPanel(p + group, blocks, scratch + 16);
      for (let t = t0; t < end; t += TILE) {
        const at = x + activationBytes(t, blocks);
        const to = y + <usize>t * yStep + (<usize>g << 4);
        panelTile<P>(scratch, both, blocks, 8, at, min(TILE, end - t), to, yStep, scale);
      }
    }
  }
}

/** The row group packed at `p` -> one half of a panel, at `o` or, for the second, 16 bytes on. */
function unpackPanel(p: usize, blocks: i32, o: usize): void {
  const mask = NIBBLE, halfMask = HALF_MASK, halfScale = HALF_SCALE;
  for (let b = 0; b < blocks; b++) {
    const v0 = v128.load(p, 8), v1 = v128.load(p, 24), v2 = v128.load(p, 40), v3 = v128.load(p, 56);
    v128.store(o, v128.and(v0, mask), 0);
    v128.store(o, v128.and(v1, mask), 32);
    v128.store(o, v128.and(v2, mask), 64);
    v128.store(o, v128.and(v3, mask), 96);
    v128.store(o, v128.and(i16x8.shr_u(v0, 4), mask), 128);
    v128.store(o, v128.and(i16x8.shr_u(v1, 4), mask), 160);
    v128.store(o, v128.and(i16x8.shr_u(v2, 4), mask), 192);
    v128.store(o, v128.and(i16x8.shr_u(v3, 4), mask), 224);
    v128.store(o, loadHalves(p, halfMask, halfScale), 256);
    p += BLOCK;
    o += PANEL_BLOCK;
  }
}

/** A matrix times one token, whose blocks are `next` bytes apart. Reads four distant row groups at once: hardware prefetch stops at 4 KiB pages. */
function oneToken<P>(w: usize, rowGroups: i32, blocks: i32, x: usize, next: usize, y: usize, scale: f32): void {
  const group = <usize>blocks * BLOCK;
  const part = streamGroups(rowGroups, group);
  const stride = <usize>part * group;
  const yPart = <usize>part << 4;
  for (let g = 0; g < part; g++) {
    fourGroups<P>(w, stride, blocks, x, next, y, yPart, scale);
    w += group;
    y += 16;
  }
  w += 3 * stride;
  y += 3 * yPart;
  for (let g = part << 2; g < rowGroups; g++) {
    oneGroup<P>(w, blocks, x, next, y, scale);
    w += group;
    y += 16;
  }
}

/** acc + the low nibbles of v times s + the high ones times u; mask: 15 in every byte, or in every word where plain. */
// @ts-ignore: decorator
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

// @ts-ignore: decorator
@inline
function maskOf<P>(): v128 {
  return sizeof<P>() == 2 && isSigned<P>() ? NIBBLE_WORD : NIBBLE;
}

// @ts-ignore: decorator
@inline
function add<P>(sums: v128, p: usize, acc: v128, d: v128): v128 {
  return madd(f32x4.convert_i32x4_s(total<P>(acc)), f32x4.mul(loadHalves(p, HALF_MASK, HALF_SCALE), d), sums);
}

// @ts-ignore: decorator
@inline
function fourGroups<P>(
  p0: usize, stride: usize, blocks: i32, x: usize, next: usize, y: usize, yPart: usize, scale: f32,
): void {
  let p1 = p0 + stride, p2 = p1 + stride, p3 = p2 + stride;
  const mask = maskOf<P>();
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0, f3 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = start<P>(x, 8), a1 = a0, a2 = a0, a3 = a0;
    let s = v128.load32_splat(x, 0), u = v128.load32_splat(x, 16);
    let v0 = v128.load(p0, 8), v1 = v128.load(p1, 8), v2 = v128.load(p2, 8), v3 = v128.load(p3, 8);
    a0 = steps<P>(a0, s, u, v0, mask);
    a1 = steps<P>(a1, s, u, v1, mask);
    a2 = steps<P>(a2, s, u, v2, mask);
    a3 = steps<P>(a3, s, u, v3, mask);
    s = v128.load32_splat(x, 4);
    u = v128.load32_splat(x, 20);
    v0 = v128.load(p0, 24);
    v1 = v128.load(p1, 24);
    v2 = v128.load(p2, 24);
    v3 = v128.load(p3, 24);
    a0 = steps<P>(a0, s, u, v0, mask);
    a1 = steps<P>(a1, s, u, v1, mask);
    a2 = steps<P>(a2, s, u, v2, mask);
    a3 = steps<P>(a3, s, u, v3, mask);
    s = v128.load32_splat(x, 8);
    u = v128.load32_splat(x, 24);
    v0 = v128.load(p0, 40);
    v1 = v128.load(p1, 40);
    v2 = v128.load(p2, 40);
    v3 = v128.load(p3, 40);
    a0 = steps<P>(a0, s, u, v0, mask);
    a1 = steps<P>(a1, s, u, v1, mask);
    a2 = steps<P>(a2, s, u, v2, mask);
    a3 = steps<P>(a3, s, u, v3, mask);
    s = v128.load32_splat(x, 12);
    u = v128.load32_splat(x, 28);
    v0 = v128.load(p0, 56);
    v1 = v128.load(p1, 56);
    v2 = v128.load(p2, 56);
    v3 = v128.load(p3, 56);
    a0 = steps<P>(a0, s, u, v0, mask);
    a1 = steps<P>(a1, s, u, v1, mask);
    a2 = steps<P>(a2, s, u, v2, mask);
    a3 = steps<P>(a3, s, u, v3, mask);
    const d = v128.load32_splat(x, 32);
    f0 = add<P>(f0, p0, a0, d);
    f1 = add<P>(f1, p1, a1, d);
    f2 = add<P>(f2, p2, a2, d);
    f3 = add<P>(f3, p3, a3, d);
    p0 += BLOCK;
    p1 += BLOCK;
    p2 += BLOCK;
    p3 += BLOCK;
    x += next;
  }
  const s = f32x4.splat(scale);
  v128.store(y, f32x4.mul(f0, s));
  v128.store(y + yPart, f32x4.mul(f1, s));
  v128.store(y + 2 * yPart, f32x4.mul(f2, s));
  v128.store(y + 3 * yPart, f32x4.mul(f3, s));
}

// @ts-ignore: decorator
@inline
function oneGroup<P>(p: usize, blocks: i32, x: usize, next: usize, y: usize, scale: f32): void {
  const mask = maskOf<P>();
  let f = f32x4.splat(0);
  for (let b = 0; b < blocks; b++) {
    let a = start<P>(x, 8);
    for (let j: usize = 0; j < 4; j++) {
      const v = v128.load(p + 16 * j, 8);
      a = steps<P>(a, v128.load32_splat(x + 4 * j), v128.load32_splat(x + 4 * j, 16), v, mask);
    }
    f = add<P>(f, p, a, v128.load32_splat(x, 32));
    p += BLOCK;
    x += next;
  }
  v128.store(y, f32x4.mul(f, f32x4.splat(scale)));
}
