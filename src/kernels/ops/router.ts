// Router: top-k expert choice per token (softmax, sigmoid, grouped, sparsemixer).
import type { RouterConfig } from "../../tensor/backend.ts";

/** The tokens of one expert and the weight of its answer for each. */
export interface ExpertTokens {
  readonly expert: number;
  readonly rows: Int32Array;
  readonly weights: Float32Array;
}

/** Chooses experts, with room of its own that every choice uses again. */
export interface Router {
  /**
   * Chooses the experts of each token. Ties go to the lower index; experts come back in ascending order, so that
   * answers are always added in the same order. What is returned is valid until the next call.
   *
   * logits         [tokens, experts] f32
   * selectionBias  [experts], added to scores for the choice alone
   */
  route(logits: Float32Array, selectionBias?: Float32Array): readonly ExpertTokens[];
}

/** Makes a router. One token's choice allocates nothing. */
export function createRouter(config: RouterConfig): Router {
  const { count, perToken } = config;
  const choose = config.score === "sparsemixer" ? createSparsemixer(config) : createChooser(config);
  const chosen = { experts: new Int32Array(perToken), weights: new Float64Array(perToken) };
  const one = Array.from({ length: perToken }, () => ({
    expert: 0,
    rows: new Int32Array(1),
    weights: new Float32Array(1),
  }));
  /** Where the tokens of each expert begin. */
  const starts = new Int32Array(count + 1);
  let all = { experts: new Int32Array(0), weights: new Float64Array(0) };
  let rows = new Int32Array(0);
  let weights = new Float32Array(0);

  const routeOne = (logits: Float32Array, bias: Float32Array | undefined) => {
    choose(logits, bias, chosen);
    sortByExpert(chosen);
    for (let i = 0; i < perToken; i++) {
      one[i].expert = chosen.experts[i];
      one[i].weights[0] = chosen.weights[i];
    }
    return one;
  };
  const routeMany = (logits: Float32Array, tokens: number, bias: Float32Array | undefined) => {
    const total = tokens * perToken;
    if (rows.length < total) {
      all = { experts: new Int32Array(total), weights: new Float64Array(total) };
      rows = new Int32Array(total);
      weights = new Float32Array(total);
    }
    starts.fill(0);
    for (let t = 0; t < tokens; t++) {
      choose(logits.subarray(t * count, (t + 1) * count), bias, chosen);
      for (let i = 0; i < perToken; i++) {
        all.experts[t * perToken + i] = chosen.experts[i];
        all.weights[t * perToken + i] = chosen.weights[i];
        starts[chosen.experts[i] + 1]++;
      }
    }
    for (let e = 0; e < count; e++) starts[e + 1] += starts[e];
    const next = starts.slice(0, count);
    for (let i = 0; i < total; i++) {
      const to = next[all.experts[i]]++;
      rows[to] = Math.floor(i / perToken);
      weights[to] = all.weights[i];
    }
    const routes: ExpertTokens[] = [];
    for (let expert = 0; expert < count; expert++) {
      const [from, to] = [starts[expert], starts[expert + 1]];
      if (to > from)
        routes.push({ expert, rows: rows.subarray(from, to), weights: weights.subarray(from, to) });
    }
    return routes;
  };

  return {
    route(logits, selectionBias) {
      const tokens = logits.length / count;
      return tokens === 1 ? routeOne(logits, selectionBias) : routeMany(logits, tokens, selectionBias);
    },
  };
}

/** The experts of one token, in any order, and their weights. */
interface Chosen {
  readonly experts: Int32Array;
  readonly weights: Float64Array;
}

type Choose = (logits: Float32Array, bias: Float32Array | undefined, chosen: Chosen) => void;

/** Few experts: sorted by insertion. */
function sortByExpert({ experts, weights }: Chosen): void {
  for (let i = 1; i < experts.length; i++) {
    const [expert, weight] = [experts[i], weights[i]];
    let at = i;
    for (; at > 0 && experts[at - 1] > expert; at--) {
      experts[at] = experts[at - 1];
      weights[at] = weights[at - 1];
    }
    experts[at] = expert;
    weights[at] = weight;
  }
}

