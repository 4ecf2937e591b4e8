// Products of unpacked row groups (panels) with tiles of prepared tokens.
//
// A panel is a row group unpacked: 8 rows as two vectors of 4, side by side, so that an engine that makes one instruction
// of two neighbouring vectors can. Two panels meet three tokens: a broadcast of an activation serves 16 rows.
import { addBlock, madd, oneWords, storeGroups, zeros } from "../module/simd.as";
import { activationBytes, chunkOf, TILE, TOKEN_BLOCK } from "./quantize-activations.as";
import { start, step, total } from "./dot8.as";
import { blockSum, Halves, HalvesPairs, hasMinimums } from "./block-scales.as";

/** Bytes of a block of a panel: 8 pairs of vectors (lane = row, 4 columns each), then the 8 rows' scales. */
export const PANEL_BLOCK: usize = 288;
/** The same with the rows' minimums after the scales, as minimumsAt gives them. */
const MINIMUM_BLOCK: usize = 320;

/** Tokens that a pass over the matrix takes: whole tiles. */
@inline
export function chunkTokens(blocks: i32): i32 {
  return chunkOf(activationBytes(TILE, blocks));
}

/** A panel whose weights are `zero` too high, and the next one if there are both, times tokens [t, end), whole tiles -> y of token t. */
@inline
export function multiplyPanels<P>(
  w: usize, both: bool, blocks: i32, zero: i32, x: usize, t: i32, end: i32, y: usize, yStep: usize, scale: f32,
): void {
  multiply<P, Halves>(w, both, blocks, zero, x, t, end, y, yStep, scale);
}

/** multiplyPanels for weights 16 too high; compiled once for all types that have such panels. */
export function multiplyOffset<P>(
  w: usize, both: bool, blocks: i32, x: usize, t: i32, end: i32, y: usize, yStep: usize, scale: f32,
): void {
  multiply<P, Halves>(w, both, blocks, 16, x, t, end, y, yStep, scale);
}

/** multiplyOffset for panels with minimums. */
export function multiplyMinimums<P>(
  w: usize, both: bool, blocks: i32, x: usize, t: i32, end: i32, y: usize, yStep: usize, scale: f32,
): void {
  multiply<P, HalvesPairs>(w, both, blocks, 16, x, t, end, y, yStep, scale);
}

/** multiplyPanels for signed bytes, or for bytes 128 too high where products are of unsigned ones. */
export function multiplyBytes<P>(
  w: usize, both: bool, blocks: i32, x: usize, t: i32, end: i32, y: usize, yStep: usize, scale: f32,
): void {
  multiply<P, Halves>(w, both, blocks, isSigned<P>() ? 0 : 128, x, t, end, y, yStep, scale);
}

/** Bytes of a block of a panel. */
@inline
export function panelBlock<H>(): usize {
  return hasMinimums<H>() ? MINIMUM_BLOCK : PANEL_BLOCK;
}

@inline
function multiply<P, H>(
  w: usize, both: bool, blocks: i32, zero: i32, x: usize, t: i32, end: i32, y: usize, yStep: usize, scale: f32,
): void {
  const panel = both ? <usize>blocks * panelBlock<H>() : 0, rows: usize = both ? 32 : 0;
  for (; t < end; t += TILE) {
    tile4x3<P, H>(w, panel, blocks, zero, x + activationBytes(t, blocks), y, rows, yStep, scale);
    y += <usize>TILE * yStep;
  }
}

/**
 * A panel and the next one, `panel` bytes on, whose rows are `rows` bytes on in y, times a tile of tokens. A second panel
 * that is missing is the first once more, which writes the same again. A pointer a token, because V8 folds no offset into
 * a broadcast: the tokens share the address of each offset.
 */
