// Counts the memory that a running model takes, and whether it fits a budget.
import { BaimoError } from "../../errors.ts";
import { headPageBytes } from "../../kernels/attention/kv-store.ts";
import { v8Version } from "../../kernels/module/engine-flags.ts";
import {
  activationBytes,
  GROUP,
  packedBytes,
  scratchBytes,
  weightForms,
} from "../../kernels/module/module.ts";
import type { Partition } from "../../tensor/partition.ts";
import type { Allocator, DeviceModel, MatrixShape, MemoryNeeds, RunShape } from "../device.ts";
import { MixtureSpace } from "../mixture.ts";
import { READER_BYTES } from "./expert-reader.ts";
import { weightTypeOf } from "./matrix.ts";

/** What one rank may take. */
export interface RankBudget {
  /** In the memories of its kernels, about. */
  readonly expectedBytes: number;
  /** For experts that are read as they are needed; undefined where all are kept. */
  readonly expertBytes?: number;
  /** Whether a thread reads those ahead; it takes its part of the budget. */
  readonly readAhead?: boolean;
}

/**
 * What Node takes with an idle engine (half of it the program itself), and what each worker thread adds: of Node 20, and of Node 24,
 * whose V8 is the 13th. Reading a vocabulary leaves its tables, and the heap of young objects grown, at most to its full size.
 * Measured: docs/log/memory.md.
 */
const runtimeBytes = (v8 = 0) =>
  v8 < 13
    ? { program: 90 * 2 ** 20, worker: 15 * 2 ** 20 }
    : { program: 115 * 2 ** 20, worker: 21 * 2 ** 20 };
const TOKEN_BYTES = 120;
const YOUNG_BYTES_A_TOKEN = 600;
const YOUNG_BYTES = 17 * 2 ** 20;

/** What a model takes on this device. */
export interface WasmNeeds extends MemoryNeeds {
  /** What of it lies in the memories of kernels: all but the exchange and the runtime. */
  readonly inBanks: number;
}

/** Bytes of a matrix as kernels hold it. */
export function packedMatrixBytes({ dtype, rows, cols }: MatrixShape): number {
  return packedBytes(weightTypeOf(dtype), Math.ceil(rows / GROUP), cols);
}

/** What a model will take. */
export function memoryNeeds(model: DeviceModel, shape: RunShape, threads: number): WasmNeeds {
  const { maxTokens } = shape;
  let [weights, experts, maxCols, rounded] = [0, 0, 0, 0];
  for (const matrix of model.matrices) {
    const bytes = packedMatrixBytes(matrix);
    if (matrix.expert) experts += bytes;
    else weights += bytes;
    maxCols = Math.max(maxCols, matrix.cols);
    const { activations } = weightForms[weightTypeOf(matrix.dtype)];
    rounded = Math.max(rounded, activationBytes(activations, maxTokens, matrix.cols));
  }
  const counter = createCounter(threads, maxTokens);
  model.allocateWorkspace(counter.allocator, shape);
  const activations = counter.take();
  model.allocateCaches(counter.allocator, shape);
  const cache = counter.take();
  const exchange = 2 * 4 * model.exchangeFloats(shape);
  const own = scratchBytes(maxCols, model.headDim);
  const helper = threads > 1 ? scratchBytes(maxCols, 0) : 0;
  const scratch = threads * (rounded + own + helper);
  const young = Math.min(YOUNG_BYTES, YOUNG_BYTES_A_TOKEN * model.vocabSize);
  const { program, worker } = runtimeBytes(v8Version());
  const runtime = program + threads * worker + TOKEN_BYTES * model.vocabSize + young;
  const buffers = activations + exchange + scratch + threads * model.vectorValues * 4 + runtime;
  const total = weights + experts + cache + buffers;
  return { weights, experts, cache, buffers, total, inBanks: total - exchange - runtime };
}

/** Counts what all ranks together would allocate. */
function createCounter(ranks: number, maxTokens: number) {
  let bytes = 0;
  const handle = { bytes: 0, pages: 0, pageBytes: 0, stateBytes: 0, tokens: 0 };
  const allocator: Allocator = {
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
      const [keys, values] = headPageBytes(shape.dtype, shape);
      const heads = keptHeads(shape.heads, shape.numHeads / shape.numKvHeads);
      bytes += heads * shape.numLayers * shape.pages * (keys + values);
      return handle;
    },
    allocateDeltaState({ numLayers, sequences, keyHeads, valueHeads, keyDim, valueDim, kernel }) {
      const channels = 2 * keyHeads * keyDim + valueHeads * valueDim;
      const states = sequences * (valueHeads * keyDim * valueDim + (kernel - 1) * channels);
      bytes += numLayers * 4 * (states + kernel * channels);
      return handle;
    },
    allocateMixture: (shape) => new MixtureSpace(allocator, shape),
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
  model: DeviceModel,
  shape: RunShape,
  { threads, memoryBytes, readAhead }: { threads: number; memoryBytes: number; readAhead?: boolean },
): RankBudget {
  const { name, experts } = model;
  const needs = memoryNeeds(model, shape, threads);
  if (needs.total <= memoryBytes) return { expectedBytes: Math.ceil(needs.inBanks / threads) };
  const gigabytes = (bytes: number) =>
    bytes < 1e8 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
  const parts =
    `weights ${gigabytes(needs.weights + needs.experts)}, keys and values ${gigabytes(needs.cache)} at ` +
    `${shape.cacheTokens} tokens, buffers ${gigabytes(needs.buffers)}`;
  const left = memoryBytes - (needs.total - needs.experts);
  // One layer's chosen experts, twice: those of the token before may well be asked again.
  const least = experts ? (2 * experts.perToken * needs.experts) / (experts.count * experts.mixtures) : 0;
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
