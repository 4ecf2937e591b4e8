// Attention of one KV head over its cache, by online softmax in blocks of 32 positions; leans on the SIMD pieces.
//
// A row is one query head of one token. Every row walks the same blocks in the same order with the same operations,
// whatever rows are computed beside it: a score is one sum over headDim in order; a block's maximum, exponentials and
// sum of 32 come next; then out = out * e^(old - new maximum) + sum of p v in the order of positions. A pair of rows may
// walk positions that only one of them sees, all of them written: a weight of 0 leaves a sum as it is.
//
// Halves are widened by shifts alone, which leaves them 2^112 too small; queries and weights are 2^96 too large for them.
import { keyBlockBytes, valueBlockBytes, valueStep } from "./kv-store.as";
import { exp4, exp4Times, HALF_MASK, madd, ONE, sumLanes, tanh4 } from "./simd.as";

/** Rows that share one conversion of a block; with scratchBytes in module.ts. */
const MAX_ROWS: i32 = 64;
/** Up to so many rows read a block's halves or bytes themselves; more share one that is widened for all. */
const DIRECT_ROWS: i32 = 8;
/** Bytes of a row's state: maximum, sum, factor of its last block; its token, counted from the first. */
const STATE: usize = 16;

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
  describe(q, qStride, headDim, valueDim, k, v, length, window, scale, softcap, sinks, slopes, bias, reach, out, outStride, scratch);
  attend<f32>(changetype<Call>(scratch), tokens, heads, position);
}

export function attention_f16(
  q: usize, qStride: i32, tokens: i32, heads: i32, headDim: i32, valueDim: i32, k: usize, v: usize, position: i32,
  length: i32, window: i32, scale: f32, softcap: f32, sinks: usize, slopes: usize, bias: usize, reach: i32,
  out: usize, outStride: i32, scratch: usize,
): void {
  describe(q, qStride, headDim, valueDim, k, v, length, window, scale, softcap, sinks, slopes, bias, reach, out, outStride, scratch);
  attend<u16>(changetype<Call>(scratch), tokens, heads, position);
}

export function attention_q8(
  q: usize, qStride: i32, tokens: i32, heads: i32, headDim: i32, valueDim: i32, k: usize, v: usize, position: i32,
  length: i32, window: i32, scale: f32, softcap: f32, sinks: usize, slopes: usize, bias: usize, reach: i32,
  out: usize, outStride: i32, scratch: usize,
): void {
  describe(q, qStride, headDim, valueDim, k, v, length, window, scale, softcap, sinks, slopes, bias, reach, out, outStride, scratch);
  attend<i8>(changetype<Call>(scratch), tokens, heads, position);
}

