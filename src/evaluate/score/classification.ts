// F1, Matthews' correlation and Brier's score over pairs of a label and a prediction.
import { BaimoError } from "../../errors.ts";

/** Right label and predicted label. */
export type LabelPair = readonly [gold: number, predicted: number];

/** F1 of the label 1, of two labels. */
export function f1(pairs: readonly LabelPair[]): number {
  const labels = new Set(pairs.flat());
  if (labels.size > 2 || (labels.size === 2 && !labels.has(1))) {
    throw new BaimoError("request", `f1 needs the labels 0 and 1 but has ${[...labels].sort().join(", ")}`);
  }
  let right = 0;
  let marked = 0;
  for (const [gold, predicted] of pairs) {
    right += Number(gold === 1 && predicted === 1);
    marked += Number(gold === 1) + Number(predicted === 1);
  }
  return marked === 0 ? 0 : (2 * right) / marked;
}

/** F1 of each label, weighted by how often it is right: scikit-learn's `average="weighted"`. */
export function weightedF1(pairs: readonly (readonly [gold: unknown, predicted: unknown])[]): number {
  const labels = new Set(pairs.map(([gold]) => gold));
  let sum = 0;
  for (const label of labels) {
    const wanted = pairs.filter(([gold]) => gold === label).length;
    const given = pairs.filter(([, predicted]) => predicted === label).length;
    const right = pairs.filter(([gold, predicted]) => gold === label && predicted === label).length;
    sum += wanted * ((2 * right) / (wanted + given));
  }
  return sum / pairs.length;
}

/** Matthews' correlation, of any number of labels. */
export function matthews(pairs: readonly LabelPair[]): number {
  const golds = new Map<number, number>();
  const guesses = new Map<number, number>();
  let right = 0;
  for (const [gold, predicted] of pairs) {
    golds.set(gold, (golds.get(gold) ?? 0) + 1);
    guesses.set(predicted, (guesses.get(predicted) ?? 0) + 1);
    right += Number(gold === predicted);
  }
  const product = (a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>) =>
    [...a].reduce((sum, [label, times]) => sum + times * (b.get(label) ?? 0), 0);
  const n = pairs.length;
  const spread = (n * n - product(guesses, guesses)) * (n * n - product(golds, golds));
  return spread === 0 ? 0 : (right * n - product(golds, guesses)) / Math.sqrt(spread);
}

/** The mean of the squared distances of probabilities from the right label's. */
export function brier(items: readonly (readonly [gold: number, probabilities: readonly number[]])[]): number {
  let sum = 0;
  const classes = items[0][1].length;
  for (const [label, probabilities] of items) {
    const gold = label < 0 ? label + classes : label;
    if (probabilities.length !== classes || !(gold >= 0 && gold < classes)) {
      throw new BaimoError(
        "request",
        `brier_score needs one number of choices, and labels among them; one is ${label}`,
      );
    }
    sum += probabilities.reduce((total, one, i) => total + (one - Number(i === gold)) ** 2, 0);
  }
  return sum / items.length;
}
