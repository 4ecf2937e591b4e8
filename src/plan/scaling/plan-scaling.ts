// planScaling: what a budget buys, the loss of a size, the cheapest model for a loss.
import { choice, number } from "../../option-kinds.ts";
import { call, readOptions } from "../../options.ts";
import { type Answer, answerOf } from "../answer.ts";
import { given, type Quantity } from "../quantity/quantity.ts";
import { flopsOfTraining } from "../training/compute.ts";
import { errorOf, type Law, type LawName, laws, lossAt, lossOf } from "./laws.ts";
import { cheapestFor, extrapolation, optimumFor } from "./optimum.ts";

/** What is asked of a scaling law; any of it together. */
export interface ScalingOptions {
  /** The best model for so many FLOPs. */
  flops?: number;
  /** The loss of so many parameters on so many tokens. */
  parameters?: number;
  tokens?: number;
  /** The cheapest model of this loss in nats a token, with its inference. */
  loss?: number;
  inferenceTokens?: number;
  law?: LawName;
}

/** The same, declared. */
export const scalingTable = {
  flops: number({ min: 1, max: 1e40 }),
  parameters: number({ min: 1, max: 1e18 }),
  tokens: number({ min: 1, max: 1e20 }),
  loss: number({ min: 0, above: true, max: 100 }),
  inferenceTokens: number({ min: 0, max: 1e22 }),
  law: choice("besiroglu", "hoffmann"),
};

/**
 * Asks scaling laws: Besiroglu's fit, and Hoffmann's beside it, unless one is named; or a law of one's own.
 * @throws {BaimoError} `request` for an option that is unknown or out of its range
 */
export function planScaling(options: ScalingOptions, own?: Law): Answer {
  const read = readOptions(options, scalingTable, call("planScaling"));
  const asked: readonly Law[] = own ? [own] : read.law ? [laws[read.law]] : [laws.besiroglu, laws.hoffmann];
  const results: Record<string, Quantity | undefined> = {};
  const warnings = new Set<string | undefined>();
  const put = (law: Law, key: string, quantity: Quantity | undefined) => {
    results[law === asked[0] ? key : `${key} (${law.name})`] = quantity;
  };
  for (const law of asked) {
    if (read.flops !== undefined) {
      const optimum = optimumFor(law, given("FLOPs to spend", read.flops, "FLOP"));
      put(law, "optimalParameters", optimum.parameters);
      put(law, "optimalParametersError", optimum.parametersError);
      put(law, "optimalTokens", optimum.tokens);
      put(law, "tokensPerParameter", optimum.tokensPerParameter);
      put(law, "optimalLoss", optimum.loss);
      put(law, "optimalLossError", optimum.lossError);
      warnings.add(optimum.extrapolates);
    }
    const { parameters: n, tokens: d } = read;
    if (n !== undefined && d !== undefined) {
      const [parameters, tokens] = [given("parameters", n, "parameter"), given("tokens", d, "token")];
      put(law, "loss", lossOf(law, parameters, tokens));
      put(
        law,
        "lossError",
        errorOf(law, "standard error of the loss", "nat", (at) => lossAt(at, n, d)),
      );
      warnings.add(extrapolation(law, flopsOfTraining(parameters, tokens).value));
    }
    if (read.loss !== undefined) {
      const inferred = given("tokens of inference", read.inferenceTokens ?? 0, "token");
      const cheapest = cheapestFor(law, given("loss a token", read.loss, "nat"), inferred);
      if (!cheapest)
        warnings.add(`no size reaches a loss of ${read.loss}: ${law.name}'s E is ${law.E.value}`);
      put(law, "cheapestParameters", cheapest?.parameters);
      put(law, "cheapestTokens", cheapest?.tokens);
      put(law, "cheapestTrainingFlops", cheapest?.trainingFlops);
      put(law, "cheapestFlops", cheapest?.totalFlops);
      warnings.add(cheapest?.extrapolates);
    }
    if (law.covariance === undefined || law.name === "besiroglu") warnings.add(`${law.name}: ${law.errors}`);
  }
  return answerOf(results, [...warnings]);
}
