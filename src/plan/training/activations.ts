// Memory of activations of a GPT block, by what is kept and what is computed again.
import { inputsIn } from "../quantity/formula.ts";
import { type Computed, compute, defined, type Quantity, type Source } from "../quantity/quantity.ts";

const paper: Source = {
  title: "Korthikanti et al., Reducing Activation Recomputation, table 2",
  url: "https://arxiv.org/abs/2205.05198",
  date: "2022-05-10",
};
const constant = (name: string, value: number) => defined(name, value, "count", paper.title, paper.url);
const linear = constant("bytes a token and hidden value, all but scores", 34);
const scores = constant("bytes a score", 5);
const whole = constant("bytes a token and hidden value that tensor parallelism leaves whole", 10);
const divided = constant("bytes a token and hidden value that tensor parallelism divides", 24);
const inputOnly = constant("bytes a token and hidden value of a block's input", 2);

/** How a block's activations are divided, and which are computed again. */
export const activationMethods = [
  "none",
  "tensor",
  "tensor-sequence",
  "tensor-selective",
  "tensor-sequence-selective",
  "full",
] as const;
export type ActivationMethod = (typeof activationMethods)[number];

const formulas: Readonly<Record<ActivationMethod, string>> = {
  none: "sequence * microbatch * hidden * (linear + scores * heads * sequence / hidden)",
  tensor:
    "sequence * microbatch * hidden * (whole + divided / tensor + scores * heads * sequence / (hidden * tensor))",
  "tensor-sequence":
    "sequence * microbatch * hidden * (linear / tensor + scores * heads * sequence / (hidden * tensor))",
  "tensor-selective": "sequence * microbatch * hidden * (whole + divided / tensor)",
  "tensor-sequence-selective": "sequence * microbatch * hidden * linear / tensor",
  full: "sequence * microbatch * hidden * inputOnly",
};

/** The sizes of a block and of what goes through it at once. */
export interface BlockSizes {
  readonly hidden: Quantity<"count">;
  readonly heads: Quantity<"count">;
  readonly sequence: Quantity<"token">;
  readonly microbatch: Quantity<"sequence">;
  readonly tensor: Quantity<"count">;
}

/**
 * Bytes of one layer's activations: 16-bit, dropout masks of 1 byte (arXiv 2205.05198, table 2). A gated MLP without
 * dropout, or attention that keeps no scores, has other constants: the answer's note says which these are.
 */
export function activationsPerLayer(method: ActivationMethod, sizes: BlockSizes): Computed<"byte"> {
  const formula = formulas[method];
  const all: Record<string, Quantity> = { ...sizes, linear, scores, whole, divided, inputOnly };
  const inputs = inputsIn(formula, all);
  return compute(`bytes of activations a layer (${method})`, "byte", formula, inputs, {
    source: paper,
    note: "constants of a GPT block with dropout and kept scores; a gated MLP or fused attention keeps less",
  });
}

export const activationsOfLayers = (
  perLayer: Quantity<"byte">,
  layers: Quantity<"count">,
): Computed<"byte"> => compute("bytes of activations", "byte", "perLayer * layers", { perLayer, layers });
