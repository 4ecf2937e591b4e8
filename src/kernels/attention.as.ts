// Attention of one KV head over its cache, by online softmax in blocks of 32 positions; leans on the SIMD pieces.
//
// A row is one query head of one token. Every row walks the same blocks in the same order with the same operations,
// whatever rows are computed beside it: a score is one sum over headDim in order; a block's maximum, exponentials and
// sum of 32 come next; then out = out * e^(old - new maximum) + sum of p v over the visible positions in order.
import { keyBlockBytes, valueBlockBytes, valueStep } from "./kv-store.as";
import { exp4, HALF_MASK, HALF_SCALE, loadHalves, madd, maxLanes, sumLanes, tanh4 } from "./simd.as";

/** Rows that share one conversion of a block; with scratchBytes in module.ts. */
const MAX_ROWS: i32 = 64;

/** What all rows of a call share; lies at the head of the scratch, HEADER bytes. */
@unmanaged
class Call {
  q: usize;
  /** Bytes from one token to the next. */
  qStep: usize;
  out: usize;
  outStep: usize;
  headDim: i32;
  valueDim: i32;
  k: usize;
  v: usize;
  /** Positions seen where attention is not causal, else 0. */
  length: i32;
  window: i32;
  scale: f32;
  softcap: f32;
  /** Of these heads, or 0. */
  sinks: usize;
  slopes: usize;
  bias: usize;
  reach: i32;
}

const HEADER: usize = 64;

/**
 * out = attention of `heads` query heads that read one KV head, side by side in q and out. Token t stands at position + t
 * and sees positions up to its own, or [0, length) where length is not 0. sinks, slopes [heads] and
 * bias [heads, 2 * reach + 1] may be 0; so may window and softcap.
 */
export function attention_f32(
  q: usize, qStride: i32, tokens: i32, heads: i32, headDim: i32, valueDim: i32, k: usize, v: usize, position: i32,
  length: i32, window: i32, scale: f32, softcap: f32, sinks: usize, slopes: usize, bias: usize, reach: i32,
  out: usize, outStride: i32, scratch: usize,
): void {
  begin(q, qStride, headDim, valueDim, k, v, length, window, scale, softcap, sinks, slopes, bias, reach, out, outStride, scratch);
  attend<f32>(changetype<Call>(scratch), tokens, heads, position);
}

export function attention_f16(
  q: usize, qStride: i32, tokens: i32, heads: i32, headDim: i32, valueDim: i32, k: usize, v: usize, position: i32,
  length: i32, window: i32, scale: f32, softcap: f32, sinks: usize, slopes: usize, bias: usize, reach: i32,
  out: usize, outStride: i32, scratch: usize,
): void {
  begin(q, qStride, headDim, valueDim, k, v, length, window, scale, softcap, sinks, slopes, bias, reach, out, outStride, scratch);
  attend<u16>(changetype<Call>(scratch), tokens, heads, position);
}

export function attention_q8(
  q: usize, qStride: i32, tokens: i32, heads: i32, headDim: i32, valueDim: i32, k: usize, v: usize, position: i32,
  length: i32, window: i32, scale: f32, softcap: f32, sinks: usize, slopes: usize, bias: usize, reach: i32,
  out: usize, outStride: i32, scratch: usize,
): void {
  begin(q, qStride, headDim, valueDim, k, v, length, window, scale, softcap, sinks, slopes, bias, reach, out, outStride, scratch);
  attend<i8>(changetype<Call>(scratch), tokens, heads, position);
}

// @ts-ignore: decorator
@inline
function begin(
  q: usize, qStride: i32, headDim: i32, valueDim: i32, k: usize, v: usize, length: i32, window: i32, scale: f32,
  softcap: f32, sinks: usize, slopes: usize, bias: usize, reach: i32, out: usize, outStride: i32, scratch: usize,
): void {
  const call = changetype<Call>(scratch);
  call.q = q;
  call.qStep = <usize>qStride << 2;
  call.out = out;
  call.outStep = <usize>outStride << 2;
  call.headDim = headDim;
  call.valueDim = valueDim;
  call.k = k;
  call.v = v;
  call.length = length;
  call.window = window;
  call.scale = scale;
  call.softcap = softcap;
  call.sinks = sinks;
  call.slopes = slopes;
  call.bias = bias;
  call.reach = reach;
}

