// Attention of one KV head over its cache, by online softmax in blocks of 32 positions.
//
// A row is one query head of one token. Every row walks the same blocks in the same order with the same operations,
// whatever rows are computed beside it: a score is one sum over headDim in order; a block's maximum, exponentials and
// sum of 32 come next; then out = out * e^(old - new maximum) + sum of p v in the order of positions. Rows computed together may
// walk positions that only some of them see, all of them written: a weight of 0 leaves a sum as it is.
//
// Halves are widened by shifts alone, which leaves them 2^112 too small; queries and weights are 2^96 too large for them.
import { widen } from "./attention-elements.as";
import { scores } from "./attention-scores.as";
import { addValues, STATE } from "./attention-values.as";
import { keyPageBytes, pageOf, valuePageBytes, valueStep } from "./kv-store.as";
import { transpose } from "../products/matmul-q4_0.as";
import { exp4, exp4Times, madd, ONE, sumLanes, tanh4 } from "../module/simd.as";

/** Rows that share one conversion of a block; with scratchBytes in module.ts. */
const MAX_ROWS: i32 = 64;
/** Up to so many rows read a block's halves or bytes themselves; more share one that is widened for all. */
const DIRECT_ROWS: i32 = 8;

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
  /** Values in k: all of a key, or what comes before its value. */
  keyDim: i32;
  k: usize;
  v: usize;
  /** The sequence's table. */
  pages: usize;
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

const HEADER: usize = 80;

/**
 * out = attention of `heads` query heads that read one KV head, side by side in q and out. Token t stands at position + t
 * and sees positions up to its own, or [0, length) where length is not 0; `window` counts back, and then ahead too. sinks, slopes [heads] and
 * bias [heads, 2 * reach + 1] may be 0; so may window and softcap. joined: a key is what k has of it and then its value.
 */
export function attention_f32(
  q: usize, qStride: i32, tokens: i32, heads: i32, headDim: i32, valueDim: i32, joined: i32, k: usize, v: usize, pages: usize, position: i32,
  length: i32, window: i32, scale: f32, softcap: f32, sinks: usize, slopes: usize, bias: usize, reach: i32,
  out: usize, outStride: i32, scratch: usize,
): void {
  describe(q, qStride, headDim, valueDim, joined, k, v, pages, length, window, scale, softcap, sinks, slopes, bias, reach, out, outStride, scratch);
  attend<f32>(changetype<Call>(scratch), tokens, heads, position);
}

export function attention_f16(
  q: usize, qStride: i32, tokens: i32, heads: i32, headDim: i32, valueDim: i32, joined: i32, k: usize, v: usize, pages: usize, position: i32,
  length: i32, window: i32, scale: f32, softcap: f32, sinks: usize, slopes: usize, bias: usize, reach: i32,
  out: usize, outStride: i32, scratch: usize,
): void {
  describe(q, qStride, headDim, valueDim, joined, k, v, pages, length, window, scale, softcap, sinks, slopes, bias, reach, out, outStride, scratch);
  attend<u16>(changetype<Call>(scratch), tokens, heads, position);
}

export function attention_q8(
  q: usize, qStride: i32, tokens: i32, heads: i32, headDim: i32, valueDim: i32, joined: i32, k: usize, v: usize, pages: usize, position: i32,
  length: i32, window: i32, scale: f32, softcap: f32, sinks: usize, slopes: usize, bias: usize, reach: i32,
  out: usize, outStride: i32, scratch: usize,
): void {
  describe(q, qStride, headDim, valueDim, joined, k, v, pages, length, window, scale, softcap, sinks, slopes, bias, reach, out, outStride, scratch);
  attend<i8>(changetype<Call>(scratch), tokens, heads, position);
}

