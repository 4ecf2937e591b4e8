// RoPE's angles in double precision, with every scaling that families use.
import type { Run } from "../../tensor/backend.ts";
import type { QueryScaling, RopeConfig } from "../config/config.ts";

/** Inverse frequencies of each pair of dimensions and the factor on cos and sin. */
export interface RopeFrequencies {
  readonly inverse: Float64Array;
  readonly attentionFactor: number;
}

/**
 * Inverse frequencies theta^(-2i/d), stretched as the config says.
 * Sources: arXiv:2104.09864 (RoPE), arXiv:2306.15595 (linear), arXiv:2309.00071 (YaRN), arXiv:2402.13753 (LongRoPE), and
 * `modeling_rope_utils.py` of transformers 5 for llama3, dynamic, and the details of YaRN and LongRoPE.
 *
 * totalLength  tokens of the whole sequence: some scalings depend on it
 */
export function ropeFrequencies({ dims, theta, scaling }: RopeConfig, totalLength: number): RopeFrequencies {
  const powers = (base: number) =>
    Float64Array.from({ length: dims / 2 }, (_, i) => base ** ((-2 * i) / dims));
  const plain = powers(theta);
  switch (scaling.type) {
    case "none":
      return { inverse: plain, attentionFactor: 1 };
    case "linear":
      return { inverse: plain.map((f) => f / scaling.factor), attentionFactor: 1 };
    case "llama3": {
      const { factor, lowFreqFactor, highFreqFactor, originalContextLength } = scaling;
      const inverse = plain.map((f) => {
        const wavelength = (2 * Math.PI) / f;
        if (wavelength < originalContextLength / highFreqFactor) return f;
        if (wavelength > originalContextLength / lowFreqFactor) return f / factor;
        const smooth =
          (originalContextLength / wavelength - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
        return ((1 - smooth) * f) / factor + smooth * f;
      });
      return { inverse, attentionFactor: 1 };
    }
    case "yarn": {
      const { factor, originalContextLength, betaFast, betaSlow, truncate, attentionFactor } = scaling;
      const dimensionOf = (rotations: number) =>
        (dims * Math.log(originalContextLength / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
      const [floor, ceil] = truncate ? [Math.floor, Math.ceil] : [(x: number) => x, (x: number) => x];
      const low = Math.max(0, floor(dimensionOf(betaFast)));
      const high = Math.min(dims - 1, ceil(dimensionOf(betaSlow)));
      const span = high === low ? 0.001 : high - low;
      const inverse = plain.map((f, i) => {
        const ramp = Math.min(1, Math.max(0, (i - low) / span));
        return (f / factor) * ramp + f * (1 - ramp);
      });
      return { inverse, attentionFactor };
    }
    case "factors":
      return {
        inverse: plain.map((f, i) => f / scaling.factors[i]),
        attentionFactor: scaling.attentionFactor,
      };
    case "longrope": {
      const long = totalLength > scaling.originalContextLength;
      const factors = long ? scaling.long : scaling.short;
      return {
        inverse: plain.map((f, i) => f / factors[i]),
        attentionFactor: long ? scaling.longFactor : scaling.shortFactor,
      };
    }
    case "dynamic": {
      const { factor, originalContextLength: original } = scaling;
      const length = Math.max(totalLength, original);
      const grown = theta * ((factor * length) / original - (factor - 1)) ** (dims / (dims - 2));
      return { inverse: powers(grown), attentionFactor: 1 };
    }
    case "qwen-ntk": {
      const doublings = Math.ceil(Math.log2(totalLength / scaling.originalContextLength) + 1);
      const alpha = Math.max(2 ** doublings - 1, 1);
      return { inverse: powers(theta * alpha ** (dims / (dims - 2))), attentionFactor: 1 };
    }
  }
}

/** Whether the angles of a position depend on the length of the whole sequence. */
export function dependsOnLength({ scaling }: RopeConfig): boolean {
  return scaling.type === "longrope" || scaling.type === "dynamic" || scaling.type === "qwen-ntk";
}

/** Consecutive positions: all that angles need to know of a run. */
type Span = Pick<Run, "first" | "rows" | "position" | "length">;

/** cos and sin of the angles of every row, each [rows of all runs, dims / 2]; `frequencies` are those of a run. */
export function ropeAngles(
  frequencies: (run: Span) => RopeFrequencies,
  runs: readonly Span[],
): { cos: Float32Array; sin: Float32Array } {
  const rows = rowsOf(runs);
  let cos = new Float32Array(0);
  let sin = cos;
  for (const run of runs) {
    const { inverse, attentionFactor } = frequencies(run);
    const pairs = inverse.length;
    if (cos.length === 0) [cos, sin] = [new Float32Array(rows * pairs), new Float32Array(rows * pairs)];
    for (let t = 0, to = run.first * pairs; t < run.rows; t++) {
      for (let i = 0; i < pairs; i++, to++) {
        const angle = (run.position + t) * inverse[i];
        cos[to] = Math.cos(angle) * attentionFactor;
        sin[to] = Math.sin(angle) * attentionFactor;
      }
    }
  }
  return { cos, sin };
}

/** What the queries of every row are multiplied by, [rows of all runs]. */
export function queryFactors(scaling: QueryScaling, runs: readonly Span[]): Float32Array {
  const original = scaling.originalContextLength;
  const factors = new Float32Array(rowsOf(runs));
  for (const { first, rows, position } of runs) {
    for (let t = 0; t < rows; t++) {
      factors[first + t] =
        scaling.type === "log-n"
          ? Math.max(1, Math.log(position + t + 1) / Math.log(original))
          : 1 + scaling.beta * Math.log(1 + Math.floor((position + t) / original));
    }
  }
  return factors;
}

function rowsOf(runs: readonly Span[]): number {
  return runs.reduce((sum, { rows }) => sum + rows, 0);
}
