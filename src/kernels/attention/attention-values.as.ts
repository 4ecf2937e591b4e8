// Sums of a block's values by weights: register tiles of 4, 2 and 1 rows.
import { four } from "./attention-elements.as";
import { valueStep } from "./kv-store.as";
import { halfMask, madd } from "../module/simd.as";

/** Bytes of a row's state: maximum, sum, factor of its last block; its token, counted from the first. */
export const STATE: usize = 16;

/** sums = sums * factor + sum over low..high of weight x value, for 4, 2 or 1 rows; p: weights, state: factors. */
@inline
export function addValues<T>(
  p: usize, low: i32, high: i32, valueDim: i32, v: usize, sums: usize, state: usize, rows: i32,
): void {
  const step = valueStep(valueDim) * sizeof<T>();
  const from = v + <usize>low * step, to = v + <usize>high * step;
  const w = p + (<usize>low << 2);
  const f = load<f32>(state, 8);
  if (rows == 4) values4<T>(w, from, to, step, sums, state);
  else if (rows == 2) values2<T>(w, from, to, step, sums, f, load<f32>(state + STATE, 8));
  else values1<T>(w, from, to, step, sums, f);
}

/** Values from..to, `step` bytes apart, in order; weights at p, a row's 128 bytes after the last's. */
function values4<T>(p: usize, from: usize, to: usize, step: usize, out: usize, state: usize): void {
  const mask = halfMask();
  const f0 = v128.load32_splat(state, 8), f1 = v128.load32_splat(state + STATE, 8);
  const f2 = v128.load32_splat(state + 2 * STATE, 8), f3 = v128.load32_splat(state + 3 * STATE, 8);
  const row = (step / sizeof<T>()) << 2;
  let o1 = out + row, o2 = o1 + row, o3 = o2 + row;
  let i: usize = 0;
  for (; i + 8 * sizeof<T>() <= step; i += 8 * sizeof<T>()) {
    let a = f32x4.mul(v128.load(out), f0), b = f32x4.mul(v128.load(out, 16), f0);
    let c = f32x4.mul(v128.load(o1), f1), d = f32x4.mul(v128.load(o1, 16), f1);
    let e = f32x4.mul(v128.load(o2), f2), f = f32x4.mul(v128.load(o2, 16), f2);
    let g = f32x4.mul(v128.load(o3), f3), h = f32x4.mul(v128.load(o3, 16), f3);
    for (let u = from + i, w = p; u <= to + i; u += step, w += 4) {
      const v0 = four<T, i8>(u, mask), v1 = four<T, i16>(u, mask);
      let s = v128.load32_splat(w);
      a = madd(s, v0, a);
      b = madd(s, v1, b);
      s = v128.load32_splat(w, 128);
      c = madd(s, v0, c);
      d = madd(s, v1, d);
      s = v128.load32_splat(w, 256);
      e = madd(s, v0, e);
      f = madd(s, v1, f);
      s = v128.load32_splat(w, 384);
      g = madd(s, v0, g);
      h = madd(s, v1, h);
    }
    v128.store(out, a);
    v128.store(out, b, 16);
    v128.store(o1, c);
    v128.store(o1, d, 16);
    v128.store(o2, e);
    v128.store(o2, f, 16);
    v128.store(o3, g);
    v128.store(o3, h, 16);
    out += 32;
    o1 += 32;
    o2 += 32;
    o3 += 32;
  }
  for (; i < step; i += 4 * sizeof<T>()) {
    let a = f32x4.mul(v128.load(out), f0), c = f32x4.mul(v128.load(o1), f1);
    let e = f32x4.mul(v128.load(o2), f2), g = f32x4.mul(v128.load(o3), f3);
    for (let u = from + i, w = p; u <= to + i; u += step, w += 4) {
      const v = four<T, i8>(u, mask);
      a = madd(v128.load32_splat(w), v, a);
      c = madd(v128.load32_splat(w, 128), v, c);
      e = madd(v128.load32_splat(w, 256), v, e);
      g = madd(v128.load32_splat(w, 384), v, g);
    }
    v128.store(out, a);
    v128.store(o1, c);
    v128.store(o2, e);
    v128.store(o3, g);
  }
}

