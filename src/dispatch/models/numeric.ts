// Models over numbers by name: features in order, and figures of rows that lie in the domain.
import { listOf, stringOf } from "../../json.ts";
import { type Domain, featuresOf, firstOutside } from "./domain.ts";
import type { Predictor } from "./model.ts";

/** The names of a model's features, in the order of what it computes with. */
export const readFeatures = (model: Record<string, unknown>, where: string): string[] =>
  listOf(model.features, `${where}: features`).map((name, at) => stringOf(name, `${where}: features[${at}]`));

/** What a model over numbers takes and gives. */
export interface NumericForm {
  readonly features: readonly string[];
  readonly domain: Domain;
  readonly outputs: readonly string[];
}

type Figures = Readonly<Record<string, number>>;

/** A predictor; `figuresOf` gets a row's numbers in the order of the features, finite and within the domain. */
export function numericPredictor(
  { features, domain, outputs }: NumericForm,
  figuresOf: (x: readonly number[]) => Figures | Promise<Figures>,
): Predictor {
  return {
    task: "predict",
    input: "features",
    features: [...new Set([...features, ...domain.keys()])],
    outputs,
    async predict(given) {
      const row = featuresOf(given);
      const outOfDomain = firstOutside(domain, features, row);
      if (outOfDomain) return { outOfDomain };
      return { values: await figuresOf(features.map((name) => Number(row[name]))) }; // numbers, by firstOutside
    },
  };
}
