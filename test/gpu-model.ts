// A model on a GPU without an engine around it, for tests that share the device.
import { createWebgpuBackend } from "../src/backends/webgpu/backend.ts";
import type { Gpu } from "../src/backends/webgpu/gpu.ts";
import { openCheckpoint } from "../src/formats/index.ts";
import { assembleTransformer } from "../src/models/forward/model.ts";
import { encode, forward, largestLogits, logitsOf } from "../src/models/forward/transformer.ts";
import { createCaches, createWorkspace, LOGIT_ROWS } from "../src/models/forward/workspace.ts";
import { describeModel } from "../src/models/open-model.ts";
import { loadWeights } from "../src/models/weights/load-weights.ts";
import { readType, tensorsOf } from "../src/models/weights/tensor-plan.ts";
import type { CacheType, Run, Sequence } from "../src/tensor/backend.ts";
import { byteLength } from "../src/tensor/dtype.ts";

const CONTEXT = 96;
const PAGES = 3;
const MAX_TOKENS = 32;

export type GpuModel = Awaited<ReturnType<typeof openGpuModel>>;

/** Opens the model of a path; a second sequence has pages of its own. */
export async function openGpuModel(
  gpu: Gpu,
  path: string,
  options: { cacheType?: CacheType; bufferBytes?: number } = {},
) {
  const { cacheType = "F32", bufferBytes } = options;
  const checkpoint = await openCheckpoint(path);
  const { config, weights: plan } = await describeModel(checkpoint, {});
  const backend = createWebgpuBackend({ gpu, maxTokens: MAX_TOKENS, expectedBytes: 4 << 20, bufferBytes });
  const workspace = createWorkspace(backend, config, CONTEXT);
  const caches = createCaches(backend, config, {
    contextLength: CONTEXT,
    sequences: 2,
    cacheTokens: 2 * CONTEXT,
    cacheType,
  });
  const weights = await loadWeights(backend, plan, config, checkpoint.files);
  const productBytes = tensorsOf(plan)
    .filter((tensor) => tensor.kind === "matrix")
    .filter((tensor) => tensor !== plan.embedding || !plan.head)
    .reduce((sum, matrix) => sum + byteLength(readType(matrix), matrix.rows * matrix.cols), 0);
  await checkpoint.close();
  const model = await assembleTransformer({ backend, config, weights, caches, workspace });
  backend.finishLoading();
  const sequences: readonly Sequence[] = [0, 1].map((slot) => ({
    slot,
    pages: Int32Array.from({ length: PAGES }, (_, page) => 2 * page + slot),
  }));
  const runOf = (sequence: number, rows: number, position: number, first = 0): Run => ({
    sequence: sequences[sequence],
    first,
    rows,
    position,
    length: position + rows,
  });
  const rowsOf = (count: number) => Int32Array.from({ length: count }, (_, row) => row);
  /** Logits of the last row of a call. */
  const last = async (ids: readonly number[], position: number): Promise<Float32Array> => {
    forward(model, Int32Array.from(ids), [runOf(0, ids.length, position)]);
    return (await logitsOf(model, Int32Array.of(ids.length - 1))).slice();
  };
  return {
    backend,
    config,
    /** The largest logits of the first row of the last call. */
    largest: (count: number) => largestLogits(model, Int32Array.of(0), count, [0]),
    vocabSize: config.vocabSize,
    /** Bytes of the matrices that a token is multiplied with, as the file has them. */
    productBytes,
    last,
    /** What an encoder makes of a text, after each layer. */
    async encode(ids: readonly number[]): Promise<Float32Array[]> {
      const states: (Float32Array | Promise<Float32Array>)[] = [];
      encode(model, Int32Array.from(ids), { onHidden: (_, values) => states.push(values) });
      return Promise.all(states);
    },
    /** All hidden states, and the logits of every row. */
    async trace(ids: readonly number[]): Promise<{ hidden: Float32Array[]; logits: Float32Array }> {
      const states: (Float32Array | Promise<Float32Array>)[] = [];
      const onHidden = (_: number, values: Float32Array | Promise<Float32Array>) => states.push(values);
      forward(model, Int32Array.from(ids), [runOf(0, ids.length, 0)], { onHidden });
      const logits = new Float32Array(ids.length * config.vocabSize);
      for (let row = 0; row < ids.length; row += LOGIT_ROWS) {
        const rows = rowsOf(Math.min(LOGIT_ROWS, ids.length - row)).map((i) => row + i);
        logits.set(
          await logitsOf(model, rows, row === 0 && ids.length <= LOGIT_ROWS ? { onHidden } : {}),
          row * config.vocabSize,
        );
      }
      return { hidden: await Promise.all(states), logits };
    },
    /** Logits of the last token when the same tokens run in pieces of these sizes and then the rest, beside another sequence. */
    async inPieces(ids: readonly number[], sizes: readonly number[]): Promise<Float32Array> {
      let position = 0;
      for (const size of [...sizes, ids.length]) {
        const piece = ids.slice(position, position + size);
        if (piece.length === 0) break;
        const beside = [ids[0], ids[ids.length - 1]];
        const runs = [runOf(1, beside.length, 0), runOf(0, piece.length, position, beside.length)];
        forward(model, Int32Array.from([...beside, ...piece]), runs);
        position += piece.length;
        if (position === ids.length)
          return (await logitsOf(model, Int32Array.of(beside.length + piece.length - 1))).slice();
      }
      throw new Error("there was nothing to run");
    },
  };
}
