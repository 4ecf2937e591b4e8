// What a sampler needs of a row of logits, found in parts of the vocabulary and put together.
import { expNegative } from "./exponential.ts";
import { selectLargest } from "./selection.ts";

/** What is wanted of a row: the largest logit; the `count` largest; the likely tokens that hold a share of the weight. */
export type SummaryWish =
  | { readonly kind: "best" }
  | { readonly kind: "top"; readonly count: number }
  | { readonly kind: "nucleus"; readonly scale: number; readonly share: number };

/** What was found. */
export interface LogitSummary {
  /** The token with the largest logit, or the first whose logit is no number or infinite; -1: all are minus infinity. */
  readonly best: number;
  readonly max: number;
  /** Tokens in the order of their ids, and their logits. */
  readonly ids: readonly number[];
  readonly logits: readonly number[];
  /** Of a nucleus: the weight of all tokens. */
  readonly mass?: number;
}

/** Tokens whose weights are added first; the sums of these blocks are added in their order. */
export const WEIGHT_BLOCK = 512;
/** Weight relative to the best token above which a token is expected in the nucleus. */
export const LIKELY = 1e-3;

/** The first NaN or infinity, or else the first of the largest; -1 where all are minus infinity. Nothing but the loop, so that V8 optimises it at once. */
export function findLargest(logits: Float32Array): number {
  let best = -1;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) {
    const value = logits[i];
    if (value <= max) continue;
    if (!(value < Number.POSITIVE_INFINITY)) return i;
    max = value;
    best = i;
  }
  return best;
}

/** Whether a largest logit that was found later takes the place of one before it. */
export function isLarger(value: number, max: number): boolean {
  if (!(max < Number.POSITIVE_INFINITY)) return false;
  return !(value <= max);
}

/** Adds weights in the order of tokens, block by block: the same bits however the vocabulary is parted. */
export class WeightSum {
  #done = 0;
  #block = 0;

  /** The weights of some tokens, the first of them `first`. */
  add(logits: ArrayLike<number>, first: number, max: number, scale: number): void {
    let sum = this.#block;
    for (let i = 0; i < logits.length; i++) {
      if ((first + i) % WEIGHT_BLOCK === 0) {
        this.#done += sum;
        sum = 0;
      }
      sum += expNegative((logits[i] - max) * scale);
    }
    this.#block = sum;
  }

  /** A whole block. */
  addBlock(sum: number): void {
    this.#done += this.#block;
    this.#block = sum;
  }

  get total(): number {
    return this.#done + this.#block;
  }
}

/** The likely tokens of a part of the vocabulary, and sums of weights of the blocks that lie whole in it. */
export interface NucleusPart {
  readonly ids: number[];
  readonly logits: number[];
  /** Logits before the first whole block, sums of the blocks, logits after the last. */
  readonly head: Float32Array;
  readonly sums: Float64Array;
  readonly tail: Float32Array;
}

/** Looks for a nucleus in tokens from `first` on. */
export function nucleusPart(logits: Float32Array, first: number, max: number, scale: number): NucleusPart {
  const [ids, likely]: [number[], number[]] = [[], []];
  const end = first + logits.length;
  const from = Math.min(end, Math.ceil(first / WEIGHT_BLOCK) * WEIGHT_BLOCK);
  const to = Math.max(from, Math.floor(end / WEIGHT_BLOCK) * WEIGHT_BLOCK);
  const sums = new Float64Array((to - from) / WEIGHT_BLOCK);
  const look = (start: number, stop: number): number => {
    let sum = 0;
    for (let i = start; i < stop; i++) {
      const weight = expNegative((logits[i] - max) * scale);
      sum += weight;
      if (weight < LIKELY) continue;
      ids.push(first + i);
      likely.push(logits[i]);
    }
    return sum;
  };
  look(0, from - first);
  for (let block = 0; block < sums.length; block++) {
    const start = from - first + block * WEIGHT_BLOCK;
    sums[block] = look(start, start + WEIGHT_BLOCK);
  }
  look(to - first, logits.length);
  return {
    ids,
    logits: likely,
    head: logits.subarray(0, from - first),
    sums,
    tail: logits.subarray(to - first),
  };
}

/** A token and its logit for each of the `count` largest of a part, in the order of ids. */
export function largestPart(
  logits: Float32Array,
  first: number,
  count: number,
): { ids: number[]; logits: number[] } {
  const heap = new Int32Array(Math.min(count, logits.length));
  const found = heap.subarray(0, selectLargest(logits, count, heap)).sort();
  return { ids: Array.from(found, (i) => first + i), logits: Array.from(found, (i) => logits[i]) };
}

/** The `count` largest of several parts, which come in the order of their ids. */
export function largestOf(
  ids: readonly number[],
  logits: readonly number[],
  count: number,
): Pick<LogitSummary, "ids" | "logits"> {
  const { ids: kept } = largestPart(Float32Array.from(logits), 0, count);
  return { ids: kept.map((i) => ids[i]), logits: kept.map((i) => logits[i]) };
}

/** Whether the likely tokens hold the nucleus; where they do not, others belong to it. */
export function holdsNucleus(
  { max, logits, mass = 0 }: LogitSummary,
  { scale, share }: Extract<SummaryWish, { kind: "nucleus" }>,
): boolean {
  let sum = 0;
  for (const logit of logits) sum += expNegative((logit - max) * scale);
  return sum >= share * mass;
}
