// Products of one unpacked row group (a panel) with tiles of prepared tokens; leans on heads and the 8-bit products.
import { madd } from "./simd.as";
import { TILE, TOKEN_BLOCK } from "./quantize-activations.as";
import { start, step, total } from "./product.as";
import { blockSum, Halves, HalvesPairs, hasMinimums } from "./heads.as";

/** Bytes of a block of a panel: 8 vectors (lane = row, 4 columns each), then the 4 rows' scales. */
export const PANEL_BLOCK: usize = 144;
/** The same with the rows' minimums after the scales, as minimumsAt gives them. */
export const MINIMUM_BLOCK: usize = 160;
/** PANEL_BLOCK where 8-bit weights are cut in two nibbles: 8 vectors of low nibbles, 8 of high ones, then the scales. */
export const NIBBLE_BLOCK: usize = 272;
/** Up to how many tokens a product is made token by token: reading the weights twice costs less than unpacking them. */
export const FEW: i32 = 2;
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

/**
 * A tile of up to 3 tokens with two panels, the second `second` bytes on, whose rows follow the first's in y: a
 * broadcast of an activation serves both. yStep: bytes between tokens of y.
 */
// @ts-ignore: decorator
@inline
export function panelTile<P>(
  panel: usize, second: usize, blocks: i32, zero: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  anyTile<P, Halves>(panel, second, blocks, zero, x, tile, y, yStep, scale);
}

/** panelTile for weights 16 too high; compiled once for all types that have such panels. */
export function offsetTile<P>(
  panel: usize, second: usize, blocks: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  anyTile<P, Halves>(panel, second, blocks, 16, x, tile, y, yStep, scale);
}

/** offsetTile for panels with minimums. */
export function minimumTile<P>(
  panel: usize, second: usize, blocks: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  anyTile<P, HalvesPairs>(panel, second, blocks, 16, x, tile, y, yStep, scale);
}

/** panelTile for signed bytes, or for bytes 128 too high where products are of unsigned ones. */
export function byteTile<P>(
  panel: usize, second: usize, blocks: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  anyTile<P, Halves>(panel, second, blocks, isSigned<P>() ? 0 : 128, x, tile, y, yStep, scale);
}

// @ts-ignore: decorator
@inline
function anyTile<P, H>(
  panel: usize, second: usize, blocks: i32, zero: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  if (tile == 3 && second != 0) {
    panel2x3<P, H>(panel, panel + second, blocks, zero, x, y, yStep, scale);
    return;
  }
  const next = <usize>tile * TOKEN_BLOCK;
  for (; tile > 0; tile--) {
    panel1<P, H>(panel, blocks, zero, x, next, y, scale);
    if (second != 0) panel1<P, H>(panel + second, blocks, zero, x, next, y + 16, scale);
    x += TOKEN_BLOCK;
    y += yStep;
  }
}

/** A pointer a token, because V8 folds no offset into a broadcast: the tokens share the address of each offset. */
// @ts-ignore: decorator
@inline
function panel2x3<P, H>(
  w: usize, w2: usize, blocks: i32, zero: i32, x0: usize, y: usize, yStep: usize, scale: f32,
): void {
  let x1 = x0 + TOKEN_BLOCK, x2 = x1 + TOKEN_BLOCK;
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0, g0 = f0, g1 = f0, g2 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = start<P>(x0, zero), a1 = start<P>(x1, zero), a2 = start<P>(x2, zero);
    let c0 = a0, c1 = a1, c2 = a2, v = a0, u = a0, s = a0;
    v = v128.load(w, 0);
    u = v128.load(w2, 0);
    s = v128.load32_splat(x0, 0);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 0);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 0);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 16);
    u = v128.load(w2, 16);
    s = v128.load32_splat(x0, 4);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 4);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 4);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 32);
    u = v128.load(w2, 32);
    s = v128.load32_splat(x0, 8);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 8);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 8);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 48);
    u = v128.load(w2, 48);
    s = v128.load32_splat(x0, 12);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 12);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 12);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 64);
    u = v128.load(w2, 64);
    s = v128.load32_splat(x0, 16);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 16);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 16);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 80);
    u = v128.load(w2, 80);
    s = v128.load32_splat(x0, 20);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 20);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 20);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 96);
    u = v128.load(w2, 96);
    s = v128.load32_splat(x0, 24);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 24);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 24);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 112);
    u = v128.load(w2, 112);
    s = v128.load32_splat(x0, 28);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 28);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 28);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 128);
    u = v128.load(w2, 128);
    f0 = add<P>(f0, v, a0, x0);
    g0 = add<P>(g0, u, c0, x0);
    f1 = add<P>(f1, v, a1, x1);
    g1 = add<P>(g1, u, c1, x1);
    f2 = add<P>(f2, v, a2, x2);
    g2 = add<P>(g2, u, c2, x2);
    if (hasMinimums<H>()) {
      v = v128.load(w, 144);
      u = v128.load(w2, 144);
      s = blockSum(x0);
      f0 = madd(v, s, f0);
      g0 = madd(u, s, g0);
      s = blockSum(x1);
      f1 = madd(v, s, f1);
      g1 = madd(u, s, g1);
      s = blockSum(x2);
      f2 = madd(v, s, f2);
      g2 = madd(u, s, g2);
    }
    w += hasMinimums<H>() ? MINIMUM_BLOCK : PANEL_BLOCK;
    w2 += hasMinimums<H>() ? MINIMUM_BLOCK : PANEL_BLOCK;
    x0 += 3 * TOKEN_BLOCK;
    x1 += 3 * TOKEN_BLOCK;
    x2 += 3 * TOKEN_BLOCK;
  }
  put(y, f0, scale);
  put(y + 16, g0, scale);
  put(y + yStep, f1, scale);
  put(y + yStep + 16, g1, scale);
  put(y + 2 * yStep, f2, scale);
  put(y + 2 * yStep + 16, g2, scale);
}

// @ts-ignore: decorator
@inline
function panel1<P, H>(w: usize, blocks: i32, zero: i32, x: usize, next: usize, y: usize, scale: f32): void {
  let f = f32x4.splat(0);
  for (let b = 0; b < blocks; b++) {
    let a = start<P>(x, zero);
    for (let k: usize = 0; k < 32; k += 8) {
      a = step<P>(a, v128.load32_splat(x + k, 0), v128.load(w + 4 * k, 0));
      a = step<P>(a, v128.load32_splat(x + k, 4), v128.load(w + 4 * k, 16));
    }
    f = add<P>(f, v128.load(w, 128), a, x);
    if (hasMinimums<H>()) f = madd(v128.load(w, 144), blockSum(x), f);
    w += hasMinimums<H>() ? MINIMUM_BLOCK : PANEL_BLOCK;
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
