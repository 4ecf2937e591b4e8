// Tests of two samples: Welch's t, and two proportions.
import { BaimoError } from "../../errors.ts";
import { mean, sampleVariance } from "../../statistics/moments.ts";
import { bothTailsOfNormal, bothTailsOfT } from "../../statistics/special-functions.ts";

/** Whether two means differ, their variances being unknown and unequal (Welch 1947); two-sided. */
export function welch(a: readonly number[], b: readonly number[]) {
  if (a.length < 2 || b.length < 2) {
    throw new BaimoError(
      "request",
      `Welch's t needs two values a sample but has ${a.length} and ${b.length}`,
    );
  }
  const [ofA, ofB] = [sampleVariance(a) / a.length, sampleVariance(b) / b.length];
  if (ofA + ofB === 0) throw new BaimoError("request", "Welch's t needs samples that vary");
  const [meanA, meanB] = [mean(a), mean(b)];
  const t = (meanA - meanB) / Math.sqrt(ofA + ofB);
  const df = (ofA + ofB) ** 2 / (ofA ** 2 / (a.length - 1) + ofB ** 2 / (b.length - 1));
  return { meanA, meanB, t, df, pValue: bothTailsOfT(t, df) };
}

/** Successes among trials. */
export interface Share {
  readonly count: number;
  readonly of: number;
}

/** Whether two proportions differ, by z with the pooled variance; two-sided. */
export function twoProportions(a: Share, b: Share) {
  for (const { count, of } of [a, b]) {
    if (Number.isInteger(count) && Number.isInteger(of) && count >= 0 && count <= of && of > 0) continue;
    throw new BaimoError("request", `a proportion must be a count of a larger count, not ${count} of ${of}`);
  }
  const [shareA, shareB] = [a.count / a.of, b.count / b.of];
  const pooled = (a.count + b.count) / (a.of + b.of);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / a.of + 1 / b.of));
  if (error === 0) throw new BaimoError("request", "two proportions of 0, or of 1, cannot be told apart");
  const z = (shareA - shareB) / error;
  return { shareA, shareB, z, pValue: bothTailsOfNormal(z) };
}
