// Scores of rows of queries against a block of 32 keys: register tiles of 4, 2 and 1 rows.
import { four } from "./attention-elements.as";
import { halfMask, madd } from "../module/simd.as";

/** Scores of 4, 2 or 1 rows against a block's 32 keys -> out, 128 bytes a row. */
@inline
export function scores<T>(q: usize, headDim: i32, k: usize, scale: f32, out: usize, rows: i32): void {
  if (rows == 4) scores4<T>(q, headDim, k, scale, out);
  else if (rows == 2) scores2<T>(q, q + (<usize>headDim << 2), headDim, k, scale, out);
  else scores1<T>(q, headDim, k, scale, out);
}

/** A quarter of a block at a time. */
function scores4<T>(q0: usize, headDim: i32, k: usize, scale: f32, out: usize): void {
  const mask = halfMask(), factor = f32x4.splat(scale);
  const bytes = <usize>headDim << 2;
  const q1 = q0 + bytes, q2 = q1 + bytes, q3 = q2 + bytes;
  for (let part: usize = 0; part < 32; part += 8, out += 32) {
    let a = f32x4.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
    let p = k + part * sizeof<T>();
    for (let i: usize = 0; i < bytes; i += 4) {
      const k0 = four<T, i8>(p, mask), k1 = four<T, i16>(p, mask);
      let s = v128.load32_splat(q0 + i);
      a = madd(s, k0, a);
      b = madd(s, k1, b);
      s = v128.load32_splat(q1 + i);
      c = madd(s, k0, c);
      d = madd(s, k1, d);
      s = v128.load32_splat(q2 + i);
      e = madd(s, k0, e);
      f = madd(s, k1, f);
      s = v128.load32_splat(q3 + i);
      g = madd(s, k0, g);
      h = madd(s, k1, h);
      p += 32 * sizeof<T>();
    }
    v128.store(out, f32x4.mul(a, factor), 0);
    v128.store(out, f32x4.mul(b, factor), 16);
    v128.store(out, f32x4.mul(c, factor), 128);
    v128.store(out, f32x4.mul(d, factor), 144);
    v128.store(out, f32x4.mul(e, factor), 256);
    v128.store(out, f32x4.mul(f, factor), 272);
    v128.store(out, f32x4.mul(g, factor), 384);
    v128.store(out, f32x4.mul(h, factor), 400);
  }
}

function scores1<T>(q: usize, headDim: i32, k: usize, scale: f32, out: usize): void {
  const mask = halfMask();
  for (let part: usize = 0; part < 32; part += 16) {
    let a = f32x4.splat(0), b = a, c = a, d = a;
    let p = k + part * sizeof<T>();
    for (let i: usize = 0; i < <usize>headDim << 2; i += 4) {
      const s = v128.load32_splat(q + i);
      a = madd(s, four<T, i8>(p, mask), a);
      b = madd(s, four<T, i16>(p, mask), b);
      c = madd(s, four<T, i8>(p + 8 * sizeof<T>(), mask), c);
      d = madd(s, four<T, i16>(p + 8 * sizeof<T>(), mask), d);
      p += 32 * sizeof<T>();
    }
    put4(out + 4 * part, a, b, c, d, scale);
  }
}

/** Half a block at a time, so that everything stays in registers. */
function scores2<T>(q: usize, r: usize, headDim: i32, k: usize, scale: f32, out: usize): void {
  const mask = halfMask();
  for (let part: usize = 0; part < 32; part += 16) {
    let a = f32x4.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
    let p = k + part * sizeof<T>();
    for (let i: usize = 0; i < <usize>headDim << 2; i += 4) {
      const k0 = four<T, i8>(p, mask), k1 = four<T, i16>(p, mask);
      const k2 = four<T, i8>(p + 8 * sizeof<T>(), mask), k3 = four<T, i16>(p + 8 * sizeof<T>(), mask);
      let s = v128.load32_splat(q + i);
      a = madd(s, k0, a);
      b = madd(s, k1, b);
      c = madd(s, k2, c);
      d = madd(s, k3, d);
      s = v128.load32_splat(r + i);
      e = madd(s, k0, e);
      f = madd(s, k1, f);
      g = madd(s, k2, g);
      h = madd(s, k3, h);
      p += 32 * sizeof<T>();
    }
    put4(out + 4 * part, a, b, c, d, scale);
    put4(out + 4 * part + 128, e, f, g, h, scale);
  }
}

@inline
function put4(out: usize, a: v128, b: v128, c: v128, d: v128, scale: f32): void {
  const s = f32x4.splat(scale);
  v128.store(out, f32x4.mul(a, s), 0);
  v128.store(out, f32x4.mul(b, s), 16);
  v128.store(out, f32x4.mul(c, s), 32);
  v128.store(out, f32x4.mul(d, s), 48);
}
