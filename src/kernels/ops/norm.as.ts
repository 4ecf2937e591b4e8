// RMSNorm and LayerNorm of rows.
import { madd, sumLanes } from "../module/simd.as";

/**
 * out = norm(x), row by row; strides in floats; in place allowed. layer: 0 rms, 1 layer; weight, bias: [width] or 0.
 * Sums are 16 partial sums a row.
 */
export function norm(
  x: usize, xStride: i32, rows: i32, width: i32, layer: i32, eps: f32, weight: usize, bias: usize,
  out: usize, outStride: i32,
): void {
  for (let r = 0; r < rows; r++) {
    normRow(x, width, layer, eps, weight, bias, out);
    x += <usize>xStride << 2;
    out += <usize>outStride << 2;
  }
}

/** Each head of x [tokens, heads * headDim] in place; weights and biases of a head lie `step` floats after the last's. */
export function norm_heads(
  x: usize, xStride: i32, tokens: i32, heads: i32, headDim: i32, layer: i32, eps: f32, weight: usize, bias: usize,
  step: i32,
): void {
  for (let t = 0; t < tokens; t++) {
    let p = x, w = weight, b = bias;
    for (let h = 0; h < heads; h++) {
      normRow(p, headDim, layer, eps, w, b, p);
      p += <usize>headDim << 2;
      if (w != 0) w += <usize>step << 2;
      if (b != 0) b += <usize>step << 2;
    }
    x += <usize>xStride << 2;
  }
}

function normRow(x: usize, width: i32, layer: i32, eps: f32, weight: usize, bias: usize, out: usize): void {
  const end = <usize>width << 2;
  const mean: f32 = layer != 0 ? sumOf(x, end) / <f32>width : 0.0;
  const scale = <f32>1.0 / sqrt<f32>(squaresOf(x, end, mean) / <f32>width + eps);
  const m = f32x4.splat(mean), s = f32x4.splat(scale);
  let i: usize = 0;
  for (; i + 16 <= end; i += 16) {
    let v = f32x4.mul(f32x4.sub(v128.load(x + i), m), s);
    if (weight != 0) v = f32x4.mul(v, v128.load(weight + i));
    if (bias != 0) v = f32x4.add(v, v128.load(bias + i));
    v128.store(out + i, v);
  }
  for (; i < end; i += 4) {
    let v = (load<f32>(x + i) - mean) * scale;
    if (weight != 0) v *= load<f32>(weight + i);
    if (bias != 0) v += load<f32>(bias + i);
    store<f32>(out + i, v);
  }
}

function sumOf(x: usize, bytes: usize): f32 {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  let i: usize = 0;
  for (; i + 64 <= bytes; i += 64) {
    a = f32x4.add(a, v128.load(x + i, 0));
    b = f32x4.add(b, v128.load(x + i, 16));
    c = f32x4.add(c, v128.load(x + i, 32));
    d = f32x4.add(d, v128.load(x + i, 48));
  }
  for (; i + 16 <= bytes; i += 16) a = f32x4.add(a, v128.load(x + i));
  let sum = sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
  for (; i < bytes; i += 4) sum += load<f32>(x + i);
  return sum;
}

/** The sum of (x - mean)^2. */
function squaresOf(x: usize, bytes: usize, mean: f32): f32 {
  const m = f32x4.splat(mean);
  let a = f32x4.splat(0), b = a, c = a, d = a;
  let i: usize = 0;
  for (; i + 64 <= bytes; i += 64) {
    const v0 = f32x4.sub(v128.load(x + i, 0), m), v1 = f32x4.sub(v128.load(x + i, 16), m);
    const v2 = f32x4.sub(v128.load(x + i, 32), m), v3 = f32x4.sub(v128.load(x + i, 48), m);
    a = madd(v0, v0, a);
    b = madd(v1, v1, b);
    c = madd(v2, v2, c);
    d = madd(v3, v3, d);
  }
  for (; i + 16 <= bytes; i += 16) {
    const v = f32x4.sub(v128.load(x + i), m);
    a = madd(v, v, a);
  }
  let sum = sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
  for (; i < bytes; i += 4) {
    const v = load<f32>(x + i) - mean;
    sum += v * v;
  }
  return sum;
}
