// What a sample is like: count, mean, spread, quantiles.
import { BaimoError } from "../../errors.ts";
import { mean, quantileOf, sampleDeviation } from "../../statistics/moments.ts";

/** A sample in figures; the quantiles by linear interpolation. */
export interface Description {
  readonly count: number;
  readonly mean: number;
  /** Of a sample: divided by count - 1. Null for one value. */
  readonly standardDeviation: number | null;
  readonly min: number;
  readonly quartile1: number;
  readonly median: number;
  readonly quartile3: number;
  readonly max: number;
}

/** @throws {BaimoError} `request` for an empty sample */
export function describe(sample: readonly number[]): Description {
  if (sample.length === 0) throw new BaimoError("request", "a sample to describe must have a value");
  const sorted = Float64Array.from(sample).sort();
  const quantile = (share: number) => quantileOf(sorted, share);
  return {
    count: sample.length,
    mean: mean(sample),
    standardDeviation: sample.length > 1 ? sampleDeviation(sample) : null,
    min: sorted[0],
    quartile1: quantile(0.25),
    median: quantile(0.5),
    quartile3: quantile(0.75),
    max: sorted[sorted.length - 1],
  };
}
