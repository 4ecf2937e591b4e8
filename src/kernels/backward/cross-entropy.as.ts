// Cross-entropy of rows of logits, and its gradient in their place.
import { exp4, madd, ONE, sumLanes, tanh4 } from "../module/simd.as";

/**
 * For each row the parts of its log-sum-exp and its target's logit: out [rows, 3] f32 = top, sum of e^(l - top), l of the
 * target, in which 0 stands for a negative target. Raw logits become what is judged, l: softcap tanh(scale raw /
 * softcap), or scale raw where softcap is 0.
 */
export function measure_logits(
  logits: usize, stride: i32, rows: i32, width: i32, targets: usize, scale: f32, softcap: f32, out: usize,
): void {
  const step = <usize>stride << 2, bytes = <usize>width << 2;
  for (let r = 0; r < rows; r++, logits += step, out += 12) {
    const target = load<i32>(targets + (<usize>r << 2));
    if (scale != 1 || softcap > 0) bend(logits, bytes, scale, softcap);
    const top = largest(logits, bytes);
    store<f32>(out, top, 0);
    store<f32>(out, sumOfExponentials(logits, bytes, top), 4);
    store<f32>(out, target < 0 ? 0 : load<f32>(logits + (<usize>target << 2)), 8);
  }
}

/**
 * Logits l, as measure_logits left them, -> gradients of the raw ones: (factor e^(l - top) - [target] hit) slope.
 * plans [rows, 3]: top, factor, hit; a row with factor 0 becomes 0.
 */
export function logit_gradients(
  logits: usize, stride: i32, rows: i32, width: i32, targets: usize, plans: usize, scale: f32, softcap: f32,
): void {
  const step = <usize>stride << 2, bytes = <usize>width << 2;
  for (let r = 0; r < rows; r++, logits += step, plans += 12) {
    const factor = load<f32>(plans, 4);
    if (factor == 0) {
      memory.fill(logits, 0, bytes);
      continue;
    }
    const at = logits + (<usize>load<i32>(targets + (<usize>r << 2)) << 2);
    const l = load<f32>(at) / softcap;
    const flat: f32 = softcap > 0 ? 1 - l * l : 1;
    descend(logits, bytes, load<f32>(plans, 0), factor, scale, softcap);
    store<f32>(at, load<f32>(at) - load<f32>(plans, 8) * scale * flat);
  }
}

function bend(p: usize, bytes: usize, scale: f32, softcap: f32): void {
  const by = f32x4.splat(softcap > 0 ? scale / softcap : scale), cap = f32x4.splat(softcap);
  for (let i: usize = 0; i < bytes; i += 4) {
    if (i + 16 <= bytes) {
      const v = f32x4.mul(v128.load(p + i), by);
      v128.store(p + i, softcap > 0 ? f32x4.mul(cap, tanh4(v)) : v);
      i += 12;
    } else {
      const v = f32x4.mul(v128.load32_splat(p + i), by);
      v128.store32_lane(p + i, softcap > 0 ? f32x4.mul(cap, tanh4(v)) : v, 0);
    }
  }
}

function largest(p: usize, bytes: usize): f32 {
  let top = f32x4.splat(-Infinity), i: usize = 0;
  for (; i + 16 <= bytes; i += 16) top = f32x4.pmax(top, v128.load(p + i));
  for (; i < bytes; i += 4) top = f32x4.pmax(top, v128.load32_splat(p + i));
  return max(
    max(f32x4.extract_lane(top, 0), f32x4.extract_lane(top, 1)),
    max(f32x4.extract_lane(top, 2), f32x4.extract_lane(top, 3)),
  );
}

function sumOfExponentials(p: usize, bytes: usize, top: f32): f32 {
  const t = f32x4.splat(top);
  let a = f32x4.splat(0), b = a, i: usize = 0;
  for (; i + 32 <= bytes; i += 32) {
    a = f32x4.add(a, exp4(f32x4.sub(v128.load(p + i, 0), t)));
    b = f32x4.add(b, exp4(f32x4.sub(v128.load(p + i, 16), t)));
  }
  let total = sumLanes(f32x4.add(a, b));
  for (; i < bytes; i += 4) total += f32x4.extract_lane(exp4(f32x4.sub(v128.load32_splat(p + i), t)), 0);
  return total;
}

/** Each judged logit l becomes factor e^(l - top), times the slope of what bent it. */
function descend(p: usize, bytes: usize, top: f32, factor: f32, scale: f32, softcap: f32): void {
  const t = f32x4.splat(top), f = f32x4.splat(factor * scale), inverse = f32x4.splat(softcap > 0 ? 1 / softcap : 0);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(p + i, descent(v128.load(p + i), t, f, inverse, softcap));
  for (; i < bytes; i += 4) v128.store32_lane(p + i, descent(v128.load32_splat(p + i), t, f, inverse, softcap), 0);
}

@inline
function descent(l: v128, top: v128, factor: v128, inverse: v128, softcap: f32): v128 {
  let d = f32x4.mul(exp4(f32x4.sub(l, top)), factor);
  if (softcap > 0) {
    const h = f32x4.mul(l, inverse);
    d = f32x4.mul(d, madd(f32x4.neg(h), h, ONE));
  }
  return d;
}
