// The gated activation silu(gate) * up; leans on the SIMD pieces.
import { exp4 } from "./simd.as";

/** out = gate / (1 + e^-gate) * up, [tokens, width]; strides in floats; in place allowed. */
export function silu_mul(
  gate: usize, gateStride: i32, up: usize, upStride: i32, out: usize, outStride: i32, tokens: i32, width: i32,
): void {
  const end = <usize>width << 2;
  for (let t = 0; t < tokens; t++) {
    let i: usize = 0;
    for (; i + 16 <= end; i += 16) v128.store(out + i, silu4(v128.load(gate + i), v128.load(up + i)));
    for (; i < end; i += 4) {
      const v = silu4(v128.load32_zero(gate + i), v128.load32_zero(up + i));
      store<f32>(out + i, f32x4.extract_lane(v, 0));
    }
    gate += <usize>gateStride << 2;
    up += <usize>upStride << 2;
    out += <usize>outStride << 2;
  }
}

// @ts-ignore: decorator
@inline
function silu4(g: v128, u: v128): v128 {
  return f32x4.mul(f32x4.div(g, f32x4.add(f32x4.splat(1), exp4(f32x4.neg(g)))), u);
}
