// Gated delta nets, token by token.
//
// The memory S of a value head is kept as [keyDim][valueDim rounded up to 4], so that lanes are columns of values and
// every sum over keys runs in their order, one multiply-add a step.
import { exp4, madd, sigmoid4, sumLanes } from "../module/simd.as";

/**
 * x [tokens, width] -> silu of its depthwise causal convolution, in place. weights: [kernel][width]; history: the last
 * kernel - 1 rows [kernel - 1][width], oldest first, moved on. Rows of weights and history are padded to `step` floats.
 */
export function convolve(
  x: usize, xStride: i32, tokens: i32, width: i32, kernel: i32, weights: usize, history: usize, step: i32,
): void {
  const row = <usize>step << 2, end = <usize>width << 2, last = <usize>(kernel - 1) * row;
  for (let t = 0; t < tokens; t++) {
    for (let c: usize = 0; c < end; c += 16) {
      const now = loadUpTo(x + c, end - c);
      let sum = f32x4.splat(0);
      for (let j: usize = 0; j < last; j += row) {
        const h = history + j + c;
        const old = v128.load(h);
        sum = madd(v128.load(weights + j + c), old, sum);
        if (j != 0) v128.store(h - row, old);
      }
      if (last != 0) v128.store(history + last - row + c, now);
      sum = madd(v128.load(weights + last + c), now, sum);
      storeUpTo(x + c, f32x4.mul(sum, sigmoid4(sum)), end - c);
    }
    x += <usize>xStride << 2;
  }
}

/**
 * out = S q after S = forget S + step (v - S k) k^T, for each token and value head; `group` value heads read a key head.
 * Strides in floats; decay, decayBias [keyHeads * group]; scratch: 2 * keyDim + 2 * valueDim floats and 32 bytes.
 */
export function delta_rule(
  query: usize, queryStride: i32, key: usize, keyStride: i32, value: usize, valueStride: i32, beta: usize,
  betaStride: i32, alpha: usize, alphaStride: i32, decay: usize, decayBias: usize, memory: usize, tokens: i32,
  keyHeads: i32, group: i32, keyDim: i32, valueDim: i32, out: usize, outStride: i32, scratch: usize,
): void {
  const keyBytes = <usize>keyDim << 2, valueBytes = <usize>valueDim << 2;
  const row = <usize>((valueDim + 3) & ~3) << 2;
  const q = scratch, k = q + keyBytes;
  for (let t = 0; t < tokens; t++) {
    let h: usize = 0;
    let s = memory;
    for (let head: usize = 0; head < <usize>keyHeads; head++) {
      unit(query + head * keyBytes, keyDim, q, <f32>1.0 / sqrt<f32>(<f32>keyDim));
      unit(key + head * keyBytes, keyDim, k, 1);
      for (let g = 0; g < group; g++, h += 4) {
        const rate = f32x4.extract_lane(exp4(v128.load32_splat(decay + h)), 0);
        const forget = exp4(f32x4.splat(-rate * softplus(load<f32>(alpha + h) + load<f32>(decayBias + h))));
        const step = sigmoid4(v128.load32_splat(beta + h));
        const v = value + (h >> 2) * valueBytes, o = out + (h >> 2) * valueBytes;
        let c: usize = 0;
        for (; c + 64 <= valueBytes; c += 64) columns16(s + c, row, q, k, keyBytes, forget, step, v + c, o + c);
        for (; c < valueBytes; c += 16) {
          columns(s + c, row, q, k, keyBytes, forget, step, v + c, o + c, valueBytes - c);
        }
        s += row * <usize>keyDim;
      }
    }
    query += <usize>queryStride << 2;
    key += <usize>keyStride << 2;
    value += <usize>valueStride << 2;
    beta += <usize>betaStride << 2;
    alpha += <usize>alphaStride << 2;
    out += <usize>outStride << 2;
  }
}

