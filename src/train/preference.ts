// Losses of preference: DPO over pairs, GRPO over groups, and their gradients.
//
// arXiv:2305.18290 (DPO), 2310.12036 (IPO), 2402.03300 (GRPO), 2503.20783 (Dr. GRPO), 2503.14476 (DAPO), 2507.18071 (GSPO);
// the forms are those of trl 1.13.

/** "sigmoid_norm": the difference a token, by each completion's own length. */
export type DpoKind = "sigmoid" | "ipo" | "sigmoid_norm" | "hinge";

/** Sums of log-probabilities over a pair's completions, and their tokens. */
export interface Pair {
  readonly chosen: number;
  readonly rejected: number;
  readonly referenceChosen: number;
  readonly referenceRejected: number;
  readonly chosenTokens: number;
  readonly rejectedTokens: number;
}

export interface PairLoss {
  readonly loss: number;
  /** By the policy's sums. */
  readonly dChosen: number;
  readonly dRejected: number;
  readonly rewardChosen: number;
  readonly rewardRejected: number;
}

/** log(1 + e^x), where e^x may be too large. */
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** The loss of one pair; what is learned is the mean over pairs. */
export function dpoLoss(kind: DpoKind, beta: number, pair: Pair): PairLoss {
  const isByToken = kind === "ipo" || kind === "sigmoid_norm";
  const [chosenTokens, rejectedTokens] = isByToken ? [pair.chosenTokens, pair.rejectedTokens] : [1, 1];
  const ofChosen = pair.chosen - pair.referenceChosen;
  const ofRejected = pair.rejected - pair.referenceRejected;
  const margin = ofChosen / chosenTokens - ofRejected / rejectedTokens;
  const { loss, slope } = ofMargin(kind, beta, margin);
  return {
    loss,
    dChosen: slope / chosenTokens,
    dRejected: -slope / rejectedTokens,
    rewardChosen: beta * ofChosen,
    rewardRejected: beta * ofRejected,
  };
}

function ofMargin(kind: DpoKind, beta: number, margin: number): { loss: number; slope: number } {
  if (kind === "ipo") {
    const off = margin - 1 / (2 * beta);
    return { loss: off * off, slope: 2 * off };
  }
  if (kind === "hinge") {
    const left = 1 - beta * margin;
    return { loss: Math.max(0, left), slope: left > 0 ? -beta : 0 };
  }
  return { loss: softplus(-beta * margin), slope: -beta * sigmoid(-beta * margin) };
}

/** Added to a deviation that rewards are divided by. */
const DEVIATION_EPS = 1e-4;

/** What a reward is divided by beside being compared with its group's mean: its group's deviation, all rewards', nothing. */
export type AdvantageScale = "group" | "batch" | "none";

/** Advantages of answers, `groupSize` neighbours to one prompt. Deviations are with n - 1. */
export function advantagesOf(rewards: readonly number[], groupSize: number, scale: AdvantageScale): number[] {
  const ofAll = deviation(rewards);
  return rewards.map((reward, i) => {
    const start = i - (i % groupSize);
    const group = rewards.slice(start, start + groupSize);
    const difference = reward - mean(group);
    if (scale === "none") return difference;
    return difference / ((scale === "group" ? deviation(group) : ofAll) + DEVIATION_EPS);
  });
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0;
}

/** How a GRPO loss weighs tokens: a mean of rows' means, of all tokens, over a fixed length, over the window's tokens. */
export type GrpoKind = "grpo" | "bnpo" | "dr_grpo" | "dapo";

export interface GrpoOptions {
  readonly kind: GrpoKind;
  /** Importance of each token by itself, or of the sequence (GSPO). */
  readonly level: "token" | "sequence";
  /** The ratio is clipped to [1 - low, 1 + high]. */
  readonly low: number;
  readonly high: number;
  /** Coefficient of the divergence from the reference. */
  readonly beta: number;
  /** Of dr_grpo: the length that every row is divided by. */
  readonly maxCompletion: number;
  /** Of dapo: tokens of the whole step; default: those that are here. */
  readonly windowTokens?: number;
}

/** Completions [rows, length]: log-probabilities, those when they were drawn, the reference's, and what counts. */
export interface Completions {
  readonly rows: number;
  readonly length: number;
  readonly logProbabilities: Float64Array;
  readonly old: Float64Array;
  readonly reference: Float64Array;
  /** 1 where a token counts, else 0. */
  readonly mask: Float64Array;
}

/** The loss and its gradient [rows, length]. */
export function grpoLoss(
  given: Completions,
  advantages: ArrayLike<number>,
  options: GrpoOptions,
): { loss: number; gradient: Float64Array } {
  const { rows, length, logProbabilities: lp, old, reference, mask } = given;
  const { kind, level, low, high, beta } = options;
  const gradient = new Float64Array(rows * length);
  const total = mask.reduce((a, b) => a + b, 0);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * length;
    let tokens = 0;
    let ratios = 0;
    for (let i = start; i < start + length; i++) {
      tokens += mask[i];
      ratios += mask[i] * (lp[i] - old[i]);
    }
    if (tokens === 0) continue;
    const weight = 1 / denominator(options, kind, { rows, tokens, total });
    const ofRow = policyLoss(ratios / tokens, advantages[row], low, high);
    for (let i = start; i < start + length; i++) {
      if (mask[i] === 0) continue;
      const policy = level === "sequence" ? ofRow : policyLoss(lp[i] - old[i], advantages[row], low, high);
      const away = reference[i] - lp[i];
      loss += weight * (policy.loss + beta * (Math.exp(away) - away - 1));
      gradient[i] += weight * (policy.slope + beta * (1 - Math.exp(away)));
    }
  }
  return { loss, gradient };
}

/** What a row's summed loss is divided by. */
function denominator(
  { maxCompletion, windowTokens }: GrpoOptions,
  kind: GrpoKind,
  { rows, tokens, total }: { rows: number; tokens: number; total: number },
): number {
  switch (kind) {
    case "grpo":
      return rows * tokens;
    case "bnpo":
      return total;
    case "dr_grpo":
      return rows * maxCompletion;
    case "dapo":
      return windowTokens ?? total;
  }
}

/**
 * -min(r A, clip(r) A) and its derivative by the log of the ratio r. Of a sequence's ratio, a mean of logs, every token has
 * its share: tokens times the loss, each 1 / tokens of the derivative.
 */
function policyLoss(
  logRatio: number,
  advantage: number,
  low: number,
  high: number,
): { loss: number; slope: number } {
  const ratio = Math.exp(logRatio);
  const clipped = Math.min(Math.max(ratio, 1 - low), 1 + high);
  const isClipped = clipped * advantage < ratio * advantage;
  return { loss: -(isClipped ? clipped : ratio) * advantage, slope: isClipped ? 0 : -ratio * advantage };
}
