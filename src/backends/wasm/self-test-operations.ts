// Self-tests of the ops that read no weight matrix, against the reference backend.
//
// They are calls of the Backend contract on small seeded inputs, with the model's own sizes and options.
//
// They are calls of the Backend contract on small seeded inputs, with the model's own sizes and options.
import { cachedValues, kernelSuffix } from "../../kernels/attention/kv-store.ts";
import type { Kernels } from "../../kernels/module/module.ts";
import { createRandom } from "../../random.ts";
import type { Activation, AttentionOptions, Backend, CacheType, Slice } from "../../tensor/backend.ts";
import type { ModelOperations } from "../device.ts";

/** What one operation answered, and the kernels that may be to blame, the likeliest first. */
export interface Answer {
  readonly operation: string;
  readonly kernels: readonly (keyof Kernels)[];
  readonly values: Float32Array;
}

/** Most tokens that the operations below run on; positions of their cache. */
export const SELF_TEST_TOKENS = 40;
const HEADS = 2;
/** Rows of the operations that treat every row alike. */
const ROWS = 3;
/** Rows of the one matrix. */
const PRODUCT = 8;

/** Runs the operations that the model uses, on a backend of one rank with room for SELF_TEST_TOKENS tokens. */
export async function runOperations(
  b: Backend,
  { operations: use, cacheType }: { operations: ModelOperations; cacheType: CacheType },
  answers: Answer[],
): Promise<void> {
  const random = createRandom(21);
  const values = (count: number) => {
    const made = new Float32Array(count);
    for (let i = 0; i < count; i++) made[i] = 4 * random.uniform() - 2;
    return made;
  };
  const vector = (data: Float32Array) =>
    b.loadVector({ name: "self-test", length: data.length, read: async () => data });
  const table = (data: Float32Array, cols: number, bias?: Float32Array) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const rows = data.length / cols;
    return b.loadMatrix(
      {
        name: "self-test",
        dtype: "F32",
        rows,
        cols,
        bias: bias && { name: "self-test", length: rows, read: async () => bias },
        read: (first, count, target) =>
          target.set(bytes.subarray(first * cols * 4, (first + count) * cols * 4)),
      },
      [0, rows],
    );
  };
  const { headDim, valueDim, delta } = use;
  const width = HEADS * headDim;
  const loaded: (() => void)[] = [];
  /** Activations with these values once loading is finished. */
  const input = async (values: Float32Array, cols: number): Promise<Activation> => {
    const rows = await table(values, cols);
    const out = b.allocate(cols);
    loaded.push(() =>
      b.embed(
        rows,
        Int32Array.from({ length: values.length / cols }, (_, i) => i),
        out,
      ),
    );
    return out;
  };
  const slice = async (data: Float32Array, cols: number): Promise<Slice> => {
    const whole = await input(data, cols);
    const out = b.allocateSlice([0, cols]);
    loaded.push(() => b.keepOwn(whole, out));
    return out;
  };
  const answer = async (operation: string, kernels: readonly (keyof Kernels)[], x: Activation) => {
    answers.push({ operation, kernels, values: await b.read(x) });
  };

  const x = await input(values(ROWS * width), width);
  const y = await input(values(ROWS * width), width);
  const weight = await vector(values(width));
  const headWeight = await vector(values(headDim));
  const bias = use.norm === "layer" || use.biases ? await vector(values(width)) : undefined;
  const matrix = await table(values(PRODUCT * width), width, use.biases ? values(PRODUCT) : undefined);
  const out = b.allocate(width);
  const product = b.allocateSlice([0, PRODUCT]);
  const gate = await slice(values(ROWS * width), width);
  const up = use.gatedMlp ? await slice(values(ROWS * width), width) : undefined;
  const column = await input(values(ROWS), 1);
  const shared = await input(values(ROWS * 4), 4);
  const joined = b.allocate(HEADS * (4 + headDim));

  // Values as the cache gives them back: storing them again changes nothing.
  const type = kernelSuffix(cacheType);
  const stored = (dim: number) => {
    const made = values(SELF_TEST_TOKENS * dim);
    for (let at = 0; at < made.length; at += dim)
      made.set(cachedValues(made.slice(at, at + dim), cacheType), at);
    return made;
  };
  const keys = await input(stored(headDim), headDim);
  const valued = await input(stored(valueDim), valueDim);
  const query = await slice(values(ROWS * width), width);
  const attended = b.allocateSlice([0, HEADS * valueDim]);
  const reach = 8;
  const extras = {
    sinks: use.sinks ? await vector(values(HEADS)) : undefined,
    slopes: use.slopes ? await vector(Float32Array.of(0.25, 0.0625)) : undefined,
    bias: use.relativeBias ? { table: await vector(values(HEADS * (2 * reach + 1))), reach } : undefined,
  };
  const cache = b.allocateCache({
    numLayers: 1,
    numHeads: HEADS,
    numKvHeads: 1,
    headDim,
    valueDim,
    contextLength: SELF_TEST_TOKENS,
    sequences: 1,
    dtype: cacheType,
    heads: [0, HEADS],
  });
  const deltaRun = delta && (await prepareDelta(b, delta, { values, vector, slice }));

  b.finishLoading();
  for (const run of loaded) run();

  await answer("looking up rows", ["unpack_row_f32", "pack_f32"], x);
  await answer("copying columns", ["copy_rows"], b.gather(gate));
  b.norm(x, { kind: use.norm, eps: use.normEps, weight, bias }, out);
  await answer("norm", ["norm"], out);
  if (use.headNorm) {
    b.headNorm(x, { kind: use.norm, eps: use.normEps, weight: headWeight }, headDim);
    await answer("norm of heads", ["norm_heads"], x);
  }
  b.linear(x, [matrix, product]);
  await answer("product", use.biases ? ["matmul_f32", "add_rows"] : ["matmul_f32"], b.gather(product));
  if (use.ropeDims > 0) {
    const pairs = use.ropeDims / 2;
    const angles = Array.from({ length: ROWS * pairs }, (_, i) => i * 0.7);
    b.setAngles(0, Float32Array.from(angles, Math.cos), Float32Array.from(angles, Math.sin), pairs);
    b.rope(x, headDim, 0);
    await answer("rope", ["rope"], x);
  }
  if (use.joinsHeads) {
    b.joinHeads(shared, x, headDim, joined);
    await answer("joining heads", ["join_heads"], joined);
  }
  b.activate(use.activation, gate, up, use.activationLimit);
  await answer(use.activation, ["activate"], b.gather(gate));
  if (use.sigmoidGates) {
    b.sigmoidMul(x, y);
    b.sigmoidMul(x, column);
    await answer("sigmoid gate", ["sigmoid_mul"], x);
  }
  if (use.clips) {
    b.clip(x, 0.8);
    await answer("clipping", ["clip"], x);
  }
  b.add(x, y, 1);
  await answer("sum", ["add"], x);
  b.add(x, y, 0.3);
  await answer("weighted sum", ["scale_add"], x);
  b.scale(x, 0.7);
  await answer("scaling", ["scale"], x);

  const runAt = (position: number, rows: number) => [
    { sequence: { slot: 0 }, first: 0, rows, position, length: SELF_TEST_TOKENS },
  ];
  b.storeKeysValues(cache, 0, keys, valued, runAt(0, SELF_TEST_TOKENS));
  const attend = async (options: Pick<AttentionOptions, "causal" | "window">) => {
    const full = { ...options, ...extras, scale: headDim ** -0.5, softcap: use.softcap };
    b.attention(cache, 0, query, attended, full, runAt(SELF_TEST_TOKENS - ROWS, ROWS));
    const kernels = [`attention_${type}`, `store_k_${type}`, `store_v_${type}`] as const;
    await answer(`attention over ${cacheType} keys and values`, kernels, b.gather(attended));
  };
  await attend({ causal: true, window: 0 });
  if (use.windowed) await attend({ causal: true, window: 33 });
  if (use.encoder) await attend({ causal: false, window: 0 });
  if (deltaRun) await answer("gated delta net", ["delta_rule", "convolve"], deltaRun());
}

