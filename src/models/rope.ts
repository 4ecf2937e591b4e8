// RoPE's angles, computed in double precision, with every scaling that families use; leans on the config alone.
import type { ModelConfig } from "./config.ts";

/** Inverse frequencies of each pair of dimensions and the factor on cos and sin. */
export interface RopeFrequencies {
  readonly inverse: Float64Array;
  readonly attentionFactor: number;
}

/**
 * Inverse frequencies theta^(-2i/d), stretched as the config says.
 * Sources: arXiv:2104.09864 (RoPE), arXiv:2306.15595 (linear), arXiv:2309.00071 (YaRN), and `modeling_rope_utils.py` of
 * transformers 5 for llama3 and for YaRN's details.
 */
export function ropeFrequencies(config: ModelConfig): RopeFrequencies {
  const { headDim: dims, ropeTheta: theta, ropeScaling: scaling } = config;
  const plain = Float64Array.from({ length: dims / 2 }, (_, i) => theta ** ((-2 * i) / dims));
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
      const { factor, originalContextLength, betaFast, betaSlow, attentionFactor } = scaling;
      const dimensionOf = (rotations: number) =>
        (dims * Math.log(originalContextLength / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
      const low = Math.max(0, Math.floor(dimensionOf(betaFast)));
      const high = Math.min(dims - 1, Math.ceil(dimensionOf(betaSlow)));
      const span = Math.max(high - low, 0.001);
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
  }
}

/** cos and sin of the angles at `position`, `position` + 1, …: each [tokens, headDim / 2]. */
export function ropeAngles(
  { inverse, attentionFactor }: RopeFrequencies,
  position: number,
  tokens: number,
): { cos: Float32Array; sin: Float32Array } {
  const pairs = inverse.length;
  const cos = new Float32Array(tokens * pairs);
  const sin = new Float32Array(tokens * pairs);
  for (let t = 0; t < tokens; t++) {
    for (let i = 0; i < pairs; i++) {
      const angle = (position + t) * inverse[i];
      cos[t * pairs + i] = Math.cos(angle) * attentionFactor;
      sin[t * pairs + i] = Math.sin(angle) * attentionFactor;
    }
  }
  return { cos, sin };
}