/** Values from..to, `step` bytes apart, in order; weights at p. */
function values1<T>(p: usize, from: usize, to: usize, step: usize, out: usize, factor: f32): void {
  const mask = halfMask();
  const scale = f32x4.splat(factor);
  let i: usize = 0;
  for (; i + 16 * sizeof<T>() <= step; i += 16 * sizeof<T>(), out += 64) {
    let a = f32x4.mul(v128.load(out, 0), scale), b = f32x4.mul(v128.load(out, 16), scale);
    let c = f32x4.mul(v128.load(out, 32), scale), d = f32x4.mul(v128.load(out, 48), scale);
    for (let u = from + i, w = p; u <= to + i; u += step, w += 4) {
      const s = v128.load32_splat(w);
      a = madd(s, four<T, i8>(u, mask), a);
      b = madd(s, four<T, i16>(u, mask), b);
      c = madd(s, four<T, i8>(u + 8 * sizeof<T>(), mask), c);
      d = madd(s, four<T, i16>(u + 8 * sizeof<T>(), mask), d);
    }
    keep4(out, a, b, c, d);
  }
  for (; i < step; i += 4 * sizeof<T>(), out += 16) {
    let a = f32x4.mul(v128.load(out), scale);
    for (let u = from + i, w = p; u <= to + i; u += step, w += 4) a = madd(v128.load32_splat(w), four<T, i8>(u, mask), a);
    v128.store(out, a);
  }
}

/** The same for two rows; the second one's weights are 128 bytes on, its sums follow the first's. */
function values2<T>(p: usize, from: usize, to: usize, step: usize, out: usize, f0: f32, f1: f32): void {
  const mask = halfMask();
  const scale0 = f32x4.splat(f0), scale1 = f32x4.splat(f1);
  let other = out + step / sizeof<T>() * 4;
  let i: usize = 0;
  for (; i + 16 * sizeof<T>() <= step; i += 16 * sizeof<T>(), out += 64, other += 64) {
    let a = f32x4.mul(v128.load(out, 0), scale0), b = f32x4.mul(v128.load(out, 16), scale0);
    let c = f32x4.mul(v128.load(out, 32), scale0), d = f32x4.mul(v128.load(out, 48), scale0);
    let e = f32x4.mul(v128.load(other, 0), scale1), f = f32x4.mul(v128.load(other, 16), scale1);
    let g = f32x4.mul(v128.load(other, 32), scale1), h = f32x4.mul(v128.load(other, 48), scale1);
    for (let u = from + i, w = p; u <= to + i; u += step, w += 4) {
      const v0 = four<T, i8>(u, mask), v1 = four<T, i16>(u, mask);
      const v2 = four<T, i8>(u + 8 * sizeof<T>(), mask), v3 = four<T, i16>(u + 8 * sizeof<T>(), mask);
      let s = v128.load32_splat(w);
      a = madd(s, v0, a);
      b = madd(s, v1, b);
      c = madd(s, v2, c);
      d = madd(s, v3, d);
      s = v128.load32_splat(w, 128);
      e = madd(s, v0, e);
      f = madd(s, v1, f);
      g = madd(s, v2, g);
      h = madd(s, v3, h);
    }
    keep4(out, a, b, c, d);
    keep4(other, e, f, g, h);
  }
  for (; i < step; i += 4 * sizeof<T>(), out += 16, other += 16) {
    let a = f32x4.mul(v128.load(out), scale0), e = f32x4.mul(v128.load(other), scale1);
    for (let u = from + i, w = p; u <= to + i; u += step, w += 4) {
      const v0 = four<T, i8>(u, mask);
      a = madd(v128.load32_splat(w), v0, a);
      e = madd(v128.load32_splat(w, 128), v0, e);
    }
    v128.store(out, a);
    v128.store(other, e);
  }
}

@inline
function keep4(out: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(out, a, 0);
  v128.store(out, b, 16);
  v128.store(out, c, 32);
  v128.store(out, d, 48);
}
