// The backward pass of an MLP's activation, gated or not.
import { exp4, madd, ONE, sigmoid4 } from "../module/simd.as";

/** Kinds as activationNumber in activate.ts counts them. */
const SILU = 0, GELU = 1, GELU_TANH = 2, QUICK_GELU = 3, RELU = 4, RELU2 = 5, CLIPPED_SWIGLU = 6;

/** f of four lanes and its derivative, in two globals: a function has one result. */
let value: v128 = f32x4.splat(0);
let slope: v128 = f32x4.splat(0);

/**
 * dgate and dup: the gradients where y = f(gate) * up, or f(gate) where up is 0, has the gradient dy; `count` floats each.
 * A gradient may take the place of what it belongs to, or of dy.
 */
export function activate_backward(
  kind: i32, gate: usize, up: usize, dy: usize, count: i32, limit: f32, dgate: usize, dup: usize,
): void {
  const end = <usize>count << 2;
  let i: usize = 0;
  for (; i + 16 <= end; i += 16) {
    const d = v128.load(dy + i), x = v128.load(gate + i);
    measure(kind, x, limit);
    if (up == 0) v128.store(dgate + i, f32x4.mul(d, slope));
    else {
      const u = v128.load(up + i), by = f32x4.mul(d, value);
      v128.store(dgate + i, f32x4.mul(f32x4.mul(d, factor(kind, u, limit)), slope));
      v128.store(dup + i, kind == CLIPPED_SWIGLU ? within(u, limit, by) : by);
    }
  }
  for (; i < end; i += 4) {
    const d = v128.load32_splat(dy + i), x = v128.load32_splat(gate + i);
    measure(kind, x, limit);
    if (up == 0) v128.store32_lane(dgate + i, f32x4.mul(d, slope), 0);
    else {
      const u = v128.load32_splat(up + i), by = f32x4.mul(d, value);
      v128.store32_lane(dgate + i, f32x4.mul(f32x4.mul(d, factor(kind, u, limit)), slope), 0);
      v128.store32_lane(dup + i, kind == CLIPPED_SWIGLU ? within(u, limit, by) : by, 0);
    }
  }
}

/** What the activation is multiplied with. */
@inline
function factor(kind: i32, up: v128, limit: f32): v128 {
  if (kind != CLIPPED_SWIGLU) return up;
  const most = f32x4.splat(limit);
  return f32x4.add(f32x4.pmax(f32x4.neg(most), f32x4.pmin(most, up)), ONE);
}

/** `v` where x lies within ±limit, else 0. */
@inline
function within(x: v128, limit: f32, v: v128): v128 {
  return v128.and(v, f32x4.le(f32x4.abs(x), f32x4.splat(limit)));
}

/** x sigmoid(c x) and its derivative. */
@inline
function swish(x: v128, c: f32): void {
  const by = f32x4.splat(c), s = sigmoid4(f32x4.mul(x, by));
  value = f32x4.mul(x, s);
  slope = madd(f32x4.mul(value, by), f32x4.sub(ONE, s), s);
}

function measure(kind: i32, x: v128, limit: f32): void {
  if (kind == SILU) swish(x, 1);
  else if (kind == QUICK_GELU) swish(x, 1.702);
  else if (kind == GELU_TANH) {
    // x sigmoid(u), u = 2 sqrt(2 / pi) (x + 0.044715 x^3)
    const square = f32x4.mul(x, x);
    const u = f32x4.mul(x, madd(square, f32x4.splat(0.07135481282952959), f32x4.splat(1.5957691216057308)));
    const du = madd(square, f32x4.splat(0.21406443848858877), f32x4.splat(1.5957691216057308));
    const s = sigmoid4(u);
    value = f32x4.mul(x, s);
    slope = madd(f32x4.mul(value, du), f32x4.sub(ONE, s), s);
  } else if (kind == GELU) {
    const below = cdf(x);
    value = f32x4.mul(x, below);
    const density = f32x4.mul(exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5))), f32x4.splat(0.3989422804014327));
    slope = madd(x, density, below);
  } else if (kind == CLIPPED_SWIGLU) {
    const most = f32x4.splat(limit);
    swish(f32x4.pmin(most, x), 1.702);
    slope = v128.and(slope, f32x4.le(x, most));
  } else {
    const positive = f32x4.pmax(f32x4.splat(0), x);
    value = kind == RELU2 ? f32x4.mul(positive, positive) : positive;
    slope = kind == RELU2 ? f32x4.add(positive, positive) : v128.and(ONE, f32x4.gt(x, f32x4.splat(0)));
  }
}

/** The standard normal distribution's Phi(x); the polynomial is that of `gelu` in activate.as.ts. */
function cdf(x: v128): v128 {
  const t = f32x4.div(ONE, madd(f32x4.abs(x), f32x4.splat(0.6 * 0.7071067811865476), ONE));
  let p = madd(f32x4.splat(-0.09210443), t, f32x4.splat(0.41203788));
  p = madd(p, t, f32x4.splat(-0.6446140));
  p = madd(p, t, f32x4.splat(0.28391460));
  p = madd(p, t, f32x4.splat(0.07333640));
  p = madd(p, t, f32x4.splat(0.29162315));
  p = madd(p, t, f32x4.splat(0.33724579));
  p = madd(p, t, f32x4.splat(0.33856028));
  const half = f32x4.splat(0.5);
  const tail = f32x4.mul(half, f32x4.mul(f32x4.mul(p, t), exp4(f32x4.neg(f32x4.mul(half, f32x4.mul(x, x))))));
  return v128.bitselect(tail, f32x4.sub(ONE, tail), f32x4.lt(x, f32x4.splat(0)));
}
