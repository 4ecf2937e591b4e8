// The best model for a budget, and the cheapest for a loss with its inference counted.
import { inferenceFlops, trainingFlops } from "../constants.ts";
import { type Computed, compute, defined, type Quantity } from "../quantity/quantity.ts";
import { type Constants, errorOf, type Law, lossOf, valuesOf } from "./laws.ts";

/** The best model for a budget. */
export interface Optimum {
  readonly parameters: Computed<"parameter">;
  readonly tokens: Computed<"token">;
  readonly tokensPerParameter: Computed<"ratio">;
  readonly loss: Computed<"nat">;
  /** Standard errors, where the law has them. */
  readonly parametersError?: Quantity<"parameter">;
  readonly lossError?: Quantity<"nat">;
  /** Why this is beyond what the law was fitted on; absent where it is not. */
  readonly extrapolates?: string;
}

/** G of equation 4. */
const balance = ({ A, B, alpha, beta }: Constants) => ((alpha * A) / (beta * B)) ** (1 / (alpha + beta));
const optimalParameters = (values: Constants, flops: number) =>
  balance(values) * (flops / 6) ** (values.beta / (values.alpha + values.beta));

/** The parameters and tokens of least loss for C = 6 N D (arXiv 2203.15556, equation 4). */
export function optimumFor(law: Law, flops: Quantity<"FLOP">): Optimum {
  const { A, B, alpha, beta, source } = law;
  const perToken = trainingFlops;
  const g = compute(
    "balance of parameters and tokens",
    "count",
    "(alpha * A / (beta * B)) ^ (1 / (alpha + beta))",
    {
      alpha,
      A,
      beta,
      B,
    },
  );
  const about = { source };
  const parameters = compute(
    "parameters",
    "parameter",
    "g * (flops / perToken) ^ (beta / (alpha + beta))",
    { g, flops, perToken, alpha, beta },
    about,
  );
  const tokens = compute(
    "tokens",
    "token",
    "(flops / perToken) ^ (alpha / (alpha + beta)) / g",
    { flops, perToken, alpha, beta, g },
    about,
  );
  const budget = flops.value;
  const at = (values: Constants) => optimalParameters(values, budget ?? Number.NaN);
  const lossFor = (values: Constants) => {
    const n = at(values);
    return (
      values.E + values.A / n ** values.alpha + values.B / ((budget ?? Number.NaN) / (6 * n)) ** values.beta
    );
  };
  return {
    parameters,
    tokens,
    tokensPerParameter: compute("tokens a parameter", "ratio", "tokens / parameters", { tokens, parameters }),
    loss: lossOf(law, parameters, tokens),
    parametersError:
      budget === null ? undefined : errorOf(law, "standard error of the parameters", "parameter", at),
    lossError: budget === null ? undefined : errorOf(law, "standard error of the loss", "nat", lossFor),
    extrapolates: extrapolation(law, budget),
  };
}

/** What to say of a budget outside the law's runs. */
export function extrapolation({ name, range: { low, high } }: Law, flops: number | null): string | undefined {
  if (flops === null || (flops >= low && flops <= high)) return undefined;
  const power = (value: number) => value.toExponential(1).replace("+", "");
  return `extrapolates: ${power(flops)} FLOPs lie outside ${power(low)} to ${power(high)}, where the law "${name}" stands on runs`;
}

/** The cheapest model for a loss. */
export interface Cheapest {
  readonly parameters: Quantity<"parameter">;
  readonly tokens: Computed<"token">;
  readonly trainingFlops: Computed<"FLOP">;
  readonly totalFlops: Computed<"FLOP">;
  readonly extrapolates?: string;
}

/**
 * The model that reaches a loss with the fewest FLOPs of training and inference, 6 N D + 2 N T (arXiv 2401.00448,
 * equation 4). Undefined where the loss is not above E: no size reaches it.
 */
export function cheapestFor(
  law: Law,
  loss: Quantity<"nat">,
  inferenceTokens: Quantity<"token">,
): Cheapest | undefined {
  if (loss.value === null || inferenceTokens.value === null) return undefined;
  const size = cheapestSize(valuesOf(law), loss.value, inferenceTokens.value);
  if (size === undefined) return undefined;
  const source = {
    title: "Sardana et al., Beyond Chinchilla-Optimal",
    url: "https://arxiv.org/abs/2401.00448",
  };
  const found = defined(
    "size of fewest FLOPs",
    size,
    "parameter",
    "found by golden section over ln N with the tokens that the loss then needs (arXiv 2401.00448)",
    source.url,
  );
  const parameters = found;
  const { E, A, B, alpha, beta } = law;
  const tokens = compute(
    "tokens",
    "token",
    "(B / (loss - E - A / parameters ^ alpha)) ^ (1 / beta)",
    { B, loss, E, A, parameters, alpha, beta },
    { source: law.source },
  );
  const training = compute("FLOPs of training", "FLOP", "perToken * parameters * tokens", {
    perToken: trainingFlops,
    parameters,
    tokens,
  });
  const total = compute(
    "FLOPs of training and inference",
    "FLOP",
    "training + perInferred * parameters * inferenceTokens",
    { training, perInferred: inferenceFlops, parameters, inferenceTokens },
    { source },
  );
  return {
    parameters,
    tokens,
    trainingFlops: training,
    totalFlops: total,
    extrapolates: extrapolation(law, training.value),
  };
}

/** Golden section over ln N, from the smallest size that reaches the loss; the total falls, then rises. */
function cheapestSize(
  { E, A, B, alpha, beta }: Constants,
  loss: number,
  inferred: number,
): number | undefined {
  const room = loss - E;
  if (!(room > 0)) return undefined;
  const least = Math.log(A / room) / alpha; // all of the room for parameters: tokens without end
  const total = (x: number) => {
    const size = Math.exp(x);
    const tokens = (B / (room - A / size ** alpha)) ** (1 / beta);
    return 6 * size * tokens + 2 * size * inferred;
  };
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [least + 1e-9, least + 40];
  for (let i = 0; i < 200; i++) {
    const [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (total(a) < total(b)) high = b;
    else low = a;
  }
  return polish(total, (low + high) / 2);
}

/** A flat minimum, sharpened by bisection of its numeric derivative. */
function polish(of: (x: number) => number, x: number): number {
  const slope = (at: number) => of(at + 1e-4) - of(at - 1e-4);
  let [low, high] = [x - 1e-3, x + 1e-3];
  if (!(slope(low) < 0 && slope(high) > 0)) return Math.exp(x);
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}
