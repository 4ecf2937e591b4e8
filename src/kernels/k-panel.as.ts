// Products of unpacked K-quants (panels) with tiles of prepared tokens; leans on how q8k lays out activations.
//
// Sums stay exact: words of a chunk meet their activations as pairs in i16 lanes (A's low, B's high), and one i32x4.dot_i16x8
// applies both sub-blocks' scales and adds them up. A block of 256 ends with one floating step, and one more for minimums.
import { dot2, less, scaled } from "./k-products.as";
import {
  chunkBytes, First, fitsEight, hasMinimums, hasScalesOf16, headBytes, minimumsOf, scalesOf, Second, unpackUnit,
} from "./k-weights.as";
import { HALF_MASK, HALF_SCALE, loadHalves, madd } from "./simd.as";
import { TILE } from "./quantize-activations.as";
import { SCALE, SUMS_16, SUMS_32, SUMS_8, TOKEN_BLOCK } from "./quantize-q8k.as";

/** Up to how many tokens a product is made token by token: reading the weights twice costs less than unpacking them. */
export const FEW: i32 = 2;
/** In a panel's block: the rows' d and dmin (f32), then 8 units of 8 words and their scales as pairs, then pairs of minimums. */
const UNITS: usize = 32;
const UNIT: usize = 144;
const MINIMUMS: usize = 1184;
/** Bytes of activations that stay in the second-level cache while every row group passes over them. */
const CHUNK_BYTES: usize = 384 << 10;

/** Bytes of a panel's block. */
// @ts-ignore: decorator
@inline
export function panelBytes<T>(): usize {
  return MINIMUMS + (!hasMinimums<T>() ? 0 : hasScalesOf16<T>() ? 128 : 64);
}

/** The row group packed at `p` -> a panel at `o`. */
export function unpackPanel<T>(p: usize, blocks: i32, o: usize): void {
  for (let b = 0; b < blocks; b++) {
    v128.store(o, loadHalves(p, HALF_MASK, HALF_SCALE), 0);
    if (hasMinimums<T>()) v128.store(o, loadHalves(p + 8, HALF_MASK, HALF_SCALE), 16);
    p += headBytes<T>();
    let m = o + MINIMUMS;
    let to = o + UNITS;
    for (let chunk = 0; chunk < 4; chunk++) {
      for (let u: usize = 0; u < 2; u++) {
        unpackUnit<T>(p + 16 * offsetof<T>() * u, to + UNIT * u);
        v128.store(to + UNIT * u, scalesOf<T, First>(p + (hasScalesOf16<T>() ? 8 * u : 0)), 128);
      }
      if (hasMinimums<T>()) {
        v128.store(m, minimumsOf<T, First>(p), 0);
        if (hasScalesOf16<T>()) v128.store(m, minimumsOf<T, Second>(p), 16);
        m += hasScalesOf16<T>() ? 32 : 16;
      }
      to += 2 * UNIT;
      p += chunkBytes<T>();
    }
    o += panelBytes<T>();
  }
}

/** Tokens that a pass over the matrix takes: whole tiles. */
// @ts-ignore: decorator
@inline
export function chunkTokens(blocks: i32): i32 {
  return max<i32>(1, <i32>(CHUNK_BYTES / (<usize>blocks * TOKEN_BLOCK * <usize>TILE))) * TILE;
}

/**
 * A tile of up to 3 tokens with two panels the second `second` bytes on, whose rows follow the
 * first's in y: a broadcast of an activation serves both. yStep: bytes between tokens of y.
 */
// @ts-ignore: decorator
@inline
export function panelTile<T>(
  panel: usize, second: usize, blocks: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  if (tile == 3 && second != 0) {
    panel2x3<T>(panel, panel + second, blocks, x, y, yStep, scale);
    return;
  }
  const next = <usize>tile * TOKEN_BLOCK;
  for (; tile > 0; tile--) {
    panel1<T>(panel, blocks, x, next, y, scale);
    if (second != 0) panel1<T>(panel + second, blocks, x, next, y + 16, scale);
    x += TOKEN_BLOCK;
    y += yStep;
  }
}

