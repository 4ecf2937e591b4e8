// Counts the memory that a running model takes, and whether it fits a budget.
import { cacheTypes } from "../backends/wasm/cache.ts";
import { READER_BYTES } from "../backends/wasm/expert-reader.ts";
import { weightTypeOf } from "../backends/wasm/matrix.ts";
import { BaimoError } from "../errors.ts";
import { areaBytes } from "../kernels/attention/kv-store.ts";
import { activationBytes, GROUP, packedBytes, scratchBytes, weightForms } from "../kernels/module/module.ts";
import type { KvCacheShape } from "../tensor/backend.ts";
import type { Partition } from "../tensor/partition.ts";
import type { ModelConfig } from "./config/config.ts";
import { createCaches, createWorkspace, LOGIT_ROWS, widestActivation } from "./forward/workspace.ts";
import { tensorsOf } from "./weights/load-weights.ts";
import { type MatrixPlan, readType, type WeightPlan } from "./weights/weight-plan.ts";

/** Bytes of a running model, all threads together. */
export interface MemoryNeeds {
  /** Weights that every token meets. */
  readonly weights: number;
  /** Weights of experts, which may be read as they are needed. */
  readonly experts: number;
  readonly cache: number;
  /** Activations, scratch, and the runtime itself (the last measured, not computed). */
  readonly buffers: number;
  readonly total: number;
  /** What of it lies in the memories of kernels: all but the exchange and the runtime. */
  readonly inBanks: number;
}

/** What one rank may take. */
export interface RankBudget {
  /** In the memories of its kernels, about. */
  readonly expectedBytes: number;
  /** For experts that are read as they are needed; undefined where all are kept. */
  readonly expertBytes?: number;
  /** Whether a thread reads those ahead; it takes its part of the budget. */
  readonly readAhead?: boolean;
}

/** How a model is going to run. */
export interface RunShape {
  readonly contextLength: number;
  readonly cacheType: KvCacheShape["dtype"];
  readonly threads: number;
  /** Tokens of a prompt that run at a time. */
  readonly chunkTokens: number;
}

/** What Node takes with an idle engine, and what each worker thread adds (measured with `baimo bench` on a tiny model). */
const RUNTIME_BYTES = 70 * 2 ** 20;
const WORKER_BYTES = 12 * 2 ** 20;

/** Bytes of a matrix as kernels hold it. */
export function packedMatrixBytes(plan: MatrixPlan): number {
  return packedBytes(weightTypeOf(readType(plan)), Math.ceil(plan.rows / GROUP), plan.cols);
}

/** What a model will take. */
export function memoryNeeds(config: ModelConfig, plan: WeightPlan, shape: RunShape): MemoryNeeds {
  const { contextLength, cacheType, threads, chunkTokens } = shape;
  let [weights, experts, vectors, maxCols, rounded] = [0, 0, 0, 0, 0];
  for (const tensor of tensorsOf(plan)) {
    if (tensor.kind !== "matrix") {
      vectors += tensor.length * 4;
      continue;
    }
    const bytes = packedMatrixBytes(tensor);
    if (tensor.expert) experts += bytes;
    else weights += bytes;
    vectors += (tensor.bias?.length ?? 0) * 4;
    maxCols = Math.max(maxCols, tensor.cols);
    const { activations } = weightForms[weightTypeOf(readType(tensor))];
    rounded = Math.max(rounded, activationBytes(activations, chunkTokens, tensor.cols));
  }
  const counter = createCounter(threads, chunkTokens);
  createWorkspace(counter.allocator, config, contextLength);
  const activations = counter.take();
  createCaches(counter.allocator, config, { contextLength, dtype: cacheType });
  const cache = counter.take();
  const exchange = 2 * 4 * Math.max(chunkTokens * widestActivation(config), LOGIT_ROWS * config.vocabSize);
  const own = scratchBytes(maxCols, Math.max(config.headDim, config.valueDim));
  const helper = threads > 1 ? scratchBytes(maxCols, 0) : 0;
  const scratch = threads * (rounded + own + helper);
  const runtime = RUNTIME_BYTES + threads * WORKER_BYTES;
  const buffers = activations + exchange + scratch + threads * vectors + runtime;
  const total = weights + experts + cache + buffers;
  return { weights, experts, cache, buffers, total, inBanks: total - exchange - runtime };
}

