// What a score may be where documents failed: they are neither wrong nor left out.
import type { Interval } from "../statistics/intervals.ts";

/** A score of which some documents may be missing. */
export interface PartialScore {
  /** Documents without an answer, which `value` leaves out: where there are any, it is not the score. */
  readonly failed: number;
  /** Where documents failed, from all of them wrong to all of them right; left out where the metric has no such ends. */
  readonly range?: Interval;
}

const SHARES = new Set(["acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match"]);

/** Whether a metric is the share of documents that are right. */
export const isShareMetric = (metric: string): boolean => SHARES.has(metric) || /^pass@\d+$/.test(metric);

/** The ends of a share of which `failed` documents beside `count` may be wrong or right. */
export function rangeOfShare(share: number, count: number, failed: number): Interval {
  const all = count + failed;
  const right = count === 0 ? 0 : share * count;
  return [right / all, (right + failed) / all];
}
