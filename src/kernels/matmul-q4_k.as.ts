// Q4_K weights: packing, products and row lookup; leans on the K-quant panels.
//
// Packed: row group after row group (4 rows), block after block (256 columns): 4 halves d, 4 halves dmin, then 4 chunks of 64
// columns: minimums (8 bytes: of A and B, for each row), scales (8 bytes alike), and 8 vectors j whose bytes 4r..4r+3 are
// row r's words j (low nibbles) and 8 + j (high ones). Words, A and B: see quantize-q8k.as.ts.
import { chunkTokens, dot2, FEW, less, MINIMUMS, PANEL_BLOCK, panelTile, scaled, WORDS, WORDS_8 } from "./panel-k.as";
import { TILE } from "./quantize-activations.as";
import { activationBytes, SCALE, SUMS_32, TOKEN_BLOCK } from "./quantize-q8k.as";
import { HALF_MASK, HALF_SCALE, halfAt, loadHalves, madd, NIBBLE } from "./simd.as";
import { normalizeScales } from "./subnormal.as";
import { transpose } from "./matmul-q4_0.as";

const BLOCK: usize = 592;
const CHUNK: usize = 144;
const FILE_BLOCK: usize = 144;

/** src: 4 * rowGroups file rows of cols / 256 blocks { f16 d, f16 dmin, 12 bytes of 6-bit numbers, 128 bytes } -> dst, packed. */
export function pack_q4_k(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  const blocks = cols >> 8;
  const row = <usize>blocks * FILE_BLOCK;
  for (let g = 0; g < rowGroups; g++) {
    for (let i = 0; i < blocks; i++) {
      for (let r: usize = 0; r < 4; r++) packScales(src + r * row, dst + 2 * r, CHUNK);
      let a = src + 16, b = a + row, c = b + row, d = c + row;
      for (let o = dst + 32; o < dst + BLOCK; o += CHUNK) {
        const a0 = sorted(a, 0), b0 = sorted(b, 0), c0 = sorted(c, 0), d0 = sorted(d, 0);
        const a1 = sorted(a, 1), b1 = sorted(b, 1), c1 = sorted(c, 1), d1 = sorted(d, 1);
        transpose(zipLow(a0, a1), zipLow(b0, b1), zipLow(c0, c1), zipLow(d0, d1), o);
        transpose(zipHigh(a0, a1), zipHigh(b0, b1), zipHigh(c0, c1), zipHigh(d0, d1), o + 64);
        a += 32;
        b += 32;
        c += 32;
        d += 32;
      }
      src += FILE_BLOCK;
      dst += BLOCK;
    }
    src += 3 * row;
  }
}

/** d, dmin, scales and minimums of a row's block, those of Q4_K and Q5_K -> the row's places in packed chunks. */
export function packScales(p: usize, o: usize, chunk: usize): void {
  store<u16>(o, load<u16>(p), 0);
  store<u16>(o, load<u16>(p, 2), 8);
  for (let i: usize = 0; i < 8; i++) {
    const at = p + 4 + (i & 3);
    const low = <u32>load<u8>(at), middle = <u32>load<u8>(at, 4), high = <u32>load<u8>(at, 8);
    const scale = i < 4 ? low & 63 : (high & 15) | ((low >> 2) & 48);
    const minimum = i < 4 ? middle & 63 : (high >> 4) | ((middle >> 2) & 48);
    const to = o + chunk * (i >> 1) + (i & 1);
    store<u8>(to, minimum, 16);
    store<u8>(to, scale, 24);
  }
}

/** The low (0) or high (1) nibbles of 32 bytes: the first 16 in low nibbles, the last 16 in high ones. */
// @ts-ignore: decorator
@inline
function sorted(p: usize, high: i32): v128 {
  const v = v128.load(p, 0), u = v128.load(p, 16);
  const mask = i8x16.splat(15);
  if (high) return v128.or(v128.and(i16x8.shr_u(v, 4), mask), v128.andnot(u, mask));
  return v128.or(v128.and(v, mask), i16x8.shl(v128.and(u, mask), 4));
}

