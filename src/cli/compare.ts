// Compares a run with stored answers: largest differences, and the first layer that diverges.
//
// Pure functions; they also say how far quantised products may stray.
//
// Pure functions; they also say how far quantised products may stray.
import type { DeviceName } from "../backends/device.ts";
import { expNegative } from "../generate/exponential.ts";
import type { Trace } from "../generate/model.ts";
import type { Golden, GoldenCase } from "./golden.ts";

/** How weights are stored, as far as it decides what difference is allowed. */
export type Precision = "float32" | "half" | "quantized";

/** What difference is allowed. */
export interface Tolerance {
  logits: number;
  hidden: number;
  /** For quantised weights: how many times native llama.cpp's own difference. */
  timesNative?: number;
}

/** How one prompt compares. */
export interface Comparison {
  tokens: number;
  ok: boolean;
  /** Largest difference of a logit. */
  logits: number;
  /** Largest difference of a hidden state. */
  hidden?: number;
  /** The first part whose output is too far away: "embedding", "layer 3", "final norm", "output". */
  divergesAt?: string;
  /** Root mean square differences of log-probability over native's likeliest tokens: this engine's and native's. */
  logProbability?: { here: number; native: number };
  /** Index of the first greedy id that differs; undefined when all agree. */
  greedyDifference?: number;
}

/** A single prompt of quantised weights may be this many times as far from the exact result as native llama.cpp. */
const TIMES_NATIVE = 2;

/**
 * What may differ.
 * - A float32 run of a golden folder: 20 times what float32 makes of the oracle itself, at least 1e-4; on the CPU device
 *   at least 5e-4, as its sums run in another order, in float32.
 * - A GGUF file against its float64 reference: 1e-3 for float32 weights; 1e-2 for half precision, whose activations are
 *   rounded too; quantised weights are compared with what native's rounding does.
 */
export function toleranceFor(golden: Golden, precision: Precision, device: DeviceName): Tolerance {
  if (golden.rounding) {
    const least = device === "cpu" ? 5e-4 : 1e-4;
    const { logits, hidden } = golden.rounding;
    return { logits: Math.max(least, 20 * logits), hidden: Math.max(least, 20 * hidden) };
  }
  const logits = precision === "float32" ? 1e-3 : 1e-2;
  const tolerance = { logits, hidden: logits };
  return precision === "quantized" ? { ...tolerance, timesNative: TIMES_NATIVE } : tolerance;
}

/** Compares one prompt's run with its stored answer. */
export function compareCase(
  golden: GoldenCase,
  trace: Trace,
  greedy: readonly number[],
  tolerance: Tolerance,
): Comparison {
  // Stored logits may be those of the last position alone.
  const logits = trace.logits.subarray(trace.logits.length - golden.logits.length);
  const result: Comparison = {
    tokens: golden.tokens.length,
    ok: true,
    logits: difference(logits, golden.logits),
  };
  const stacks = [
    { prefix: "encoder ", stored: golden.encoderHidden ?? [], found: trace.encoderHidden },
    { prefix: "", stored: golden.hidden, found: trace.hidden },
  ];
  for (const { prefix, stored, found } of stacks) {
    if (stored.length === 0) continue;
    const each = stored.map((values, i) => difference(found[i] ?? new Float32Array(0), values));
    result.hidden = Math.max(result.hidden ?? 0, ...each);
    const first = each.findIndex((value) => !(value <= tolerance.hidden));
    if (first >= 0) result.divergesAt ??= prefix + nameLayer(first, each.length - 1);
  }
  const { native } = golden;
  if (native && tolerance.timesNative !== undefined) {
    result.logProbability = logProbabilityDifferences(logits, golden.logits, native);
    const { here, native: theirs } = result.logProbability;
    // Where native is nearly exact, half precision's tolerance is the yardstick.
    result.ok = here <= Math.max(tolerance.timesNative * theirs, tolerance.logits);
  } else {
    result.ok = result.logits <= tolerance.logits && result.divergesAt === undefined;
  }
  if (!result.ok) result.divergesAt ??= golden.hidden.length > 0 ? "output" : undefined;
  const parted = golden.greedy.findIndex((id, i) => id !== greedy[i]);
  if (parted >= 0) {
    result.greedyDifference = parted;
    // With rounded activations close calls go either way; native's own ids part there too.
    if (tolerance.timesNative === undefined) result.ok = false;
  }
  return result;
}

/** Which part's output the hidden state `index` of 0 to `last` is. */
export function nameLayer(index: number, last: number): string {
  if (index === 0) return "embedding";
  return index === last ? `layer ${index - 1} or the final norm` : `layer ${index - 1}`;
}

/** The largest difference; infinite where the sizes differ or a value is no number. */
function difference(here: Float32Array, stored: Float32Array): number {
  if (here.length !== stored.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < here.length; i++) {
    const value = Math.abs(here[i] - stored[i]);
    if (!(value <= largest)) largest = Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
  }
  return largest;
}

function logProbabilityDifferences(
  here: Float32Array,
  exact: Float32Array,
  native: readonly (readonly [number, number])[],
): { here: number; native: number } {
  const [hereTotal, exactTotal] = [logSum(here), logSum(exact)];
  let [ours, theirs] = [0, 0];
  for (const [id, probability] of native) {
    const truth = exact[id] - exactTotal;
    ours += (here[id] - hereTotal - truth) ** 2;
    theirs += (Math.log(probability) - truth) ** 2;
  }
  return { here: Math.sqrt(ours / native.length), native: Math.sqrt(theirs / native.length) };
}

function logSum(logits: Float32Array): number {
  const max = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return max + Math.log(logits.reduce((sum, logit) => sum + expNegative(logit - max), 0));
}
