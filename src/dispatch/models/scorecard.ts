// A scorecard: points by bins, each with its weight of evidence.
import { BaimoError } from "../../errors.ts";
import { listOf, numberOf, recordOf, stringOf } from "../../json.ts";
import { show } from "../../options.ts";
import { featuresOf, numbersOf, outside, readDomain } from "./domain.ts";
import { logistic } from "./link.ts";
import type { OutOfDomain, Predictor } from "./model.ts";

/** Weight of evidence of a value, times the attribute's coefficient. */
interface Attribute {
  readonly name: string;
  evidence(value: unknown): number | undefined;
  readonly allowed: string;
}

export function readScorecard(model: Record<string, unknown>, where: string): Predictor {
  const [factor, offset, intercept] = ["factor", "offset", "intercept"].map((name) =>
    numberOf(model[name], `${where}: ${name}`),
  );
  const attributes = listOf(model.attributes, `${where}: attributes`).map((each, at) =>
    readAttribute(recordOf(each, `${where}: attributes[${at}]`), `${where}: attributes[${at}]`),
  );
  const domain = readDomain(model.domain, `${where}: domain`);
  const features = [...new Set([...attributes.map(({ name }) => name), ...domain.keys()])];
  return {
    task: "predict",
    input: "features",
    features,
    outputs: ["score", "pd"],
    predict(given) {
      const row = featuresOf(given);
      for (const feature of domain.keys()) {
        const fault = outside(domain, feature, row[feature]);
        if (fault) return { outOfDomain: fault };
      }
      let logOdds = intercept;
      for (const { name, evidence, allowed } of attributes) {
        const points = evidence(row[name]);
        if (points === undefined) return { outOfDomain: fault(name, row[name], allowed) };
        logOdds += points;
      }
      return { values: { score: offset + factor * logOdds, pd: logistic(-logOdds) } };
    },
  };
}

const fault = (feature: string, found: unknown, allowed: string): OutOfDomain => ({
  feature,
  found: show(found),
  allowed,
});

function readAttribute(attribute: Record<string, unknown>, where: string): Attribute {
  const name = stringOf(attribute.name, `${where}.name`);
  const coefficient = numberOf(attribute.coefficient, `${where}.coefficient`);
  if (attribute.categories !== undefined) {
    const categories = new Map(
      Object.entries(recordOf(attribute.categories, `${where}.categories`)).map(([category, woe]) => [
        category,
        coefficient * numberOf(woe, `${where}.categories.${category}`),
      ]),
    );
    return {
      name,
      allowed: [...categories.keys()].join(", "),
      evidence: (value) => (typeof value === "string" ? categories.get(value) : undefined),
    };
  }
  const edges = numbersOf(attribute.edges, `${where}.edges`);
  const weights = numbersOf(attribute.woe, `${where}.woe`, edges.length + 1);
  if (edges.some((edge, at) => at > 0 && edge <= edges[at - 1])) {
    throw new BaimoError("format", `${where}.edges must rise: ${edges.join(", ")}`);
  }
  return {
    name,
    allowed: "a number",
    evidence(value) {
      if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
      return coefficient * weights[edges.filter((edge) => edge <= value).length];
    },
  };
}
