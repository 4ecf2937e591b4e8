// Sums, products and copies of activations, element by element.
import { madd, sigmoid4 } from "../module/simd.as";

/** x += y, `count` floats. */
export function add(x: usize, y: usize, count: i32): void {
  const end = x + (<usize>count << 2);
  for (; x + 16 <= end; x += 16, y += 16) v128.store(x, f32x4.add(v128.load(x), v128.load(y)));
  for (; x < end; x += 4, y += 4) store<f32>(x, load<f32>(x) + load<f32>(y));
}

/** x [tokens, width] at stride xStride += bias [width]. */
export function add_rows(x: usize, xStride: i32, tokens: i32, width: i32, bias: usize): void {
  for (let t = 0; t < tokens; t++) add(x + ((<usize>t * <usize>xStride) << 2), bias, width);
}

/** x += factor * y, `count` floats. */
export function scale_add(x: usize, y: usize, factor: f32, count: i32): void {
  const end = x + (<usize>count << 2);
  const f = f32x4.splat(factor);
  for (; x + 16 <= end; x += 16, y += 16) v128.store(x, madd(v128.load(y), f, v128.load(x)));
  for (; x < end; x += 4, y += 4) {
    const v = madd(v128.load32_zero(y), f, v128.load32_zero(x));
    store<f32>(x, f32x4.extract_lane(v, 0));
  }
}

/** x *= factor, `count` floats. */
export function scale(x: usize, factor: f32, count: i32): void {
  const end = x + (<usize>count << 2);
  const f = f32x4.splat(factor);
  for (; x + 16 <= end; x += 16) v128.store(x, f32x4.mul(v128.load(x), f));
  for (; x < end; x += 4) store<f32>(x, load<f32>(x) * factor);
}

/** x = min(max(x, -limit), limit), `count` floats. */
export function clip(x: usize, limit: f32, count: i32): void {
  const end = x + (<usize>count << 2);
  const most = f32x4.splat(limit), least = f32x4.splat(-limit);
  for (; x + 16 <= end; x += 16) v128.store(x, f32x4.pmin(most, f32x4.pmax(least, v128.load(x))));
  for (; x < end; x += 4) store<f32>(x, min(limit, max(-limit, load<f32>(x))));
}

/** x [tokens, width] *= sigmoid(gate), gate [tokens, width], or [tokens, 1] where gateWidth is 1. */
export function sigmoid_mul(
  x: usize, xStride: i32, gate: usize, gateStride: i32, gateWidth: i32, tokens: i32, width: i32,
): void {
  const step: usize = gateWidth == 1 ? 0 : 1;
  for (let t = 0; t < tokens; t++) {
    const end = <usize>width << 2;
    let i: usize = 0;
    if (step != 0) {
      for (; i + 16 <= end; i += 16) v128.store(x + i, f32x4.mul(v128.load(x + i), sigmoid4(v128.load(gate + i))));
    } else {
      const s = sigmoid4(v128.load32_splat(gate));
      for (; i + 16 <= end; i += 16) v128.store(x + i, f32x4.mul(v128.load(x + i), s));
    }
    for (; i < end; i += 4) {
      const s = sigmoid4(v128.load32_splat(gate + i * step));
      store<f32>(x + i, load<f32>(x + i) * f32x4.extract_lane(s, 0));
    }
    x += <usize>xStride << 2;
    gate += <usize>gateStride << 2;
  }
}

/** out[t] = x[t], [tokens, width]. */
export function copy_rows(x: usize, xStride: i32, tokens: i32, width: i32, out: usize, outStride: i32): void {
  for (let t = 0; t < tokens; t++) {
    memory.copy(out, x, <usize>width << 2);
    x += <usize>xStride << 2;
    out += <usize>outStride << 2;
  }
}