/** Counts what all ranks together would allocate. */
function createCounter(ranks: number, maxTokens: number) {
  let bytes = 0;
  const handle = { bytes: 0, contextLength: 0, tokens: 0 };
  const allocator: Parameters<typeof createWorkspace>[0] = {
    ranks,
    maxTokens,
    allocate(width, tokens = maxTokens) {
      bytes += ranks * width * tokens * 4;
      return { ...handle, width };
    },
    allocateSlice(partition, tokens = maxTokens) {
      // Each rank's own columns, and on each rank all of them.
      bytes += (ranks > 1 ? ranks + 1 : 1) * partition[ranks] * tokens * 4;
      return { ...handle, partition };
    },
    allocateCache(shape) {
      const [keys, values] = areaBytes(cacheTypes[shape.dtype], shape.contextLength, shape);
      bytes += keptHeads(shape.heads, shape.numHeads / shape.numKvHeads) * shape.numLayers * (keys + values);
      return handle;
    },
    allocateDeltaState({ numLayers, keyHeads, valueHeads, keyDim, valueDim, kernel }) {
      const channels = 2 * keyHeads * keyDim + valueHeads * valueDim;
      bytes += numLayers * 4 * (valueHeads * keyDim * valueDim + (2 * kernel - 1) * channels);
      return handle;
    },
  };
  const take = () => {
    const taken = bytes;
    bytes = 0;
    return taken;
  };
  return { allocator, take };
}

/** KV heads that all ranks keep: those at a boundary twice. */
function keptHeads(heads: Partition, group: number): number {
  let kept = 0;
  for (let rank = 0; rank + 1 < heads.length; rank++) {
    if (heads[rank + 1] > heads[rank])
      kept += Math.ceil(heads[rank + 1] / group) - Math.floor(heads[rank] / group);
  }
  return kept;
}

/** The thread that reads ahead is worth its memory where experts have so many times as much. */
const READER_SHARE = 8;

/**
 * What each rank may take within a budget for all.
 *
 * readAhead  default: where the thread for it takes little of the budget
 * @throws {BaimoError} `memory` with the figures where the model cannot run within it
 */
export function rankBudget(
  name: string,
  config: ModelConfig,
  plan: WeightPlan,
  shape: RunShape,
  memoryBytes: number,
  readAhead?: boolean,
): RankBudget {
  const { threads } = shape;
  const needs = memoryNeeds(config, plan, shape);
  if (needs.total <= memoryBytes) return { expectedBytes: Math.ceil(needs.inBanks / threads) };
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
  const parts =
    `weights ${gigabytes(needs.weights + needs.experts)}, keys and values ${gigabytes(needs.cache)} at ` +
    `${shape.contextLength} tokens, buffers ${gigabytes(needs.buffers)}`;
  const left = memoryBytes - (needs.total - needs.experts);
  // One layer's chosen experts, twice: those of the token before may well be asked again.
  const { experts } = config;
  const mixtures = experts ? config.numLayers - experts.denseLayers.filter((dense) => dense).length : 0;
  const least =
    experts && mixtures > 0 ? (2 * experts.perToken * needs.experts) / (experts.count * mixtures) : 0;
  if (experts && left >= least) {
    const reads = readAhead ?? left >= Math.max(READER_SHARE * READER_BYTES, least + READER_BYTES);
    const bytes = reads ? Math.max(least, left - READER_BYTES) : left;
    return {
      expectedBytes: Math.ceil((needs.inBanks - needs.experts + bytes) / threads),
      expertBytes: Math.floor(bytes / threads),
      readAhead: reads,
    };
  }
  const advice = experts
    ? `even with experts read from the file as they are needed it takes ${gigabytes(needs.total - needs.experts + least)}`
    : "a dense model needs all of its weights in memory";
  throw new BaimoError(
    "memory",
    `${name} takes ${gigabytes(needs.total)} (${parts}), but ${gigabytes(memoryBytes)} are allowed; ${advice}. ` +
      "Choose a smaller quantisation, a shorter context, or allow more with --memory",
  );
}