/** Loads what a gated delta net of two key heads needs; returns its run. */
async function prepareDelta(
  b: Backend,
  shape: NonNullable<ModelOperations["delta"]>,
  make: {
    values: (count: number) => Float32Array;
    vector: (data: Float32Array) => ReturnType<Backend["loadVector"]>;
    slice: (data: Float32Array, cols: number) => Promise<Slice>;
  },
): Promise<() => Activation> {
  const { values, vector, slice } = make;
  const { keyDim, valueDim, kernel } = shape;
  const keyHeads = 2;
  const valueHeads = (keyHeads * shape.valueHeads) / shape.keyHeads;
  const [keyWidth, valueWidth] = [keyHeads * keyDim, valueHeads * valueDim];
  const state = b.allocateDeltaState({
    numLayers: 1,
    sequences: 1,
    keyHeads,
    valueHeads,
    keyDim,
    valueDim,
    kernel,
    heads: [0, keyHeads],
  });
  const inputs = {
    query: await slice(values(ROWS * keyWidth), keyWidth),
    key: await slice(values(ROWS * keyWidth), keyWidth),
    value: await slice(values(ROWS * valueWidth), valueWidth),
    beta: await slice(values(ROWS * valueHeads), valueHeads),
    alpha: await slice(values(ROWS * valueHeads), valueHeads),
    queryKernel: await vector(values(keyWidth * kernel)),
    keyKernel: await vector(values(keyWidth * kernel)),
    valueKernel: await vector(values(valueWidth * kernel)),
    decay: await vector(values(valueHeads)),
    decayBias: await vector(values(valueHeads)),
  };
  const out = b.allocateSlice([0, valueWidth]);
  return () => {
    const run = { sequence: { slot: 0 }, first: 0, rows: ROWS, position: 0, length: ROWS };
    b.gatedDelta(state, 0, inputs, out, [run]);
    return b.gather(out);
  };
}