function attend<T>(call: Call, tokens: i32, heads: i32, position: i32): void {
  for (let h = 0; h < heads; h += MAX_ROWS) {
    const some = min(heads - h, MAX_ROWS);
    const tile = MAX_ROWS / some;
    for (let t = 0; t < tokens; t += tile) attendTile<T>(call, t, min(tile, tokens - t), h, some, position);
  }
}

/** Tokens first..first + tokens, heads head..head + heads. */
function attendTile<T>(call: Call, first: i32, tokens: i32, head: i32, heads: i32, position: i32): void {
  const headDim = call.headDim, valueDim = call.valueDim, window = call.window;
  const queryBytes = <usize>headDim << 2, rowBytes = valueStep(valueDim) << 2;
  const keyBytes = <usize>headDim << 7, valueBytes = valueStep(valueDim) << 7;
  const keys = changetype<usize>(call) + HEADER, values = keys + keyBytes;
  const weights = values + valueBytes; // two rows' scores and weights of a block, 2 x 128 bytes
  const state = weights + 256; // { maximum, sum } a row
  const sums = state + 8 * <usize>MAX_ROWS; // a row of values each
  memory.fill(sums, 0, rowBytes * <usize>(tokens * heads));
  for (let t = 0; t < tokens; t++) {
    for (let h = 0; h < heads; h++) {
      const s = state + 8 * <usize>(t * heads + h);
      store<f32>(s, call.sinks != 0 ? load<f32>(call.sinks + (<usize>(head + h) << 2)) : -Infinity, 0);
      store<f32>(s, call.sinks != 0 ? 1 : 0, 4);
    }
  }
  const start = position + first;
  const lastBlock = (call.length > 0 ? call.length - 1 : start + tokens - 1) >> 5;
  for (let b = firstSeen(start, window) >> 5; b <= lastBlock; b++) {
    let kb = call.k + <usize>b * keyBlockBytes<T>(headDim);
    let vb = call.v + <usize>b * valueBlockBytes<T>(valueDim);
    const keyScales = kb + (<usize>headDim << 5), valueScales = vb + (valueStep(valueDim) << 5); // for i8
    if (!isFloat<T>()) {
      widen<T>(kb, keys, keyBytes);
      widen<T>(vb, values, valueBytes);
      kb = keys;
      vb = values;
    }
    for (let t = 0; t < tokens; t++) {
      const own = start + t - (b << 5);
      const low = max(firstSeen(start + t, window) - (b << 5), 0);
      const high = min(call.length > 0 ? call.length - 1 - (b << 5) : own, 31);
      if (low > high) continue;
      let q = call.q + <usize>(first + t) * call.qStep + <usize>head * queryBytes;
      let o = sums + <usize>(t * heads) * rowBytes;
      let s = state + 8 * <usize>(t * heads);
      let h = 0;
      for (; h + 2 <= heads; h += 2) {
        scores2(q, q + queryBytes, headDim, kb, call.scale, weights);
        const f0 = soften<T>(call, weights, head + h, own, low, high, s, keyScales, valueScales);
        const f1 = soften<T>(call, weights + 128, head + h + 1, own, low, high, s + 8, keyScales, valueScales);
        values2(weights, low, high, rowBytes, vb, o, o + rowBytes, f0, f1);
        q += 2 * queryBytes;
        o += 2 * rowBytes;
        s += 16;
      }
      if (h < heads) {
        scores1(q, headDim, kb, call.scale, weights);
        const f = soften<T>(call, weights, head + h, own, low, high, s, keyScales, valueScales);
        values1(weights, low, high, rowBytes, vb, o, f);
      }
    }
  }
  for (let t = 0; t < tokens; t++) {
    let o = call.out + <usize>(first + t) * call.outStep + ((<usize>head * <usize>valueDim) << 2);
    for (let h = 0; h < heads; h++) {
      const row = <usize>(t * heads + h);
      finish(sums + row * rowBytes, o, <usize>valueDim << 2, <f32>1.0 / load<f32>(state + 8 * row, 4));
      o += <usize>valueDim << 2;
    }
  }
}

