// Intervals of a share of right answers, of a mean, of pass@k.
import { mean, meanError } from "../../statistics/moments.ts";
import { inverseIncompleteBeta, logChoose, normalQuantile, studentQuantile } from "./special-functions.ts";

/** Lower and upper end. */
export type Interval = readonly [low: number, high: number];

/** Wilson's interval of a share. */
export function wilson(correct: number, n: number, confidence = 0.95): Interval {
  const z = normalQuantile((1 + confidence) / 2);
  const share = correct / n;
  const scale = 1 + (z * z) / n;
  const centre = (share + (z * z) / (2 * n)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return [correct === 0 ? 0 : centre - half, correct === n ? 1 : centre + half];
}

/** Clopper and Pearson's interval of a share: never covers less than it says. */
export function clopperPearson(correct: number, n: number, confidence = 0.95): Interval {
  const tail = (1 - confidence) / 2;
  const low = correct === 0 ? 0 : inverseIncompleteBeta(tail, correct, n - correct + 1);
  const high = correct === n ? 1 : 1 - inverseIncompleteBeta(tail, n - correct, correct + 1);
  return [low, high];
}

/** The interval of documents' mean: Wilson's where each is right or wrong, else Student's. */
export function documentsInterval(values: readonly number[], confidence = 0.95): Interval {
  const n = values.length;
  const score = mean(values);
  if (values.every((value) => value === 0 || value === 1))
    return wilson(Math.round(score * n), n, confidence);
  const half = n > 1 ? studentQuantile(confidence, n - 1) * meanError(values) : 0;
  return [score - half, score + half];
}

/** A mean's interval from its standard error, where documents are many. */
export function normalInterval(value: number, error: number, confidence = 0.95): Interval {
  const half = normalQuantile((1 + confidence) / 2) * error;
  return [value - half, value + half];
}

/** The chance that k of n answers, `correct` of them right, hold a right one (arXiv:2107.03374). */
export function passAtK(n: number, correct: number, k: number): number {
  if (n - correct < k) return 1;
  if (correct > 1000) return 1 - Math.exp(logChoose(n - correct, k) - logChoose(n, k));
  let none = 1;
  for (let i = n - correct + 1; i <= n; i++) none *= 1 - k / i;
  return 1 - none;
}
