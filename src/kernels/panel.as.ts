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
function add<P>(sums: v128, scales: v128, acc: v128, x: usize): v128 {
  return madd(f32x4.convert_i32x4_s(total<P>(acc)), f32x4.mul(scales, v128.load32_splat(x, 32)), sums);
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
  if (tile >= 3) {
    panel3<P>(panel, blocks, zero, x, next, y, yStep, scale);
    x += 3 * TOKEN_BLOCK;
    y += 3 * yStep;
    tile -= 3;
  }
  for (; tile > 0; tile--) {
    panel1<P>(panel, blocks, zero, x, next, y, scale);
    x += TOKEN_BLOCK;
    y += yStep;
  }
}

/** A pointer a token, because V8 folds no offset into a broadcast: the tokens share the address of each offset. */
// @ts-ignore: decorator
@inline
function panel6<P>(w: usize, blocks: i32, zero: i32, x0: usize, y: usize, yStep: usize, scale: f32): void {
  let x1 = x0 + TOKEN_BLOCK, x2 = x1 + TOKEN_BLOCK, x3 = x2 + TOKEN_BLOCK, x4 = x3 + TOKEN_BLOCK, x5 = x4 + TOKEN_BLOCK;
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0, f3 = f0, f4 = f0, f5 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = start<P>(x0, zero), a1 = start<P>(x1, zero), a2 = start<P>(x2, zero);
    let a3 = start<P>(x3, zero), a4 = start<P>(x4, zero), a5 = start<P>(x5, zero);
    let v = v128.load(w, 0);
    a0 = step<P>(a0, v128.load32_splat(x0, 0), v);
    a1 = step<P>(a1, v128.load32_splat(x1, 0), v);
    a2 = step<P>(a2, v128.load32_splat(x2, 0), v);
    a3 = step<P>(a3, v128.load32_splat(x3, 0), v);
    a4 = step<P>(a4, v128.load32_splat(x4, 0), v);
    a5 = step<P>(a5, v128.load32_splat(x5, 0), v);
    v = v128.load(w, 16);
    a0 = step<P>(a0, v128.load32_splat(x0, 4), v);
    a1 = step<P>(a1, v128.load32_splat(x1, 4), v);
    a2 = step<P>(a2, v128.load32_splat(x2, 4), v);
    a3 = step<P>(a3, v128.load32_splat(x3, 4), v);
    a4 = step<P>(a4, v128.load32_splat(x4, 4), v);
    a5 = step<P>(a5, v128.load32_splat(x5, 4), v);
    v = v128.load(w, 32);
    a0 = step<P>(a0, v128.load32_splat(x0, 8), v);
    a1 = step<P>(a1, v128.load32_splat(x1, 8), v);
    a2 = step<P>(a2, v128.load32_splat(x2, 8), v);
    a3 = step<P>(a3, v128.load32_splat(x3, 8), v);
    a4 = step<P>(a4, v128.load32_splat(x4, 8), v);
    a5 = step<P>(a5, v128.load32_splat(x5, 8), v);
    v = v128.load(w, 48);
    a0 = step<P>(a0, v128.load32_splat(x0, 12), v);
    a1 = step<P>(a1, v128.load32_splat(x1, 12), v);
    a2 = step<P>(a2, v128.load32_splat(x2, 12), v);
    a3 = step<P>(a3, v128.load32_splat(x3, 12), v);
    a4 = step<P>(a4, v128.load32_splat(x4, 12), v);
    a5 = step<P>(a5, v128.load32_splat(x5, 12), v);
    v = v128.load(w, 64);
    a0 = step<P>(a0, v128.load32_splat(x0, 16), v);
    a1 = step<P>(a1, v128.load32_splat(x1, 16), v);
    a2 = step<P>(a2, v128.load32_splat(x2, 16), v);
    a3 = step<P>(a3, v128.load32_splat(x3, 16), v);
    a4 = step<P>(a4, v128.load32_splat(x4, 16), v);
    a5 = step<P>(a5, v128.load32_splat(x5, 16), v);
    v = v128.load(w, 80);
    a0 = step<P>(a0, v128.load32_splat(x0, 20), v);
    a1 = step<P>(a1, v128.load32_splat(x1, 20), v);
    a2 = step<P>(a2, v128.load32_splat(x2, 20), v);
    a3 = step<P>(a3, v128.load32_splat(x3, 20), v);
    a4 = step<P>(a4, v128.load32_splat(x4, 20), v);
    a5 = step<P>(a5, v128.load32_splat(x5, 20), v);
    v = v128.load(w, 96);
    a0 = step<P>(a0, v128.load32_splat(x0, 24), v);
    a1 = step<P>(a1, v128.load32_splat(x1, 24), v);
    a2 = step<P>(a2, v128.load32_splat(x2, 24), v);
    a3 = step<P>(a3, v128.load32_splat(x3, 24), v);
    a4 = step<P>(a4, v128.load32_splat(x4, 24), v);
    a5 = step<P>(a5, v128.load32_splat(x5, 24), v);
    v = v128.load(w, 112);
    a0 = step<P>(a0, v128.load32_splat(x0, 28), v);
    a1 = step<P>(a1, v128.load32_splat(x1, 28), v);
    a2 = step<P>(a2, v128.load32_splat(x2, 28), v);
    a3 = step<P>(a3, v128.load32_splat(x3, 28), v);
    a4 = step<P>(a4, v128.load32_splat(x4, 28), v);
    a5 = step<P>(a5, v128.load32_splat(x5, 28), v);
    v = v128.load(w, 128);
    f0 = add<P>(f0, v, a0, x0);
    f1 = add<P>(f1, v, a1, x1);
    f2 = add<P>(f2, v, a2, x2);
    f3 = add<P>(f3, v, a3, x3);
    f4 = add<P>(f4, v, a4, x4);
    f5 = add<P>(f5, v, a5, x5);
    w += PANEL_BLOCK;
    x0 += 6 * TOKEN_BLOCK;
    x1 += 6 * TOKEN_BLOCK;
    x2 += 6 * TOKEN_BLOCK;
    x3 += 6 * TOKEN_BLOCK;
    x4 += 6 * TOKEN_BLOCK;
    x5 += 6 * TOKEN_BLOCK;
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
function panel3<P>(w: usize, blocks: i32, zero: i32, x0: usize, next: usize, y: usize, yStep: usize, scale: f32): void {
  let x1 = x0 + TOKEN_BLOCK, x2 = x1 + TOKEN_BLOCK;
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = start<P>(x0, zero), a1 = start<P>(x1, zero), a2 = start<P>(x2, zero);
    for (let k: usize = 0; k < 32; k += 8) {
      const v = v128.load(w + 4 * k, 0), u = v128.load(w + 4 * k, 16);
      a0 = step<P>(step<P>(a0, v128.load32_splat(x0 + k, 0), v), v128.load32_splat(x0 + k, 4), u);
      a1 = step<P>(step<P>(a1, v128.load32_splat(x1 + k, 0), v), v128.load32_splat(x1 + k, 4), u);
      a2 = step<P>(step<P>(a2, v128.load32_splat(x2 + k, 0), v), v128.load32_splat(x2 + k, 4), u);
    }
    const v = v128.load(w, 128);
    f0 = add<P>(f0, v, a0, x0);
    f1 = add<P>(f1, v, a1, x1);
    f2 = add<P>(f2, v, a2, x2);
    w += PANEL_BLOCK;
    x0 += next;
    x1 += next;
    x2 += next;
  }
  put(y, f0, scale);
  put(y + yStep, f1, scale);
  put(y + 2 * yStep, f2, scale);
}