// @ts-ignore: decorator
@inline
function describe(
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
  const headDim = call.headDim, valueDim = call.valueDim;
  const rows = tokens * heads;
  const queryBytes = <usize>headDim << 2, sumBytes = valueStep(valueDim) << 2;
  const queries = changetype<usize>(call) + HEADER;
  const sums = queries + queryBytes * <usize>rows;
  const weights = sums + sumBytes * <usize>rows; // scores, then weights of a block, 32 a row
  const state = weights + 128 * <usize>rows;
  const keys = state + STATE * <usize>rows, values = keys + (<usize>headDim << 7); // a block, widened
  const start = position + first;
  begin<T>(call, first, tokens, head, heads, queries, state);
  memory.fill(sums, 0, sumBytes * <usize>rows);

  const scale = sizeof<T>() == 2 ? call.scale * <f32>65536.0 : call.scale;
  const widened = !isFloat<T>() && rows > DIRECT_ROWS;
  const lastBlock = (call.length > 0 ? call.length - 1 : start + tokens - 1) >> 5;
  for (let b = firstSeen(start, call.window) >> 5; b <= lastBlock; b++) {
    const kb = call.k + <usize>b * keyBlockBytes<T>(headDim);
    const vb = call.v + <usize>b * valueBlockBytes<T>(valueDim);
    const keyScales = kb + (<usize>headDim << 5), valueScales = vb + (valueStep(valueDim) << 5); // for i8
    const own = start - (b << 5); // of the first token, counted from the block
    if (widened) {
      widen<T>(kb, keys, <usize>headDim << 7);
      widen<T>(vb, values, valueStep(valueDim) << 7);
    }
    for (let r = 0; r < rows; ) {
      const some = together(rows - r);
      const p = weights + 128 * <usize>r, q = queries + queryBytes * <usize>r, s = state + STATE * <usize>r;
      const low = lowest(call, own + tokenOf(s)), high = highest(call, own + tokenOf(s + STATE * <usize>(some - 1)), b);
      if (low <= high) {
        if (isFloat<T>()) scores<f32>(q, headDim, kb, scale, p, some);
        else if (widened) scores<f32>(q, headDim, keys, scale, p, some);
        else scores<T>(q, headDim, kb, scale, p, some);
        for (let i: usize = 0; i < <usize>some; i++) {
          const t = tokenOf(s + STATE * i);
          const h = head + r + <i32>i - t * heads;
          soften<T>(call, p + 128 * i, h, own + t, b, s + STATE * i, keyScales, valueScales);
        }
      }
      r += some;
    }
    for (let r = 0; r < rows; ) {
      const some = together(rows - r);
      const p = weights + 128 * <usize>r, o = sums + sumBytes * <usize>r, s = state + STATE * <usize>r;
      const low = lowest(call, own + tokenOf(s)), high = highest(call, own + tokenOf(s + STATE * <usize>(some - 1)), b);
      if (low <= high) {
        if (isFloat<T>()) addValues<f32>(p, low, high, valueDim, vb, o, s, some);
        else if (widened) addValues<f32>(p, low, high, valueDim, values, o, s, some);
        else addValues<T>(p, low, high, valueDim, vb, o, s, some);
      }
      r += some;
    }
  }

  for (let r = 0; r < rows; r++) {
    const t = tokenOf(state + STATE * <usize>r);
    const o = call.out + <usize>(first + t) * call.outStep + ((<usize>(head + r - t * heads) * <usize>valueDim) << 2);
    const sum = load<f32>(state + STATE * <usize>r, 4);
    // for halves the sum is 2^96 too large, and the values' sum 2^16 too small
    const factor = sizeof<T>() == 2 ? reinterpret<f32>(0x77800000) / sum : <f32>1.0 / sum;
    scaled(sums + sumBytes * <usize>r, o, <usize>valueDim << 2, factor);
  }
}

/** Copies the queries, enlarged for halves, and sets every row's maximum and sum to its sink or to nothing. */
function begin<T>(
  call: Call, first: i32, tokens: i32, head: i32, heads: i32, queries: usize, state: usize,
): void {
  const bytes = <usize>(call.headDim * heads) << 2;
  const enlarge: f32 = sizeof<T>() == 2 ? reinterpret<f32>(0x6f800000) : 1; // 2^96
  for (let t = 0; t < tokens; t++) {
    const q = call.q + <usize>(first + t) * call.qStep + ((<usize>head * <usize>call.headDim) << 2);
    scaled(q, queries, bytes, enlarge);
    queries += bytes;
    for (let h = 0; h < heads; h++, state += STATE) {
      store<f32>(state, call.sinks != 0 ? load<f32>(call.sinks + (<usize>(head + h) << 2)) : -Infinity, 0);
      store<f32>(state, call.sinks != 0 ? enlarge : 0, 4);
      store<i32>(state, t, 12);
    }
  }
}

/** out = x * factor, `bytes` bytes. */
// @ts-ignore: decorator
@inline
function scaled(x: usize, out: usize, bytes: usize, factor: f32): void {
  const f = f32x4.splat(factor);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(out + i, f32x4.mul(v128.load(x + i), f));
  for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(x + i) * factor);
}

// @ts-ignore: decorator
@inline
function firstSeen(position: i32, window: i32): i32 {
  return window > 0 ? max(0, position - window + 1) : 0;
}

/** The first position of a block that a query sees; it and the query's `own` counted from the block. */
// @ts-ignore: decorator
@inline
function lowest(call: Call, own: i32): i32 {
  return call.window > 0 ? max(0, own - call.window + 1) : 0;
}

/** The last position of block b that a query sees, below 0 for none. */
// @ts-ignore: decorator
@inline
function highest(call: Call, own: i32, b: i32): i32 {
  return min(call.length > 0 ? call.length - 1 - (b << 5) : own, 31);
}

