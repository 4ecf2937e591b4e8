// Q8_0 weights: packing, products and row lookup; leans on the panels and the 8-bit products.
//
// Packed: row group after row group (4 rows), block after block (32 columns): 4 halves (the rows' scales), then 8 vectors
// k of 16 bytes; bytes 4r..4r+3 of vector k are columns 4k..4k+3 of row r. `offset` (0 or 128) is added to every byte,
// so that a machine whose dot takes the weights as unsigned can be given them.
import { activationBytes, TILE, TOKEN_BLOCK } from "./quantize-activations.as";
import { chunkTokens, FEW, NIBBLE_BLOCK, nibbleTile, PANEL_BLOCK, panelTile } from "./panel.as";
import { start, step } from "./product.as";
import { HALF_MASK, HALF_SCALE, halfAt, loadHalves, madd, NIBBLE } from "./simd.as";
import { normalizeScales } from "./subnormal.as";
import { transpose } from "./matmul-q4_0.as";
import { streamGroups } from "./streams.as";

const BLOCK: usize = 136;
const FILE_BLOCK: usize = 34;

/** src: 4 * rowGroups file rows of cols / 32 blocks { f16 d, 32 i8 } -> dst, packed. */
export function pack_q8_0(src: usize, dst: usize, rowGroups: i32, cols: i32, offset: i32): void {
  const blocks = cols >> 5;
  const row = <usize>blocks * FILE_BLOCK;
  const flip = i8x16.splat(<i8>offset); // adding 128 to a byte flips its top bit
  for (let g = 0; g < rowGroups; g++) {
    let a = src, b = src + row, c = src + 2 * row, d = src + 3 * row;
    for (let i = 0; i < blocks; i++) {
      store<u16>(dst, load<u16>(a), 0);
      store<u16>(dst, load<u16>(b), 2);
      store<u16>(dst, load<u16>(c), 4);
      store<u16>(dst, load<u16>(d), 6);
      transpose(
        v128.xor(v128.load(a, 2), flip), v128.xor(v128.load(b, 2), flip),
        v128.xor(v128.load(c, 2), flip), v128.xor(v128.load(d, 2), flip), dst + 8,
      );
      transpose(
        v128.xor(v128.load(a, 18), flip), v128.xor(v128.load(b, 18), flip),
        v128.xor(v128.load(c, 18), flip), v128.xor(v128.load(d, 18), flip), dst + 72,
      );
      a += FILE_BLOCK;
      b += FILE_BLOCK;
      c += FILE_BLOCK;
      d += FILE_BLOCK;
      dst += BLOCK;
    }
    src += 4 * row;
  }
}

/** See normalizeScales. */
export function normalize_q8_0(w: usize, rowGroups: i32, cols: i32): i32 {
  return normalizeScales(w, rowGroups * (cols >> 5), BLOCK);
}

/** Row `row` of w, times scale -> out [cols] f32. */
export function unpack_row_q8_0(w: usize, cols: i32, row: i32, out: usize, scale: f32, offset: i32): void {
  const blocks = cols >> 5;
  const lane = <usize>(row & 3);
  const flip = i8x16.splat(<i8>offset);
  let p = w + <usize>(row >> 2) * <usize>blocks * BLOCK;
  for (let b = 0; b < blocks; b++) {
    const d = f32x4.splat(halfAt(p + 2 * lane) * scale);
    for (let k: usize = 0; k < 8; k++) {
      const bytes = v128.xor(v128.load32_zero(p + 8 + 16 * k + 4 * lane), flip);
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
  if (ASC_FEATURE_RELAXED_SIMD && tokens > FEW) nibbles(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
  else product<i16>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
}

/** The product where one step is exact for 8-bit weights. */
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
  const group = <usize>blocks * BLOCK;
  const chunk = chunkTokens(blocks);
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
        panelTile<P>(scratch, both, blocks, zeroOf<P>(), at, min(TILE, end - t), to, yStep, scale);
      }
    }
  }
}

