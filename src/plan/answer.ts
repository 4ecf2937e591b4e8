// What a plan answers: quantities by name, with what was assumed, what is missing, and warnings.
import { inputsOf, restsOnRumour } from "./quantity/explain.ts";
import type { Input, Quantity } from "./quantity/quantity.ts";
import type { Distribution } from "./quantity/simulate.ts";

/** The answer of a plan. */
export interface Answer {
  /** In the order in which they are to be shown. */
  readonly results: Readonly<Record<string, Quantity>>;
  /** Every input that nobody gave and that the results rest on. */
  readonly assumed: readonly Input[];
  /** What is missing for the results that are unknown. */
  readonly missing: readonly Input[];
  readonly warnings: readonly string[];
  readonly distribution?: Distribution;
}

/** Gathers what must stand beside results. `also`: what other parts of the answer rest on. */
export function answerOf(
  results: Readonly<Record<string, Quantity | undefined>>,
  warnings: readonly (string | undefined)[] = [],
  distribution?: Distribution,
  also: readonly Quantity[] = [],
): Answer {
  const kept = Object.entries(results).filter((entry): entry is [string, Quantity] => entry[1] !== undefined);
  const roots = kept.map(([, quantity]) => quantity);
  const rumours = roots.filter(restsOnRumour).map(({ name }) => `${name} rests on a rumour`);
  return {
    results: Object.fromEntries(kept),
    assumed: inputsOf([...roots, ...also], "assumed"),
    missing: inputsOf([...roots, ...also], "unknown"),
    warnings: [...warnings.filter((text) => text !== undefined), ...rumours],
    distribution,
  };
}