/** out = sums * factor, `bytes` bytes. */
// @ts-ignore: decorator
@inline
function finish(sums: usize, out: usize, bytes: usize, factor: f32): void {
  const f = f32x4.splat(factor);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(out + i, f32x4.mul(v128.load(sums + i), f));
  for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(sums + i) * factor);
}

// @ts-ignore: decorator
@inline
function firstSeen(position: i32, window: i32): i32 {
  return window > 0 ? max(0, position - window + 1) : 0;
}

/** Halves, or whole numbers of 8 bits -> `bytes` bytes of f32. */
function widen<T>(p: usize, o: usize, bytes: usize): void {
  const mask = HALF_MASK, scale = HALF_SCALE;
  for (const end = o + bytes; o < end; o += 64) {
    if (sizeof<T>() == 2) {
      v128.store(o, loadHalves(p, mask, scale), 0);
      v128.store(o, loadHalves(p + 8, mask, scale), 16);
      v128.store(o, loadHalves(p + 16, mask, scale), 32);
      v128.store(o, loadHalves(p + 24, mask, scale), 48);
      p += 32;
    } else {
      const low = v128.load8x8_s(p, 0), high = v128.load8x8_s(p, 8);
      v128.store(o, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)), 0);
      v128.store(o, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)), 16);
      v128.store(o, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), 32);
      v128.store(o, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), 48);
      p += 16;
    }
  }
}

/** Scores of one row against a block's 32 keys -> out. */
function scores1(q: usize, headDim: i32, k: usize, scale: f32, out: usize): void {
  let a = f32x4.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
  for (let i = 0; i < headDim; i++) {
    const s = v128.load32_splat(q);
    a = madd(s, v128.load(k, 0), a);
    b = madd(s, v128.load(k, 16), b);
    c = madd(s, v128.load(k, 32), c);
    d = madd(s, v128.load(k, 48), d);
    e = madd(s, v128.load(k, 64), e);
    f = madd(s, v128.load(k, 80), f);
    g = madd(s, v128.load(k, 96), g);
    h = madd(s, v128.load(k, 112), h);
    q += 4;
    k += 128;
  }
  const s = f32x4.splat(scale);
  v128.store(out, f32x4.mul(a, s), 0);
  v128.store(out, f32x4.mul(b, s), 16);
  v128.store(out, f32x4.mul(c, s), 32);
  v128.store(out, f32x4.mul(d, s), 48);
  v128.store(out, f32x4.mul(e, s), 64);
  v128.store(out, f32x4.mul(f, s), 80);
  v128.store(out, f32x4.mul(g, s), 96);
  v128.store(out, f32x4.mul(h, s), 112);
}

/** Scores of two rows -> out, out + 128; half a block at a time, so that everything stays in registers. */
function scores2(q: usize, r: usize, headDim: i32, k: usize, scale: f32, out: usize): void {
  for (let part: usize = 0; part < 128; part += 64) {
    let a = f32x4.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
    let p = k + part;
    for (let i: usize = 0; i < <usize>headDim << 2; i += 4) {
      const k0 = v128.load(p, 0), k1 = v128.load(p, 16), k2 = v128.load(p, 32), k3 = v128.load(p, 48);
      let s = v128.load32_splat(q + i);
      a = madd(s, k0, a);
      b = madd(s, k1, b);
      c = madd(s, k2, c);
      d = madd(s, k3, d);
      s = v128.load32_splat(r + i);
      e = madd(s, k0, e);
      f = madd(s, k1, f);
      g = madd(s, k2, g);
      h = madd(s, k3, h);
      p += 128;
    }
    const s = f32x4.splat(scale);
    v128.store(out + part, f32x4.mul(a, s), 0);
    v128.store(out + part, f32x4.mul(b, s), 16);
    v128.store(out + part, f32x4.mul(c, s), 32);
    v128.store(out + part, f32x4.mul(d, s), 48);
    v128.store(out + part, f32x4.mul(e, s), 128);
    v128.store(out + part, f32x4.mul(f, s), 144);
    v128.store(out + part, f32x4.mul(g, s), 160);
    v128.store(out + part, f32x4.mul(h, s), 176);
  }
}

