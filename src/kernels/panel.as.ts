// Products of one unpacked row group (a panel) with tiles of prepared tokens; leans on the 8-bit products.
import { madd } from "./simd.as";
import { TILE, TOKEN_BLOCK } from "./quantize-activations.as";
import { start, step, total } from "./product.as";

/** Bytes of a block of a panel: 8 vectors (lane = row, 4 columns each), then the 4 rows' scales. */
export const PANEL_BLOCK: usize = 144;
/** The same where 8-bit weights are cut in two nibbles: 8 vectors of low nibbles, 8 of high ones, then the scales. */
export const NIBBLE_BLOCK: usize = 272;
/** Bytes of activations that stay in the second-level cache while every row group passes over them. */
const CHUNK_BYTES: usize = 384 << 10;

/** Tokens that a pass over the matrix takes: whole tiles. */
// @ts-ignore: decorator
@inline
export function chunkTokens(blocks: i32): i32 {
  return max<i32>(1, <i32>(CHUNK_BYTES / (<usize>blocks * TOKEN_BLOCK * <usize>TILE))) * TILE;
}

// @ts-ignore: decorator
@inline
function add<P>(sums: v128, scales: v128, acc: v128, meta: usize): v128 {
  return madd(f32x4.convert_i32x4_s(total<P>(acc)), f32x4.mul(scales, v128.load32_splat(meta)), sums);
}

// @ts-ignore: decorator
@inline
function put(y: usize, sums: v128, scale: f32): void {
  v128.store(y, f32x4.mul(sums, f32x4.splat(scale)));
}

/** One tile of `tile` tokens: as one of 6, or as threes and ones. yStep: bytes between tokens of y. */
// @ts-ignore: decorator
@inline
export function panelTile<P>(
  panel: usize, blocks: i32, zero: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  if (tile == 6) {
    panel6<P>(panel, blocks, zero, x, y, yStep, scale);
    return;
  }
  const next = <usize>tile * TOKEN_BLOCK;
  let q = x;
  let meta = x + <usize>tile * 32;
  if (tile >= 3) {
    panel3<P>(panel, blocks, zero, q, meta, next, y, yStep, scale);
    q += 96;
    meta += 36;
    y += 3 * yStep;
    tile -= 3;
  }
  for (; tile > 0; tile--) {
    panel1<P>(panel, blocks, zero, q, meta, next, y, scale);
    q += 32;
    meta += 12;
    y += yStep;
  }
}

