// Products of unpacked row groups (panels) with tiles of prepared tokens; leans on heads and the 8-bit products.
//
// A panel is a row group unpacked: 8 rows as two vectors of 4, side by side, so that an engine that makes one instruction
// of two neighbouring vectors can.
import { madd, storeRows, zeros } from "./simd.as";
import { TILE, TOKEN_BLOCK } from "./quantize-activations.as";
import { start, step, total } from "./product.as";
import { blockSum, Halves, HalvesPairs, hasMinimums } from "./heads.as";

/** Bytes of a block of a panel: 8 pairs of vectors (lane = row, 4 columns each), then the 8 rows' scales. */
export const PANEL_BLOCK: usize = 288;
/** The same with the rows' minimums after the scales, as minimumsAt gives them. */
export const MINIMUM_BLOCK: usize = 320;
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

/**
 * A tile of up to 3 tokens with a panel whose weights are `zero` too high; a broadcast of an activation serves both
 * vectors of rows. yStep: bytes between tokens of y.
 */
// @ts-ignore: decorator
@inline
export function panelTile<P>(
  panel: usize, blocks: i32, zero: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  anyTile<P, Halves>(panel, blocks, zero, x, tile, y, yStep, scale);
}

/** panelTile for weights 16 too high; compiled once for all types that have such panels. */
export function offsetTile<P>(
  panel: usize, blocks: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  anyTile<P, Halves>(panel, blocks, 16, x, tile, y, yStep, scale);
}

/** offsetTile for panels with minimums. */
export function minimumTile<P>(
  panel: usize, blocks: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  anyTile<P, HalvesPairs>(panel, blocks, 16, x, tile, y, yStep, scale);
}

/** panelTile for signed bytes, or for bytes 128 too high where products are of unsigned ones. */
export function byteTile<P>(
  panel: usize, blocks: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  anyTile<P, Halves>(panel, blocks, isSigned<P>() ? 0 : 128, x, tile, y, yStep, scale);
}

// @ts-ignore: decorator
@inline
function anyTile<P, H>(
  panel: usize, blocks: i32, zero: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  if (tile == 3) {
    panel2x3<P, H>(panel, blocks, zero, x, y, yStep, scale);
    return;
  }
  const next = <usize>tile * TOKEN_BLOCK;
  for (; tile > 0; tile--) {
    panel2x1<P, H>(panel, blocks, zero, x, next, y, scale);
    x += TOKEN_BLOCK;
    y += yStep;
  }
}

/** A pointer a token, because V8 folds no offset into a broadcast: the tokens share the address of each offset. */
// @ts-ignore: decorator
@inline
function panel2x3<P, H>(
  w: usize, blocks: i32, zero: i32, x0: usize, y: usize, yStep: usize, scale: f32,
): void {
  let x1 = x0 + TOKEN_BLOCK, x2 = x1 + TOKEN_BLOCK;
  let f0 = zeros(), f1 = f0, f2 = f0, g0 = f0, g1 = f0, g2 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = start<P>(x0, zero), a1 = start<P>(x1, zero), a2 = start<P>(x2, zero);
    let c0 = a0, c1 = a1, c2 = a2, v = a0, u = a0, s = a0;
    v = v128.load(w, 0);
    u = v128.load(w, 16);
    s = v128.load32_splat(x0, 0);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 0);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 0);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 32);
    u = v128.load(w, 48);
    s = v128.load32_splat(x0, 4);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 4);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 4);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 64);
    u = v128.load(w, 80);
    s = v128.load32_splat(x0, 8);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 8);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 8);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 96);
    u = v128.load(w, 112);
    s = v128.load32_splat(x0, 12);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 12);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 12);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 128);
    u = v128.load(w, 144);
    s = v128.load32_splat(x0, 16);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 16);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 16);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 160);
    u = v128.load(w, 176);
    s = v128.load32_splat(x0, 20);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 20);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 20);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 192);
    u = v128.load(w, 208);
    s = v128.load32_splat(x0, 24);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 24);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 24);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 224);
    u = v128.load(w, 240);
    s = v128.load32_splat(x0, 28);
    a0 = step<P>(a0, s, v);
    c0 = step<P>(c0, s, u);
    s = v128.load32_splat(x1, 28);
    a1 = step<P>(a1, s, v);
    c1 = step<P>(c1, s, u);
    s = v128.load32_splat(x2, 28);
    a2 = step<P>(a2, s, v);
    c2 = step<P>(c2, s, u);
    v = v128.load(w, 256);
    u = v128.load(w, 272);
    f0 = add<P>(f0, v, a0, x0);
    g0 = add<P>(g0, u, c0, x0);
    f1 = add<P>(f1, v, a1, x1);
    g1 = add<P>(g1, u, c1, x1);
    f2 = add<P>(f2, v, a2, x2);
    g2 = add<P>(g2, u, c2, x2);
    if (hasMinimums<H>()) {
      v = v128.load(w, 288);
      u = v128.load(w, 304);
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
    x0 += 3 * TOKEN_BLOCK;
    x1 += 3 * TOKEN_BLOCK;
    x2 += 3 * TOKEN_BLOCK;
  }
  const by = f32x4.splat(scale);
  storeRows(y, f0, g0, by);
  y += yStep;
  storeRows(y, f1, g1, by);
  y += yStep;
  storeRows(y, f2, g2, by);
}

// @ts-ignore: decorator
@inline
function panel2x1<P, H>(w: usize, blocks: i32, zero: i32, x: usize, next: usize, y: usize, scale: f32): void {
  let f = zeros(), g = f;
  for (let b = 0; b < blocks; b++) {
    let a = start<P>(x, zero), c = a;
    for (let k: usize = 0; k < 32; k += 4) {
      const s = v128.load32_splat(x + k);
      a = step<P>(a, s, v128.load(w + 8 * k, 0));
      c = step<P>(c, s, v128.load(w + 8 * k, 16));
    }
    f = add<P>(f, v128.load(w, 256), a, x);
    g = add<P>(g, v128.load(w, 272), c, x);
    if (hasMinimums<H>()) {
      const s = blockSum(x);
      f = madd(v128.load(w, 288), s, f);
      g = madd(v128.load(w, 304), s, g);
    }
    w += hasMinimums<H>() ? MINIMUM_BLOCK : PANEL_BLOCK;
    x += next;
  }
  const by = f32x4.splat(scale);
  storeRows(y, f, g, by);
}
