// The backward pass of a router: from the weights of chosen experts to its logits; balance.
import type { RouterConfig } from "../../tensor/backend.ts";

/** What a router decided for some tokens: chosen experts in any order, and all scores. */
export interface RouterChoices {
  /** [tokens, experts] softmax or sigmoid of the logits. */
  readonly scores: Float64Array;
  /** [tokens] log-sum-exp of the logits. */
  readonly logSums: Float64Array;
  /** [tokens, perToken] */
  readonly experts: Int32Array;
}

/** What balances: coefficients of count * sum over e of share_e * mean score_e, and of the mean of logSum^2. */
export interface BalanceWeights {
  readonly balance: number;
  readonly z: number;
}

/** The knobs of a router that have no backward pass: the first of them, or undefined. */
export function knobWithoutBackward({ score, normalize }: RouterConfig): string | undefined {
  if (score === "sparsemixer") return 'experts.score "sparsemixer"';
  return normalize === 0 || normalize === 1 ? undefined : `experts.normalize ${normalize}`;
}

/** Scores and log-sum-exps of logits [tokens, experts]. */
export function scoreLogits(
  { count, score }: RouterConfig,
  logits: Float32Array,
): Pick<RouterChoices, "scores" | "logSums"> {
  const tokens = logits.length / count;
  const scores = new Float64Array(logits.length);
  const logSums = new Float64Array(tokens);
  for (let t = 0; t < tokens; t++) {
    let top = Number.NEGATIVE_INFINITY;
    for (let e = t * count; e < (t + 1) * count; e++) top = Math.max(top, logits[e]);
    let sum = 0;
    for (let e = t * count; e < (t + 1) * count; e++) sum += Math.exp(logits[e] - top);
    logSums[t] = top + Math.log(sum);
    for (let e = t * count; e < (t + 1) * count; e++) {
      scores[e] = score === "sigmoid" ? 1 / (1 + Math.exp(-logits[e])) : Math.exp(logits[e] - logSums[t]);
    }
  }
  return { scores, logSums };
}

/** How many tokens have chosen each expert, a token. */
function sharesOf(count: number, { experts, logSums }: RouterChoices): Float64Array {
  const shares = new Float64Array(count);
  for (const expert of experts) shares[expert] += 1 / logSums.length;
  return shares;
}

/** The losses that balance. */
export function balanceLosses(
  { count }: RouterConfig,
  choices: RouterChoices,
  { balance, z }: BalanceWeights,
): { readonly balance: number; readonly z: number } {
  const { scores, logSums } = choices;
  const tokens = logSums.length;
  const shares = sharesOf(count, choices);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += shares[i % count] * scores[i];
  const squares = logSums.reduce((all, value) => all + value * value, 0);
  return { balance: (balance * count * sum) / tokens, z: (z * squares) / tokens };
}

/**
 * dLogits [tokens, experts], of tokens [from, to), written.
 *
 * dWeights  [tokens, perToken], in the order of `choices.experts`; the choice itself has no gradient
 */
export function routerBackward(
  config: RouterConfig,
  choices: RouterChoices,
  dWeights: Float64Array | Float32Array,
  { balance, z }: BalanceWeights,
  dLogits: Float32Array,
  [from, to]: readonly [number, number],
): void {
  const { count, perToken, normalize, normalizeEps, scale, score } = config;
  const { scores, logSums, experts } = choices;
  const tokens = logSums.length;
  const shares = sharesOf(count, choices);
  const ofScores = new Float64Array(count);
  for (let t = from; t < to; t++) {
    for (let e = 0; e < count; e++) ofScores[e] = (balance * count * shares[e]) / tokens;
    let norm = 1;
    let weighted = 0;
    if (normalize === 1) {
      norm = normalizeEps;
      for (let i = 0; i < perToken; i++) norm += scores[t * count + experts[t * perToken + i]];
      for (let i = 0; i < perToken; i++) {
        weighted += dWeights[t * perToken + i] * scores[t * count + experts[t * perToken + i]];
      }
    }
    for (let i = 0; i < perToken; i++) {
      const d = dWeights[t * perToken + i];
      ofScores[experts[t * perToken + i]] += scale * (normalize === 1 ? (d - weighted / norm) / norm : d);
    }
    let mean = 0;
    if (score === "softmax") for (let e = 0; e < count; e++) mean += ofScores[e] * scores[t * count + e];
    const ofLogSum = (2 * z * logSums[t]) / tokens;
    for (let e = 0; e < count; e++) {
      const s = scores[t * count + e];
      const share = score === "softmax" ? s : Math.exp(Math.log(s / (1 - s)) - logSums[t]);
      const own = score === "softmax" ? s * (ofScores[e] - mean) : s * (1 - s) * ofScores[e];
      dLogits[t * count + e] = own + ofLogSum * share;
    }
  }
}
