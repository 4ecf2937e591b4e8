// A model as a device must know it: sizes, operations, allocations, samples of weights.
import type { DeviceModel, ModelOperations, WeightSample } from "../backends/device.ts";
import type { ByteSource } from "../formats/sources/byte-source.ts";
import { byteLength } from "../tensor/dtype.ts";
import type { ModelConfig } from "./config/config.ts";
import { cachedHeads, createCaches, createWorkspace, exchangeFloats } from "./forward/workspace.ts";
import type { ModelDescription } from "./open-model.ts";
import { type MatrixPlan, matricesOf, readType, tensorsOf, type WeightPlan } from "./weights/tensor-plan.ts";
import { createWeightReader, type WeightReader } from "./weights/weight-reader.ts";

/** Rows of a sample: two row groups and half of a third. */
const SAMPLE_ROWS = 20;
/** Columns of a sample: whole blocks of every type. */
const SAMPLE_COLS = 256;
/** Products of one layer whose results are gathered. */
const GATHERS_PER_LAYER = 6;

/** Tells a device of a model whose weights lie in `files`. */
export function describeForDevice(
  { name, config, weights }: ModelDescription,
  files: readonly ByteSource[],
): DeviceModel {
  const { numLayers, experts } = config;
  const { headDim, valueDim } = cachedHeads(config);
  const mixtures = experts ? numLayers - experts.denseLayers.filter((dense) => dense).length : 0;
  return {
    name,
    matrices: matricesOf(weights).map((plan) => ({
      dtype: readType(plan),
      rows: plan.rows,
      cols: plan.cols,
      expert: plan.expert,
    })),
    readings: readingsOf(weights),
    vectorValues: tensorsOf(weights).reduce(
      (sum, plan) => sum + (plan.kind === "matrix" ? (plan.bias?.length ?? 0) : plan.length),
      0,
    ),
    experts:
      experts && mixtures > 0 ? { count: experts.count, perToken: experts.perToken, mixtures } : undefined,
    operations: operationsOf(config),
    headDim: Math.max(headDim, valueDim),
    gathers: GATHERS_PER_LAYER * numLayers,
    vocabSize: config.vocabSize,
    exchangeFloats: ({ maxTokens, logitRows }) => exchangeFloats(config, maxTokens, logitRows),
    allocateWorkspace(allocator, { contextLength, logitRows }) {
      createWorkspace(allocator, config, contextLength, logitRows);
    },
    allocateCaches(allocator, shape) {
      createCaches(allocator, config, shape);
    },
    readSamples: () => readSamples(weights, files),
  };
}

/** How weights are read that lie in several tensors, each way once. */
function readingsOf(weights: WeightPlan): readonly string[] | undefined {
  const readings = new Set<string>();
  for (const { stored } of matricesOf(weights)) {
    const { dtype, encoding } = stored;
    if (encoding?.kind !== "scaled") continue;
    const { layout, bits, zero, zeros, groupRows, groupCols } = encoding;
    readings.add([dtype, layout, bits, zero, zeros?.layout, zeros?.add, groupRows, groupCols].join());
  }
  return readings.size > 0 ? [...readings] : undefined;
}

async function readSamples(weights: WeightPlan, files: readonly ByteSource[]): Promise<WeightSample[]> {
  const reader = createWeightReader(files);
  const chosen = new Map<string, MatrixPlan>();
  for (const plan of matricesOf(weights)) {
    const known = chosen.get(readType(plan));
    // A transposed matrix is read whole for a few of its rows.
    if (!known || (known.transposed && !plan.transposed)) chosen.set(readType(plan), plan);
  }
  const samples: WeightSample[] = [];
  for (const plan of new Set([weights.embedding, ...chosen.values()]))
    samples.push(await readSample(reader, plan, plan === weights.embedding));
  return samples;
}

/** Some rows from the middle of a matrix, cut to their first columns. */
async function readSample(reader: WeightReader, plan: MatrixPlan, embedding: boolean): Promise<WeightSample> {
  const { name, dtype, rows: total, cols: width, read } = reader.matrix(plan);
  const rows = Math.min(SAMPLE_ROWS, total);
  const cols = Math.min(SAMPLE_COLS, width);
  const rowBytes = byteLength(dtype, width);
  const whole = new Uint8Array(rows * rowBytes);
  await read(Math.floor((total - rows) / 2), rows, whole);
  const part = byteLength(dtype, cols);
  const bytes = new Uint8Array(rows * part);
  for (let row = 0; row < rows; row++)
    bytes.set(whole.subarray(row * rowBytes, row * rowBytes + part), row * part);
  return { name, dtype, rows, cols, bytes, embedding };
}

function operationsOf(config: ModelConfig): ModelOperations {
  const { norm, normEps, activation, activationLimit, gatedMlp, delta, latent } = config;
  const { headDim, valueDim, valueInKey = false } = cachedHeads(config);
  return {
    norm,
    normEps,
    headDim,
    valueDim,
    valueInKey,
    activation,
    activationLimit,
    gatedMlp,
    delta,
    headNorm: config.qkNorm === "head" || config.qkNorm === "each-head",
    ropeDims: latent ? latent.ropeDim : (config.ropes[0]?.dims ?? 0),
    softcap: config.attentionSoftcap,
    windowed: config.slidingWindow.some((window) => window > 0),
    sinks: config.attentionSinks,
    slopes: config.alibiSlopes.length > 0,
    relativeBias: config.relativeBuckets > 0,
    causal: config.causal,
    encoder: config.encoderLayers > 0,
    sigmoidGates: config.attentionGate || delta !== undefined || config.experts?.sharedGate === true,
    clips: config.qkvClip > 0,
    biases: config.qkvBias || config.outputBias || config.mlpBias || config.normBias || config.headBias,
  };
}