// @ts-ignore: decorator
@inline
function panel6<P>(w: usize, blocks: i32, zero: i32, x: usize, y: usize, yStep: usize, scale: f32): void {
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0, f3 = f0, f4 = f0, f5 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = start<P>(x + 192, zero), a1 = start<P>(x + 204, zero), a2 = start<P>(x + 216, zero);
    let a3 = start<P>(x + 228, zero), a4 = start<P>(x + 240, zero), a5 = start<P>(x + 252, zero);
    let v = v128.load(w, 0);
    a0 = step<P>(a0, v128.load32_splat(x, 0), v);
    a1 = step<P>(a1, v128.load32_splat(x, 32), v);
    a2 = step<P>(a2, v128.load32_splat(x, 64), v);
    a3 = step<P>(a3, v128.load32_splat(x, 96), v);
    a4 = step<P>(a4, v128.load32_splat(x, 128), v);
    a5 = step<P>(a5, v128.load32_splat(x, 160), v);
    v = v128.load(w, 16);
    a0 = step<P>(a0, v128.load32_splat(x, 4), v);
    a1 = step<P>(a1, v128.load32_splat(x, 36), v);
    a2 = step<P>(a2, v128.load32_splat(x, 68), v);
    a3 = step<P>(a3, v128.load32_splat(x, 100), v);
    a4 = step<P>(a4, v128.load32_splat(x, 132), v);
    a5 = step<P>(a5, v128.load32_splat(x, 164), v);
    v = v128.load(w, 32);
    a0 = step<P>(a0, v128.load32_splat(x, 8), v);
    a1 = step<P>(a1, v128.load32_splat(x, 40), v);
    a2 = step<P>(a2, v128.load32_splat(x, 72), v);
    a3 = step<P>(a3, v128.load32_splat(x, 104), v);
    a4 = step<P>(a4, v128.load32_splat(x, 136), v);
    a5 = step<P>(a5, v128.load32_splat(x, 168), v);
    v = v128.load(w, 48);
    a0 = step<P>(a0, v128.load32_splat(x, 12), v);
    a1 = step<P>(a1, v128.load32_splat(x, 44), v);
    a2 = step<P>(a2, v128.load32_splat(x, 76), v);
    a3 = step<P>(a3, v128.load32_splat(x, 108), v);
    a4 = step<P>(a4, v128.load32_splat(x, 140), v);
    a5 = step<P>(a5, v128.load32_splat(x, 172), v);
    v = v128.load(w, 64);
    a0 = step<P>(a0, v128.load32_splat(x, 16), v);
    a1 = step<P>(a1, v128.load32_splat(x, 48), v);
    a2 = step<P>(a2, v128.load32_splat(x, 80), v);
    a3 = step<P>(a3, v128.load32_splat(x, 112), v);
    a4 = step<P>(a4, v128.load32_splat(x, 144), v);
    a5 = step<P>(a5, v128.load32_splat(x, 176), v);
    v = v128.load(w, 80);
    a0 = step<P>(a0, v128.load32_splat(x, 20), v);
    a1 = step<P>(a1, v128.load32_splat(x, 52), v);
    a2 = step<P>(a2, v128.load32_splat(x, 84), v);
    a3 = step<P>(a3, v128.load32_splat(x, 116), v);
    a4 = step<P>(a4, v128.load32_splat(x, 148), v);
    a5 = step<P>(a5, v128.load32_splat(x, 180), v);
    v = v128.load(w, 96);
    a0 = step<P>(a0, v128.load32_splat(x, 24), v);
    a1 = step<P>(a1, v128.load32_splat(x, 56), v);
    a2 = step<P>(a2, v128.load32_splat(x, 88), v);
    a3 = step<P>(a3, v128.load32_splat(x, 120), v);
    a4 = step<P>(a4, v128.load32_splat(x, 152), v);
    a5 = step<P>(a5, v128.load32_splat(x, 184), v);
    v = v128.load(w, 112);
    a0 = step<P>(a0, v128.load32_splat(x, 28), v);
    a1 = step<P>(a1, v128.load32_splat(x, 60), v);
    a2 = step<P>(a2, v128.load32_splat(x, 92), v);
    a3 = step<P>(a3, v128.load32_splat(x, 124), v);
    a4 = step<P>(a4, v128.load32_splat(x, 156), v);
    a5 = step<P>(a5, v128.load32_splat(x, 188), v);
    v = v128.load(w, 128);
    f0 = add<P>(f0, v, a0, x + 192);
    f1 = add<P>(f1, v, a1, x + 204);
    f2 = add<P>(f2, v, a2, x + 216);
    f3 = add<P>(f3, v, a3, x + 228);
    f4 = add<P>(f4, v, a4, x + 240);
    f5 = add<P>(f5, v, a5, x + 252);
    w += PANEL_BLOCK;
    x += 6 * TOKEN_BLOCK;
  }
  put(y, f0, scale);
  put(y + yStep, f1, scale);
  put(y + 2 * yStep, f2, scale);
  put(y + 3 * yStep, f3, scale);
  put(y + 4 * yStep, f4, scale);
  put(y + 5 * yStep, f5, scale);
}

// @ts-ignore: decorator
@inline
function panel3<P>(
  w: usize, blocks: i32, zero: i32, x: usize, meta: usize, next: usize, y: usize, yStep: usize, scale: f32,
): void {
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = start<P>(meta, zero), a1 = start<P>(meta + 12, zero), a2 = start<P>(meta + 24, zero);
    for (let k: usize = 0; k < 32; k += 8) {
      const v = v128.load(w + 4 * k, 0), u = v128.load(w + 4 * k, 16);
      a0 = step<P>(step<P>(a0, v128.load32_splat(x + k, 0), v), v128.load32_splat(x + k, 4), u);
      a1 = step<P>(step<P>(a1, v128.load32_splat(x + k, 32), v), v128.load32_splat(x + k, 36), u);
      a2 = step<P>(step<P>(a2, v128.load32_splat(x + k, 64), v), v128.load32_splat(x + k, 68), u);
    }
    const v = v128.load(w, 128);
    f0 = add<P>(f0, v, a0, meta);
    f1 = add<P>(f1, v, a1, meta + 12);
    f2 = add<P>(f2, v, a2, meta + 24);
    w += PANEL_BLOCK;
    x += next;
    meta += next;
  }
  put(y, f0, scale);
  put(y + yStep, f1, scale);
  put(y + 2 * yStep, f2, scale);
}

