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
/**
 * A panel is two row groups unpacked, vector beside vector, so that an engine that makes one instruction of two
 * neighbouring vectors can. In a block: the rows' d and dmin (f32), 8 units of 8 words and their scales as pairs, then
 * pairs of minimums; for types of 3 bits, whose weights are 4 too high, of -4 times the scales.
 */
const UNITS: usize = 64;
const UNIT: usize = 288;
const MINIMUMS: usize = 2368;
/** Bytes of activations that stay in the second-level cache while every row group passes over them. */
const CHUNK_BYTES: usize = 384 << 10;

/** Bytes of a panel's block. */
// @ts-ignore: decorator
@inline
export function panelBytes<T>(): usize {
  return MINIMUMS + (offsetof<T>() == 6 ? 0 : hasScalesOf16<T>() ? 256 : 128);
}

/** The row group packed at `p` -> one half of a panel, at `o` or, for the second, 16 bytes on. */
export function unpackPanel<T>(p: usize, blocks: i32, o: usize): void {
  for (let b = 0; b < blocks; b++) {
    v128.store(o, loadHalves(p, HALF_MASK, HALF_SCALE), 0);
    if (hasMinimums<T>()) v128.store(o, loadHalves(p + 8, HALF_MASK, HALF_SCALE), 32);
    p += headBytes<T>();
    let m = o + MINIMUMS;
    let to = o + UNITS;
    for (let chunk = 0; chunk < 4; chunk++) {
      for (let u: usize = 0; u < 2; u++) {
        const scales = scalesOf<T, First>(p + (hasScalesOf16<T>() ? 8 * u : 0));
        unpackUnit<T>(p + 16 * offsetof<T>() * u, to);
        v128.store(to, scales, 256);
        if (offsetof<T>() == 3) v128.store(m + 32 * u, i16x8.neg(i16x8.shl(scales, 2)));
        to += UNIT;
      }
      if (hasMinimums<T>()) {
        v128.store(m, minimumsOf<T, First>(p), 0);
        if (hasScalesOf16<T>()) v128.store(m, minimumsOf<T, Second>(p), 32);
      }
      m += hasScalesOf16<T>() ? 64 : 32;
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
 * A tile of up to 3 tokens with a panel, of whose two row groups the second may be missing; its rows follow the first's
 * in y. yStep: bytes between tokens of y.
 */
// @ts-ignore: decorator
@inline
export function panelTile<T>(
  panel: usize, both: bool, blocks: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32,
): void {
  if (tile == 3 && both) {
    panel2x3<T>(panel, blocks, x, y, yStep, scale);
    return;
  }
  const next = <usize>tile * TOKEN_BLOCK;
  for (; tile > 0; tile--) {
    panel1<T>(panel, blocks, x, next, y, scale);
    if (both) panel1<T>(panel + 16, blocks, x, next, y + 16, scale);
    x += TOKEN_BLOCK;
    y += yStep;
  }
}

// @ts-ignore: decorator
@inline
function panel2x3<T>(w: usize, blocks: i32, x0: usize, y: usize, yStep: usize, scale: f32): void {
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
    f0 = madd(f32x4.convert_i32x4_s(i0), f32x4.mul(v, s), f0);
    g0 = madd(f32x4.convert_i32x4_s(j0), f32x4.mul(u, s), g0);
    s = v128.load32_splat(x1, SCALE);
    f1 = madd(f32x4.convert_i32x4_s(i1), f32x4.mul(v, s), f1);
    g1 = madd(f32x4.convert_i32x4_s(j1), f32x4.mul(u, s), g1);
    s = v128.load32_splat(x2, SCALE);
    f2 = madd(f32x4.convert_i32x4_s(i2), f32x4.mul(v, s), f2);
    g2 = madd(f32x4.convert_i32x4_s(j2), f32x4.mul(u, s), g2);
    w = head + panelBytes<T>();
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

/** One token with one half of a panel. */
function panel1<T>(w: usize, blocks: i32, x: usize, next: usize, y: usize, scale: f32): void {
  let f = f32x4.splat(0);
  for (let b = 0; b < blocks; b++) {
    const d = v128.load32_splat(x, SCALE);
    let sums = i32x4.splat(0);
    if (offsetof<T>() != 6) {
      let q = x + (hasScalesOf16<T>() ? SUMS_16 : SUMS_32);
      for (let m = w + MINIMUMS; m < w + panelBytes<T>(); m += 32) {
        sums = scaled(sums, v128.load(m), v128.load32_splat(q));
        q += 4;
      }
    }
    if (hasMinimums<T>()) {
      f = less(f, sums, f32x4.mul(v128.load(w, 32), d));
      sums = i32x4.splat(0);
    }
    for (let k: usize = 0; k < 8; k++) {
      const at = w + UNIT * k + UNITS, q = x + 32 * k;
      const scales = v128.load(at, 256);
      let a = four(at, q), c = four(at + 128, q + 16);
      if (offsetof<T>() == 6) {
        a = i16x8.add(a, v128.load32_splat(x + 8 * k, SUMS_8));
        c = i16x8.add(c, v128.load32_splat(x + 8 * k, SUMS_8 + 4));
      }
      if (fitsEight<T>()) sums = scaled(sums, i16x8.add(a, c), scales);
      else sums = scaled(scaled(sums, a, scales), c, scales);
    }
    f = madd(f32x4.convert_i32x4_s(sums), f32x4.mul(v128.load(w, 0), d), f);
    w += panelBytes<T>();
    x += next;
  }
  v128.store(y, f32x4.mul(f, f32x4.splat(scale)));
}

/** Four words of a panel's half times a token's. */
// @ts-ignore: decorator
@inline
function four(w: usize, x: usize): v128 {
  const a = i16x8.add(dot2(v128.load32_splat(x, 0), v128.load(w, 0)), dot2(v128.load32_splat(x, 4), v128.load(w, 32)));
  const b = i16x8.add(dot2(v128.load32_splat(x, 8), v128.load(w, 64)), dot2(v128.load32_splat(x, 12), v128.load(w, 96)));
  return i16x8.add(a, b);
}
