// RMS norm; leans on the SIMD pieces.
import { madd, sumLanes } from "./simd.as";

/** out = x / sqrt(mean(x^2) + eps) * weight, row by row; strides in floats; in place allowed. 16 partial sums a row. */
export function rms_norm(
  x: usize, xStride: i32, rows: i32, width: i32, weight: usize, eps: f32, out: usize, outStride: i32,
): void {
  for (let r = 0; r < rows; r++) {
    const p = x + ((<usize>r * <usize>xStride) << 2);
    const o = out + ((<usize>r * <usize>outStride) << 2);
    const end = <usize>width << 2;
    const whole = end & ~63;
    let a = f32x4.splat(0), b = a, c = a, d = a;
    let i: usize = 0;
    for (; i < whole; i += 64) {
      const v0 = v128.load(p + i, 0), v1 = v128.load(p + i, 16), v2 = v128.load(p + i, 32), v3 = v128.load(p + i, 48);
      a = madd(v0, v0, a);
      b = madd(v1, v1, b);
      c = madd(v2, v2, c);
      d = madd(v3, v3, d);
    }
    let sum = sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
    for (; i < end; i += 4) {
      const v = load<f32>(p + i);
      sum += v * v;
    }
    const scale = <f32>1.0 / sqrt<f32>(sum / <f32>width + eps);
    const s = f32x4.splat(scale);
    for (i = 0; i + 16 <= end; i += 16) {
      v128.store(o + i, f32x4.mul(f32x4.mul(v128.load(p + i), s), v128.load(weight + i)));
    }
    for (; i < end; i += 4) store<f32>(o + i, load<f32>(p + i) * scale * load<f32>(weight + i));
  }
}