/** The scores of a row's block by its options: softcap, distance; own: the query's position counted from the block. */
function adjust(call: Call, p: usize, head: i32, own: i32): void {
  if (call.softcap > 0) {
    const cap = f32x4.splat(call.softcap), inverse = f32x4.splat(<f32>1.0 / call.softcap);
    for (let i: usize = 0; i < 128; i += 16) {
      v128.store(p + i, f32x4.mul(cap, tanh4(f32x4.mul(v128.load(p + i), inverse))));
    }
  }
  if (call.slopes != 0) {
    const slope = v128.load32_splat(call.slopes + (<usize>head << 2));
    let distance = f32x4.sub(f32x4(0, 1, 2, 3), f32x4.splat(<f32>own));
    for (let i: usize = 0; i < 128; i += 16) {
      v128.store(p + i, madd(slope, distance, v128.load(p + i)));
      distance = f32x4.add(distance, f32x4.splat(4));
    }
  }
  if (call.bias != 0) {
    const reach = call.reach;
    const table = call.bias + ((<usize>head * <usize>(2 * reach + 1)) << 2);
    for (let i = 0; i < 32; i++) {
      const at = table + (<usize>(max(-reach, min(reach, i - own)) + reach) << 2);
      store<f32>(p + (<usize>i << 2), load<f32>(p + (<usize>i << 2)) + load<f32>(at));
    }
  }
}

/** p *= by, 32 floats. */
// @ts-ignore: decorator
@inline
function multiply(p: usize, by: usize): void {
  for (let i: usize = 0; i < 128; i += 16) v128.store(p + i, f32x4.mul(v128.load(p + i), v128.load(by + i)));
}

/**
 * Scores at p -> weights e^(score - maximum) at p, 0 outside low..high; the row's state { maximum, sum } moves on.
 * Returns the factor for what was summed under the old maximum.
 */
function soften<T>(
  call: Call, p: usize, head: i32, own: i32, low: i32, high: i32, state: usize, keyScales: usize, valueScales: usize,
): f32 {
  if (sizeof<T>() == 1) multiply(p, keyScales);
  if (call.softcap > 0 || (call.slopes | call.bias) != 0) adjust(call, p, head, own);
  const from = i32x4.splat(low - 1), to = i32x4.splat(high + 1);
  const none = f32x4.splat(-Infinity);
  let index = i32x4(0, 1, 2, 3);
  let top = none;
  for (let i: usize = 0; i < 128; i += 16) {
    const seen = v128.and(i32x4.gt_s(index, from), i32x4.gt_s(to, index));
    const s = v128.bitselect(v128.load(p + i), none, seen);
    v128.store(p + i, s);
    top = f32x4.max(top, s);
    index = i32x4.add(index, i32x4.splat(4));
  }
  const old = load<f32>(state);
  const now = max(old, maxLanes(top));
  const m = f32x4.splat(now);
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < 128; i += 16) {
    const e = exp4(f32x4.sub(v128.load(p + i), m));
    v128.store(p + i, e);
    sum = f32x4.add(sum, e);
  }
  const factor = f32x4.extract_lane(exp4(f32x4.splat(old - now)), 0);
  store<f32>(state, now);
  store<f32>(state, load<f32>(state, 4) * factor + sumLanes(sum), 4);
  if (sizeof<T>() == 1) multiply(p, valueScales);
  return factor;
}

