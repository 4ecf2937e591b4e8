// Reads a model from JSON by the form that it names, with its version: the file's hash.
import { BaimoError } from "../../errors.ts";
import { brief, parseJson, recordOf } from "../../json.ts";
import { sha256 } from "../../sha256.ts";
import { readArima } from "./arima.ts";
import { readEts } from "./ets.ts";
import { readLinear } from "./linear.ts";
import type { Forecaster, Predictor } from "./model.ts";
import { readScorecard } from "./scorecard.ts";
import { readTextLinear } from "./text-linear.ts";
import { readTrees } from "./trees.ts";

const forms: Readonly<
  Record<string, (model: Record<string, unknown>, where: string) => Predictor | Forecaster>
> = {
  "scorecard/1": readScorecard,
  "linear/1": readLinear,
  "trees/1": readTrees,
  "text-linear/1": readTextLinear,
  "ets/1": readEts,
  "arima/1": readArima,
};

/** A model, and which one it is. */
export type Model = (Predictor | Forecaster) & { readonly version: string };

/** @throws {BaimoError} `format` for what is not in one of the forms */
export async function readModel(bytes: Uint8Array, where: string): Promise<Model> {
  const model = recordOf(parseJson(bytes, where), where);
  const { format } = model;
  if (typeof format !== "string" || !Object.hasOwn(forms, format)) {
    const known = Object.keys(forms).join(", ");
    throw new BaimoError("format", `${where}: format ${brief(format)} is not known; known: ${known}`);
  }
  return Object.assign(forms[format](model, where), { version: await sha256(bytes) });
}
