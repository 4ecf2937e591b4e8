// Products of unpacked row groups (panels) with tiles of prepared tokens; leans on heads and the 8-bit products.
//
// A panel is two row groups unpacked, vector beside vector (the second's 16 bytes after the first's), so that an engine
// that makes one instruction of two neighbouring vectors can.
import { madd } from "./simd.as";
import { TILE, TOKEN_BLOCK } from "./quantize-activations.as";
import { start, step, total } from "./product.as";
import { blockSum, Halves, HalvesPairs, hasMinimums } from "./heads.as";

/** Bytes of a block of a panel: for each group 8 vectors (lane = row, 4 columns each), then the 4 rows' scales. */
export const PANEL_BLOCK: usize = 288;
/** The same with the rows' minimums after the scales, as minimumsAt gives them. */
export const MINIMUM_BLOCK: usize = 320;
/** PANEL_BLOCK where 8-bit weights are cut in two nibbles: 8 vectors of low nibbles, 8 of high ones, then the scales. */
export const NIBBLE_BLOCK: usize = 544;
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
 * A tile of up to 3 tokens with a panel, of whose two row groups the second may be missing; its rows follow the first's
 * in y, and a broadcast of an activation serves both. yStep: bytes between tokens of y.
 */
// @ts-ignore: decorator
@inline
export function panelTile<P>(
  panel: usize, both: bool, blocks: i32, zero: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  anyTile<P, Halves>(panel, both, blocks, zero, x, tile, y, yStep, scale);
}

/** panelTile for weights 16 too high; compiled once for all types that have such panels. */
export function offsetTile<P>(
  panel: usize, both: bool, blocks: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  anyTile<P, Halves>(panel, both, blocks, 16, x, tile, y, yStep, scale);
}

/** offsetTile for panels with minimums. */
export function minimumTile<P>(
  panel: usize, both: bool, blocks: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  anyTile<P, HalvesPairs>(panel, both, blocks, 16, x, tile, y, yStep, scale);
}

/** panelTile for signed bytes, or for bytes 128 too high where products are of unsigned ones. */
export function byteTile<P>(
  panel: usize, both: bool, blocks: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  anyTile<P, Halves>(panel, both, blocks, isSigned<P>() ? 0 : 128, x, tile, y, yStep, scale);
}

