// Products by packed blocks of 4- and 5-bit quants: Q4_1, Q5_0, Q5_1, IQ4_NL, IQ4_XS, MXFP4.
import { activationBytes, TOKEN_BLOCK, wholeTiles } from "./quantize-activations.as";
import { chunkTokens, multiplyBytes, multiplyMinimums, multiplyOffset, panelBlock } from "./panel.as";
import { twoGroupsOfFives, unpackFives } from "./fives.as";
import { isIq4, twoGroupsOfFours, twoGroupsOfIq4, unpackFours, unpackIq4Words } from "./fours.as";
import { Fives, Floats24, Fours, Halves, HalvesPairs, hasMinimums, Powers } from "./block-scales.as";
import { byteProducts, prefersPairs } from "./dot8.as";
import { streamGroups } from "./streams.as";
import { chunkOfWords, multiplyWords, widenTokens, WORDS_BLOCK } from "./panel-i16.as";

/** y[token * yStride + row] = scale * (w x); x: what quantize_q8 wrote. scratch: two panels. */
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
  } else if (ASC_FEATURE_RELAXED_SIMD) {
    product<u16, Floats24, Fours>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
  } else {
    product<i16, Floats24, Fours>(w, rowGroups, cols, x, tokens, y, yStride, scale, scratch);
  }
}

/** The product for weights within 5 bits. */
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
  const blocks = cols >> 5, whole = wholeTiles(tokens), yStep = <usize>yStride << 2;
  const group = <usize>blocks * (offsetof<Q>() + offsetof<H>());
  const next = <usize>(tokens - whole) * TOKEN_BLOCK;
  for (let t = whole, at = x + activationBytes(whole, blocks); t < tokens; t++, at += TOKEN_BLOCK) {
    oneToken<P, H, Q>(w, rowGroups, group, blocks, at, next, y + <usize>t * yStep, scale);
  }
  if (isIq4<H>() && sizeof<P>() == 2) {
    iq4InWords(w, rowGroups, group, blocks, x, whole, y, yStep, scale, scratch);
    return;
  }
  const chunk = chunkTokens(blocks);
  for (let t0 = 0; t0 < whole; t0 += chunk) {
    const end = min(whole, t0 + chunk);
    for (let g = 0; g < rowGroups; g += 2) {
      const p = w + <usize>g * group;
      const both = g + 1 < rowGroups;
      unpack<P, H, Q>(p, blocks, scratch);
      if (both) unpack<P, H, Q>(p + group, blocks, scratch + <usize>blocks * panelBlock<H>());
      const to = y + <usize>t0 * yStep + (<usize>g << 5);
      if (isIq4<H>()) multiplyBytes<P>(scratch, both, blocks, x, t0, end, to, yStep, scale);
      else if (hasMinimums<H>()) multiplyMinimums<P>(scratch, both, blocks, x, t0, end, to, yStep, scale);
      else multiplyOffset<P>(scratch, both, blocks, x, t0, end, to, yStep, scale);
    }
  }
}

/** A matrix times one token, whose blocks are `next` bytes apart. Reads two distant row groups at once: see matmul_q4_0. */
@inline
function oneToken<P, H, Q>(
  w: usize, rowGroups: i32, group: usize, blocks: i32, x: usize, next: usize, y: usize, scale: f32,
): void {
  const part = streamGroups(rowGroups, group);
  const apart = <usize>(rowGroups - part);
  for (let g = 0; g < part; g++) {
    twoGroups<P, H, Q>(w, apart * group, blocks, x, next, y, apart << 5, scale);
    w += group;
    y += 32;
  }
}

@inline
function twoGroups<P, H, Q>(
  p: usize, stride: usize, blocks: i32, x: usize, next: usize, y: usize, yPart: usize, scale: f32,
): void {
  if (offsetof<Q>() == 160) twoGroupsOfFives<P, H>(p, stride, blocks, x, next, y, yPart, scale);
  else if (isIq4<H>() && sizeof<P>() == 2 && !isSigned<P>()) twoGroupsOfIq4(p, stride, blocks, x, next, y, yPart, scale);
  else twoGroupsOfFours<P, H>(p, stride, blocks, x, next, y, yPart, scale);
}

/** The product of IQ4 with many tokens where no dot of bytes is exact for its levels: see matmul_q8_0_wide. */
function iq4InWords(
  w: usize, rowGroups: i32, group: usize, blocks: i32, x: usize, tokens: i32, y: usize, yStep: usize, scale: f32,
  scratch: usize,
): void {
  const panel = <usize>blocks * WORDS_BLOCK;
  const chunk = chunkOfWords(blocks), tiles = scratch + 2 * panel;
  for (let t0 = 0; t0 < tokens; t0 += chunk) {
    const end = min(tokens, t0 + chunk);
    widenTokens(x, blocks, t0, end, tiles);
    for (let g = 0; g < rowGroups; g += 2) {
      const p = w + <usize>g * group;
      const both = g + 1 < rowGroups;
      unpackIq4Words(p, blocks, scratch);
      if (both) unpackIq4Words(p + group, blocks, scratch + panel);
      const to = y + <usize>t0 * yStep + (<usize>g << 5);
      multiplyWords(scratch, both, blocks, tiles, end - t0, to, yStep, scale);
    }
  }
}

@inline
function unpack<P, H, Q>(p: usize, blocks: i32, panel: usize): void {
  if (offsetof<Q>() == 160) unpackFives<H>(p, blocks, panel);
  else unpackFours<P, H>(p, blocks, panel);
}
