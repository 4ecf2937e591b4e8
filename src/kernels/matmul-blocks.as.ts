// Products by packed blocks of 4- and 5-bit quants: Q4_1, Q5_0, Q5_1, IQ4_NL, IQ4_XS, MXFP4; leans on fours, fives and panels.
import { activationBytes, TILE, TOKEN_BLOCK } from "./quantize-activations.as";
import { byteTile, chunkTokens, FEW, minimumTile, nibbleTile, offsetTile } from "./panel.as";
import { fourGroupsOfFives, unpackFives } from "./fives.as";
import { fourGroupsOfFours, isIq4, unpackFours, unpackIq4Nibbles } from "./fours.as";
import { Fives, Floats24, Fours, Halves, HalvesPairs, hasMinimums, Powers } from "./heads.as";
import { byteProducts, prefersPairs } from "./product.as";
import { streamGroups } from "./streams.as";

/** y[token * yStride + row] = scale * (w x); x: what quantize_q8 wrote. scratch: a panel. */
export function matmul_q4_1(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  small<HalvesPairs, Fours>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
}

/** As matmul_q4_1. */
export function matmul_q5_0(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  small<Halves, Fives>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
}

/** As matmul_q4_1. */
export function matmul_q5_1(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  small<HalvesPairs, Fives>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
}

/** As matmul_q4_1. */
export function matmul_mxfp4(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  small<Powers, Fours>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
}

/** As matmul_q4_1, for IQ4_NL and IQ4_XS. */
export function matmul_iq4(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  const products = byteProducts();
  if (ASC_FEATURE_RELAXED_SIMD && products == 1) {
    product<u8, Floats24, Fours>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
  } else if (ASC_FEATURE_RELAXED_SIMD && products == 2) {
    product<i8, Floats24, Fours>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
  } else {
    product<i16, Floats24, Fours>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
  }
}

/** The product for weights within 5 bits. */
// @ts-ignore: decorator
@inline
function small<H, Q>(
  w: usize, rowGroups: i32, cols: i32, x: usize, tokens: i32, y: usize, yStride: i32, scale: f32, scratch: usize,
): void {
  if (!ASC_FEATURE_RELAXED_SIMD) product<i16, H, Q>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
  else if (prefersPairs()) product<u16, H, Q>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
  else product<u8, H, Q>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
}

function product<P, H, Q>(
  w: usize, rowGroups: i32, cols: i32, x: usize, tokens: i32, y: usize, yStride: i32, scale: f32, scratch: usize,
): void {
  const blocks = cols >> 5;
  const yStep = <usize>yStride << 2;
  const group = <usize>blocks * (offsetof<H>() + offsetof<Q>());
  if (tokens <= FEW) {
    const next = <usize>tokens * TOKEN_BLOCK;
    for (let t = 0; t < tokens; t++) {
      oneToken<P, H, Q>(w, rowGroups, group, blocks, x + <usize>t * TOKEN_BLOCK, next, y + <usize>t * yStep, scale);
    }
    return;
  }
  const chunk = chunkTokens(blocks);
  for (let t0 = 0; t0 < tokens; t0 += chunk) {
    const end = min(tokens, t0 + chunk);
    for (let g = 0; g < rowGroups; g += 2) {
      const p = w + <usize>g * group;
      const both = g + 1 < rowGroups;
      unpack<P, H, Q>(p, blocks, scratch);
      if (both) unpack<P, H, Q>(p + group, blocks, scratch + 16);
      for (let t = t0; t < end; t += TILE) {
        const at = x + activationBytes(t, blocks);
        const to = y + <usize>t * yStep + (<usize>g << 4);
        tile<P, H, Q>(scratch, both, blocks, at, min(TILE, end - t), to, yStep, scale);
      }
    }
  }
}

/** A matrix times one token, whose blocks are `next` bytes apart. Reads four distant row groups at once: see matmul_q4_0. */
// @ts-ignore: decorator
@inline
function oneToken<P, H, Q>(
  w: usize, rowGroups: i32, group: usize, blocks: i32, x: usize, next: usize, y: usize, scale: f32,
): void {
  const part = streamGroups(rowGroups, group);
  const stride = <usize>part * group;
  for (let g = 0; g < part; g++) {
    fourGroups<P, H, Q>(w + <usize>g * group, stride, blocks, x, next, y + (<usize>g << 4), <usize>part << 4, scale);
  }
  for (let g = part << 2; g < rowGroups; g += part > 0 ? 4 : 1) {
    // four neighbours, the last perhaps once more, which come out the same; or four times the one
    const at = <usize>(part > 0 ? min(g, rowGroups - 4) : g);
    const apart = part > 0 ? group : 0;
    fourGroups<P, H, Q>(w + at * group, apart, blocks, x, next, y + (at << 4), part > 0 ? 16 : 0, scale);
  }
}

// @ts-ignore: decorator
@inline
function fourGroups<P, H, Q>(
  p: usize, stride: usize, blocks: i32, x: usize, next: usize, y: usize, yPart: usize, scale: f32,
): void {
  if (offsetof<Q>() == 80) fourGroupsOfFives<P, H>(p, stride, blocks, x, next, y, yPart, scale);
  else fourGroupsOfFours<P, H>(p, stride, blocks, x, next, y, yPart, scale);
}

/** Whether panels are of nibbles: levels of IQ4 on a machine whose relaxed dot is not exact for them. */
// @ts-ignore: decorator
@inline
function inNibbles<P>(): bool {
  return ASC_FEATURE_RELAXED_SIMD && isSigned<P>() && sizeof<P>() == 2;
}

// @ts-ignore: decorator
@inline
function unpack<P, H, Q>(p: usize, blocks: i32, panel: usize): void {
  if (offsetof<Q>() == 80) unpackFives<H>(p, blocks, panel);
  else if (inNibbles<P>()) unpackIq4Nibbles(p, blocks, panel);
  else unpackFours<P, H>(p, blocks, panel);
}

// @ts-ignore: decorator
@inline
function tile<P, H, Q>(
  panel: usize, both: bool, blocks: i32, x: usize, count: i32, y: usize, yStep: usize, scale: f32,
): void {
  if (inNibbles<P>()) {
    nibbleTile(panel, both, blocks, x, count, y, yStep, scale);
  } else if (isIq4<H>()) {
    byteTile<P>(panel, both, blocks, x, count, y, yStep, scale);
  } else if (hasMinimums<H>()) {
    minimumTile<P>(panel, both, blocks, x, count, y, yStep, scale);
  } else {
    offsetTile<P>(panel, both, blocks, x, count, y, yStep, scale);
  }
}
