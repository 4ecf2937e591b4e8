// Scaling laws: loss for parameters and tokens, by published fits with their standard errors.
import {
  type Computed,
  compute,
  defined,
  type Input,
  type Quantity,
  type Source,
} from "../quantity/quantity.ts";

/** L = E + A / N^alpha + B / D^beta (arXiv 2203.15556, equation 2). */
export interface Law {
  readonly name: string;
  readonly source: Source;
  readonly E: Input<"nat">;
  readonly A: Input<"nat">;
  readonly B: Input<"nat">;
  readonly alpha: Input<"ratio">;
  readonly beta: Input<"ratio">;
  /** Variances and covariances of E, A, B, alpha, beta; absent where none were published. */
  readonly covariance?: readonly (readonly number[])[];
  /** What is to be said of the errors. */
  readonly errors: string;
  /** FLOPs of the runs that it was fitted on. */
  readonly range: { readonly low: number; readonly high: number };
}

/** Constants of a law, in the order of its covariance. */
export const constantNames = ["E", "A", "B", "alpha", "beta"] as const;
export type ConstantName = (typeof constantNames)[number];
export type Constants = Readonly<Record<ConstantName, number>>;

const hoffmannSource: Source = {
  title: "Hoffmann et al., Training Compute-Optimal Large Language Models, constants of the TeX source",
  url: "https://arxiv.org/abs/2203.15556",
  date: "2022-03-29",
};
const besirogluSource: Source = {
  title: "Besiroglu et al., Chinchilla Scaling: A replication attempt, table 1",
  url: "https://arxiv.org/abs/2404.10102",
  date: "2024-04-15",
};
/** Where the planner does not call it extrapolation. */
const chinchillaRange = { low: 1e18, high: 1e25 };

function constantsOf(values: Constants, source: Source) {
  const one = <U extends "nat" | "ratio">(name: ConstantName, unit: U): Input<U> =>
    ({ name: `${name} of the law`, value: values[name], unit, origin: "published", source }) as const;
  return {
    E: one("E", "nat"),
    A: one("A", "nat"),
    B: one("B", "nat"),
    alpha: one("alpha", "ratio"),
    beta: one("beta", "ratio"),
  };
}

/** Standard errors alone, as a covariance of constants that know nothing of one another. */
const independent = (errors: readonly number[]) =>
  errors.map((error, row) => errors.map((_, column) => (row === column ? error * error : 0)));

export const besiroglu: Law = {
  name: "besiroglu",
  source: besirogluSource,
  ...constantsOf({ E: 1.8172, A: 482.01, B: 2085.43, alpha: 0.3478, beta: 0.3658 }, besirogluSource),
  covariance: independent([0.03, 124.58, 1293.23, 0.02, 0.02]),
  errors:
    "standard errors as published: E 0.03, A 125, B 1293, alpha 0.02, beta 0.02; covariances were not, and without them the error of a prediction is too large",
  range: chinchillaRange,
};

export const hoffmann: Law = {
  name: "hoffmann",
  source: hoffmannSource,
  ...constantsOf({ E: 1.6934, A: 406.4, B: 410.7, alpha: 0.3392, beta: 0.2849 }, hoffmannSource),
  errors: "no standard errors that its data bear out (arXiv 2404.10102); beside Besiroglu's for comparison",
  range: chinchillaRange,
};

export const laws = { besiroglu, hoffmann } as const;
export type LawName = keyof typeof laws;

/** A law by constants of one's own, as `fitLaw` gives them. */
export function lawOf(
  values: Constants,
  about: Pick<Law, "name" | "source" | "covariance" | "errors" | "range">,
): Law {
  return { ...about, ...constantsOf(values, about.source) };
}

/** The constants as numbers. */
export const valuesOf = ({ E, A, B, alpha, beta }: Law): Constants => ({
  E: E.value!,
  A: A.value!,
  B: B.value!,
  alpha: alpha.value!,
  beta: beta.value!,
});

/** The loss that a law predicts. */
export function lossOf(
  { E, A, B, alpha, beta, source, errors }: Law,
  parameters: Quantity<"parameter">,
  tokens: Quantity<"token">,
): Computed<"nat"> {
  return compute(
    "loss a token",
    "nat",
    "E + A / parameters ^ alpha + B / tokens ^ beta",
    { E, A, B, alpha, beta, parameters, tokens },
    { source, note: errors },
  );
}

/** The derivatives of a function of the constants, by central differences. */
export function gradientOf(law: Law, of: (constants: Constants) => number): number[] {
  const values = valuesOf(law);
  return constantNames.map((name) => {
    const step = 1e-5 * Math.abs(values[name]) || 1e-8;
    const at = (shift: number) => of({ ...values, [name]: values[name] + shift });
    return (at(step) - at(-step)) / (2 * step);
  });
}

/** A loss by plain numbers. */
export const lossAt = ({ E, A, B, alpha, beta }: Constants, parameters: number, tokens: number): number =>
  E + A / parameters ** alpha + B / tokens ** beta;

/**
 * The standard error of a figure by the delta method: the root of the sum of derivative, covariance and derivative over
 * all pairs of constants. Undefined where the law has no covariance.
 */
export function errorOf<U extends "nat" | "parameter" | "token">(
  law: Law,
  name: string,
  unit: U,
  of: (constants: Constants) => number,
): Computed<U> | undefined {
  const { covariance, source, errors } = law;
  if (!covariance) return undefined;
  const slopes = gradientOf(law, of);
  const inputs: Record<string, Quantity> = {};
  const terms = constantNames.flatMap((a, i) =>
    constantNames.flatMap((b, j) => {
      const value = covariance[i][j];
      if (value === 0) return [];
      const [first, second] = i <= j ? [a, b] : [b, a];
      inputs[`d${a}`] = defined(`derivative by ${a}`, slopes[i], "count", "central differences of the law");
      inputs[`c${first}${second}`] = defined(
        `covariance of ${first} and ${second}`,
        value,
        "count",
        source.title,
        source.url,
      );
      return [`d${a} * c${first}${second} * d${b}`];
    }),
  );
  return compute(name, unit, `sqrt(max(0, ${terms.join(" + ")}))`, inputs, { source, note: errors });
}
