// Which kernels a model will use, for the self-test: rows of its weights, ops of its config.
import type { KernelUse } from "../backends/wasm/self-test.ts";
import type { WeightSample } from "../backends/wasm/self-test-products.ts";
import type { ByteSource } from "../formats/sources/byte-source.ts";
import type { ModelConfig } from "../models/config/config.ts";
import type { ModelDescription } from "../models/open-model.ts";
import { matricesOf } from "../models/weights/load-weights.ts";
import { type MatrixPlan, readType } from "../models/weights/weight-plan.ts";
import { createWeightReader, type WeightReader } from "../models/weights/weight-reader.ts";
import type { KvCacheShape } from "../tensor/backend.ts";
import { byteLength } from "../tensor/dtype.ts";

/** Rows of a sample: two row groups and half of a third. */
const SAMPLE_ROWS = 20;
/** Columns of a sample: whole blocks of every type. */
const SAMPLE_COLS = 256;

/** Reads a sample of each element type, and says which operations the model is made of. */
export async function describeKernelUse(
  { config, weights }: ModelDescription,
  files: readonly ByteSource[],
  cacheType: KvCacheShape["dtype"],
): Promise<KernelUse> {
  const reader = createWeightReader(files);
  const chosen = new Map<string, MatrixPlan>();
  for (const plan of matricesOf(weights)) {
    const known = chosen.get(readType(plan));
    // a transposed matrix is read whole for a few of its rows
    if (!known || (known.transposed && !plan.transposed)) chosen.set(readType(plan), plan);
  }
  const plans = new Set([weights.embedding, ...chosen.values()]);
  const samples: WeightSample[] = [];
  for (const plan of plans) samples.push(await readSample(reader, plan, plan === weights.embedding));
  return { samples, operations: operationsOf(config, cacheType) };
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

function operationsOf(config: ModelConfig, cacheType: KvCacheShape["dtype"]): KernelUse["operations"] {
  const { norm, normEps, headDim, valueDim, activation, activationLimit, gatedMlp, delta, latent } = config;
  return {
    norm,
    normEps,
    headDim,
    valueDim,
    cacheType,
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
    encoder: config.encoderLayers > 0,
    joinsHeads: latent !== undefined,
    sigmoidGates: config.attentionGate || delta !== undefined || config.experts?.sharedGate === true,
    clips: config.qkvClip > 0,
    biases: config.qkvBias || config.outputBias || config.mlpBias || config.normBias || config.headBias,
  };
}
