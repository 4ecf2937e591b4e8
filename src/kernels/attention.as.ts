// Attention of one KV head over its cache, by online softmax in blocks of 32 positions; leans on the SIMD pieces.
//
// A row is one query head of one token. Every row walks the same blocks in the same order with the same operations,
// whatever rows are computed beside it: a score is one sum over headDim in order; a block's maximum, exponentials and
// sum of 32 come next; then out = out * e^(old - new maximum) + sum of p v over the visible positions in order.
import { exp4, HALF_MASK, HALF_SCALE, loadHalves, madd, maxLanes, sumLanes } from "./simd.as";

/** Rows that share one conversion of a block. Scratch: K and V of a block in f32, 256 bytes, and 8 a row. */
const MAX_ROWS: i32 = 64;

export function attention_f32(
  q: usize, qStride: i32, tokens: i32, heads: i32, headDim: i32, k: usize, v: usize, position: i32, window: i32,
  scale: f32, out: usize, outStride: i32, scratch: usize,
): void {
  attend<f32>(q, qStride, tokens, heads, headDim, k, v, position, window, scale, out, outStride, scratch);
}

export function attention_f16(
  q: usize, qStride: i32, tokens: i32, heads: i32, headDim: i32, k: usize, v: usize, position: i32, window: i32,
  scale: f32, out: usize, outStride: i32, scratch: usize,
): void {
  attend<u16>(q, qStride, tokens, heads, headDim, k, v, position, window, scale, out, outStride, scratch);
}

function attend<T>(
  q: usize, qStride: i32, tokens: i32, heads: i32, headDim: i32, k: usize, v: usize, position: i32, window: i32,
  scale: f32, out: usize, outStride: i32, scratch: usize,
): void {
  for (; heads > MAX_ROWS; heads -= MAX_ROWS) {
    attend<T>(q, qStride, tokens, MAX_ROWS, headDim, k, v, position, window, scale, out, outStride, scratch);
    q += (<usize>MAX_ROWS * <usize>headDim) << 2;
    out += (<usize>MAX_ROWS * <usize>headDim) << 2;
  }
  const tile = MAX_ROWS / heads;
  for (let t = 0; t < tokens; t += tile) {
    const some = min(tile, tokens - t);
    const from = q + ((<usize>t * <usize>qStride) << 2), to = out + ((<usize>t * <usize>outStride) << 2);
    attendTile<T>(from, qStride, some, heads, headDim, k, v, position + t, window, scale, to, outStride, scratch);
  }
}

function attendTile<T>(
  q: usize, qStride: i32, tokens: i32, heads: i32, headDim: i32, k: usize, v: usize, position: i32, window: i32,
  scale: f32, out: usize, outStride: i32, scratch: usize,
): void {
  const blockBytes = <usize>headDim << 7;
  const keys = scratch, values = scratch + blockBytes;
  const weights = values + blockBytes; // two rows' scores and weights of a block, 2 x 128 bytes
  const state = weights + 256; // { maximum, sum } a row
  const headBytes = <usize>headDim << 2;
  for (let t = 0; t < tokens; t++) {
    memory.fill(out + ((<usize>t * <usize>outStride) << 2), 0, headBytes * <usize>heads);
  }
  for (let r: usize = 0; r < <usize>(tokens * heads); r++) {
    store<f32>(state + 8 * r, -Infinity, 0);
    store<f32>(state + 8 * r, 0, 4);
  }
  const lastBlock = (position + tokens - 1) >> 5;
  for (let b = firstSeen(position, window) >> 5; b <= lastBlock; b++) {
    let kb = k + <usize>b * (blockBytes >> 2) * sizeof<T>();
    let vb = v + <usize>b * (blockBytes >> 2) * sizeof<T>();
    if (!isFloat<T>()) {
      widen(kb, keys, blockBytes);
      widen(vb, values, blockBytes);
      kb = keys;
      vb = values;
    }
    for (let t = 0; t < tokens; t++) {
      const low = max(firstSeen(position + t, window) - (b << 5), 0);
      const high = min(position + t - (b << 5), 31);
      if (low > 31 || high < 0) continue;
      let qr = q + ((<usize>t * <usize>qStride) << 2);
      let or = out + ((<usize>t * <usize>outStride) << 2);
      let sr = state + <usize>(t * heads) * 8;
      let h = 0;
      for (; h + 2 <= heads; h += 2) {
        scores2(qr, qr + headBytes, headDim, kb, scale, weights);
        const f0 = soften(weights, low, high, sr), f1 = soften(weights + 128, low, high, sr + 8);
        values2(weights, low, high, headDim, vb, or, or + headBytes, f0, f1);
        qr += 2 * headBytes;
        or += 2 * headBytes;
        sr += 16;
      }
      if (h < heads) {
        scores1(qr, headDim, kb, scale, weights);
        values1(weights, low, high, headDim, vb, or, soften(weights, low, high, sr));
      }
    }
  }
  for (let t = 0; t < tokens; t++) {
    let o = out + ((<usize>t * <usize>outStride) << 2);
    for (let h = 0; h < heads; h++) {
      const inverse = f32x4.splat(<f32>1.0 / load<f32>(state + <usize>(t * heads + h) * 8, 4));
      for (const end = o + headBytes; o < end; o += 16) v128.store(o, f32x4.mul(v128.load(o), inverse));
    }
  }
}

// @ts-ignore: decorator
@inline
function firstSeen(position: i32, window: i32): i32 {
  return window > 0 ? max(0, position - window + 1) : 0;
}

/** Halves -> `bytes` bytes of f32. */
function widen(p: usize, o: usize, bytes: usize): void {
  const mask = HALF_MASK, scale = HALF_SCALE;
  for (const end = o + bytes; o < end; o += 64, p += 32) {
    v128.store(o, loadHalves(p, mask, scale), 0);
    v128.store(o, loadHalves(p + 8, mask, scale), 16);
    v128.store(o, loadHalves(p + 16, mask, scale), 32);
    v128.store(o, loadHalves(p + 24, mask, scale), 48);
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

/**
 * Scores at p -> weights e^(score - maximum) at p, 0 outside low..high; the row's state { maximum, sum } moves on.
 * Returns the factor for what was summed under the old maximum.
 */
function soften(p: usize, low: i32, high: i32, state: usize): f32 {
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
  return factor;
}

/** out = out * factor + sum over low..high of weight x value, one row. */
function values1(p: usize, low: i32, high: i32, headDim: i32, v: usize, out: usize, factor: f32): void {
  const row = <usize>headDim << 2;
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
  p: usize, low: i32, high: i32, headDim: i32, v: usize, out: usize, other: usize, f0: f32, f1: f32,
): void {
  const row = <usize>headDim << 2;
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