@inline
function describe(
  q: usize, qStride: i32, headDim: i32, valueDim: i32, joined: i32, k: usize, v: usize, pages: usize, length: i32, window: i32, scale: f32,
  softcap: f32, sinks: usize, slopes: usize, bias: usize, reach: i32, out: usize, outStride: i32, scratch: usize,
): void {
  const call = changetype<Call>(scratch);
  call.q = q;
  call.qStep = <usize>qStride << 2;
  call.out = out;
  call.outStep = <usize>outStride << 2;
  call.headDim = headDim;
  call.valueDim = valueDim;
  call.keyDim = joined != 0 ? headDim - valueDim : headDim;
  call.k = k;
  call.v = v;
  call.pages = pages;
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
  const headDim = call.headDim, valueDim = call.valueDim, keyDim = call.keyDim;
  const rows = tokens * heads;
  const queryBytes = <usize>headDim << 2, sumBytes = valueStep(valueDim) << 2;
  const queries = changetype<usize>(call) + HEADER;
  const sums = queries + queryBytes * <usize>rows;
  const weights = sums + sumBytes * <usize>rows; // scores, then weights of a block, 32 a row
  const state = weights + 128 * <usize>rows;
  const keys = state + STATE * <usize>rows, values = keys + (<usize>(headDim + 3) << 7); // a block, widened
  const start = position + first;
  begin<T>(call, first, tokens, head, heads, queries, state);
  memory.fill(sums, 0, sumBytes * <usize>rows);

  const scale = sizeof<T>() == 2 ? call.scale * <f32>65536.0 : call.scale;
  const joined = keyDim < headDim;
  const widened = joined || (!isFloat<T>() && rows > DIRECT_ROWS);
  const lastBlock = lastSeen(call, start + tokens - 1) >> 5;
  for (let b = firstSeen(start, call.window) >> 5; b <= lastBlock; b++) {
    const page = pageOf(call.pages, b);
    const kb = call.k + page * keyPageBytes<T>(keyDim), vb = call.v + page * valuePageBytes<T>(valueDim);
    const valueScales = vb + (valueStep(valueDim) << 5); // for i8
    let keyScales = kb + (<usize>keyDim << 5);
    const own = start - (b << 5); // of the first token, counted from the block
    if (widened) {
      widen<T>(kb, keys, <usize>keyDim << 7);
      widen<T>(vb, values, valueStep(valueDim) << 7);
    }
    if (joined) {
      const rest = keys + (<usize>keyDim << 7);
      if (sizeof<T>() == 1) {
        for (let i = keys; i < rest; i += 128) multiply(i, keyScales);
      }
      turn(values, valueStep(valueDim) << 2, rest);
      if (sizeof<T>() == 1) {
        for (let i: usize = 0; i < <usize>valueDim << 7; i += 128) multiply(rest + i, valueScales);
      }
      keyScales = 0;
    }
    for (let r = 0; r < rows; ) {
      const some = together(rows - r);
      const p = weights + 128 * <usize>r, q = queries + queryBytes * <usize>r, s = state + STATE * <usize>r;
      const low = lowest(call, own + tokenOf(s)), high = highest(call, own + tokenOf(s + STATE * <usize>(some - 1)), b);
      if (low <= high) {
        if (widened) scores<f32>(q, headDim, keys, scale, p, some);
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
        if (widened) addValues<f32>(p, low, high, valueDim, values, o, s, some);
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
@inline
function scaled(x: usize, out: usize, bytes: usize, factor: f32): void {
  const f = f32x4.splat(factor);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(out + i, f32x4.mul(v128.load(x + i), f));
  for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(x + i) * factor);
}

@inline
function firstSeen(position: i32, window: i32): i32 {
  return window > 0 ? max(0, position - window + 1) : 0;
}

@inline
function lastSeen(call: Call, position: i32): i32 {
  if (call.length == 0) return position;
  return call.window > 0 ? min(call.length - 1, position + call.window - 1) : call.length - 1;
}

/** The first position of a block that a query sees; it and the query's `own` counted from the block. */
@inline
function lowest(call: Call, own: i32): i32 {
  return call.window > 0 ? max(0, own - call.window + 1) : 0;
}

/** The last position of block b that a query sees, below 0 for none. */
@inline
function highest(call: Call, own: i32, b: i32): i32 {
  return min(lastSeen(call, own + (b << 5)) - (b << 5), 31);
}

@inline
function tokenOf(state: usize): i32 {
  return load<i32>(state, 12);
}

/** How many of `rows` rows are computed together. */
@inline
function together(rows: i32): i32 {
  return rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
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

/** Values [32][step bytes] -> keys [dim][32], whole fours of them. */
function turn(values: usize, step: usize, keys: usize): void {
  for (let i: usize = 0; i < step; i += 16, keys += 512) {
    let v = values + i;
    for (let p: usize = 0; p < 128; p += 16, v += 4 * step) {
      transpose(v128.load(v), v128.load(v + step), v128.load(v + 2 * step), v128.load(v + 3 * step), keys + p, 128);
    }
  }
}

/** p *= by, 32 floats. */
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
  if (sizeof<T>() == 1 && keyScales != 0) multiply(p, keyScales);
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