// @ts-ignore: decorator
@inline
function panel1<P>(w: usize, blocks: i32, zero: i32, x: usize, next: usize, y: usize, scale: f32): void {
  let f = f32x4.splat(0);
  for (let b = 0; b < blocks; b++) {
    let a = start<P>(x, zero);
    for (let k: usize = 0; k < 32; k += 8) {
      a = step<P>(a, v128.load32_splat(x + k, 0), v128.load(w + 4 * k, 0));
      a = step<P>(a, v128.load32_splat(x + k, 4), v128.load(w + 4 * k, 16));
    }
    f = add<P>(f, v128.load(w, 128), a, x);
    w += PANEL_BLOCK;
    x += next;
  }
  put(y, f, scale);
}

/** sums + scale x the sums of a block of 8-bit weights held as two nibbles, 128 too high. */
// @ts-ignore: decorator
@inline
function addNibbles(sums: v128, scales: v128, low: v128, high: v128, x: usize): v128 {
  const sum = i32x4.add(total<u16>(low), i32x4.shl(total<u16>(high), 4));
  const whole = f32x4.convert_i32x4_s(i32x4.add(sum, v128.load32_splat(x, 40)));
  return madd(whole, f32x4.mul(scales, v128.load32_splat(x, 32)), sums);
}

/** panelTile for 8-bit weights held as nibbles. */
// @ts-ignore: decorator
@inline
export function nibbleTile(
  panel: usize, blocks: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  const next = <usize>tile * TOKEN_BLOCK;
  for (; tile >= 3; tile -= 3) {
    nibble3(panel, blocks, x, next, y, yStep, scale);
    x += 3 * TOKEN_BLOCK;
    y += 3 * yStep;
  }
  for (; tile > 0; tile--) {
    nibble1(panel, blocks, x, next, y, scale);
    x += TOKEN_BLOCK;
    y += yStep;
  }
}

