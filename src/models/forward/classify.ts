// What a classifier makes of a pooled state: a dense layer where it has one, then scores.
import { activate } from "../../kernels/ops/activate.ts";
import { norm } from "../../kernels/ops/norm.ts";
import type { ModelConfig } from "../config/config.ts";
import type { ClassifierWeights, LinearValues } from "../weights/weights.ts";

/**
 * Scores before any softmax or sigmoid (transformers' `logits`). One row of a small matrix a text: computed here in double
 * precision, not on the device.
 *
 * state  [hiddenSize] pooled as the config has it
 * @returns [classes]
 */
export function classify(
  { classifier, norm: kind, normEps: eps }: ModelConfig,
  { dense, norm: normWeights, scores }: ClassifierWeights<Float32Array>,
  state: Float32Array,
): Float32Array {
  if (!dense || !classifier?.dense) return product(scores, state);
  const inner = product(dense, state);
  const { activation } = classifier.dense;
  if (activation === "tanh") for (let i = 0; i < inner.length; i++) inner[i] = Math.tanh(inner[i]);
  else activate(activation, inner, undefined, 0, inner);
  if (normWeights) norm(inner, inner, { rows: 1, width: inner.length, kind, eps, ...normWeights });
  return product(scores, inner);
}

/** weight x + bias */
function product({ weight, bias }: LinearValues<Float32Array>, x: Float32Array): Float32Array {
  return Float32Array.from({ length: weight.length / x.length }, (_, row) => {
    let sum = bias?.[row] ?? 0;
    for (let i = 0; i < x.length; i++) sum += weight[row * x.length + i] * x[i];
    return sum;
  });
}
