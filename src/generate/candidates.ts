// The tokens still in the running while a distribution is cut down. Leans on selection.ts.
import { cutAtWeight } from "./selection.ts";

/** A set of tokens in the order of their ids, with unnormalised probabilities. */
export interface Candidates {
  clear(): void;
  /** Adds a token; ids must come in ascending order. */
  add(id: number, weight: number): void;
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
  let weights = new Float64Array(ids.length);
  let keys = new Float64Array(ids.length);
  let order = new Int32Array(ids.length);
  let count = 0;

  const grow = () => {
    const size = Math.min(vocabSize, 2 * ids.length);
    const [oldIds, oldWeights] = [ids, weights];
    ids = new Int32Array(size);
    ids.set(oldIds);
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
  /** Keeps the first elements in the order of `keys`, until their weights reach the target; the order of ids stays. */
  const keepByKeys = (target: number) => {
    const cut = cutAtWeight(keys, weights, count, target, order);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      if (keys[i] > cut.value || (keys[i] === cut.value && i > cut.index)) continue;
      ids[kept] = ids[i];
      weights[kept++] = weights[i];
    }
    count = kept;
  };

  return {
    clear() {
      count = 0;
    },
    add(id, weight) {
      if (count === ids.length) grow();
      ids[count] = id;
      weights[count++] = weight;
    },
    sum,
    keepLikeliest(target) {
      for (let i = 0; i < count; i++) keys[i] = -weights[i];
      keepByKeys(target);
    },
    keepTypical(fraction) {
      const total = sum();
      let entropy = 0;
      for (let i = 0; i < count; i++) {
        const p = weights[i] / total;
        if (p > 0) entropy -= p * Math.log(p);
      }
      for (let i = 0; i < count; i++) keys[i] = Math.abs(entropy + Math.log(weights[i] / total));
      keepByKeys(fraction * total);
    },
    keepAbove(fraction) {
      let max = 0;
      for (let i = 0; i < count; i++) max = Math.max(max, weights[i]);
      let kept = 0;
      for (let i = 0; i < count; i++) {
        if (weights[i] < fraction * max) continue;
        ids[kept] = ids[i];
        weights[kept++] = weights[i];
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