@inline
function tile4x3<P, H>(
  w: usize, panel: usize, blocks: i32, zero: i32, x0: usize, y: usize, rows: usize, yStep: usize, scale: f32,
): void {
  let z = w + panel, x1 = x0 + TOKEN_BLOCK, x2 = x1 + TOKEN_BLOCK;
  const next = 3 * TOKEN_BLOCK - 32;
  const ones = oneWords();
  let e0 = zeros(), e1 = e0, e2 = e0, f0 = e0, f1 = e0, f2 = e0;
  let g0 = e0, g1 = e0, g2 = e0, h0 = e0, h1 = e0, h2 = e0;
  for (let i = 0; i < blocks; i++) {
    let a0 = start<P>(x0, zero), a1 = start<P>(x1, zero), a2 = start<P>(x2, zero);
    let b0 = a0, b1 = a1, b2 = a2, c0 = a0, c1 = a1, c2 = a2, d0 = a0, d1 = a1, d2 = a2;
    let v = a0, u = a0, r = a0, q = a0, s = a0;
    for (const end = w + 256; w < end; w += 128) {
      v = v128.load(w, 0);
      u = v128.load(w, 16);
      r = v128.load(z, 0);
      q = v128.load(z, 16);
      s = v128.load32_splat(x0, 0);
      a0 = step<P>(a0, s, v);
      b0 = step<P>(b0, s, u);
      c0 = step<P>(c0, s, r);
      d0 = step<P>(d0, s, q);
      s = v128.load32_splat(x1, 0);
      a1 = step<P>(a1, s, v);
      b1 = step<P>(b1, s, u);
      c1 = step<P>(c1, s, r);
      d1 = step<P>(d1, s, q);
      s = v128.load32_splat(x2, 0);
      a2 = step<P>(a2, s, v);
      b2 = step<P>(b2, s, u);
      c2 = step<P>(c2, s, r);
      d2 = step<P>(d2, s, q);
      v = v128.load(w, 32);
      u = v128.load(w, 48);
      r = v128.load(z, 32);
      q = v128.load(z, 48);
      s = v128.load32_splat(x0, 4);
      a0 = step<P>(a0, s, v);
      b0 = step<P>(b0, s, u);
      c0 = step<P>(c0, s, r);
      d0 = step<P>(d0, s, q);
      s = v128.load32_splat(x1, 4);
      a1 = step<P>(a1, s, v);
      b1 = step<P>(b1, s, u);
      c1 = step<P>(c1, s, r);
      d1 = step<P>(d1, s, q);
      s = v128.load32_splat(x2, 4);
      a2 = step<P>(a2, s, v);
      b2 = step<P>(b2, s, u);
      c2 = step<P>(c2, s, r);
      d2 = step<P>(d2, s, q);
      v = v128.load(w, 64);
      u = v128.load(w, 80);
      r = v128.load(z, 64);
      q = v128.load(z, 80);
      s = v128.load32_splat(x0, 8);
      a0 = step<P>(a0, s, v);
      b0 = step<P>(b0, s, u);
      c0 = step<P>(c0, s, r);
      d0 = step<P>(d0, s, q);
      s = v128.load32_splat(x1, 8);
      a1 = step<P>(a1, s, v);
      b1 = step<P>(b1, s, u);
      c1 = step<P>(c1, s, r);
      d1 = step<P>(d1, s, q);
      s = v128.load32_splat(x2, 8);
      a2 = step<P>(a2, s, v);
      b2 = step<P>(b2, s, u);
      c2 = step<P>(c2, s, r);
      d2 = step<P>(d2, s, q);
      v = v128.load(w, 96);
      u = v128.load(w, 112);
      r = v128.load(z, 96);
      q = v128.load(z, 112);
      s = v128.load32_splat(x0, 12);
      a0 = step<P>(a0, s, v);
      b0 = step<P>(b0, s, u);
      c0 = step<P>(c0, s, r);
      d0 = step<P>(d0, s, q);
      s = v128.load32_splat(x1, 12);
      a1 = step<P>(a1, s, v);
      b1 = step<P>(b1, s, u);
      c1 = step<P>(c1, s, r);
      d1 = step<P>(d1, s, q);
      s = v128.load32_splat(x2, 12);
      a2 = step<P>(a2, s, v);
      b2 = step<P>(b2, s, u);
      c2 = step<P>(c2, s, r);
      d2 = step<P>(d2, s, q);
      z += 128;
      x0 += 16;
      x1 += 16;
      x2 += 16;
    }
    v = v128.load(w, 0);
    u = v128.load(w, 16);
    r = v128.load(z, 0);
    q = v128.load(z, 16);
    s = v128.load32_splat(x0, 0);
    e0 = addBlock(e0, v, total<P>(a0, ones), s);
    f0 = addBlock(f0, u, total<P>(b0, ones), s);
    g0 = addBlock(g0, r, total<P>(c0, ones), s);
    h0 = addBlock(h0, q, total<P>(d0, ones), s);
    s = v128.load32_splat(x1, 0);
    e1 = addBlock(e1, v, total<P>(a1, ones), s);
    f1 = addBlock(f1, u, total<P>(b1, ones), s);
    g1 = addBlock(g1, r, total<P>(c1, ones), s);
    h1 = addBlock(h1, q, total<P>(d1, ones), s);
    s = v128.load32_splat(x2, 0);
    e2 = addBlock(e2, v, total<P>(a2, ones), s);
    f2 = addBlock(f2, u, total<P>(b2, ones), s);
    g2 = addBlock(g2, r, total<P>(c2, ones), s);
    h2 = addBlock(h2, q, total<P>(d2, ones), s);
    if (hasMinimums<H>()) {
      v = v128.load(w, 32);
      u = v128.load(w, 48);
      r = v128.load(z, 32);
      q = v128.load(z, 48);
      s = blockSum(x0 - 32);
      e0 = madd(v, s, e0);
      f0 = madd(u, s, f0);
      g0 = madd(r, s, g0);
      h0 = madd(q, s, h0);
      s = blockSum(x1 - 32);
      e1 = madd(v, s, e1);
      f1 = madd(u, s, f1);
      g1 = madd(r, s, g1);
      h1 = madd(q, s, h1);
      s = blockSum(x2 - 32);
      e2 = madd(v, s, e2);
      f2 = madd(u, s, f2);
      g2 = madd(r, s, g2);
      h2 = madd(q, s, h2);
    }
    w += panelBlock<H>() - 256;
    z += panelBlock<H>() - 256;
    x0 += next;
    x1 += next;
    x2 += next;
  }
  const by = f32x4.splat(scale);
  storeGroups(y, rows, e0, f0, g0, h0, by);
  storeGroups(y + yStep, rows, e1, f1, g1, h1, by);
  storeGroups(y + 2 * yStep, rows, e2, f2, g2, h2, by);
}
