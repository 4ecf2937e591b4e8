// Products of unpacked K-quants (panels) with tiles of prepared tokens.
//
// Sums stay exact: words of a chunk meet their activations as pairs in i16 lanes (A's low, B's high), and one i32x4.dot_i16x8
// applies both sub-blocks' scales and adds them up. A block of 256 ends with one floating step, and one more for minimums.
import { dot2, less, scaled } from "./k-products.as";
import {
  blockBytes, chunkBytes, First, fitsEight, halvesAt, hasMinimums, hasScalesOf16, lowBits, minimumsOf, moreBits, scalesOf,
  Second, secondAt, unpackUnit,
} from "./k-weights.as";
import { addBlock, halfMask, halfScale, halfToFloat, storeRows } from "../module/simd.as";
import { chunkOf, TILE } from "./quantize-activations.as";
import { activationBytes, SCALE, SUMS_16, SUMS_32, SUMS_8, TOKEN_BLOCK } from "./quantize-q8k.as";

/**
 * A panel is a row group unpacked: 8 rows as two vectors of 4, side by side, so that an engine that makes one instruction
 * of two neighbouring vectors can. In a block: the rows' d and dmin (f32), 8 units of 8 words and their scales as pairs,
 * then pairs of minimums; for types of 3 bits, whose weights are 4 too high, of -4 times the scales.
 */
const UNITS: usize = 64;
const UNIT: usize = 288;
const MINIMUMS: usize = 2368;

/** Bytes of a panel's block. */
@inline
export function panelBytes<T>(): usize {
  return MINIMUMS + (offsetof<T>() == 6 ? 0 : hasScalesOf16<T>() ? 256 : 128);
}

/**
 * The row group packed at `p` -> a panel at `o`. A store stands between the widening loads of the two sides, so that V8
 * does not join them: it takes the address of the earlier one, and the compiler may have put the second side's first.
 */
export function unpackPanel<T>(p: usize, blocks: i32, o: usize): void {
  const m = lowBits<T>(), n = moreBits<T>(), sign = halfMask(), size = halfScale();
  for (let b = 0; b < blocks; b++) {
    const block = p;
    let to = o + UNITS, more = o + MINIMUMS;
    for (const end = p + halvesAt<T>(); p < end; p += chunkBytes<T>()) {
      unpackUnit<T>(p, to, m, n);
      unpackScales<T, First>(p, to, more, n);
      unpackUnit<T>(p + secondAt<T>(), to + UNIT, m, n);
      unpackScales<T, Second>(p, to + UNIT, more + 32, n);
      if (!hasScalesOf16<T>()) {
        v128.store(more, minimumsOf<T, First, First>(p), 0);
        v128.store(more, minimumsOf<T, First, Second>(p), 16);
      }
      to += 2 * UNIT;
      more += hasScalesOf16<T>() ? 64 : 32;
    }
    v128.store(o, halfToFloat(v128.load16x4_s(block, halvesAt<T>()), sign, size), 0);
    v128.store(o, halfToFloat(v128.load16x4_s(block, halvesAt<T>() + 8), sign, size), 16);
    if (hasMinimums<T>()) {
      v128.store(o, halfToFloat(v128.load16x4_s(block, halvesAt<T>() + 16), sign, size), 32);
      v128.store(o, halfToFloat(v128.load16x4_s(block, halvesAt<T>() + 24), sign, size), 48);
    }
    p = block + blockBytes<T>();
    o += panelBytes<T>();
  }
}

/** The scales of unit U of the chunk at `p` -> its place in a panel; what goes with scales of 16 columns -> more. */
@inline
function unpackScales<T, U>(p: usize, unit: usize, more: usize, n: v128): void {
  v128.store(unit, scalesOf<T, U, First>(p, n), 256);
  v128.store(unit, scalesOf<T, U, Second>(p, n), 272);
  if (offsetof<T>() == 3) {
    v128.store(more, i16x8.neg(i16x8.shl(v128.load(unit, 256), 2)), 0);
    v128.store(more, i16x8.neg(i16x8.shl(v128.load(unit, 272), 2)), 16);
  } else if (offsetof<T>() == 2) {
    v128.store(more, minimumsOf<T, U, First>(p), 0);
    v128.store(more, minimumsOf<T, U, Second>(p), 16);
  }
}

/** Tokens that a pass over the matrix takes: whole tiles. */
@inline
export function chunkTokens(blocks: i32): i32 {
  return chunkOf(activationBytes(TILE, blocks));
}

