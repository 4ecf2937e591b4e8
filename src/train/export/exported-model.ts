// A model's sizes as OLMo-core builds it, or a refusal that names the knob it has not.
import { BaimoError } from "../../errors.ts";
import type { ModelDescription } from "../../models/open-model.ts";

/** What the script builds a model from. */
export interface ExportedModel {
  readonly type: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  readonly ropeTheta: number;
  readonly normEps: number;
  readonly tiedEmbeddings: boolean;
}

/** Families that OLMo-core reads from Hugging Face's layout. */
const FAMILIES = ["llama", "qwen3", "olmo2"];

/** @throws {BaimoError} `config` for a family or a knob that OLMo-core has not */
export function modelOf({ config, name }: ModelDescription): ExportedModel {
  const type = config.architecture;
  if (!FAMILIES.includes(type))
    throw new BaimoError(
      "config",
      `${name}: a model of architecture "${type}" is not exported to OLMo-core; ` +
        `what is: ${FAMILIES.join(", ")}`,
    );
  const [rope] = config.ropes;
  const knobs: readonly (readonly [knob: string, differs: boolean])[] = [
    ["qkvBias", config.qkvBias],
    ["outputBias", config.outputBias],
    ["mlpBias", config.mlpBias],
    ["slidingWindow", config.slidingWindow.some((window) => window > 0)],
    ["ropes", config.ropes.length !== 1 || config.layerRopes.some((index) => index !== 0)],
    ["ropes.scaling", rope?.scaling.type !== "none"],
    ["ropes.dims", rope?.dims !== config.headDim],
    ["activation", config.activation !== "silu"],
  ];
  const [found] = knobs.filter(([, differs]) => differs);
  if (found) throw new BaimoError("config", `${name}: its knob ${found[0]} is not exported to OLMo-core`);
  return {
    type,
    vocabSize: config.vocabSize,
    hiddenSize: config.hiddenSize,
    intermediateSize: config.intermediateSize,
    numLayers: config.numLayers,
    numHeads: config.numHeads,
    numKvHeads: config.numKvHeads,
    headDim: config.headDim,
    ropeTheta: rope.theta,
    normEps: config.normEps,
    tiedEmbeddings: config.tiedEmbeddings,
  };
}