// @ts-ignore: decorator
@inline
function tokenOf(state: usize): i32 {
  return load<i32>(state, 12);
}

/** How many of `rows` rows are computed together. */
// @ts-ignore: decorator
@inline
function together(rows: i32): i32 {
  return rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
}

/**
 * Four elements of a cache as f32, halves 2^112 too small: those at p, or the four after them where I is i16 (i8: those at
 * p). The distance is an immediate, so that an engine can see two neighbouring vectors as one.
 */
// @ts-ignore: decorator
@inline
function four<T, I>(p: usize, mask: v128): v128 {
  if (isFloat<T>()) return v128.load(p, 16 * (sizeof<I>() - 1));
  if (sizeof<T>() == 2) return v128.and(i32x4.shl(v128.load16x4_s(p, 8 * (sizeof<I>() - 1)), 13), mask);
  const bytes = v128.load32_zero(p, 4 * (sizeof<I>() - 1));
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(bytes)));
}

/** Elements -> `bytes` bytes of f32. */
function widen<T>(p: usize, o: usize, bytes: usize): void {
  const mask = HALF_MASK;
  for (const end = o + bytes; o < end; o += 64, p += 16 * sizeof<T>()) {
    if (sizeof<T>() == 2) {
      v128.store(o, four<T, i8>(p, mask), 0);
      v128.store(o, four<T, i16>(p, mask), 16);
      v128.store(o, four<T, i8>(p + 16, mask), 32);
      v128.store(o, four<T, i16>(p + 16, mask), 48);
    } else {
      const low = v128.load8x8_s(p, 0), high = v128.load8x8_s(p, 8);
      v128.store(o, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)), 0);
      v128.store(o, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)), 16);
      v128.store(o, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), 32);
      v128.store(o, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), 48);
    }
  }
}

/** Scores of 4, 2 or 1 rows against a block's 32 keys -> out, 128 bytes a row. */
// @ts-ignore: decorator
@inline
function scores<T>(q: usize, headDim: i32, k: usize, scale: f32, out: usize, rows: i32): void {
  if (rows == 4) scores4<T>(q, headDim, k, scale, out);
  else if (rows == 2) scores2<T>(q, q + (<usize>headDim << 2), headDim, k, scale, out);
  else scores1<T>(q, headDim, k, scale, out);
}

/** A quarter of a block at a time. */
function scores4<T>(q0: usize, headDim: i32, k: usize, scale: f32, out: usize): void {
  const mask = HALF_MASK, factor = f32x4.splat(scale);
  const bytes = <usize>headDim << 2;
  const q1 = q0 + bytes, q2 = q1 + bytes, q3 = q2 + bytes;
  for (let part: usize = 0; part < 32; part += 8, out += 32) {
    let a = f32x4.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
    let p = k + part * sizeof<T>();
    for (let i: usize = 0; i < bytes; i += 4) {
      const k0 = four<T, i8>(p, mask), k1 = four<T, i16>(p, mask);
      let s = v128.load32_splat(q0 + i);
      a = madd(s, k0, a);
      b = madd(s, k1, b);
      s = v128.load32_splat(q1 + i);
      c = madd(s, k0, c);
      d = madd(s, k1, d);
      s = v128.load32_splat(q2 + i);
      e = madd(s, k0, e);
      f = madd(s, k1, f);
      s = v128.load32_splat(q3 + i);
      g = madd(s, k0, g);
      h = madd(s, k1, h);
      p += 32 * sizeof<T>();
    }
    v128.store(out, f32x4.mul(a, factor), 0);
    v128.store(out, f32x4.mul(b, factor), 16);
    v128.store(out, f32x4.mul(c, factor), 128);
    v128.store(out, f32x4.mul(d, factor), 144);
    v128.store(out, f32x4.mul(e, factor), 256);
    v128.store(out, f32x4.mul(f, factor), 272);
    v128.store(out, f32x4.mul(g, factor), 384);
    v128.store(out, f32x4.mul(h, factor), 400);
  }
}

