// The tokens that remain while top-k, top-p and min-p cut a distribution down.
import { cutAtWeight } from "./selection.ts";

/**
 * A set of tokens in the order of their ids. A token's score is its logit less the largest one, divided by the
 * temperature; its weight is the exponential of that, an unnormalised probability.
 */
export interface Candidates {
  clear(): void;
  /** Adds a token; ids must come in ascending order. */
  add(id: number, score: number, weight: number): void;
  /** The sum of all weights. */
  sum(): number;
  /** Keeps the smallest set of most likely tokens whose weights reach `target`. */
  keepLikeliest(target: number): void;
  /** Keeps the smallest set of most typical tokens that holds `fraction` of the weight (arXiv:2202.00666 §4.1). */
  keepTypical(fraction: number): void;
  /** Keeps what is at least `fraction` times as likely as the most likely token left. */
  keepAbove(fraction: number): void;
  /** The token at which the cumulative weight passes `uniform` (in [0, 1)) of the sum. */
  draw(uniform: number): number;
}

/** Makes an empty set; its buffers grow with the largest set seen, up to the vocabulary, and are used again. */
export function createCandidates(vocabSize: number): Candidates {
  let ids = new Int32Array(Math.min(vocabSize, 1024));
  let scores = new Float64Array(ids.length);
  let weights = new Float64Array(ids.length);
  let keys = new Float64Array(ids.length);
  let order = new Int32Array(ids.length);
  let count = 0;

  const grow = () => {
    const size = Math.min(vocabSize, 2 * ids.length);
    const [oldIds, oldScores, oldWeights] = [ids, scores, weights];
    ids = new Int32Array(size);
    ids.set(oldIds);
    scores = new Float64Array(size);
    scores.set(oldScores);
    weights = new Float64Array(size);
    weights.set(oldWeights);
    keys = new Float64Array(size);
    order = new Int32Array(size);
  };
  const sum = () => {
    let total = 0;
    for (let i = 0; i < count; i++) total += weights[i];
    return total;
  };
  const move = (to: number, from: number) => {
    ids[to] = ids[from];
    scores[to] = scores[from];
    weights[to] = weights[from];
  };
  /** Keeps the first elements in the order of `keys`, until their weights reach the target; the order of ids stays. */
  const keepByKeys = (target: number) => {
    const cut = cutAtWeight(keys, weights, count, target, order);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      if (keys[i] < cut.value || (keys[i] === cut.value && i <= cut.index)) move(kept++, i);
    }
    count = kept;
  };

  return {
    clear() {
      count = 0;
    },
    add(id, score, weight) {
      if (count === ids.length) grow();
      ids[count] = id;
      scores[count] = score;
      weights[count++] = weight;
    },
    sum,
    keepLikeliest(target) {
      for (let i = 0; i < count; i++) keys[i] = -scores[i];
      keepByKeys(target);
    },
    keepTypical(fraction) {
      const total = sum();
      // The surprise of a token, -ln p, is ln total - score; the entropy is the mean surprise.
      let mean = 0;
      for (let i = 0; i < count; i++) if (weights[i] > 0) mean += weights[i] * scores[i];
      mean /= total;
      for (let i = 0; i < count; i++) keys[i] = Math.abs(scores[i] - mean);
      keepByKeys(fraction * total);
    },
    keepAbove(fraction) {
      let max = 0;
      for (let i = 0; i < count; i++) max = Math.max(max, weights[i]);
      let kept = 0;
      for (let i = 0; i < count; i++) {
        if (weights[i] >= fraction * max) move(kept++, i);
      }
      count = kept;
    },
    draw(uniform) {
      let rest = uniform * sum();
      let last = 0;
      for (let i = 0; i < count; i++) {
        if (weights[i] === 0) continue;
        last = i;
        rest -= weights[i];
        if (rest < 0) break;
      }
      return ids[last];
    },
  };
}
