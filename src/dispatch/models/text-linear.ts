// A text classifier: weights of every two neighbouring characters, through a link.
import { BaimoError } from "../../errors.ts";
import { numberOf, recordOf } from "../../json.ts";
import { show } from "../../options.ts";
import { outputName } from "./domain.ts";
import { readLink } from "./link.ts";
import type { Predictor } from "./model.ts";

/** Code points of a text that is classified. */
const LONGEST = 100_000;

export function readTextLinear(model: Record<string, unknown>, where: string): Predictor {
  const weights = new Map<string, number>();
  for (const [pair, weight] of Object.entries(recordOf(model.weights, `${where}: weights`))) {
    if ([...pair].length !== 2) {
      throw new BaimoError(
        "format",
        `${where}: weights has ${JSON.stringify(pair)}, which is not two characters`,
      );
    }
    weights.set(pair, numberOf(weight, `${where}: weights.${pair}`));
  }
  const intercept = numberOf(model.intercept, `${where}: intercept`);
  const threshold = numberOf(model.threshold, `${where}: threshold`);
  const link = readLink(model.link, where);
  const output = outputName(model);
  return {
    task: "predict",
    input: "text",
    features: [],
    outputs: [output, "overThreshold"],
    predict(text) {
      if (typeof text !== "string") {
        return { outOfDomain: { feature: "text", found: show(text), allowed: "a text" } };
      }
      const characters = [...text];
      if (characters.length > LONGEST) {
        const found = `${characters.length} characters`;
        return { outOfDomain: { feature: "text", found, allowed: `at most ${LONGEST}` } };
      }
      let sum = intercept;
      for (let i = 1; i < characters.length; i++) {
        sum += weights.get(characters[i - 1] + characters[i]) ?? 0;
      }
      const value = link(sum);
      return { values: { [output]: value, overThreshold: value >= threshold } };
    },
  };
}
