// K-quant weights: packing, products and row lookup of each type.
import { oneToken } from "./k-matvec.as";
import { normalizeBlocks, packRows, unpackRow } from "./k-pack.as";
import { chunkTokens, panel2x3, unpackPanel } from "./k-panel.as";
import { blockBytes, Q2, Q3, Q4, Q5, Q6 } from "./k-weights.as";
import { TILE, wholeTiles } from "./quantize-activations.as";
import { activationBytes, TOKEN_BLOCK } from "./quantize-q8k.as";

/** y[token * yStride + row] = scale * (w x); x: what quantize_q8k wrote. scratch: a panel. */
function product<T>(
  w: usize, rowGroups: i32, cols: i32, x: usize, tokens: i32, y: usize, yStride: i32, scale: f32, scratch: usize,
): void {
  const blocks = cols >> 8, whole = wholeTiles(tokens), yStep = <usize>yStride << 2;
  const next = <usize>(tokens - whole) * TOKEN_BLOCK;
  for (let t = whole, at = x + activationBytes(whole, blocks); t < tokens; t++, at += TOKEN_BLOCK) {
    oneToken<T>(w, rowGroups, blocks, at, next, y + <usize>t * yStep, scale);
  }
  const chunk = chunkTokens(blocks);
  const group = <usize>blocks * blockBytes<T>();
  for (let t0 = 0; t0 < whole; t0 += chunk) {
    const end = min(whole, t0 + chunk);
    for (let g = 0; g < rowGroups; g++) {
      unpackPanel<T>(w + <usize>g * group, blocks, scratch);
      for (let t = t0; t < end; t += TILE) {
        const to = y + <usize>t * yStep + (<usize>g << 5);
        panel2x3<T>(scratch, blocks, x + activationBytes(t, blocks), to, yStep, scale);
      }
    }
  }
}

export function pack_q2_k(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  packRows<Q2>(src, dst, rowGroups, cols);
}

export function normalize_q2_k(w: usize, rowGroups: i32, cols: i32): i32 {
  return normalizeBlocks<Q2>(w, rowGroups, cols);
}

export function unpack_row_q2_k(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  unpackRow<Q2>(w, cols, row, out, scale);
}

export function matmul_q2_k(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  product<Q2>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
}

export function pack_q3_k(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  packRows<Q3>(src, dst, rowGroups, cols);
}

export function normalize_q3_k(w: usize, rowGroups: i32, cols: i32): i32 {
  return normalizeBlocks<Q3>(w, rowGroups, cols);
}

export function unpack_row_q3_k(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  unpackRow<Q3>(w, cols, row, out, scale);
}

export function matmul_q3_k(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  product<Q3>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
}

export function pack_q4_k(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  packRows<Q4>(src, dst, rowGroups, cols);
}

export function normalize_q4_k(w: usize, rowGroups: i32, cols: i32): i32 {
  return normalizeBlocks<Q4>(w, rowGroups, cols);
}

export function unpack_row_q4_k(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  unpackRow<Q4>(w, cols, row, out, scale);
}

export function matmul_q4_k(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  product<Q4>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
}

export function pack_q5_k(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  packRows<Q5>(src, dst, rowGroups, cols);
}

export function normalize_q5_k(w: usize, rowGroups: i32, cols: i32): i32 {
  return normalizeBlocks<Q5>(w, rowGroups, cols);
}

export function unpack_row_q5_k(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  unpackRow<Q5>(w, cols, row, out, scale);
}

export function matmul_q5_k(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  product<Q5>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
}

export function pack_q6_k(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  packRows<Q6>(src, dst, rowGroups, cols);
}

export function normalize_q6_k(w: usize, rowGroups: i32, cols: i32): i32 {
  return normalizeBlocks<Q6>(w, rowGroups, cols);
}

export function unpack_row_q6_k(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  unpackRow<Q6>(w, cols, row, out, scale);
}

export function matmul_q6_k(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  product<Q6>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
}