function nibble3(w: usize, blocks: i32, x0: usize, next: usize, y: usize, yStep: usize, scale: f32): void {
  let x1 = x0 + TOKEN_BLOCK, x2 = x1 + TOKEN_BLOCK;
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = i16x8.splat(0), a1 = a0, a2 = a0, h0 = a0, h1 = a0, h2 = a0;
    let v = a0, u = a0, s = a0;
    v = v128.load(w, 0);
    u = v128.load(w, 128);
    s = v128.load32_splat(x0, 0);
    a0 = step<u16>(a0, s, v);
    h0 = step<u16>(h0, s, u);
    s = v128.load32_splat(x1, 0);
    a1 = step<u16>(a1, s, v);
    h1 = step<u16>(h1, s, u);
    s = v128.load32_splat(x2, 0);
    a2 = step<u16>(a2, s, v);
    h2 = step<u16>(h2, s, u);
    v = v128.load(w, 16);
    u = v128.load(w, 144);
    s = v128.load32_splat(x0, 4);
    a0 = step<u16>(a0, s, v);
    h0 = step<u16>(h0, s, u);
    s = v128.load32_splat(x1, 4);
    a1 = step<u16>(a1, s, v);
    h1 = step<u16>(h1, s, u);
    s = v128.load32_splat(x2, 4);
    a2 = step<u16>(a2, s, v);
    h2 = step<u16>(h2, s, u);
    v = v128.load(w, 32);
    u = v128.load(w, 160);
    s = v128.load32_splat(x0, 8);
    a0 = step<u16>(a0, s, v);
    h0 = step<u16>(h0, s, u);
    s = v128.load32_splat(x1, 8);
    a1 = step<u16>(a1, s, v);
    h1 = step<u16>(h1, s, u);
    s = v128.load32_splat(x2, 8);
    a2 = step<u16>(a2, s, v);
    h2 = step<u16>(h2, s, u);
    v = v128.load(w, 48);
    u = v128.load(w, 176);
    s = v128.load32_splat(x0, 12);
    a0 = step<u16>(a0, s, v);
    h0 = step<u16>(h0, s, u);
    s = v128.load32_splat(x1, 12);
    a1 = step<u16>(a1, s, v);
    h1 = step<u16>(h1, s, u);
    s = v128.load32_splat(x2, 12);
    a2 = step<u16>(a2, s, v);
    h2 = step<u16>(h2, s, u);
    v = v128.load(w, 64);
    u = v128.load(w, 192);
    s = v128.load32_splat(x0, 16);
    a0 = step<u16>(a0, s, v);
    h0 = step<u16>(h0, s, u);
    s = v128.load32_splat(x1, 16);
    a1 = step<u16>(a1, s, v);
    h1 = step<u16>(h1, s, u);
    s = v128.load32_splat(x2, 16);
    a2 = step<u16>(a2, s, v);
    h2 = step<u16>(h2, s, u);
    v = v128.load(w, 80);
    u = v128.load(w, 208);
    s = v128.load32_splat(x0, 20);
    a0 = step<u16>(a0, s, v);
    h0 = step<u16>(h0, s, u);
    s = v128.load32_splat(x1, 20);
    a1 = step<u16>(a1, s, v);
    h1 = step<u16>(h1, s, u);
    s = v128.load32_splat(x2, 20);
    a2 = step<u16>(a2, s, v);
    h2 = step<u16>(h2, s, u);
    v = v128.load(w, 96);
    u = v128.load(w, 224);
    s = v128.load32_splat(x0, 24);
    a0 = step<u16>(a0, s, v);
    h0 = step<u16>(h0, s, u);
    s = v128.load32_splat(x1, 24);
    a1 = step<u16>(a1, s, v);
    h1 = step<u16>(h1, s, u);
    s = v128.load32_splat(x2, 24);
    a2 = step<u16>(a2, s, v);
    h2 = step<u16>(h2, s, u);
    v = v128.load(w, 112);
    u = v128.load(w, 240);
    s = v128.load32_splat(x0, 28);
    a0 = step<u16>(a0, s, v);
    h0 = step<u16>(h0, s, u);
    s = v128.load32_splat(x1, 28);
    a1 = step<u16>(a1, s, v);
    h1 = step<u16>(h1, s, u);
    s = v128.load32_splat(x2, 28);
    a2 = step<u16>(a2, s, v);
    h2 = step<u16>(h2, s, u);
    v = v128.load(w, 256);
    f0 = addNibbles(f0, v, a0, h0, x0);
    f1 = addNibbles(f1, v, a1, h1, x1);
    f2 = addNibbles(f2, v, a2, h2, x2);
    w += NIBBLE_BLOCK;
    x0 += next;
    x1 += next;
    x2 += next;
  }
  put(y, f0, scale);
  put(y + yStep, f1, scale);
  put(y + 2 * yStep, f2, scale);
}

function nibble1(w: usize, blocks: i32, x: usize, next: usize, y: usize, scale: f32): void {
  let f = f32x4.splat(0);
  for (let b = 0; b < blocks; b++) {
    let a = i16x8.splat(0), h = a;
    for (let k: usize = 0; k < 32; k += 4) {
      const s = v128.load32_splat(x + k);
      a = step<u16>(a, s, v128.load(w + 4 * k, 0));
      h = step<u16>(h, s, v128.load(w + 4 * k, 128));
    }
    f = addNibbles(f, v128.load(w, 256), a, h, x);
    w += NIBBLE_BLOCK;
    x += next;
  }
  put(y, f, scale);
}
