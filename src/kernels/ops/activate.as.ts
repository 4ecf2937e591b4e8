// Activations of an MLP, gated or not.
import { exp4, madd, sigmoid4 } from "../module/simd.as";

/** Kinds as activationNumber in activate.ts counts them. */
const SILU = 0, GELU = 1, GELU_TANH = 2, QUICK_GELU = 3, RELU = 4, RELU2 = 5, CLIPPED_SWIGLU = 6;

/** gate = f(gate) * up, or f(gate) where up is 0, in place; [tokens, width]; strides in floats. */
export function activate(
  kind: i32, gate: usize, gateStride: i32, up: usize, upStride: i32, tokens: i32, width: i32, limit: f32,
): void {
  for (let t = 0; t < tokens; t++) {
    // a loop of its own for each kind: the exponential's constants stay in registers
    if (kind == SILU) row(SILU, gate, up, width, limit);
    else if (kind == GELU) row(GELU, gate, up, width, limit);
    else if (kind == GELU_TANH) row(GELU_TANH, gate, up, width, limit);
    else row(kind, gate, up, width, limit);
    gate += <usize>gateStride << 2;
    if (up != 0) up += <usize>upStride << 2;
  }
}

@inline
function row(kind: i32, gate: usize, up: usize, width: i32, limit: f32): void {
  const end = <usize>width << 2;
  let i: usize = 0;
  for (; i + 16 <= end; i += 16) {
    const v = four(kind, v128.load(gate + i), limit);
    v128.store(gate + i, up != 0 ? f32x4.mul(v, factor(kind, v128.load(up + i), limit)) : v);
  }
  for (; i < end; i += 4) {
    const v = four(kind, v128.load32_splat(gate + i), limit);
    v128.store32_lane(gate + i, up != 0 ? f32x4.mul(v, factor(kind, v128.load32_splat(up + i), limit)) : v, 0);
  }
}

@inline
function four(kind: i32, x: v128, limit: f32): v128 {
  if (kind == SILU) return f32x4.div(x, f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))));
  if (kind == GELU) return gelu(x);
  if (kind == GELU_TANH) {
    // x sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3))
    const cubic = madd(f32x4.mul(x, x), f32x4.splat(0.07135481282952959), f32x4.splat(1.5957691216057308));
    return f32x4.mul(x, sigmoid4(f32x4.mul(x, cubic)));
  }
  if (kind == QUICK_GELU) return f32x4.mul(x, sigmoid4(f32x4.mul(x, f32x4.splat(1.702))));
  if (kind == CLIPPED_SWIGLU) {
    const clipped = f32x4.pmin(f32x4.splat(limit), x);
    return f32x4.mul(clipped, sigmoid4(f32x4.mul(clipped, f32x4.splat(1.702))));
  }
  const positive = f32x4.pmax(f32x4.splat(0), x);
  return kind == RELU2 ? f32x4.mul(positive, positive) : positive;
}

/** What the activation is multiplied with. */
@inline
function factor(kind: i32, up: v128, limit: f32): v128 {
  if (kind != CLIPPED_SWIGLU) return up;
  const most = f32x4.splat(limit);
  return f32x4.add(f32x4.pmax(f32x4.neg(most), f32x4.pmin(most, up)), f32x4.splat(1));
}

/**
 * x Phi(x). The tail Phi(-|x|) = e^(-x^2 / 2) t P(t) / 2 with t = 1 / (1 + 0.6 |x| / sqrt(2)); P fitted to erfc for the
 * least relative error, 3e-7, so that the result is good to about 2e-6 of itself however small it is.
 */
@inline
function gelu(x: v128): v128 {
  const one = f32x4.splat(1);
  const t = f32x4.div(one, madd(f32x4.abs(x), f32x4.splat(0.6 * 0.7071067811865476), one));
  let p = madd(f32x4.splat(-0.09210443), t, f32x4.splat(0.41203788));
  p = madd(p, t, f32x4.splat(-0.6446140));
  p = madd(p, t, f32x4.splat(0.28391460));
  p = madd(p, t, f32x4.splat(0.07333640));
  p = madd(p, t, f32x4.splat(0.29162315));
  p = madd(p, t, f32x4.splat(0.33724579));
  p = madd(p, t, f32x4.splat(0.33856028));
  const half = f32x4.mul(x, f32x4.splat(0.5));
  const tail = f32x4.mul(f32x4.mul(p, t), exp4(f32x4.neg(f32x4.mul(half, x))));
  const negative = f32x4.mul(half, tail);
  return v128.bitselect(negative, f32x4.sub(x, negative), f32x4.lt(x, f32x4.splat(0)));
}