/** The product where it is not: panels are cut in nibbles, each of which is exact in pairs. */
function nibbles(
  w: usize, rowGroups: i32, cols: i32, x: usize, tokens: i32, y: usize, yStride: i32, scale: f32, scratch: usize,
): void {
  const blocks = cols >> 5;
  const yStep = <usize>yStride << 2;
  const group = <usize>blocks * BLOCK;
  const chunk = chunkTokens(blocks);
  for (let t0 = 0; t0 < tokens; t0 += chunk) {
    const end = min(tokens, t0 + chunk);
    for (let g = 0; g < rowGroups; g += 2) {
      const p = w + <usize>g * group;
      const both = g + 1 < rowGroups;
      unpackNibbles(p, blocks, scratch);
      if (both) unpackNibbles(p + group, blocks, scratch + 16);
      for (let t = t0; t < end; t += TILE) {
        const at = x + activationBytes(t, blocks);
        const to = y + <usize>t * yStep + (<usize>g << 4);
        nibbleTile(scratch, both, blocks, at, min(TILE, end - t), to, yStep, scale);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function zeroOf<P>(): i32 {
  return isSigned<P>() ? 0 : 128; // plain products are of signed bytes, too
}

/** The row group packed at `p` -> one half of a panel, at `o` or, for the second, 16 bytes on. */
function unpackPanel(p: usize, blocks: i32, o: usize): void {
  for (let b = 0; b < blocks; b++) {
    for (let k: usize = 0; k < 128; k += 16) v128.store(o + 2 * k, v128.load(p + k, 8));
    v128.store(o, loadHalves(p, HALF_MASK, HALF_SCALE), 256);
    p += BLOCK;
    o += PANEL_BLOCK;
  }
}

/** The same in low and high nibbles of the signed byte plus 128. */
function unpackNibbles(p: usize, blocks: i32, o: usize): void {
  const mask = NIBBLE;
  const flip = i8x16.splat(-128);
  for (let b = 0; b < blocks; b++) {
    for (let k: usize = 0; k < 128; k += 16) {
      const v = v128.xor(v128.load(p + k, 8), flip);
      v128.store(o + 2 * k, v128.and(v, mask), 0);
      v128.store(o + 2 * k, v128.and(i16x8.shr_u(v, 4), mask), 256);
    }
    v128.store(o, loadHalves(p, HALF_MASK, HALF_SCALE), 512);
    p += BLOCK;
    o += NIBBLE_BLOCK;
  }
}

/** A matrix times one token, whose blocks are `next` bytes apart, from four distant row groups at once. */
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

// @ts-ignore: decorator
@inline
function add(sums: v128, p: usize, acc: v128, d: v128): v128 {
  return madd(f32x4.convert_i32x4_s(acc), f32x4.mul(loadHalves(p, HALF_MASK, HALF_SCALE), d), sums);
}

// @ts-ignore: decorator
@inline
function fourGroups<P>(
  p0: usize, stride: usize, blocks: i32, x: usize, next: usize, y: usize, yPart: usize, scale: f32,
): void {
  let p1 = p0 + stride, p2 = p1 + stride, p3 = p2 + stride;
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0, f3 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = start<P>(x, zeroOf<P>()), a1 = a0, a2 = a0, a3 = a0;
    for (let k: usize = 0; k < 32; k += 8) {
      let s = v128.load32_splat(x + k);
      a0 = step<P>(a0, s, v128.load(p0 + 4 * k, 8));
      a1 = step<P>(a1, s, v128.load(p1 + 4 * k, 8));
      a2 = step<P>(a2, s, v128.load(p2 + 4 * k, 8));
      a3 = step<P>(a3, s, v128.load(p3 + 4 * k, 8));
      s = v128.load32_splat(x + k, 4);
      a0 = step<P>(a0, s, v128.load(p0 + 4 * k, 24));
      a1 = step<P>(a1, s, v128.load(p1 + 4 * k, 24));
      a2 = step<P>(a2, s, v128.load(p2 + 4 * k, 24));
      a3 = step<P>(a3, s, v128.load(p3 + 4 * k, 24));
    }
    const d = v128.load32_splat(x, 32);
    f0 = add(f0, p0, a0, d);
    f1 = add(f1, p1, a1, d);
    f2 = add(f2, p2, a2, d);
    f3 = add(f3, p3, a3, d);
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
  let f = f32x4.splat(0);
  for (let b = 0; b < blocks; b++) {
    let a = start<P>(x, zeroOf<P>());
    for (let k: usize = 0; k < 8; k++) {
      a = step<P>(a, v128.load32_splat(x + 4 * k), v128.load(p + 16 * k, 8));
    }
    f = add(f, p, a, v128.load32_splat(x, 32));
    p += BLOCK;
    x += next;
  }
  v128.store(y, f32x4.mul(f, f32x4.splat(scale)));
}
