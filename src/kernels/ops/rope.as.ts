// RoPE, half pairing.
import { madd } from "../module/simd.as";

/** x [tokens, heads, headDim] at stride xStride, in place; cos, sin [tokens, ropeDim / 2]; i pairs with i + ropeDim / 2. */
export function rope(
  x: usize, xStride: i32, tokens: i32, heads: i32, headDim: i32, ropeDim: i32, cos: usize, sin: usize,
): void {
  const half = <usize>(ropeDim >> 1) << 2;
  for (let t = 0; t < tokens; t++) {
    let p = x + ((<usize>t * <usize>xStride) << 2);
    for (let h = 0; h < heads; h++) {
      let i: usize = 0;
      for (; i + 16 <= half; i += 16) {
        const a = v128.load(p + i), b = v128.load(p + half + i);
        const c = v128.load(cos + i), s = v128.load(sin + i);
        v128.store(p + i, madd(a, c, f32x4.neg(f32x4.mul(b, s))));
        v128.store(p + half + i, madd(b, c, f32x4.mul(a, s)));
      }
      for (; i < half; i += 4) {
        const a = load<f32>(p + i), b = load<f32>(p + half + i);
        const c = load<f32>(cos + i), s = load<f32>(sin + i);
        store<f32>(p + i, a * c - b * s);
        store<f32>(p + half + i, b * c + a * s);
      }
      p += <usize>headDim << 2;
    }
    cos += half;
    sin += half;
  }
}