// @ts-ignore: decorator
@inline
function anyTile<P, H>(
  panel: usize, both: bool, blocks: i32, zero: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  if (tile == 3 && both) {
    panel2x3<P, H>(panel, blocks, zero, x, y, yStep, scale);
    return;
  }
  const next = <usize>tile * TOKEN_BLOCK;
  for (; tile > 0; tile--) {
    panel1<P, H>(panel, blocks, zero, x, next, y, scale);
    if (both) panel1<P, H>(panel + 16, blocks, zero, x, next, y + 16, scale);
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
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0, g0 = f0, g1 = f0, g2 = f0;
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
  v128.store(y, f32x4.mul(f0, by), 0);
  v128.store(y, f32x4.mul(g0, by), 16);
  y += yStep;
  v128.store(y, f32x4.mul(f1, by), 0);
  v128.store(y, f32x4.mul(g1, by), 16);
  y += yStep;
  v128.store(y, f32x4.mul(f2, by), 0);
  v128.store(y, f32x4.mul(g2, by), 16);
}

// @ts-ignore: decorator
@inline
function panel1<P, H>(w: usize, blocks: i32, zero: i32, x: usize, next: usize, y: usize, scale: f32): void {
  let f = f32x4.splat(0);
  for (let b = 0; b < blocks; b++) {
    let a = start<P>(x, zero);
    for (let k: usize = 0; k < 32; k += 8) {
      a = step<P>(a, v128.load32_splat(x + k, 0), v128.load(w + 8 * k, 0));
      a = step<P>(a, v128.load32_splat(x + k, 4), v128.load(w + 8 * k, 32));
    }
    f = add<P>(f, v128.load(w, 256), a, x);
    if (hasMinimums<H>()) f = madd(v128.load(w, 288), blockSum(x), f);
    w += hasMinimums<H>() ? MINIMUM_BLOCK : PANEL_BLOCK;
    x += next;
  }
  v128.store(y, f32x4.mul(f, f32x4.splat(scale)));
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
  panel: usize, both: bool, blocks: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  if (tile == 3 && both) {
    nibble2x3(panel, blocks, x, y, yStep, scale);
    return;
  }
  const next = <usize>tile * TOKEN_BLOCK;
  for (; tile > 0; tile--) {
    nibble1(panel, blocks, x, next, y, scale);
    if (both) nibble1(panel + 16, blocks, x, next, y + 16, scale);
    x += TOKEN_BLOCK;
    y += yStep;
  }
}

/** The low nibbles first, then the high ones: both at once would want more registers than there are. */
function nibble2x3(w: usize, blocks: i32, x0: usize, y: usize, yStep: usize, scale: f32): void {
  let x1 = x0 + TOKEN_BLOCK, x2 = x1 + TOKEN_BLOCK;
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0, g0 = f0, g1 = f0, g2 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = i16x8.splat(0), a1 = a0, a2 = a0, c0 = a0, c1 = a0, c2 = a0;
    let v = a0, u = a0, s = a0;
    v = v128.load(w, 0);
    u = v128.load(w, 16);
    s = v128.load32_splat(x0, 0);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 0);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 0);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 32);
    u = v128.load(w, 48);
    s = v128.load32_splat(x0, 4);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 4);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 4);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 64);
    u = v128.load(w, 80);
    s = v128.load32_splat(x0, 8);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 8);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 8);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 96);
    u = v128.load(w, 112);
    s = v128.load32_splat(x0, 12);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 12);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 12);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 128);
    u = v128.load(w, 144);
    s = v128.load32_splat(x0, 16);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 16);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 16);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 160);
    u = v128.load(w, 176);
    s = v128.load32_splat(x0, 20);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 20);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 20);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 192);
    u = v128.load(w, 208);
    s = v128.load32_splat(x0, 24);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 24);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 24);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 224);
    u = v128.load(w, 240);
    s = v128.load32_splat(x0, 28);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 28);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 28);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    const l0 = a0, l1 = a1, l2 = a2, m0 = c0, m1 = c1, m2 = c2;
    a0 = i16x8.splat(0);
    a1 = a0;
    a2 = a0;
    c0 = a0;
    c1 = a0;
    c2 = a0;
    v = v128.load(w, 256);
    u = v128.load(w, 272);
    s = v128.load32_splat(x0, 0);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 0);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 0);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 288);
    u = v128.load(w, 304);
    s = v128.load32_splat(x0, 4);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 4);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 4);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 320);
    u = v128.load(w, 336);
    s = v128.load32_splat(x0, 8);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 8);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 8);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 352);
    u = v128.load(w, 368);
    s = v128.load32_splat(x0, 12);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 12);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 12);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 384);
    u = v128.load(w, 400);
    s = v128.load32_splat(x0, 16);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 16);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 16);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 416);
    u = v128.load(w, 432);
    s = v128.load32_splat(x0, 20);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 20);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 20);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 448);
    u = v128.load(w, 464);
    s = v128.load32_splat(x0, 24);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 24);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 24);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 480);
    u = v128.load(w, 496);
    s = v128.load32_splat(x0, 28);
    a0 = step<u16>(a0, s, v);
    c0 = step<u16>(c0, s, u);
    s = v128.load32_splat(x1, 28);
    a1 = step<u16>(a1, s, v);
    c1 = step<u16>(c1, s, u);
    s = v128.load32_splat(x2, 28);
    a2 = step<u16>(a2, s, v);
    c2 = step<u16>(c2, s, u);
    v = v128.load(w, 512);
    u = v128.load(w, 528);
    f0 = addNibbles(f0, v, l0, a0, x0);
    g0 = addNibbles(g0, u, m0, c0, x0);
    f1 = addNibbles(f1, v, l1, a1, x1);
    g1 = addNibbles(g1, u, m1, c1, x1);
    f2 = addNibbles(f2, v, l2, a2, x2);
    g2 = addNibbles(g2, u, m2, c2, x2);
    w += NIBBLE_BLOCK;
    x0 += 3 * TOKEN_BLOCK;
    x1 += 3 * TOKEN_BLOCK;
    x2 += 3 * TOKEN_BLOCK;
  }
  const by = f32x4.splat(scale);
  v128.store(y, f32x4.mul(f0, by), 0);
  v128.store(y, f32x4.mul(g0, by), 16);
  y += yStep;
  v128.store(y, f32x4.mul(f1, by), 0);
  v128.store(y, f32x4.mul(g1, by), 16);
  y += yStep;
  v128.store(y, f32x4.mul(f2, by), 0);
  v128.store(y, f32x4.mul(g2, by), 16);
}

function nibble1(w: usize, blocks: i32, x: usize, next: usize, y: usize, scale: f32): void {
  let f = f32x4.splat(0);
  for (let b = 0; b < blocks; b++) {
    let a = i16x8.splat(0), h = a;
    for (let k: usize = 0; k < 32; k += 4) {
      const s = v128.load32_splat(x + k);
      a = step<u16>(a, s, v128.load(w + 8 * k, 0));
      h = step<u16>(h, s, v128.load(w + 8 * k, 256));
    }
    f = addNibbles(f, v128.load(w, 512), a, h, x);
    w += NIBBLE_BLOCK;
    x += next;
  }
  v128.store(y, f32x4.mul(f, f32x4.splat(scale)));
}