function scores1<T>(q: usize, headDim: i32, k: usize, scale: f32, out: usize): void {
  const mask = HALF_MASK;
  for (let part: usize = 0; part < 32; part += 16) {
    let a = f32x4.splat(0), b = a, c = a, d = a;
    let p = k + part * sizeof<T>();
    for (let i: usize = 0; i < <usize>headDim << 2; i += 4) {
      const s = v128.load32_splat(q + i);
      a = madd(s, four<T, i8>(p, mask), a);
      b = madd(s, four<T, i16>(p, mask), b);
      c = madd(s, four<T, i8>(p + 8 * sizeof<T>(), mask), c);
      d = madd(s, four<T, i16>(p + 8 * sizeof<T>(), mask), d);
      p += 32 * sizeof<T>();
    }
    put4(out + 4 * part, a, b, c, d, scale);
  }
}

/** Half a block at a time, so that everything stays in registers. */
function scores2<T>(q: usize, r: usize, headDim: i32, k: usize, scale: f32, out: usize): void {
  const mask = HALF_MASK;
  for (let part: usize = 0; part < 32; part += 16) {
    let a = f32x4.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
    let p = k + part * sizeof<T>();
    for (let i: usize = 0; i < <usize>headDim << 2; i += 4) {
      const k0 = four<T, i8>(p, mask), k1 = four<T, i16>(p, mask);
      const k2 = four<T, i8>(p + 8 * sizeof<T>(), mask), k3 = four<T, i16>(p + 8 * sizeof<T>(), mask);
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
      p += 32 * sizeof<T>();
    }
    put4(out + 4 * part, a, b, c, d, scale);
    put4(out + 4 * part + 128, e, f, g, h, scale);
  }
}

