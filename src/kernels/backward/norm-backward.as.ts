// The backward pass of RMSNorm and LayerNorm of rows.
import { madd, sumLanes } from "../module/simd.as";

/**
 * dx = the gradient of x where y = norm(x) has the gradient dy, or dx += it where `add` is 1; rows [rows, width] without
 * gaps. layer: 0 rms, 1 layer. weight: [period, width], row r has that of r % period, or 0.
 * stats [rows, 2]: the mean and 1 / deviation of each row, for norm_weights_backward.
 */
export function norm_backward(
  x: usize, dy: usize, rows: i32, width: i32, layer: i32, eps: f32, weight: usize, period: i32, first: i32,
  dx: usize, add: i32, stats: usize,
): void {
  const bytes = <usize>width << 2;
  for (let r = 0; r < rows; r++) {
    const w: usize = weight == 0 ? 0 : weight + <usize>((first + r) % period) * bytes;
    const mean: f32 = layer != 0 ? sum(x, bytes) / <f32>width : 0;
    const scale = <f32>1.0 / sqrt<f32>(squares(x, bytes, mean) / <f32>width + eps);
    store<f32>(stats, mean, 0);
    store<f32>(stats, scale, 4);
    rowBackward(x, dy, width, layer, mean, scale, w, dx, add);
    x += bytes;
    dy += bytes;
    dx += bytes;
    stats += 8;
  }
}

/** dx = scale (g - mean(g) - n mean(g n)), g = dy weight, n = (x - mean) scale; rms without mean(g). */
function rowBackward(
  x: usize, dy: usize, width: i32, layer: i32, mean: f32, scale: f32, weight: usize, dx: usize, add: i32,
): void {
  const end = <usize>width << 2, whole = end & ~15;
  const m = f32x4.splat(mean), s = f32x4.splat(scale);
  let ofG = f32x4.splat(0), ofGN = f32x4.splat(0);
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const n = f32x4.mul(f32x4.sub(v128.load(x + i), m), s);
    let g = v128.load(dy + i);
    if (weight != 0) g = f32x4.mul(g, v128.load(weight + i));
    ofG = f32x4.add(ofG, g);
    ofGN = madd(g, n, ofGN);
  }
  let sumG = sumLanes(ofG), sumGN = sumLanes(ofGN);
  for (; i < end; i += 4) {
    const g = load<f32>(dy + i) * (weight != 0 ? load<f32>(weight + i) : 1);
    sumG += g;
    sumGN += g * (load<f32>(x + i) - mean) * scale;
  }
  const meanG: f32 = layer != 0 ? sumG / <f32>width : 0, meanGN = sumGN / <f32>width;
  const a = f32x4.splat(meanG), b = f32x4.splat(meanGN);
  for (i = 0; i < whole; i += 16) {
    const n = f32x4.mul(f32x4.sub(v128.load(x + i), m), s);
    let g = v128.load(dy + i);
    if (weight != 0) g = f32x4.mul(g, v128.load(weight + i));
    let d = f32x4.mul(s, f32x4.sub(f32x4.sub(g, a), f32x4.mul(n, b)));
    if (add != 0) d = f32x4.add(v128.load(dx + i), d);
    v128.store(dx + i, d);
  }
  for (; i < end; i += 4) {
    const n = (load<f32>(x + i) - mean) * scale;
    const g = load<f32>(dy + i) * (weight != 0 ? load<f32>(weight + i) : 1);
    const d = scale * (g - meanG - n * meanGN);
    store<f32>(dx + i, add != 0 ? load<f32>(dx + i) + d : d);
  }
}

/**
 * dweight[p, c] += sum over rows r with r % period = p, in order, of dy (x - mean) scale; dbias += sum of dy.
 * Columns [from, to) of the `period * width`; dbias may be 0, and dweight.
 */
export function norm_weights_backward(
  x: usize, dy: usize, stats: usize, rows: i32, width: i32, period: i32, from: i32, to: i32,
  dweight: usize, dbias: usize,
): void {
  const row = <usize>width << 2;
  for (let p = 0; p < period; p++) {
    const low = max(from - p * width, 0), high = min(to - p * width, width);
    if (low >= high) continue;
    const place = <usize>p * row;
    for (let r = p; r < rows; r += period) {
      const at = <usize>r * row;
      const mean = load<f32>(stats + (<usize>r << 3), 0), scale = load<f32>(stats + (<usize>r << 3), 4);
      addRow(x + at, dy + at, mean, scale, <usize>low << 2, <usize>high << 2, dweight, dbias, place);
    }
  }
}

@inline
function addRow(
  x: usize, dy: usize, mean: f32, scale: f32, from: usize, to: usize, dweight: usize, dbias: usize, place: usize,
): void {
  const m = f32x4.splat(mean), s = f32x4.splat(scale);
  let i = from;
  for (; i + 16 <= to; i += 16) {
    const g = v128.load(dy + i);
    if (dweight != 0) {
      const at = dweight + place + i;
      v128.store(at, madd(g, f32x4.mul(f32x4.sub(v128.load(x + i), m), s), v128.load(at)));
    }
    if (dbias != 0) v128.store(dbias + place + i, f32x4.add(v128.load(dbias + place + i), g));
  }
  for (; i < to; i += 4) {
    // one lane, as the others: which columns a rank has must not change their bits
    const g = v128.load32_zero(dy + i);
    if (dweight != 0) {
      const at = dweight + place + i;
      const n = f32x4.mul(f32x4.sub(v128.load32_zero(x + i), m), s);
      v128.store32_lane(at, madd(g, n, v128.load32_zero(at)), 0);
    }
    if (dbias != 0) store<f32>(dbias + place + i, load<f32>(dbias + place + i) + load<f32>(dy + i));
  }
}

function sum(x: usize, bytes: usize): f32 {
  let a = f32x4.splat(0), i: usize = 0;
  for (; i + 16 <= bytes; i += 16) a = f32x4.add(a, v128.load(x + i));
  let total = sumLanes(a);
  for (; i < bytes; i += 4) total += load<f32>(x + i);
  return total;
}

/** The sum of (x - mean)^2. */
function squares(x: usize, bytes: usize, mean: f32): f32 {
  const m = f32x4.splat(mean);
  let a = f32x4.splat(0), i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    const v = f32x4.sub(v128.load(x + i), m);
    a = madd(v, v, a);
  }
  let total = sumLanes(a);
  for (; i < bytes; i += 4) total += (load<f32>(x + i) - mean) * (load<f32>(x + i) - mean);
  return total;
}
