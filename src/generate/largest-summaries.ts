// Summaries of logits from the largest alone, where a device finds them: tokens as from whole rows.
import type { Transformer } from "../models/forward/model.ts";
import { largestLogits } from "../models/forward/transformer.ts";
import type { Largest } from "../tensor/backend.ts";
import { expNegative } from "./exponential.ts";
import { findLargest, type LogitSummary, largestOf, type SummaryWish } from "./logit-summary.ts";

/** Logits that are read of a row. */
const READ = 512;
/** Most by which a device's sum of weights may be off, relatively. */
const MASS_ERROR = 2e-5;

/** What is wished of rows of the last pass; undefined where only the whole row tells. */
export async function summariesOfLargest(
  model: Transformer,
  rows: Int32Array,
  wishes: readonly SummaryWish[],
): Promise<(LogitSummary | undefined)[]> {
  const factors = wishes.map((wish) => (wish.kind === "nucleus" ? wish.scale : 0));
  const found = await largestLogits(model, rows, READ, factors);
  const { vocabSize, logitSoftcap } = model.config;
  return found.map((largest, row) => {
    const wish = wishes[row];
    if (wish.kind === "nucleus" && logitSoftcap > 0) return undefined;
    return summaryOf(largest, wish, largest.columns.length === vocabSize);
  });
}

/** What is wished of a row, by its largest logits; undefined where others may belong to it. */
export function summaryOf(
  { columns, values, mass }: Largest,
  wish: SummaryWish,
  isAll: boolean,
): LogitSummary | undefined {
  const at = findLargest(values);
  const [best, max] = at < 0 ? [-1, Number.NEGATIVE_INFINITY] : [columns[at], values[at]];
  const alone = { best, max, ids: [], logits: [] };
  if (!(Math.abs(max) < Number.POSITIVE_INFINITY)) return alone;
  // What was left out is at most as large as the least that was read, and a scale or cap may have made it equal.
  const leftOut = isAll ? Number.NEGATIVE_INFINITY : values.reduce((least, value) => Math.min(least, value));
  if (wish.kind === "best") return max > leftOut ? alone : undefined;
  const count = wish.kind === "top" ? wish.count : nucleusSize(values, max, mass, wish);
  if (count === undefined) return undefined;
  const kept = largestOf(Array.from(columns), Array.from(values), count);
  if (!isAll && !(Math.min(...kept.logits) > leftOut)) return undefined;
  return wish.kind === "top" ? { best, max, ...kept } : { best, max, ...kept, mass };
}

/** How many of the largest logits make a nucleus, if that is the same whatever the error of the mass. */
function nucleusSize(
  values: Float32Array,
  max: number,
  mass: number,
  { scale, share }: Extract<SummaryWish, { kind: "nucleus" }>,
): number | undefined {
  const [least, most] = [share * mass * (1 - MASS_ERROR), share * mass * (1 + MASS_ERROR)];
  const weights = Array.from(values, (logit) => expNegative((logit - max) * scale)).sort((a, b) => b - a);
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i];
    if (sum >= most) return i + 1;
    if (sum >= least) return undefined;
  }
  return undefined;
}