/** Sixteen columns of S, a line of the cache: both passes over the keys. */
function columns16(
  s: usize, row: usize, q: usize, k: usize, keyBytes: usize, forget: v128, step: v128, v: usize, o: usize,
): void {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  for (let i: usize = 0, p = s; i < keyBytes; i += 4, p += row) {
    const x = v128.load32_splat(k + i);
    a = madd(v128.load(p), x, a);
    b = madd(v128.load(p, 16), x, b);
    c = madd(v128.load(p, 32), x, c);
    d = madd(v128.load(p, 48), x, d);
  }
  const da = f32x4.mul(step, f32x4.sub(v128.load(v), f32x4.mul(forget, a)));
  const db = f32x4.mul(step, f32x4.sub(v128.load(v, 16), f32x4.mul(forget, b)));
  const dc = f32x4.mul(step, f32x4.sub(v128.load(v, 32), f32x4.mul(forget, c)));
  const dd = f32x4.mul(step, f32x4.sub(v128.load(v, 48), f32x4.mul(forget, d)));
  a = b = c = d = f32x4.splat(0);
  for (let i: usize = 0, p = s; i < keyBytes; i += 4, p += row) {
    const x = v128.load32_splat(k + i), y = v128.load32_splat(q + i);
    let now = madd(x, da, f32x4.mul(forget, v128.load(p)));
    v128.store(p, now);
    a = madd(now, y, a);
    now = madd(x, db, f32x4.mul(forget, v128.load(p, 16)));
    v128.store(p, now, 16);
    b = madd(now, y, b);
    now = madd(x, dc, f32x4.mul(forget, v128.load(p, 32)));
    v128.store(p, now, 32);
    c = madd(now, y, c);
    now = madd(x, dd, f32x4.mul(forget, v128.load(p, 48)));
    v128.store(p, now, 48);
    d = madd(now, y, d);
  }
  v128.store(o, a);
  v128.store(o, b, 16);
  v128.store(o, c, 32);
  v128.store(o, d, 48);
}

/** Four columns of S, or the last of them. */
@inline
function columns(
  s: usize, row: usize, q: usize, k: usize, keyBytes: usize, forget: v128, step: v128, v: usize, o: usize, rest: usize,
): void {
  let known = f32x4.splat(0);
  for (let i: usize = 0, p = s; i < keyBytes; i += 4, p += row) known = madd(v128.load(p), v128.load32_splat(k + i), known);
  const delta = f32x4.mul(step, f32x4.sub(loadUpTo(v, rest), f32x4.mul(forget, known)));
  let sum = f32x4.splat(0);
  for (let i: usize = 0, p = s; i < keyBytes; i += 4, p += row) {
    const now = madd(v128.load32_splat(k + i), delta, f32x4.mul(forget, v128.load(p)));
    v128.store(p, now);
    sum = madd(now, v128.load32_splat(q + i), sum);
  }
  storeUpTo(o, sum, rest);
}

/** out = x / sqrt(|x|^2 + 1e-6) * scale */
function unit(x: usize, dim: i32, out: usize, scale: f32): void {
  const end = <usize>dim << 2;
  let a = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 16 <= end; i += 16) a = madd(v128.load(x + i), v128.load(x + i), a);
  let sum = sumLanes(a);
  for (let j = i; j < end; j += 4) sum += load<f32>(x + j) * load<f32>(x + j);
  const factor = scale / sqrt<f32>(sum + <f32>1e-6);
  for (i = 0; i + 16 <= end; i += 16) v128.store(out + i, f32x4.mul(v128.load(x + i), f32x4.splat(factor)));
  for (; i < end; i += 4) store<f32>(out + i, load<f32>(x + i) * factor);
}

/** ln(1 + e^x) = max(x, 0) + ln(1 + u), u = e^-|x|; ln(1 + u) = 2 artanh(u / (2 + u)), whose series ends below 1e-9. */
function softplus(x: f32): f32 {
  const u = f32x4.extract_lane(exp4(f32x4.splat(-abs<f32>(x))), 0);
  const s = u / (<f32>2.0 + u);
  const z = s * s;
  let sum: f32 = <f32>(1.0 / 15);
  for (let odd = 13; odd > 0; odd -= 2) sum = sum * z + <f32>1.0 / <f32>odd;
  return max<f32>(x, 0) + <f32>2.0 * s * sum;
}

/** Up to four floats at p, of which `bytes` bytes are there; zeros beyond. */
@inline
function loadUpTo(p: usize, bytes: usize): v128 {
  if (bytes >= 16) return v128.load(p);
  let v = v128.load32_zero(p);
  if (bytes > 4) v = v128.load32_lane(p + 4, v, 1);
  if (bytes > 8) v = v128.load32_lane(p + 8, v, 2);
  return v;
}

@inline
function storeUpTo(p: usize, v: v128, bytes: usize): void {
  if (bytes >= 16) {
    v128.store(p, v);
    return;
  }
  v128.store32_lane(p, v, 0);
  if (bytes > 4) v128.store32_lane(p + 4, v, 1);
  if (bytes > 8) v128.store32_lane(p + 8, v, 2);
}
