// Which experts see which tokens, and with what weight; leans on the config's words alone.
import type { ExpertsConfig } from "./config.ts";

/** The tokens of one expert and the weight of its answer for each. */
export interface ExpertTokens {
  readonly expert: number;
  readonly rows: Int32Array;
  readonly weights: Float32Array;
}

/** An expert and the weight of its answer, for one token. */
interface Choice {
  readonly expert: number;
  readonly weight: number;
}

/**
 * Chooses the experts of each token. Ties go to the lower index; experts come back in ascending order, so that answers
 * are always added in the same order.
 *
 * logits         [tokens, experts] f32
 * selectionBias  [experts], added to scores for the choice alone
 */
export function routeTokens(
  logits: Float32Array,
  config: ExpertsConfig,
  selectionBias?: Float32Array,
): ExpertTokens[] {
  const { count } = config;
  const rows: number[][] = Array.from({ length: count }, () => []);
  const weights: number[][] = Array.from({ length: count }, () => []);
  for (let t = 0; t < logits.length / count; t++) {
    const row = logits.subarray(t * count, (t + 1) * count);
    const choices =
      config.score === "sparsemixer" ? sparsemix(row, config) : choose(row, config, selectionBias);
    for (const { expert, weight } of choices) {
      rows[expert].push(t);
      weights[expert].push(weight);
    }
  }
  return rows.flatMap((tokensOf, expert) =>
    tokensOf.length > 0
      ? [{ expert, rows: Int32Array.from(tokensOf), weights: Float32Array.from(weights[expert]) }]
      : [],
  );
}

/** Indices of the `count` largest scores among `candidates`, best first, ties to the lower index. */
function best(scores: ArrayLike<number>, candidates: readonly number[], count: number): number[] {
  return [...candidates].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, count);
}

function choose(row: Float32Array, config: ExpertsConfig, bias: Float32Array | undefined): Choice[] {
  const scores = config.score === "sigmoid" ? Array.from(row, (x) => 1 / (1 + Math.exp(-x))) : softmax(row);
  const ranks = bias ? scores.map((score, e) => score + bias[e]) : scores;
  const chosen = best(ranks, groupedCandidates(ranks, config), config.perToken);
  const { normalize: p } = config;
  const norm =
    p > 0 ? chosen.reduce((sum, e) => sum + scores[e] ** p, 0) ** (1 / p) + config.normalizeEps : 1;
  return chosen.map((expert) => ({ expert, weight: (scores[expert] / norm) * config.scale }));
}

/** The experts of the best groups (arXiv:2405.04434 §2.2, arXiv:2412.19437 §2.1.2). */
function groupedCandidates(ranks: readonly number[], config: ExpertsConfig): number[] {
  const all = Array.from(ranks.keys());
  if (config.groups <= 1) return all;
  const size = ranks.length / config.groups;
  const counted = config.groupScore === "max" ? 1 : 2;
  const groupRanks = Array.from({ length: config.groups }, (_, g) =>
    best(ranks, all.slice(g * size, (g + 1) * size), counted).reduce((sum, e) => sum + ranks[e], 0),
  );
  const groups = new Set(best(groupRanks, Array.from(groupRanks.keys()), config.groupsPerToken));
  return all.filter((e) => groups.has(Math.floor(e / size)));
}

function softmax(row: ArrayLike<number>): number[] {
  const top = Array.from(row).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = Array.from(row, (x) => Math.exp(x - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/**
 * Sparsemixer as in inference (arXiv:2409.12136; `sparsemixer` of transformers' modeling_phimoe.py): one expert after
 * another, each weighed against those whose logit is within 2 * jitter of the best, relative to its size.
 */
function sparsemix(row: Float32Array, { perToken, jitter }: ExpertsConfig): Choice[] {
  const left = Array.from(row);
  return Array.from({ length: perToken }, () => {
    const [expert] = best(left, Array.from(left.keys()), 1);
    const top = left[expert];
    const near = Array.from(row, (x, e) => {
      const gone = left[e] === Number.NEGATIVE_INFINITY;
      const far = (top - x) / Math.max(Math.abs(x), top) > 2 * jitter;
      return gone || far ? Number.NEGATIVE_INFINITY : x;
    });
    left[expert] = Number.NEGATIVE_INFINITY;
    return { expert, weight: softmax(near)[expert] };
  });
}