// @ts-ignore: decorator
@inline
function panel1<P>(
  w: usize, blocks: i32, zero: i32, x: usize, meta: usize, next: usize, y: usize, scale: f32,
): void {
  let f = f32x4.splat(0);
  for (let b = 0; b < blocks; b++) {
    let a = start<P>(meta, zero);
    for (let k: usize = 0; k < 32; k += 8) {
      a = step<P>(a, v128.load32_splat(x + k, 0), v128.load(w + 4 * k, 0));
      a = step<P>(a, v128.load32_splat(x + k, 4), v128.load(w + 4 * k, 16));
    }
    f = add<P>(f, v128.load(w, 128), a, meta);
    w += PANEL_BLOCK;
    x += next;
    meta += next;
  }
  put(y, f, scale);
}

/** The sums of a block of 8-bit weights held as two nibbles, 128 too high. */
// @ts-ignore: decorator
@inline
function joinNibbles(low: v128, high: v128, meta: usize): v128 {
  const sum = i32x4.add(total<u16>(low), i32x4.shl(total<u16>(high), 4));
  return i32x4.add(sum, v128.load32_splat(meta, 8));
}

// @ts-ignore: decorator
@inline
function addNibbles(sums: v128, scales: v128, low: v128, high: v128, meta: usize): v128 {
  const whole = f32x4.convert_i32x4_s(joinNibbles(low, high, meta));
  return madd(whole, f32x4.mul(scales, v128.load32_splat(meta)), sums);
}

/** panelTile for 8-bit weights held as nibbles. */
// @ts-ignore: decorator
@inline
export function nibbleTile(
  panel: usize, blocks: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  const next = <usize>tile * TOKEN_BLOCK;
  let q = x;
  let meta = x + <usize>tile * 32;
  for (; tile >= 3; tile -= 3) {
    nibble3(panel, blocks, q, meta, next, y, yStep, scale);
    q += 96;
    meta += 36;
    y += 3 * yStep;
  }
  for (; tile > 0; tile--) {
    nibble1(panel, blocks, q, meta, next, y, scale);
    q += 32;
    meta += 12;
    y += yStep;
  }
}

function nibble3(
  w: usize, blocks: i32, x: usize, meta: usize, next: usize, y: usize, yStep: usize, scale: f32,
): void {
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = i16x8.splat(0), a1 = a0, a2 = a0, h0 = a0, h1 = a0, h2 = a0;
    for (let k: usize = 0; k < 32; k += 8) {
      let v = v128.load(w + 4 * k, 0), u = v128.load(w + 4 * k, 128);
      let s = v128.load32_splat(x + k, 0);
      a0 = step<u16>(a0, s, v);
      h0 = step<u16>(h0, s, u);
      s = v128.load32_splat(x + k, 32);
      a1 = step<u16>(a1, s, v);
      h1 = step<u16>(h1, s, u);
      s = v128.load32_splat(x + k, 64);
      a2 = step<u16>(a2, s, v);
      h2 = step<u16>(h2, s, u);
      v = v128.load(w + 4 * k, 16);
      u = v128.load(w + 4 * k, 144);
      s = v128.load32_splat(x + k, 4);
      a0 = step<u16>(a0, s, v);
      h0 = step<u16>(h0, s, u);
      s = v128.load32_splat(x + k, 36);
      a1 = step<u16>(a1, s, v);
      h1 = step<u16>(h1, s, u);
      s = v128.load32_splat(x + k, 68);
      a2 = step<u16>(a2, s, v);
      h2 = step<u16>(h2, s, u);
    }
    const v = v128.load(w, 256);
    f0 = addNibbles(f0, v, a0, h0, meta);
    f1 = addNibbles(f1, v, a1, h1, meta + 12);
    f2 = addNibbles(f2, v, a2, h2, meta + 24);
    w += NIBBLE_BLOCK;
    x += next;
    meta += next;
  }
  put(y, f0, scale);
  put(y + yStep, f1, scale);
  put(y + 2 * yStep, f2, scale);
}

function nibble1(w: usize, blocks: i32, x: usize, meta: usize, next: usize, y: usize, scale: f32): void {
  let f = f32x4.splat(0);
  for (let b = 0; b < blocks; b++) {
    let a = i16x8.splat(0), h = a;
    for (let k: usize = 0; k < 32; k += 4) {
      const s = v128.load32_splat(x + k);
      a = step<u16>(a, s, v128.load(w + 4 * k, 0));
      h = step<u16>(h, s, v128.load(w + 4 * k, 128));
    }
    f = addNibbles(f, v128.load(w, 256), a, h, meta);
    w += NIBBLE_BLOCK;
    x += next;
    meta += next;
  }
  put(y, f, scale);
}
