// Steps of optimisers over parameters, and sums over gradients.
import { madd } from "../module/simd.as";

/**
 * AdamW (arXiv:1711.05101) over `count` floats: p *= keep; m and v move towards g and g^2; p -= rate m / (sqrt(v / c2) + eps).
 *
 * rate  the learning rate over 1 - beta1^t; c2: 1 - beta2^t; gradients are multiplied by `by` first
 */
export function adamw(
  p: usize, g: usize, m: usize, v: usize, count: i32, by: f32, keep: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32,
  rate: f32, root: f32, eps: f32,
): void {
  const f = f32x4.splat(by), k = f32x4.splat(keep), b1 = f32x4.splat(beta1), r1 = f32x4.splat(rest1);
  const b2 = f32x4.splat(beta2), r2 = f32x4.splat(rest2), lr = f32x4.splat(rate), s = f32x4.splat(root);
  const e = f32x4.splat(eps);
  const end = p + (<usize>count << 2);
  // lanes beyond the last: what begins a vector is a multiple of 4 for every rank
  for (; p < end; p += 16, g += 16, m += 16, v += 16) {
    const d = f32x4.mul(v128.load(g), f);
    const mean = madd(v128.load(m), b1, f32x4.mul(d, r1));
    const square = madd(v128.load(v), b2, f32x4.mul(f32x4.mul(d, d), r2));
    const step = f32x4.div(mean, f32x4.add(f32x4.mul(f32x4.sqrt(square), s), e));
    v128.store(m, mean);
    v128.store(v, square);
    v128.store(p, f32x4.sub(f32x4.mul(v128.load(p), k), f32x4.mul(lr, step)));
  }
}

/** The sum of squares of `count` floats, in double precision. */
export function sum_of_squares(p: usize, count: i32): f64 {
  const end = p + (<usize>count << 2);
  let a = f64x2.splat(0), b = a;
  for (; p + 16 <= end; p += 16) {
    const v = v128.load(p);
    const low = f64x2.promote_low_f32x4(v), high = f64x2.promote_low_f32x4(i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    a = f64x2.add(a, f64x2.mul(low, low));
    b = f64x2.add(b, f64x2.mul(high, high));
  }
  a = f64x2.add(a, b);
  let sum = f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
  for (; p < end; p += 4) sum += <f64>load<f32>(p) * <f64>load<f32>(p);
  return sum;
}

/** out = a x + b y, `count` floats; out may be x or y. */
export function combine(x: usize, y: usize, a: f32, b: f32, out: usize, count: i32): void {
  const end = x + (<usize>count << 2);
  const f = f32x4.splat(a), g = f32x4.splat(b);
  for (; x + 16 <= end; x += 16, y += 16, out += 16) {
    v128.store(out, madd(v128.load(y), g, f32x4.mul(v128.load(x), f)));
  }
  for (; x < end; x += 4, y += 4, out += 4) {
    v128.store32_lane(out, madd(v128.load32_zero(y), g, f32x4.mul(v128.load32_zero(x), f)), 0);
  }
}

/** out[c] += sum over rows of x[r, c], in order; x [rows, columns] at a stride. */
export function add_columns(x: usize, stride: i32, rows: i32, columns: i32, out: usize): void {
  const step = <usize>stride << 2, end = <usize>columns << 2;
  for (let r = 0; r < rows; r++, x += step) {
    let i: usize = 0;
    for (; i + 16 <= end; i += 16) v128.store(out + i, f32x4.add(v128.load(out + i), v128.load(x + i)));
    for (; i < end; i += 4) store<f32>(out + i, load<f32>(out + i) + load<f32>(x + i));
  }
}
