// Cross-entropy of rows of logits and its gradient: plain reference, cost and test cases.

export interface LogitShape {
  readonly rows: number;
  readonly width: number;
  readonly scale: number;
  readonly softcap: number;
}

/**
 * For each row cross-entropy and log-sum-exp of its judged logits, and the gradient of weight (crossEntropy + z
 * logSumExp^2) by the raw ones; 0 where the target is negative.
 *
 * logits  [rows, width] raw; judged: softcap tanh(scale raw / softcap), or scale raw where softcap is 0
 */
export function crossEntropy(
  logits: Float32Array,
  { targets, weights, z }: { targets: Int32Array; weights: Float32Array; z: number },
  gradient: Float32Array,
  { rows, width, scale, softcap }: LogitShape,
): { readonly crossEntropy: number; readonly logSumExp: number }[] {
  return Array.from({ length: rows }, (_, r) => {
    const raw = logits.subarray(r * width, (r + 1) * width);
    const own = gradient.subarray(r * width, (r + 1) * width).fill(0);
    if (targets[r] < 0) return { crossEntropy: 0, logSumExp: 0 };
    const judged = Float64Array.from(raw, (x) =>
      softcap > 0 ? softcap * Math.tanh((scale * x) / softcap) : scale * x,
    );
    const top = Math.max(...judged);
    const logSumExp = top + Math.log(judged.reduce((sum, l) => sum + Math.exp(l - top), 0));
    judged.forEach((l, i) => {
      const slope = softcap > 0 ? scale * (1 - (l / softcap) ** 2) : scale;
      const share = Math.exp(l - logSumExp) * (1 + 2 * z * logSumExp);
      own[i] = weights[r] * slope * (share - (i === targets[r] ? 1 : 0));
    });
    return { crossEntropy: logSumExp - judged[targets[r]], logSumExp };
  });
}

export function cost({ rows, width }: LogitShape): { flops: number; bytes: number } {
  return { flops: 40 * rows * width, bytes: 20 * rows * width };
}

export const cases: readonly LogitShape[] = [
  { rows: 1, width: 3, scale: 1, softcap: 0 },
  { rows: 4, width: 61, scale: 0.5, softcap: 0 },
  { rows: 3, width: 40, scale: 1, softcap: 2 },
];