// @ts-ignore: decorator
@inline
function put(y: usize, sums: v128, scale: f32): void {
  v128.store(y, f32x4.mul(sums, f32x4.splat(scale)));
}

// @ts-ignore: decorator
@inline
function panel2x3<T>(
  w: usize, w2: usize, blocks: i32, x0: usize, y: usize, yStep: usize, scale: f32,
): void {
  let x1 = x0 + TOKEN_BLOCK, x2 = x1 + TOKEN_BLOCK;
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0, g0 = f0, g1 = f0, g2 = f0;
  for (let b = 0; b < blocks; b++) {
    let i0 = i32x4.splat(0), i1 = i0, i2 = i0, j0 = i0, j1 = i0, j2 = i0;
    let v = i0, u = i0, s = i0;
    if (hasMinimums<T>()) {
      const pairs: usize = hasScalesOf16<T>() ? 8 : 4;
      const from = x0 + (hasScalesOf16<T>() ? SUMS_16 : SUMS_32);
      for (let k: usize = 0; k < pairs; k++) {
        v = v128.load(w + 16 * k, MINIMUMS);
        u = v128.load(w2 + 16 * k, MINIMUMS);
        s = v128.load32_splat(from + 4 * k);
        i0 = scaled(i0, v, s);
        j0 = scaled(j0, u, s);
        s = v128.load32_splat(from + 4 * k, TOKEN_BLOCK);
        i1 = scaled(i1, v, s);
        j1 = scaled(j1, u, s);
        s = v128.load32_splat(from + 4 * k, 2 * TOKEN_BLOCK);
        i2 = scaled(i2, v, s);
        j2 = scaled(j2, u, s);
      }
      v = v128.load(w, 16);
      u = v128.load(w2, 16);
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
    const d = w, d2 = w2;
    w += UNITS;
    w2 += UNITS;
    let q0 = x0, q1 = x1, q2 = x2, a0 = i0, a1 = i0, a2 = i0, c0 = i0, c1 = i0, c2 = i0;
    let e0 = x0 + (offsetof<T>() == 6 ? SUMS_8 : SUMS_16), e1 = e0 + TOKEN_BLOCK, e2 = e1 + TOKEN_BLOCK;
    for (const end = x0 + 256; q0 < end; q0 += 32) {
      v = v128.load(w, 0);
      u = v128.load(w2, 0);
      s = v128.load32_splat(q0, 0);
      a0 = dot2(s, v);
      c0 = dot2(s, u);
      s = v128.load32_splat(q1, 0);
      a1 = dot2(s, v);
      c1 = dot2(s, u);
      s = v128.load32_splat(q2, 0);
      a2 = dot2(s, v);
      c2 = dot2(s, u);
      v = v128.load(w, 16);
      u = v128.load(w2, 16);
      s = v128.load32_splat(q0, 4);
      a0 = i16x8.add(a0, dot2(s, v));
      c0 = i16x8.add(c0, dot2(s, u));
      s = v128.load32_splat(q1, 4);
      a1 = i16x8.add(a1, dot2(s, v));
      c1 = i16x8.add(c1, dot2(s, u));
      s = v128.load32_splat(q2, 4);
      a2 = i16x8.add(a2, dot2(s, v));
      c2 = i16x8.add(c2, dot2(s, u));
      v = v128.load(w, 32);
      u = v128.load(w2, 32);
      s = v128.load32_splat(q0, 8);
      a0 = i16x8.add(a0, dot2(s, v));
      c0 = i16x8.add(c0, dot2(s, u));
      s = v128.load32_splat(q1, 8);
      a1 = i16x8.add(a1, dot2(s, v));
      c1 = i16x8.add(c1, dot2(s, u));
      s = v128.load32_splat(q2, 8);
      a2 = i16x8.add(a2, dot2(s, v));
      c2 = i16x8.add(c2, dot2(s, u));
      v = v128.load(w, 48);
      u = v128.load(w2, 48);
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
        v = v128.load(w, 128);
        u = v128.load(w2, 128);
        i0 = scaled(i0, a0, v);
        j0 = scaled(j0, c0, u);
        i1 = scaled(i1, a1, v);
        j1 = scaled(j1, c1, u);
        i2 = scaled(i2, a2, v);
        j2 = scaled(j2, c2, u);
      }
      v = v128.load(w, 64);
      u = v128.load(w2, 64);
      s = v128.load32_splat(q0, 16);
      a0 = !fitsEight<T>() ? dot2(s, v) : i16x8.add(a0, dot2(s, v));
      c0 = !fitsEight<T>() ? dot2(s, u) : i16x8.add(c0, dot2(s, u));
      s = v128.load32_splat(q1, 16);
      a1 = !fitsEight<T>() ? dot2(s, v) : i16x8.add(a1, dot2(s, v));
      c1 = !fitsEight<T>() ? dot2(s, u) : i16x8.add(c1, dot2(s, u));
      s = v128.load32_splat(q2, 16);
      a2 = !fitsEight<T>() ? dot2(s, v) : i16x8.add(a2, dot2(s, v));
      c2 = !fitsEight<T>() ? dot2(s, u) : i16x8.add(c2, dot2(s, u));
      v = v128.load(w, 80);
      u = v128.load(w2, 80);
      s = v128.load32_splat(q0, 20);
      a0 = i16x8.add(a0, dot2(s, v));
      c0 = i16x8.add(c0, dot2(s, u));
      s = v128.load32_splat(q1, 20);
      a1 = i16x8.add(a1, dot2(s, v));
      c1 = i16x8.add(c1, dot2(s, u));
      s = v128.load32_splat(q2, 20);
      a2 = i16x8.add(a2, dot2(s, v));
      c2 = i16x8.add(c2, dot2(s, u));
      v = v128.load(w, 96);
      u = v128.load(w2, 96);
      s = v128.load32_splat(q0, 24);
      a0 = i16x8.add(a0, dot2(s, v));
      c0 = i16x8.add(c0, dot2(s, u));
      s = v128.load32_splat(q1, 24);
      a1 = i16x8.add(a1, dot2(s, v));
      c1 = i16x8.add(c1, dot2(s, u));
      s = v128.load32_splat(q2, 24);
      a2 = i16x8.add(a2, dot2(s, v));
      c2 = i16x8.add(c2, dot2(s, u));
      v = v128.load(w, 112);
      u = v128.load(w2, 112);
      s = v128.load32_splat(q0, 28);
      a0 = i16x8.add(a0, dot2(s, v));
      c0 = i16x8.add(c0, dot2(s, u));
      s = v128.load32_splat(q1, 28);
      a1 = i16x8.add(a1, dot2(s, v));
      c1 = i16x8.add(c1, dot2(s, u));
      s = v128.load32_splat(q2, 28);
      a2 = i16x8.add(a2, dot2(s, v));
      c2 = i16x8.add(c2, dot2(s, u));
      if (!hasMinimums<T>()) {
        s = offsetof<T>() == 6 ? v128.load32_splat(e0, 4) : i16x8.shl(v128.load32_splat(e0, 0), 2);
        a0 = offsetof<T>() == 6 ? i16x8.add(a0, s) : i16x8.sub(a0, s);
        c0 = offsetof<T>() == 6 ? i16x8.add(c0, s) : i16x8.sub(c0, s);
        s = offsetof<T>() == 6 ? v128.load32_splat(e1, 4) : i16x8.shl(v128.load32_splat(e1, 0), 2);
        a1 = offsetof<T>() == 6 ? i16x8.add(a1, s) : i16x8.sub(a1, s);
        c1 = offsetof<T>() == 6 ? i16x8.add(c1, s) : i16x8.sub(c1, s);
        s = offsetof<T>() == 6 ? v128.load32_splat(e2, 4) : i16x8.shl(v128.load32_splat(e2, 0), 2);
        a2 = offsetof<T>() == 6 ? i16x8.add(a2, s) : i16x8.sub(a2, s);
        c2 = offsetof<T>() == 6 ? i16x8.add(c2, s) : i16x8.sub(c2, s);
      }
      v = v128.load(w, 128);
      u = v128.load(w2, 128);
      i0 = scaled(i0, a0, v);
      j0 = scaled(j0, c0, u);
      i1 = scaled(i1, a1, v);
      j1 = scaled(j1, c1, u);
      i2 = scaled(i2, a2, v);
      j2 = scaled(j2, c2, u);
      w += UNIT;
      w2 += UNIT;
      q1 += 32;
      q2 += 32;
      e0 += offsetof<T>() == 6 ? 8 : 4;
      e1 += offsetof<T>() == 6 ? 8 : 4;
      e2 += offsetof<T>() == 6 ? 8 : 4;
    }
    v = v128.load(d, 0);
    u = v128.load(d2, 0);
    s = v128.load32_splat(x0, SCALE);
    f0 = madd(f32x4.convert_i32x4_s(i0), f32x4.mul(v, s), f0);
    g0 = madd(f32x4.convert_i32x4_s(j0), f32x4.mul(u, s), g0);
    s = v128.load32_splat(x1, SCALE);
    f1 = madd(f32x4.convert_i32x4_s(i1), f32x4.mul(v, s), f1);
    g1 = madd(f32x4.convert_i32x4_s(j1), f32x4.mul(u, s), g1);
    s = v128.load32_splat(x2, SCALE);
    f2 = madd(f32x4.convert_i32x4_s(i2), f32x4.mul(v, s), f2);
    g2 = madd(f32x4.convert_i32x4_s(j2), f32x4.mul(u, s), g2);
    w = d + panelBytes<T>();
    w2 = d2 + panelBytes<T>();
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

function panel1<T>(w: usize, blocks: i32, x: usize, next: usize, y: usize, scale: f32): void {
  let f = f32x4.splat(0);
  for (let b = 0; b < blocks; b++) {
    const d = v128.load32_splat(x, SCALE);
    let sums = i32x4.splat(0);
    if (hasMinimums<T>()) {
      const from = x + (hasScalesOf16<T>() ? SUMS_16 : SUMS_32);
      for (let k: usize = 0; k < (hasScalesOf16<T>() ? 8 : 4); k++) {
        sums = scaled(sums, v128.load(w + 16 * k, MINIMUMS), v128.load32_splat(from + 4 * k));
      }
      f = less(f, sums, f32x4.mul(v128.load(w, 16), d));
      sums = i32x4.splat(0);
    }
    for (let k: usize = 0; k < 8; k++) {
      const at = w + UNIT * k + UNITS, q = x + 32 * k;
      const scales = v128.load(at, 128);
      let a = four(at, q), c = four(at + 64, q + 16);
      if (offsetof<T>() == 6) {
        a = i16x8.add(a, v128.load32_splat(x + 8 * k, SUMS_8));
        c = i16x8.add(c, v128.load32_splat(x + 8 * k, SUMS_8 + 4));
      }
      if (!fitsEight<T>()) sums = scaled(scaled(sums, a, scales), c, scales);
      else {
        a = i16x8.add(a, c);
        if (offsetof<T>() == 3) a = i16x8.sub(a, i16x8.shl(v128.load32_splat(x + 4 * k, SUMS_16), 2));
        sums = scaled(sums, a, scales);
      }
    }
    f = madd(f32x4.convert_i32x4_s(sums), f32x4.mul(v128.load(w, 0), d), f);
    w += panelBytes<T>();
    x += next;
  }
  put(y, f, scale);
}

/** Four words of a panel times a token's. */
// @ts-ignore: decorator
@inline
function four(w: usize, x: usize): v128 {
  const a = i16x8.add(dot2(v128.load32_splat(x, 0), v128.load(w, 0)), dot2(v128.load32_splat(x, 4), v128.load(w, 16)));
  const b = i16x8.add(dot2(v128.load32_splat(x, 8), v128.load(w, 32)), dot2(v128.load32_splat(x, 12), v128.load(w, 48)));
  return i16x8.add(a, b);
}