/** A panel times a tile of 3 tokens. yStep: bytes between tokens of y. */
@inline
export function panel2x3<T>(w: usize, blocks: i32, x0: usize, y: usize, yStep: usize, scale: f32): void {
  let x1 = x0 + TOKEN_BLOCK, x2 = x1 + TOKEN_BLOCK;
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0, g0 = f0, g1 = f0, g2 = f0;
  for (let b = 0; b < blocks; b++) {
    let i0 = i32x4.splat(0), i1 = i0, i2 = i0, j0 = i0, j1 = i0, j2 = i0;
    let v = i0, u = i0, s = i0;
    if (offsetof<T>() != 6) {
      let m = w + MINIMUMS, q0 = x0 + (hasScalesOf16<T>() ? SUMS_16 : SUMS_32), q1 = q0 + TOKEN_BLOCK, q2 = q1 + TOKEN_BLOCK;
      for (const end = w + panelBytes<T>(); m < end; m += 32) {
        v = v128.load(m, 0);
        u = v128.load(m, 16);
        s = v128.load32_splat(q0);
        i0 = scaled(i0, v, s);
        j0 = scaled(j0, u, s);
        s = v128.load32_splat(q1);
        i1 = scaled(i1, v, s);
        j1 = scaled(j1, u, s);
        s = v128.load32_splat(q2);
        i2 = scaled(i2, v, s);
        j2 = scaled(j2, u, s);
        q0 += 4;
        q1 += 4;
        q2 += 4;
      }
    }
    if (hasMinimums<T>()) {
      v = v128.load(w, 32);
      u = v128.load(w, 48);
      s = v128.load32_splat(x0, SCALE);
      f0 = less(f0, i0, f32x4.mul(v, s));
      g0 = less(g0, j0, f32x4.mul(u, s));
      s = v128.load32_splat(x1, SCALE);
      f1 = less(f1, i1, f32x4.mul(v, s));
      g1 = less(g1, j1, f32x4.mul(u, s));
      s = v128.load32_splat(x2, SCALE);
      f2 = less(f2, i2, f32x4.mul(v, s));
      g2 = less(g2, j2, f32x4.mul(u, s));
      i0 = i32x4.splat(0);
      i1 = i0;
      i2 = i0;
      j0 = i0;
      j1 = i0;
      j2 = i0;
    }
    const head = w;
    w += UNITS;
    let q0 = x0, q1 = x1, q2 = x2, a0 = i0, a1 = i0, a2 = i0, c0 = i0, c1 = i0, c2 = i0;
    let e0 = x0 + SUMS_8, e1 = e0 + TOKEN_BLOCK, e2 = e1 + TOKEN_BLOCK;
    for (const end = x0 + 256; q0 < end; q0 += 32) {
      v = v128.load(w, 0);
      u = v128.load(w, 16);
      s = v128.load32_splat(q0, 0);
      a0 = dot2(s, v);
      c0 = dot2(s, u);
      s = v128.load32_splat(q1, 0);
      a1 = dot2(s, v);
      c1 = dot2(s, u);
      s = v128.load32_splat(q2, 0);
      a2 = dot2(s, v);
      c2 = dot2(s, u);
      v = v128.load(w, 32);
      u = v128.load(w, 48);
      s = v128.load32_splat(q0, 4);
      a0 = i16x8.add(a0, dot2(s, v));
      c0 = i16x8.add(c0, dot2(s, u));
      s = v128.load32_splat(q1, 4);
      a1 = i16x8.add(a1, dot2(s, v));
      c1 = i16x8.add(c1, dot2(s, u));
      s = v128.load32_splat(q2, 4);
      a2 = i16x8.add(a2, dot2(s, v));
      c2 = i16x8.add(c2, dot2(s, u));
      v = v128.load(w, 64);
      u = v128.load(w, 80);
      s = v128.load32_splat(q0, 8);
      a0 = i16x8.add(a0, dot2(s, v));
      c0 = i16x8.add(c0, dot2(s, u));
      s = v128.load32_splat(q1, 8);
      a1 = i16x8.add(a1, dot2(s, v));
      c1 = i16x8.add(c1, dot2(s, u));
      s = v128.load32_splat(q2, 8);
      a2 = i16x8.add(a2, dot2(s, v));
      c2 = i16x8.add(c2, dot2(s, u));
      v = v128.load(w, 96);
      u = v128.load(w, 112);
      s = v128.load32_splat(q0, 12);
      a0 = i16x8.add(a0, dot2(s, v));
      c0 = i16x8.add(c0, dot2(s, u));
      s = v128.load32_splat(q1, 12);
      a1 = i16x8.add(a1, dot2(s, v));
      c1 = i16x8.add(c1, dot2(s, u));
      s = v128.load32_splat(q2, 12);
      a2 = i16x8.add(a2, dot2(s, v));
      c2 = i16x8.add(c2, dot2(s, u));
      if (!fitsEight<T>()) {
        if (offsetof<T>() == 6) {
          s = v128.load32_splat(e0, 0);
          a0 = i16x8.add(a0, s);
          c0 = i16x8.add(c0, s);
          s = v128.load32_splat(e1, 0);
          a1 = i16x8.add(a1, s);
          c1 = i16x8.add(c1, s);
          s = v128.load32_splat(e2, 0);
          a2 = i16x8.add(a2, s);
          c2 = i16x8.add(c2, s);
        }
        v = v128.load(w, 256);
        u = v128.load(w, 272);
        i0 = scaled(i0, a0, v);
        j0 = scaled(j0, c0, u);
        i1 = scaled(i1, a1, v);
        j1 = scaled(j1, c1, u);
        i2 = scaled(i2, a2, v);
        j2 = scaled(j2, c2, u);
      }
      v = v128.load(w, 128);
      u = v128.load(w, 144);
      s = v128.load32_splat(q0, 16);
      a0 = fitsEight<T>() ? i16x8.add(a0, dot2(s, v)) : dot2(s, v);
      c0 = fitsEight<T>() ? i16x8.add(c0, dot2(s, u)) : dot2(s, u);
      s = v128.load32_splat(q1, 16);
      a1 = fitsEight<T>() ? i16x8.add(a1, dot2(s, v)) : dot2(s, v);
      c1 = fitsEight<T>() ? i16x8.add(c1, dot2(s, u)) : dot2(s, u);
      s = v128.load32_splat(q2, 16);
      a2 = fitsEight<T>() ? i16x8.add(a2, dot2(s, v)) : dot2(s, v);
      c2 = fitsEight<T>() ? i16x8.add(c2, dot2(s, u)) : dot2(s, u);
      v = v128.load(w, 160);
      u = v128.load(w, 176);
      s = v128.load32_splat(q0, 20);
      a0 = i16x8.add(a0, dot2(s, v));
      c0 = i16x8.add(c0, dot2(s, u));
      s = v128.load32_splat(q1, 20);
      a1 = i16x8.add(a1, dot2(s, v));
      c1 = i16x8.add(c1, dot2(s, u));
      s = v128.load32_splat(q2, 20);
      a2 = i16x8.add(a2, dot2(s, v));
      c2 = i16x8.add(c2, dot2(s, u));
      v = v128.load(w, 192);
      u = v128.load(w, 208);
      s = v128.load32_splat(q0, 24);
      a0 = i16x8.add(a0, dot2(s, v));
      c0 = i16x8.add(c0, dot2(s, u));
      s = v128.load32_splat(q1, 24);
      a1 = i16x8.add(a1, dot2(s, v));
      c1 = i16x8.add(c1, dot2(s, u));
      s = v128.load32_splat(q2, 24);
      a2 = i16x8.add(a2, dot2(s, v));
      c2 = i16x8.add(c2, dot2(s, u));
      v = v128.load(w, 224);
      u = v128.load(w, 240);
      s = v128.load32_splat(q0, 28);
      a0 = i16x8.add(a0, dot2(s, v));
      c0 = i16x8.add(c0, dot2(s, u));
      s = v128.load32_splat(q1, 28);
      a1 = i16x8.add(a1, dot2(s, v));
      c1 = i16x8.add(c1, dot2(s, u));
      s = v128.load32_splat(q2, 28);
      a2 = i16x8.add(a2, dot2(s, v));
      c2 = i16x8.add(c2, dot2(s, u));
      if (offsetof<T>() == 6) {
        s = v128.load32_splat(e0, 4);
        a0 = i16x8.add(a0, s);
        c0 = i16x8.add(c0, s);
        s = v128.load32_splat(e1, 4);
        a1 = i16x8.add(a1, s);
        c1 = i16x8.add(c1, s);
        s = v128.load32_splat(e2, 4);
        a2 = i16x8.add(a2, s);
        c2 = i16x8.add(c2, s);
      }
      v = v128.load(w, 256);
      u = v128.load(w, 272);
      i0 = scaled(i0, a0, v);
      j0 = scaled(j0, c0, u);
      i1 = scaled(i1, a1, v);
      j1 = scaled(j1, c1, u);
      i2 = scaled(i2, a2, v);
      j2 = scaled(j2, c2, u);
      w += UNIT;
      q1 += 32;
      q2 += 32;
      e0 += 8;
      e1 += 8;
      e2 += 8;
    }
    v = v128.load(head, 0);
    u = v128.load(head, 16);
    s = v128.load32_splat(x0, SCALE);
    f0 = addBlock(f0, v, i0, s);
    g0 = addBlock(g0, u, j0, s);
    s = v128.load32_splat(x1, SCALE);
    f1 = addBlock(f1, v, i1, s);
    g1 = addBlock(g1, u, j1, s);
    s = v128.load32_splat(x2, SCALE);
    f2 = addBlock(f2, v, i2, s);
    g2 = addBlock(g2, u, j2, s);
    w = head + panelBytes<T>();
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