/** out = out * factor + sum over low..high of weight x value, one row of `row` bytes. */
function values1(p: usize, low: i32, high: i32, row: usize, v: usize, out: usize, factor: f32): void {
  const scale = f32x4.splat(factor);
  const first = v + <usize>low * row, last = v + <usize>high * row;
  p += <usize>low << 2;
  let i: usize = 0;
  for (; i + 64 <= row; i += 64) {
    const o = out + i;
    let a = f32x4.mul(v128.load(o, 0), scale), b = f32x4.mul(v128.load(o, 16), scale);
    let c = f32x4.mul(v128.load(o, 32), scale), d = f32x4.mul(v128.load(o, 48), scale);
    for (let u = first + i, w = p; u <= last + i; u += row, w += 4) {
      const s = v128.load32_splat(w);
      a = madd(s, v128.load(u, 0), a);
      b = madd(s, v128.load(u, 16), b);
      c = madd(s, v128.load(u, 32), c);
      d = madd(s, v128.load(u, 48), d);
    }
    v128.store(o, a, 0);
    v128.store(o, b, 16);
    v128.store(o, c, 32);
    v128.store(o, d, 48);
  }
  for (; i < row; i += 16) {
    let a = f32x4.mul(v128.load(out + i), scale);
    for (let u = first + i, w = p; u <= last + i; u += row, w += 4) a = madd(v128.load32_splat(w), v128.load(u), a);
    v128.store(out + i, a);
  }
}

/** The same for two rows with the same visible positions; the second row's weights are 128 bytes on. */
function values2(
  p: usize, low: i32, high: i32, row: usize, v: usize, out: usize, other: usize, f0: f32, f1: f32,
): void {
  const scale0 = f32x4.splat(f0), scale1 = f32x4.splat(f1);
  const first = v + <usize>low * row, last = v + <usize>high * row;
  const weights = p + (<usize>low << 2);
  let i: usize = 0;
  for (; i + 64 <= row; i += 64) {
    const o = out + i, n = other + i;
    let a = f32x4.mul(v128.load(o, 0), scale0), b = f32x4.mul(v128.load(o, 16), scale0);
    let c = f32x4.mul(v128.load(o, 32), scale0), d = f32x4.mul(v128.load(o, 48), scale0);
    let e = f32x4.mul(v128.load(n, 0), scale1), f = f32x4.mul(v128.load(n, 16), scale1);
    let g = f32x4.mul(v128.load(n, 32), scale1), h = f32x4.mul(v128.load(n, 48), scale1);
    for (let u = first + i, w = weights; u <= last + i; u += row, w += 4) {
      const v0 = v128.load(u, 0), v1 = v128.load(u, 16), v2 = v128.load(u, 32), v3 = v128.load(u, 48);
      let s = v128.load32_splat(w);
      a = madd(s, v0, a);
      b = madd(s, v1, b);
      c = madd(s, v2, c);
      d = madd(s, v3, d);
      s = v128.load32_splat(w, 128);
      e = madd(s, v0, e);
      f = madd(s, v1, f);
      g = madd(s, v2, g);
      h = madd(s, v3, h);
    }
    v128.store(o, a, 0);
    v128.store(o, b, 16);
    v128.store(o, c, 32);
    v128.store(o, d, 48);
    v128.store(n, e, 0);
    v128.store(n, f, 16);
    v128.store(n, g, 32);
    v128.store(n, h, 48);
  }
  for (; i < row; i += 16) {
    let a = f32x4.mul(v128.load(out + i), scale0), e = f32x4.mul(v128.load(other + i), scale1);
    for (let u = first + i, w = weights; u <= last + i; u += row, w += 4) {
      const v0 = v128.load(u);
      a = madd(v128.load32_splat(w), v0, a);
      e = madd(v128.load32_splat(w, 128), v0, e);
    }
    v128.store(out + i, a);
    v128.store(other + i, e);
  }
}
