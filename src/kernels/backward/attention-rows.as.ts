// Attention in training: the softmax of rows of scores, and its backward pass; products are gemm's.
import { exp4, madd, ONE, sumLanes, tanh4 } from "../module/simd.as";

/** The first and the last column that row r sees, of those that are there; row r stands at column `at + r`. */
@inline
function firstOf(r: i32, at: i32, window: i32): i32 {
  return window > 0 ? max(0, at + r - window + 1) : 0;
}

/**
 * scores [rows, cols], raw products -> probabilities in place: softmax(score(scale raw)) over the columns that a row
 * sees, 0 elsewhere. Row r stands at column at + r and sees up to there, `window` columns where that is above 0.
 * softcap: 0 for none. sink: a score beside them (hasSink 1); sinks [rows] its probability.
 */
export function attention_softmax(
  scores: usize, stride: i32, rows: i32, cols: i32, at: i32, window: i32, scale: f32, softcap: f32,
  hasSink: i32, sink: f32, sinks: usize,
): void {
  for (let r = 0; r < rows; r++, scores += <usize>stride << 2) {
    const first = firstOf(r, at, window), last = at + r;
    const from = scores + (<usize>first << 2), end = scores + (<usize>(last + 1) << 2);
    memory.fill(scores, 0, from - scores);
    memory.fill(end, 0, <usize>(cols - last - 1) << 2);
    let top: f32 = hasSink != 0 ? sink : -Infinity;
    const by = f32x4.splat(scale), cap = f32x4.splat(softcap), within = f32x4.splat(softcap > 0 ? scale / softcap : 0);
    let most = f32x4.splat(top), p = from;
    for (; p + 16 <= end; p += 16) {
      const v = v128.load(p);
      const s = softcap > 0 ? f32x4.mul(cap, tanh4(f32x4.mul(v, within))) : f32x4.mul(v, by);
      v128.store(p, s);
      most = f32x4.pmax(most, s);
    }
    for (; p < end; p += 4) {
      const v = v128.load32_splat(p);
      const s = softcap > 0 ? f32x4.mul(cap, tanh4(f32x4.mul(v, within))) : f32x4.mul(v, by);
      v128.store32_lane(p, s, 0);
      most = f32x4.pmax(most, s);
    }
    top = max(
      max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
      max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
    );
    const t = f32x4.splat(top);
    let sums = f32x4.splat(0);
    for (p = from; p + 16 <= end; p += 16) {
      const e = exp4(f32x4.sub(v128.load(p), t));
      v128.store(p, e);
      sums = f32x4.add(sums, e);
    }
    let total = sumLanes(sums);
    for (; p < end; p += 4) {
      const e = exp4(f32x4.sub(v128.load32_splat(p), t));
      v128.store32_lane(p, e, 0);
      total += f32x4.extract_lane(e, 0);
    }
    let ofSink: f32 = 0;
    if (hasSink != 0) {
      ofSink = f32x4.extract_lane(exp4(f32x4.splat(sink - top)), 0);
      total += ofSink;
      store<f32>(sinks + (<usize>r << 2), ofSink / total);
    }
    const inverse = f32x4.splat(<f32>1.0 / total);
    for (p = from; p + 16 <= end; p += 16) v128.store(p, f32x4.mul(v128.load(p), inverse));
    for (; p < end; p += 4) store<f32>(p, load<f32>(p) * f32x4.extract_lane(inverse, 0));
  }
}

/**
 * d [rows, cols]: gradients of the probabilities -> of the raw products, in place; see attention_softmax.
 * raw: the raw products, where softcap is above 0. sums [rows]: sum over columns of probability times gradient.
 */
export function attention_softmax_backward(
  probabilities: usize, d: usize, raw: usize, stride: i32, rows: i32, cols: i32, at: i32, window: i32, scale: f32,
  softcap: f32, sums: usize,
): void {
  const step = <usize>stride << 2;
  for (let r = 0; r < rows; r++, probabilities += step, d += step, raw += step) {
    const first = <usize>firstOf(r, at, window) << 2, end = <usize>(at + r + 1) << 2;
    memory.fill(d, 0, first);
    memory.fill(d + end, 0, (<usize>cols << 2) - end);
    let total = f32x4.splat(0), i = first;
    for (; i + 16 <= end; i += 16) total = madd(v128.load(probabilities + i), v128.load(d + i), total);
    let sum = sumLanes(total);
    for (; i < end; i += 4) sum += load<f32>(probabilities + i) * load<f32>(d + i);
    store<f32>(sums + (<usize>r << 2), sum);
    const s = f32x4.splat(sum), by = f32x4.splat(scale), within = f32x4.splat(softcap > 0 ? scale / softcap : 0);
    for (i = first; i + 16 <= end; i += 16) {
      let v = f32x4.mul(f32x4.mul(v128.load(probabilities + i), f32x4.sub(v128.load(d + i), s)), by);
      if (softcap > 0) v = f32x4.mul(v, flatness(v128.load(raw + i), within));
      v128.store(d + i, v);
    }
    for (; i < end; i += 4) {
      let v = f32x4.mul(f32x4.mul(v128.load32_splat(probabilities + i), f32x4.sub(v128.load32_splat(d + i), s)), by);
      if (softcap > 0) v = f32x4.mul(v, flatness(v128.load32_splat(raw + i), within));
      v128.store32_lane(d + i, v, 0);
    }
  }
}

/** The derivative of tanh. */
@inline
function flatness(raw: v128, within: v128): v128 {
  const t = tanh4(f32x4.mul(raw, within));
  return f32x4.sub(ONE, f32x4.mul(t, t));
}
