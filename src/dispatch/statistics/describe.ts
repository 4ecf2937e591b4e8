// What a sample is like: count, mean, spread, quantiles.
import { BaimoError } from "../../errors.ts";

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
  const quantile = (share: number): number => {
    const at = share * (sorted.length - 1);
    const low = Math.floor(at);
    return sorted[low] + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
  };
  return {
    count: sample.length,
    mean: meanOf(sample),
    standardDeviation: sample.length > 1 ? Math.sqrt(varianceOf(sample)) : null,
    min: sorted[0],
    quartile1: quantile(0.25),
    median: quantile(0.5),
    quartile3: quantile(0.75),
    max: sorted[sorted.length - 1],
  };
}

export const meanOf = (sample: readonly number[]): number =>
  sample.reduce((sum, each) => sum + each, 0) / sample.length;

/** Divided by count - 1. */
export function varianceOf(sample: readonly number[]): number {
  const mean = meanOf(sample);
  return sample.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (sample.length - 1);
}