// @ts-ignore: decorator
@inline
function put4(out: usize, a: v128, b: v128, c: v128, d: v128, scale: f32): void {
  const s = f32x4.splat(scale);
  v128.store(out, f32x4.mul(a, s), 0);
  v128.store(out, f32x4.mul(b, s), 16);
  v128.store(out, f32x4.mul(c, s), 32);
  v128.store(out, f32x4.mul(d, s), 48);
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
 * Scores at p -> weights e^(score - maximum) at p, 0 where the row does not see; its state { maximum, sum, factor }
 * moves on: the factor is for what was summed under the old maximum.
 */
function soften<T>(
  call: Call, p: usize, head: i32, own: i32, b: i32, state: usize, keyScales: usize, valueScales: usize,
): void {
  const low = lowest(call, own), high = highest(call, own, b);
  if (low > high) {
    memory.fill(p, 0, 128);
    store<f32>(state, 1, 8);
    return;
  }
  if (sizeof<T>() == 1) multiply(p, keyScales);
  if (call.softcap > 0 || (call.slopes | call.bias) != 0) adjust(call, p, head, own);
  if (low > 0 || high < 31) hide(p, low, high);
  let top = f32x4.pmax(v128.load(p, 0), v128.load(p, 16)), top2 = f32x4.pmax(v128.load(p, 32), v128.load(p, 48));
  top = f32x4.pmax(top, f32x4.pmax(v128.load(p, 64), v128.load(p, 80)));
  top2 = f32x4.pmax(top2, f32x4.pmax(v128.load(p, 96), v128.load(p, 112)));
  top = f32x4.pmax(top, top2);
  top = f32x4.pmax(top, i8x16.shuffle(top, top, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  top = f32x4.pmax(top, i8x16.shuffle(top, top, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  const m = f32x4.pmax(v128.load32_splat(state), top);
  const one = sizeof<T>() == 2 ? i32x4.splat(0x6f800000) : ONE; // 2^96
  let sum = f32x4.splat(0), sum2 = sum;
  for (let i: usize = 0; i < 128; i += 32) {
    const e = exp4Times(f32x4.sub(v128.load(p + i), m), one), f = exp4Times(f32x4.sub(v128.load(p + i, 16), m), one);
    v128.store(p + i, e);
    v128.store(p + i, f, 16);
    sum = f32x4.add(sum, e);
    sum2 = f32x4.add(sum2, f);
  }
  const total = sumLanes(f32x4.add(sum, sum2));
  let factor: f32 = 1;
  if (load<f32>(state) != f32x4.extract_lane(m, 0)) {
    factor = f32x4.extract_lane(exp4(f32x4.sub(v128.load32_splat(state), m)), 0);
    v128.store32_lane(state, m, 0);
  }
  store<f32>(state, load<f32>(state, 4) * factor + total, 4);
  store<f32>(state, factor, 8);
  if (sizeof<T>() == 1) multiply(p, valueScales);
}

/** Scores outside low..high become minus infinity. */
function hide(p: usize, low: i32, high: i32): void {
  const from = i32x4.splat(low - 1), to = i32x4.splat(high + 1), none = f32x4.splat(-Infinity);
  let index = i32x4(0, 1, 2, 3);
  for (let i: usize = 0; i < 128; i += 16) {
    const seen = v128.and(i32x4.gt_s(index, from), i32x4.gt_s(to, index));
    v128.store(p + i, v128.bitselect(v128.load(p + i), none, seen));
    index = i32x4.add(index, i32x4.splat(4));
  }
}

/** sums = sums * factor + sum over low..high of weight x value, for 4, 2 or 1 rows; p: weights, state: factors. */
// @ts-ignore: decorator
@inline
function addValues<T>(
  p: usize, low: i32, high: i32, valueDim: i32, v: usize, sums: usize, state: usize, rows: i32,
): void {
  const step = valueStep(valueDim) * sizeof<T>();
  const from = v + <usize>low * step, to = v + <usize>high * step;
  const w = p + (<usize>low << 2);
  const f = load<f32>(state, 8);
  if (rows == 4) values4<T>(w, from, to, step, sums, state);
  else if (rows == 2) values2<T>(w, from, to, step, sums, f, load<f32>(state + STATE, 8));
  else values1<T>(w, from, to, step, sums, f);
}

/** Values from..to, `step` bytes apart, in order; weights at p, a row's 128 bytes after the last's. */
function values4<T>(p: usize, from: usize, to: usize, step: usize, out: usize, state: usize): void {
  const mask = HALF_MASK;
  const f0 = v128.load32_splat(state, 8), f1 = v128.load32_splat(state + STATE, 8);
  const f2 = v128.load32_splat(state + 2 * STATE, 8), f3 = v128.load32_splat(state + 3 * STATE, 8);
  const row = (step / sizeof<T>()) << 2;
  let o1 = out + row, o2 = o1 + row, o3 = o2 + row;
  let i: usize = 0;
  for (; i + 8 * sizeof<T>() <= step; i += 8 * sizeof<T>()) {
    let a = f32x4.mul(v128.load(out), f0), b = f32x4.mul(v128.load(out, 16), f0);
    let c = f32x4.mul(v128.load(o1), f1), d = f32x4.mul(v128.load(o1, 16), f1);
    let e = f32x4.mul(v128.load(o2), f2), f = f32x4.mul(v128.load(o2, 16), f2);
    let g = f32x4.mul(v128.load(o3), f3), h = f32x4.mul(v128.load(o3, 16), f3);
    for (let u = from + i, w = p; u <= to + i; u += step, w += 4) {
      const v0 = four<T, i8>(u, mask), v1 = four<T, i16>(u, mask);
      let s = v128.load32_splat(w);
      a = madd(s, v0, a);
      b = madd(s, v1, b);
      s = v128.load32_splat(w, 128);
      c = madd(s, v0, c);
      d = madd(s, v1, d);
      s = v128.load32_splat(w, 256);
      e = madd(s, v0, e);
      f = madd(s, v1, f);
      s = v128.load32_splat(w, 384);
      g = madd(s, v0, g);
      h = madd(s, v1, h);
    }
    v128.store(out, a);
    v128.store(out, b, 16);
    v128.store(o1, c);
    v128.store(o1, d, 16);
    v128.store(o2, e);
    v128.store(o2, f, 16);
    v128.store(o3, g);
    v128.store(o3, h, 16);
    out += 32;
    o1 += 32;
    o2 += 32;
    o3 += 32;
  }
  for (; i < step; i += 4 * sizeof<T>()) {
    let a = f32x4.mul(v128.load(out), f0), c = f32x4.mul(v128.load(o1), f1);
    let e = f32x4.mul(v128.load(o2), f2), g = f32x4.mul(v128.load(o3), f3);
    for (let u = from + i, w = p; u <= to + i; u += step, w += 4) {
      const v = four<T, i8>(u, mask);
      a = madd(v128.load32_splat(w), v, a);
      c = madd(v128.load32_splat(w, 128), v, c);
      e = madd(v128.load32_splat(w, 256), v, e);
      g = madd(v128.load32_splat(w, 384), v, g);
    }
    v128.store(out, a);
    v128.store(o1, c);
    v128.store(o2, e);
    v128.store(o3, g);
  }
}

/** Values from..to, `step` bytes apart, in order; weights at p. */
function values1<T>(p: usize, from: usize, to: usize, step: usize, out: usize, factor: f32): void {
  const mask = HALF_MASK;
  const scale = f32x4.splat(factor);
  let i: usize = 0;
  for (; i + 16 * sizeof<T>() <= step; i += 16 * sizeof<T>(), out += 64) {
    let a = f32x4.mul(v128.load(out, 0), scale), b = f32x4.mul(v128.load(out, 16), scale);
    let c = f32x4.mul(v128.load(out, 32), scale), d = f32x4.mul(v128.load(out, 48), scale);
    for (let u = from + i, w = p; u <= to + i; u += step, w += 4) {
      const s = v128.load32_splat(w);
      a = madd(s, four<T, i8>(u, mask), a);
      b = madd(s, four<T, i16>(u, mask), b);
      c = madd(s, four<T, i8>(u + 8 * sizeof<T>(), mask), c);
      d = madd(s, four<T, i16>(u + 8 * sizeof<T>(), mask), d);
    }
    keep4(out, a, b, c, d);
  }
  for (; i < step; i += 4 * sizeof<T>(), out += 16) {
    let a = f32x4.mul(v128.load(out), scale);
    for (let u = from + i, w = p; u <= to + i; u += step, w += 4) a = madd(v128.load32_splat(w), four<T, i8>(u, mask), a);
    v128.store(out, a);
  }
}

/** The same for two rows; the second one's weights are 128 bytes on, its sums follow the first's. */
function values2<T>(p: usize, from: usize, to: usize, step: usize, out: usize, f0: f32, f1: f32): void {
  const mask = HALF_MASK;
  const scale0 = f32x4.splat(f0), scale1 = f32x4.splat(f1);
  let other = out + step / sizeof<T>() * 4;
  let i: usize = 0;
  for (; i + 16 * sizeof<T>() <= step; i += 16 * sizeof<T>(), out += 64, other += 64) {
    let a = f32x4.mul(v128.load(out, 0), scale0), b = f32x4.mul(v128.load(out, 16), scale0);
    let c = f32x4.mul(v128.load(out, 32), scale0), d = f32x4.mul(v128.load(out, 48), scale0);
    let e = f32x4.mul(v128.load(other, 0), scale1), f = f32x4.mul(v128.load(other, 16), scale1);
    let g = f32x4.mul(v128.load(other, 32), scale1), h = f32x4.mul(v128.load(other, 48), scale1);
    for (let u = from + i, w = p; u <= to + i; u += step, w += 4) {
      const v0 = four<T, i8>(u, mask), v1 = four<T, i16>(u, mask);
      const v2 = four<T, i8>(u + 8 * sizeof<T>(), mask), v3 = four<T, i16>(u + 8 * sizeof<T>(), mask);
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
    keep4(out, a, b, c, d);
    keep4(other, e, f, g, h);
  }
  for (; i < step; i += 4 * sizeof<T>(), out += 16, other += 16) {
    let a = f32x4.mul(v128.load(out), scale0), e = f32x4.mul(v128.load(other), scale1);
    for (let u = from + i, w = p; u <= to + i; u += step, w += 4) {
      const v0 = four<T, i8>(u, mask);
      a = madd(v128.load32_splat(w), v0, a);
      e = madd(v128.load32_splat(w, 128), v0, e);
    }
    v128.store(out, a);
    v128.store(other, e);
  }
}

// @ts-ignore: decorator
@inline
function keep4(out: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(out, a, 0);
  v128.store(out, b, 16);
  v128.store(out, c, 32);
  v128.store(out, d, 48);
}
