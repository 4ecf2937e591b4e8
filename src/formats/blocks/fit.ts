// Searches for the scale (and minimum) with which a block's values round with the least error.
//
// The searches are those of ggml-quants.c (make_qx_quants, make_q3_quants, make_qkx2_quants, make_qkx3_quants,
// make_qp_quants; MIT License, Copyright (c) 2023-2024 The ggml authors), with sums in float64 and squared errors in
// closed form. They return scales alone: the caller rounds the scale as the file holds it and takes the nearest levels.

/** Packs `count` blocks. `importance` has a weight for each column of a row; rows follow one another. */
export type Pack = (
  values: Float32Array,
  blocks: Uint8Array,
  count: number,
  importance?: Float32Array,
) => void;

/** Adding and taking away 1.5 · 2^52 rounds to the nearest integer, ties to even, if the size is below 2^51. */
const MAGIC = 6755399441055744;

/** The nearest integer, ties to even. */
export const nearest = (x: number): number => x + MAGIC - MAGIC;

/** The nearest integer within bounds. */
export function nearestWithin(x: number, least: number, greatest: number): number {
  const l = x + MAGIC - MAGIC;
  if (l < least) return least;
  if (l > greatest) return greatest;
  return l;
}

/** Below this all values count as zero. */
const TINY = 1e-15;

/** The value of largest size among `length` values from `from`; the first of equals. */
export function extreme(values: Float32Array, from: number, length: number): number {
  let size = 0;
  let found = 0;
  for (let i = from; i < from + length; i++) {
    const a = Math.abs(values[i]);
    if (a > size) {
      size = a;
      found = values[i];
    }
  }
  return found;
}

/**
 * The scale d of d · l with l in [-top, top - 1], for `length` values from `from`: the best of 19 guesses, each refined
 * by least squares. Weights are those given from `weightsFrom`, else the squares of the values.
 */
export function fitScale(
  values: Float32Array,
  from: number,
  length: number,
  top: number,
  weights?: Float32Array,
  weightsFrom = 0,
): number {
  const max = extreme(values, from, length);
  if (Math.abs(max) < TINY) return 0;
  let scale = 0;
  let best = -1;
  // The plain guess comes first: others must beat it.
  for (let step = 0; step <= 18; step++) {
    const shift = step === 0 ? 0 : step <= 9 ? step - 10 : step - 9;
    const inverse = -(top + 0.1 * shift) / max;
    let sumLX = 0;
    let sumL2 = 0;
    for (let i = 0; i < length; i++) {
      const x = values[from + i];
      let l = inverse * x + MAGIC - MAGIC;
      if (l < -top) l = -top;
      if (l > top - 1) l = top - 1;
      const wl = (weights === undefined ? x * x : weights[weightsFrom + i]) * l;
      sumLX += wl * x;
      sumL2 += wl * l;
    }
    // The squared error falls by sumLX² / sumL2.
    if (sumL2 > 0 && sumLX * sumLX > best * sumL2) {
      scale = sumLX / sumL2;
      best = scale * sumLX;
    }
  }
  return scale;
}

/**
 * The scale d of d · l with l in [-4, 3] for 16 values from `from`, weighted by their squares: a plain guess, then one
 * level after another moved where that lowers the error. `levels` is room for 16.
 */
export function fitScaleByLevels(values: Float32Array, from: number, levels: Float64Array): number {
  const max = extreme(values, from, 16);
  if (Math.abs(max) < TINY) return 0;
  const inverse = -4 / max;
  let sumLX = 0;
  let sumL2 = 0;
  for (let i = 0; i < 16; i++) {
    const x = values[from + i];
    const l = (levels[i] = nearestWithin(inverse * x, -4, 3));
    sumLX += x * x * x * l;
    sumL2 += x * x * l * l;
  }
  for (let round = 0, changed = true; changed && round < 5; round++) {
    changed = false;
    for (let i = 0; i < 16; i++) {
      const x = values[from + i];
      const w = x * x;
      const l = levels[i];
      const restLX = sumLX - w * x * l;
      if (!(restLX > 0)) continue;
      const restL2 = sumL2 - w * l * l;
      const moved = nearestWithin((x * restL2) / restLX, -4, 3);
      if (moved === l) continue;
      const newLX = restLX + w * x * moved;
      const newL2 = restL2 + w * moved * moved;
      if (newL2 > 0 && newLX * newLX * sumL2 > sumLX * sumLX * newL2) {
        levels[i] = moved;
        sumLX = newLX;
        sumL2 = newL2;
        changed = true;
      }
    }
  }
  return sumL2 > 0 ? sumLX / sumL2 : 0;
}

/** How `fitAffine` searches: 1 / scale is (first + step · i + top) / (max - min) for i in [0, steps]. */
export interface AffineSearch {
  /** Levels are in [0, top]. */
  readonly top: number;
  readonly first: number;
  readonly step: number;
  readonly steps: number;
  /** Whether guesses are compared by weighted sizes of errors instead of their squares. */
  readonly absolute?: boolean;
}

