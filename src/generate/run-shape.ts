// How a model is going to run: context, cache, requests at once; with what a caller leaves open.
import type { RunShape } from "../backends/device.ts";
import { grouped } from "../grouped.ts";
import { elementBytes } from "../kernels/attention/kv-store.ts";
import { longestContext, type ModelConfig, trainedContext } from "../models/config/config.ts";
import type { ModelDescription } from "../models/open-model.ts";
import type { CacheType } from "../tensor/backend.ts";

/** What a caller may say of it: see `LoadOptions`. */
export interface ShapeOptions {
  readonly contextLength?: number;
  readonly cacheType?: CacheType;
  readonly cacheTokens?: number;
  readonly parallel?: number;
  readonly stateBytes?: number;
  readonly chunkTokens?: number;
  readonly memoryBytes?: number;
}

const DEFAULT_CONTEXT = 4096;
/** Whole tiles of the kernels, and some milliseconds of a small model. */
const DEFAULT_CHUNK = 72;
/** Whole pages as well, at whose ends recurrent states are kept. */
const DEFAULT_CHUNK_RECURRENT = 96;
const DEFAULT_PARALLEL = 16;
/** Where each request has a recurrent state of its own, which may take hundreds of megabytes. */
const DEFAULT_PARALLEL_RECURRENT = 4;
/**
 * Without a word from the caller the cache holds so many whole contexts, where they take no more than this; one where
 * memory is counted.
 */
const DEFAULT_CONTEXTS = 4;
const DEFAULT_CACHE_BYTES = 512 * 2 ** 20;
/** The same for recurrent states that are kept. */
const DEFAULT_STATE_BYTES = 256 * 2 ** 20;
/** More are not of use. */
const MOST_STATES = 256;

/**
 * Fills in what is left open. A context is no longer than learned positions reach, a cache no smaller than a context; where
 * texts run whole, a step holds one.
 */
export function chooseShape({ config, weights }: ModelDescription, options: ShapeOptions): RunShape {
  const asked = options.contextLength ?? Math.min(config.contextLength, DEFAULT_CONTEXT);
  const contextLength = Math.min(asked, longestContext(config));
  const cacheType = options.cacheType ?? defaultCacheType(weights);
  const affordable = Math.floor(DEFAULT_CACHE_BYTES / bytesPerToken(config, cacheType));
  const chunk = options.chunkTokens ?? (config.delta ? DEFAULT_CHUNK_RECURRENT : DEFAULT_CHUNK);
  const spacious = Math.min(DEFAULT_CONTEXTS * contextLength, affordable);
  const cacheTokens = options.cacheTokens ?? (options.memoryBytes === undefined ? spacious : 0);
  return {
    contextLength,
    cacheType,
    cacheTokens: Math.max(contextLength, cacheTokens),
    keptStates: statesWithin(
      options.stateBytes ?? (options.memoryBytes === undefined ? DEFAULT_STATE_BYTES : 0),
      config,
    ),
    sequences: options.parallel ?? (config.delta ? DEFAULT_PARALLEL_RECURRENT : DEFAULT_PARALLEL),
    maxTokens: config.causal ? chunk : Math.max(chunk, contextLength),
  };
}

/** How keys and values are stored unless a caller says otherwise: as exactly as the weights deserve. */
function defaultCacheType(weights: ModelDescription["weights"]): CacheType {
  return weights.embedding.stored.dtype === "F32" ? "F32" : "F16";
}

/** Bytes of the keys and values of a token, about. */
function bytesPerToken(config: ModelConfig, type: CacheType): number {
  const { causal, numLayers, numKvHeads, headDim, valueDim } = config;
  return (causal ? numLayers : 1) * numKvHeads * (headDim + valueDim) * elementBytes[type];
}

/** How many recurrent states so many bytes hold, about. */
function statesWithin(bytes: number, { delta, numLayers }: ModelConfig): number {
  if (!delta) return 0;
  const { keyHeads, valueHeads, keyDim, valueDim, kernel } = delta;
  const channels = 2 * keyHeads * keyDim + valueHeads * valueDim;
  const each = numLayers * 4 * (valueHeads * keyDim * valueDim + (kernel - 1) * channels);
  return Math.min(MOST_STATES, Math.floor(bytes / each));
}

/** What must be known of a context that is longer than the model was trained for. */
export function contextWarnings(config: ModelConfig, contextLength: number): string[] {
  const trained = trainedContext(config);
  if (contextLength <= trained) return [];
  return [
    `a context of ${grouped(contextLength)} tokens is more than the ${grouped(trained)} that the model was trained for; ` +
      "what it says beyond them may make no sense",
  ];
}