/** Pairs of bytes in turn, from the low halves of a and b. */
// @ts-ignore: decorator
@inline
export function zipLow(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

/** Pairs of bytes in turn, from the high halves of a and b. */
// @ts-ignore: decorator
@inline
export function zipHigh(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** See normalizeScales. */
export function normalize_q4_k(w: usize, rowGroups: i32, cols: i32): i32 {
  return normalizeScales(w, rowGroups * (cols >> 8), BLOCK, 8);
}

/** Row `row` of w, times scale -> out [cols] f32. */
export function unpack_row_q4_k(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  const blocks = <usize>(cols >> 8);
  const r = <usize>(row & 3);
  let p = w + <usize>(row >> 2) * blocks * BLOCK;
  for (const end = p + blocks * BLOCK; p < end; ) {
    const d = halfAt(p + 2 * r) * scale, dmin = halfAt(p + 8 + 2 * r) * scale;
    p += 16;
    for (let chunk = 0; chunk < 4; chunk++) {
      for (let i: usize = 0; i < 32; i++) {
        const byte = <u32>load<u8>(p + 4 * r + 16 * (i >> 2) + (i & 3), 16);
        const part = (i >> 1) & 1; // A or B
        const m = dmin * <f32>load<u8>(p + 2 * r + part), s = d * <f32>load<u8>(p + 2 * r + part, 8);
        const to = out + (part << 7) + (((i >> 1) & ~1) << 2) + ((i & 1) << 2);
        store<f32>(to, s * <f32>(byte & 15) - m, 0);
        store<f32>(to, s * <f32>(byte >> 4) - m, 64);
      }
      p += CHUNK;
      out += 256;
    }
  }
}

/** y[token * yStride + row] = scale * (w x); x: what quantize_q8k wrote. scratch: two panels. */
export function matmul_q4_k(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  const blocks = cols >> 8;
  const yStep = <usize>yStride << 2;
  if (tokens <= FEW) {
    const next = <usize>tokens * TOKEN_BLOCK;
    for (let t = 0; t < tokens; t++) {
      oneToken(w, rowGroups, blocks, x + <usize>t * TOKEN_BLOCK, next, y + <usize>t * yStep, scale);
    }
    return;
  }
  const chunk = chunkTokens(blocks);
  const group = <usize>blocks * BLOCK, panel = <usize>blocks * PANEL_BLOCK;
  for (let t0 = 0; t0 < tokens; t0 += chunk) {
    const end = min(tokens, t0 + chunk);
    for (let g = 0; g < rowGroups; g += 2) {
      const p = w + <usize>g * group;
      const second = g + 1 < rowGroups ? panel : 0;
      unpackPanel(p, blocks, scratch);
      if (second != 0) unpackPanel(p + group, blocks, scratch + panel);
      for (let t = t0; t < end; t += TILE) {
        const at = x + activationBytes(t, blocks);
        const to = y + <usize>t * yStep + (<usize>g << 4);
        panelTile(4, scratch, second, blocks, at, min(TILE, end - t), to, yStep, scale);
      }
    }
  }
}

function unpackPanel(p: usize, blocks: i32, o: usize): void {
  const mask = NIBBLE, halfMask = HALF_MASK, halfScale = HALF_SCALE;
  for (let b = 0; b < blocks; b++) {
    v128.store(o, loadHalves(p, halfMask, halfScale), 0);
    v128.store(o, loadHalves(p + 8, halfMask, halfScale), 16);
    p += 16;
    let m = o + MINIMUMS;
    const next = o + PANEL_BLOCK;
    o += WORDS;
    for (let chunk = 0; chunk < 4; chunk++) {
      v128.store(m, v128.load8x8_u(p, 0));
      const scales = v128.load8x8_u(p, 8);
      for (let k: usize = 0; k < 128; k += 16) {
        const v = v128.load(p + k, 16);
        v128.store(o + k, v128.and(v, mask), 0);
        v128.store(o + k, v128.and(i16x8.shr_u(v, 4), mask), WORDS_8);
      }
      v128.store(o, scales, 128);
      v128.store(o, scales, WORDS_8 + 128);
      m += 16;
      p += CHUNK;
      o += 2 * WORDS_8;
    }
    o = next;
  }
}

/** A matrix times one token, whose blocks are `next` bytes apart. Reads four distant row groups at once: hardware prefetch stops at 4 KiB pages. */
function oneToken(w: usize, rowGroups: i32, blocks: i32, x: usize, next: usize, y: usize, scale: f32): void {
  const group = <usize>blocks * BLOCK;
  const part = rowGroups >> 2;
  const stride = <usize>part * group;
  const yPart = <usize>part << 4;
  for (let g = 0; g < part; g++) {
    fourGroups(w, stride, blocks, x, next, y, yPart, scale);
    w += group;
    y += 16;
  }
  w += 3 * stride;
  y += 3 * yPart;
  for (let g = part << 2; g < rowGroups; g++) {
    oneGroup(w, blocks, x, next, y, scale);
    w += group;
    y += 16;
  }
}

/** f - what the minimums of a block take; b0..b3: the token's sums of 32. */
// @ts-ignore: decorator
@inline
function lessMinimums(f: v128, p: usize, b0: v128, b1: v128, b2: v128, b3: v128, d: v128): v128 {
  const m0 = i32x4.dot_i16x8_s(v128.load8x8_u(p, 16), b0), m1 = i32x4.dot_i16x8_s(v128.load8x8_u(p, 16 + CHUNK), b1);
  const m2 = i32x4.dot_i16x8_s(v128.load8x8_u(p, 16 + 2 * CHUNK), b2);
  const m3 = i32x4.dot_i16x8_s(v128.load8x8_u(p, 16 + 3 * CHUNK), b3);
  return less(f, i32x4.add(i32x4.add(m0, m1), i32x4.add(m2, m3)), f32x4.mul(loadHalves(p + 8, HALF_MASK, HALF_SCALE), d));
}

/** sums + four vectors (from `at` on) of a chunk times the words s and, 8 further on, u. */
// @ts-ignore: decorator
@inline
function half<Part>(
  sums: v128, p: usize, mask: v128,
  s0: v128, s1: v128, s2: v128, s3: v128, u0: v128, u1: v128, u2: v128, u3: v128,
): v128 {
  const v0 = v128.load(p, 64 * sizeof<Part>() - 48), v1 = v128.load(p, 64 * sizeof<Part>() - 32);
  const v2 = v128.load(p, 64 * sizeof<Part>() - 16), v3 = v128.load(p, 64 * sizeof<Part>());
  let a = i16x8.add(dot2(s0, v128.and(v0, mask)), dot2(u0, v128.and(i16x8.shr_u(v0, 4), mask)));
  a = i16x8.add(i16x8.add(a, dot2(s1, v128.and(v1, mask))), dot2(u1, v128.and(i16x8.shr_u(v1, 4), mask)));
  a = i16x8.add(i16x8.add(a, dot2(s2, v128.and(v2, mask))), dot2(u2, v128.and(i16x8.shr_u(v2, 4), mask)));
  a = i16x8.add(i16x8.add(a, dot2(s3, v128.and(v3, mask))), dot2(u3, v128.and(i16x8.shr_u(v3, 4), mask)));
  return scaled(sums, a, v128.load8x8_u(p, 8));
}

// @ts-ignore: decorator
@inline
function fourGroups(
  p0: usize, stride: usize, blocks: i32, x: usize, next: usize, y: usize, yPart: usize, scale: f32,
): void {
  let p1 = p0 + stride, p2 = p1 + stride, p3 = p2 + stride;
  const mask = NIBBLE;
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0, f3 = f0;
  for (let b = 0; b < blocks; b++) {
    let d = v128.load32_splat(x, SCALE);
    let s0 = v128.load32_splat(x, SUMS_32), s1 = v128.load32_splat(x, SUMS_32 + 4);
    let s2 = v128.load32_splat(x, SUMS_32 + 8), s3 = v128.load32_splat(x, SUMS_32 + 12);
    f0 = lessMinimums(f0, p0, s0, s1, s2, s3, d);
    f1 = lessMinimums(f1, p1, s0, s1, s2, s3, d);
    f2 = lessMinimums(f2, p2, s0, s1, s2, s3, d);
    f3 = lessMinimums(f3, p3, s0, s1, s2, s3, d);
    const h0 = f32x4.mul(loadHalves(p0, HALF_MASK, HALF_SCALE), d), h1 = f32x4.mul(loadHalves(p1, HALF_MASK, HALF_SCALE), d);
    const h2 = f32x4.mul(loadHalves(p2, HALF_MASK, HALF_SCALE), d), h3 = f32x4.mul(loadHalves(p3, HALF_MASK, HALF_SCALE), d);
    p0 += 16;
    p1 += 16;
    p2 += 16;
    p3 += 16;
    let i0 = i32x4.splat(0), i1 = i0, i2 = i0, i3 = i0;
    let q = x;
    for (const end = x + 256; q < end; q += 64) {
      s0 = v128.load32_splat(q, 0);
      s1 = v128.load32_splat(q, 4);
      s2 = v128.load32_splat(q, 8);
      s3 = v128.load32_splat(q, 12);
      let u0 = v128.load32_splat(q, 32), u1 = v128.load32_splat(q, 36);
      let u2 = v128.load32_splat(q, 40), u3 = v128.load32_splat(q, 44);
      i0 = half<u8>(i0, p0, mask, s0, s1, s2, s3, u0, u1, u2, u3);
      i1 = half<u8>(i1, p1, mask, s0, s1, s2, s3, u0, u1, u2, u3);
      i2 = half<u8>(i2, p2, mask, s0, s1, s2, s3, u0, u1, u2, u3);
      i3 = half<u8>(i3, p3, mask, s0, s1, s2, s3, u0, u1, u2, u3);
      s0 = v128.load32_splat(q, 16);
      s1 = v128.load32_splat(q, 20);
      s2 = v128.load32_splat(q, 24);
      s3 = v128.load32_splat(q, 28);
      u0 = v128.load32_splat(q, 48);
      u1 = v128.load32_splat(q, 52);
      u2 = v128.load32_splat(q, 56);
      u3 = v128.load32_splat(q, 60);
      i0 = half<u16>(i0, p0, mask, s0, s1, s2, s3, u0, u1, u2, u3);
      i1 = half<u16>(i1, p1, mask, s0, s1, s2, s3, u0, u1, u2, u3);
      i2 = half<u16>(i2, p2, mask, s0, s1, s2, s3, u0, u1, u2, u3);
      i3 = half<u16>(i3, p3, mask, s0, s1, s2, s3, u0, u1, u2, u3);
      p0 += CHUNK;
      p1 += CHUNK;
      p2 += CHUNK;
      p3 += CHUNK;
    }
    f0 = madd(f32x4.convert_i32x4_s(i0), h0, f0);
    f1 = madd(f32x4.convert_i32x4_s(i1), h1, f1);
    f2 = madd(f32x4.convert_i32x4_s(i2), h2, f2);
    f3 = madd(f32x4.convert_i32x4_s(i3), h3, f3);
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
function oneGroup(p: usize, blocks: i32, x: usize, next: usize, y: usize, scale: f32): void {
  const mask = NIBBLE;
  let f = f32x4.splat(0);
  for (let b = 0; b < blocks; b++) {
    const d = v128.load32_splat(x, SCALE);
    f = lessMinimums(
      f, p, v128.load32_splat(x, SUMS_32), v128.load32_splat(x, SUMS_32 + 4),
      v128.load32_splat(x, SUMS_32 + 8), v128.load32_splat(x, SUMS_32 + 12), d,
    );
    const h = f32x4.mul(loadHalves(p, HALF_MASK, HALF_SCALE), d);
    p += 16;
    let sums = i32x4.splat(0);
    for (let q = x; q < x + 256; q += 64) {
      sums = half<u8>(
        sums, p, mask, v128.load32_splat(q, 0), v128.load32_splat(q, 4), v128.load32_splat(q, 8), v128.load32_splat(q, 12),
        v128.load32_splat(q, 32), v128.load32_splat(q, 36), v128.load32_splat(q, 40), v128.load32_splat(q, 44),
      );
      sums = half<u16>(
        sums, p, mask, v128.load32_splat(q, 16), v128.load32_splat(q, 20), v128.load32_splat(q, 24), v128.load32_splat(q, 28),
        v128.load32_splat(q, 48), v128.load32_splat(q, 52), v128.load32_splat(q, 56), v128.load32_splat(q, 60),
      );
      p += CHUNK;
    }
    f = madd(f32x4.convert_i32x4_s(sums), h, f);
    x += next;
  }
  v128.store(y, f32x4.mul(f, f32x4.splat(scale)));
}
