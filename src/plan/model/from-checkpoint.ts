// A model's shape from its own files: sizes as the checkpoint's config and tensors have them.
import type { ModelConfig } from "../../models/config/config.ts";
import type { Footprint } from "../../models/footprint.ts";
import { compute, type Input, measured, type Quantity, type Source } from "../quantity/quantity.ts";
import type { Unit } from "../quantity/units.ts";
import type { CacheShape } from "../serving/kv-cache.ts";
import { expertParameters, type ModelShape } from "./shape.ts";

/** Bytes of a running model as the engine counts them before it loads one. */
export interface EngineMemory {
  readonly weights: number;
  readonly experts: number;
  readonly cache: number;
  readonly buffers: number;
}

/**
 * The shape of an opened checkpoint. Layers without attention keep no keys and values.
 *
 * memory  what the engine counts for it, where it runs it
 */
export function shapeOfCheckpoint(
  name: string,
  config: ModelConfig,
  footprint: Footprint,
  memory?: EngineMemory,
): ModelShape {
  const source: Source = { title: `${name}: the checkpoint's own config and tensors` };
  const read = <U extends Unit>(label: string, value: number, unit: U): Input<U> =>
    measured(label, value, unit, source);
  const count = (label: string, value: number) => read(label, value, "count");
  const parameters = read("parameters", footprint.parameters, "parameter");
  const activeParameters = read("parameters a token meets", footprint.activeParameters, "parameter");
  const experts = config.experts && {
    count: count("experts", config.experts.count),
    perToken: count("experts a token", config.experts.perToken),
  };
  return {
    name,
    parameters,
    activeParameters,
    layers: count("layers", config.numLayers),
    hidden: count("hidden size", config.hiddenSize),
    heads: count("heads", config.numHeads),
    kvHeads: count("KV heads", config.numKvHeads),
    cache: cacheOf(config, count, read),
    experts: experts && {
      count: experts.count,
      perToken: experts.perToken,
      parameters: expertParameters({
        parameters,
        activeParameters,
        perToken: experts.perToken,
        experts: experts.count,
      }),
    },
    context: config.contextLength,
    fileBytes: read("bytes of weights", footprint.fileBytes, "byte"),
    memoryHere: memory && memoryOf(memory),
  };
}

function memoryOf({ weights, experts, cache, buffers }: EngineMemory): Quantity<"byte"> {
  const source: Source = { title: "the engine's own count, as baimo inspect shows it" };
  const part = (label: string, value: number) => measured(label, value, "byte", source);
  return compute("memory that baimo takes here", "byte", "weights + cache + buffers", {
    weights: part("bytes of weights", weights + experts),
    cache: part("bytes of KV cache", cache),
    buffers: part("bytes of buffers and runtime", buffers),
  });
}

function cacheOf(
  { latent, deltaLayers, numLayers, numKvHeads, headDim, valueDim, slidingWindow }: ModelConfig,
  count: (label: string, value: number) => Input<"count">,
  read: (label: string, value: number, unit: "token") => Input<"token">,
): CacheShape {
  const attends = Array.from({ length: numLayers }, (_, layer) => !deltaLayers[layer]);
  const layers = count("layers with attention", attends.filter(Boolean).length);
  if (latent) {
    return {
      kind: "latent",
      rank: count("rank of the latent", latent.keyValueRank),
      ropeDim: count("dimensions that turn", latent.ropeDim),
      layers,
    };
  }
  const windows = slidingWindow.filter((window, layer) => window > 0 && attends[layer]);
  return {
    kind: "heads",
    kvHeads: count("KV heads", numKvHeads),
    headDim: count("size of a head, of keys and values on average", (headDim + valueDim) / 2),
    layers,
    window:
      windows.length === 0
        ? undefined
        : {
            length: read("longest window", Math.max(...windows), "token"),
            slidingLayers: count("layers with a window", windows.length),
          },
  };
}