/**
 * The scale d and minimum m >= 0 of d · l - m with l in [0, top], for `length` values from `from`, weighted by
 * `weights` from 0: every guess at the levels is refined by least squares. Results go to scales[at] and minimums[at].
 */
export function fitAffine(
  values: Float32Array,
  from: number,
  length: number,
  weights: Float32Array | Float64Array,
  { top, first, step, steps, absolute = false }: AffineSearch,
  scales: Float32Array,
  minimums: Float32Array,
  at: number,
): void {
  let min = values[from];
  let max = min;
  let sumW = 0;
  let sumX = 0;
  let sumXX = 0;
  for (let i = 0; i < length; i++) {
    const x = values[from + i];
    const wx = weights[i] * x;
    if (x < min) min = x;
    if (x > max) max = x;
    sumW += weights[i];
    sumX += wx;
    sumXX += wx * x;
  }
  if (min > 0) min = 0;
  if (!(max > min)) {
    scales[at] = 0;
    minimums[at] = -min;
    return;
  }
  let bestScale = (max - min) / top;
  let best = Infinity;
  for (let guess = -1; guess <= steps; guess++) {
    // Guesses go on from the best minimum so far.
    const inverse = (guess < 0 ? top : first + step * guess + top) / (max - min);
    let sumL = 0;
    let sumL2 = 0;
    let sumXL = 0;
    for (let i = 0; i < length; i++) {
      const x = values[from + i];
      let l = inverse * (x - min) + MAGIC - MAGIC;
      if (l < 0) l = 0;
      if (l > top) l = top;
      const wl = weights[i] * l;
      sumL += wl;
      sumL2 += wl * l;
      sumXL += wl * x;
    }
    let scale = bestScale;
    let offset = min;
    if (guess >= 0) {
      const determinant = sumW * sumL2 - sumL * sumL;
      if (!(determinant > 0)) continue;
      scale = (sumW * sumXL - sumX * sumL) / determinant;
      offset = (sumL2 * sumX - sumL * sumXL) / determinant;
      if (offset > 0) {
        offset = 0;
        scale = sumXL / sumL2;
      }
    }
    let error: number;
    if (absolute) {
      error = 0;
      for (let i = 0; i < length; i++) {
        const x = values[from + i];
        let l = inverse * (x - min) + MAGIC - MAGIC;
        if (l < 0) l = 0;
        if (l > top) l = top;
        error += weights[i] * Math.abs(scale * l + offset - x);
      }
    } else {
      // Σ w (d l + m - x)², multiplied out
      error =
        scale * (scale * sumL2 + 2 * (offset * sumL - sumXL)) + offset * (offset * sumW - 2 * sumX) + sumXX;
    }
    if (error < best) {
      best = error;
      bestScale = scale;
      min = offset;
    }
  }
  scales[at] = bestScale;
  minimums[at] = -min;
}

/**
 * The scale d of d · l with l in [0, top] for `length` values, none negative, from 0, weighted: the best of nine guesses,
 * then one level after another moved where that lowers the error. `levels` is room for `length`.
 */
export function fitPositiveScale(
  values: Float32Array,
  length: number,
  top: number,
  weights: Float64Array,
  levels: Float64Array,
): number {
  let max = 0;
  for (let i = 0; i < length; i++) if (values[i] > max) max = values[i];
  if (max < TINY) return 0;
  let inverse = top / max;
  let best = Infinity;
  for (let step = 0; step <= 8; step++) {
    const shift = step === 0 ? 0 : step <= 4 ? step - 5 : step - 4;
    const guess = (top + 0.1 * shift) / max;
    let error = 0;
    for (let i = 0; i < length; i++) {
      const miss = values[i] - nearestWithin(guess * values[i], 0, top) / guess;
      error += weights[i] * miss * miss;
    }
    if (error < best) {
      best = error;
      inverse = guess;
    }
  }
  let sumLX = 0;
  let sumL2 = 0;
  for (let i = 0; i < length; i++) {
    const l = (levels[i] = nearestWithin(inverse * values[i], 0, top));
    sumLX += weights[i] * values[i] * l;
    sumL2 += weights[i] * l * l;
  }
  for (let round = 0, changed = true; changed && round < 5; round++) {
    changed = false;
    for (let i = 0; i < length; i++) {
      const x = values[i];
      const w = weights[i];
      const restLX = sumLX - w * x * levels[i];
      const restL2 = sumL2 - w * levels[i] * levels[i];
      if (!(restLX > 0 && restL2 > 0)) continue;
      const moved = nearestWithin((x * restL2) / restLX, 0, top);
      if (moved === levels[i]) continue;
      const newLX = restLX + w * x * moved;
      const newL2 = restL2 + w * moved * moved;
      if (newLX * newLX * sumL2 > sumLX * sumLX * newL2) {
        levels[i] = moved;
        sumLX = newLX;
        sumL2 = newL2;
        changed = true;
      }
    }
  }
  return sumL2 > 0 ? sumLX / sumL2 : 0;
}
