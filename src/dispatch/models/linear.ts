// A linear model with a link; with a covariance, the standard error of what it expects.
import { BaimoError } from "../../errors.ts";
import { listOf, numberOf } from "../../json.ts";
import { numbersOf, outputName, readDomain } from "./domain.ts";
import { readLink } from "./link.ts";
import type { Predictor } from "./model.ts";
import { numericPredictor, readFeatures } from "./numeric.ts";

export function readLinear(model: Record<string, unknown>, where: string): Predictor {
  const features = readFeatures(model, where);
  const coefficients = numbersOf(model.coefficients, `${where}: coefficients`, features.length);
  const intercept = numberOf(model.intercept, `${where}: intercept`);
  const link = readLink(model.link, where);
  const domain = readDomain(model.domain, `${where}: domain`);
  const output = outputName(model);
  const covariance = readCovariance(model.covariance, `${where}: covariance`, features.length + 1);
  if (covariance && model.link !== "identity") {
    throw new BaimoError("format", `${where}: a covariance is read where link is "identity"`);
  }
  const outputs = covariance ? [output, "standardError"] : [output];
  return numericPredictor({ features, domain, outputs }, (x) => {
    const value = link(x.reduce((sum, each, at) => sum + coefficients[at] * each, intercept));
    if (!covariance) return { [output]: value };
    return { [output]: value, standardError: Math.sqrt(quadratic(covariance, [1, ...x])) };
  });
}

/** A square matrix, the intercept first. */
function readCovariance(value: unknown, where: string, size: number): number[][] | undefined {
  if (value === undefined) return undefined;
  const rows = listOf(value, where);
  if (rows.length !== size) {
    throw new BaimoError("format", `${where} must have ${size} rows but has ${rows.length}`);
  }
  return rows.map((row, at) => numbersOf(row, `${where}[${at}]`, size));
}

/** x' A x. */
const quadratic = (matrix: readonly (readonly number[])[], x: readonly number[]): number =>
  matrix.reduce((sum, row, i) => sum + x[i] * row.reduce((inner, each, j) => inner + each * x[j], 0), 0);
