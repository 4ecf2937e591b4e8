// Reads a model from JSON by the form that it names, with its version: the hash of its files.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { BaimoError } from "../../errors.ts";
import { brief, parseJson, recordOf, stringOf } from "../../json.ts";
import { sha256 } from "../../sha256.ts";
import { readArima } from "./arima.ts";
import { readEts } from "./ets.ts";
import { readLinear } from "./linear.ts";
import type { Forecaster, Predictor } from "./model.ts";
import { readOnnx } from "./onnx.ts";
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

/**
 * Reads the model that a JSON file describes; a graph (`onnx/1`) lies in another file, beside it.
 *
 * @throws {BaimoError} `format` for what is not in one of the forms; `request` where onnxruntime-web is needed and not there
 */
export async function readModel(path: string): Promise<Model> {
  const bytes = await readFile(path);
  const model = recordOf(parseJson(bytes, path), path);
  const { format } = model;
  if (format === "onnx/1") {
    const graph = await readFile(resolve(dirname(path), stringOf(model.file, `${path}: file`)));
    const version = await sha256(Buffer.concat([bytes, graph]));
    return Object.assign(await readOnnx(model, path, graph), { version });
  }
  if (typeof format !== "string" || !Object.hasOwn(forms, format)) {
    const known = [...Object.keys(forms), "onnx/1"].join(", ");
    throw new BaimoError("format", `${path}: format ${brief(format)} is not known; known: ${known}`);
  }
  return Object.assign(forms[format](model, path), { version: await sha256(bytes) });
}