/** Puts the indices of the largest scores of [from, to) into `into`, best first, ties to the lower index. */
function best(scores: Float64Array, from: number, to: number, into: Int32Array): void {
  let held = 0;
  for (let e = from; e < to; e++) {
    const score = scores[e];
    if (held === into.length && !(score > scores[into[held - 1]])) continue;
    let at = held < into.length ? held++ : held - 1;
    for (; at > 0 && score > scores[into[at - 1]]; at--) into[at] = into[at - 1];
    into[at] = e;
  }
}

function createChooser(config: RouterConfig): Choose {
  const { count, normalize: p, normalizeEps, scale, groups, groupsPerToken } = config;
  const scores = new Float64Array(count);
  const biased = new Float64Array(count);
  const size = count / groups;
  const inGroup = new Int32Array(Math.min(size, config.groupScore === "max" ? 1 : 2));
  const groupRanks = new Float64Array(groups);
  const bestGroups = new Int32Array(groupsPerToken);

  /** Takes the experts of all but the best groups out (arXiv:2405.04434 §2.2, arXiv:2412.19437 §2.1.2). */
  const keepBestGroups = (ranks: Float64Array) => {
    for (let g = 0; g < groups; g++) {
      best(ranks, g * size, (g + 1) * size, inGroup);
      groupRanks[g] = inGroup.reduce((sum, e) => sum + ranks[e], 0);
    }
    best(groupRanks, 0, groups, bestGroups);
    for (let g = 0; g < groups; g++) {
      if (!bestGroups.includes(g)) ranks.fill(Number.NEGATIVE_INFINITY, g * size, (g + 1) * size);
    }
  };

  return (logits, bias, { experts, weights }) => {
    if (config.score === "sigmoid") {
      for (let e = 0; e < count; e++) scores[e] = 1 / (1 + Math.exp(-logits[e]));
    } else {
      scores.set(logits);
      softmax(scores);
    }
    const ranks = bias || groups > 1 ? biased : scores;
    if (ranks === biased) for (let e = 0; e < count; e++) biased[e] = scores[e] + (bias ? bias[e] : 0);
    if (groups > 1) keepBestGroups(ranks);
    best(ranks, 0, count, experts);
    let norm = 1;
    if (p > 0) {
      let sum = 0;
      for (const e of experts) sum += p === 1 ? scores[e] : scores[e] ** p;
      norm = (p === 1 ? sum : sum ** (1 / p)) + normalizeEps;
    }
    for (let i = 0; i < experts.length; i++) weights[i] = (scores[experts[i]] / norm) * scale;
  };
}

/** In place. */
function softmax(values: Float64Array): void {
  let top = Number.NEGATIVE_INFINITY;
  for (const value of values) top = Math.max(top, value);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] = Math.exp(values[i] - top);
  for (let i = 0; i < values.length; i++) values[i] /= sum;
}

/**
 * Sparsemixer as in inference (arXiv:2409.12136; `sparsemixer` of transformers' modeling_phimoe.py): one expert after
 * another, each weighed against those whose logit is within 2 * jitter of the best, relative to its size.
 */
function createSparsemixer({ count, jitter }: RouterConfig): Choose {
  const left = new Float64Array(count);
  const near = new Float64Array(count);
  const first = new Int32Array(1);
  return (logits, _, { experts, weights }) => {
    left.set(logits);
    for (let i = 0; i < experts.length; i++) {
      best(left, 0, count, first);
      const [expert] = first;
      const top = left[expert];
      for (let e = 0; e < count; e++) {
        const gone = left[e] === Number.NEGATIVE_INFINITY;
        const far = (top - logits[e]) / Math.max(Math.abs(logits[e]), top) > 2 * jitter;
        near[e] = gone || far ? Number.NEGATIVE_INFINITY : logits[e];
      }
      softmax(near);
      left[expert] = Number.NEGATIVE_INFINITY;
      experts[i] = expert;
      weights[i] = near[expert];
    }
  };
}
