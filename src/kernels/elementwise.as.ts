// Sums of activations; leans on the SIMD pieces.
import { madd } from "./simd.as";

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
