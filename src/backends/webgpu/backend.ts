// The WebGPU backend: one rank, whose operations wait and are sent together, neighbours joined.
import { BaimoError } from "../../errors.ts";
import { keyDimOf } from "../../kernels/attention/kv-store.ts";
import { spanOf } from "../../kernels/attention/rows.wgsl.ts";
import { NONE, type Shader } from "../../kernels/module/wgsl.ts";
import { activateShader } from "../../kernels/ops/activate.wgsl.ts";
import {
  addShader,
  clipShader,
  copyShader,
  groupsFor,
  moveRowsShader,
  scaleRowsShader,
  scaleShader,
  sigmoidMulRowsShader,
  sigmoidMulShader,
} from "../../kernels/ops/elementwise.wgsl.ts";
import { normShader } from "../../kernels/ops/norm.wgsl.ts";
import type {
  Activation,
  Backend,
  DeltaState,
  KvCache,
  LowRank,
  Mixture,
  Norm,
  Slice,
} from "../../tensor/backend.ts";
import { Kept, sendAttention, sendHeads } from "./attention.ts";
import { GpuCache } from "./cache.ts";
import { GpuDeltaState, sendGatedDelta } from "./delta.ts";
import { ExpertLayers, GpuMixture } from "./experts.ts";
import type { Area, Gpu } from "./gpu.ts";
import { HeadProducts } from "./head-products.ts";
import { LargestFinder } from "./largest.ts";
import { sendLinear, sendLookup } from "./linear.ts";
import { type GpuLowRank, LowRanks } from "./low-rank.ts";
import { type ActivateOperation, type AddOperation, joinOperations, type Operation } from "./operations.ts";
import { Rows, rowsOf, Vectors, vectorAt } from "./rows.ts";
import { matrixOf, Weights } from "./weights.ts";

/** What `createWebgpuBackend` takes. */
export interface WebgpuBackendOptions {
  readonly gpu: Gpu;
  readonly maxTokens: number;
  /** Bytes of all weights, so that their buffers are made as large as they are needed. */
  readonly expectedBytes: number;
  /** Most bytes of a buffer; default: what the device allows. */
  readonly bufferBytes?: number;
  readonly stopRequested?: () => boolean;
}

/** Operations that may wait, so that a long prompt without an answer does not fill memory. */
const MOST_WAITING = 4096;

export function createWebgpuBackend(options: WebgpuBackendOptions): Backend {
  const { gpu, maxTokens, expectedBytes } = options;
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
  const limit = Math.min(options.bufferBytes ?? maxBufferSize, maxStorageBufferBindingSize, maxBufferSize);
  const vectors = new Vectors(gpu);
  const weights = new Weights(gpu, vectors, { limit, expected: expectedBytes });
  const kept = new Kept(gpu);
  const tools = { gpu, vectors, kept };
  const headProducts = new HeadProducts(gpu, maxTokens);
  const lowRanks = new LowRanks(gpu, vectors, headProducts, maxTokens);
  const experts = new ExpertLayers(gpu, vectors);
  const largest = new LargestFinder(gpu);
  let observer: Parameters<Backend["observeProducts"]>[0];
  let waiting: Operation[] = [];
  const wait = (operation: Operation) => {
    waiting.push(operation);
    if (waiting.length >= MOST_WAITING) send();
  };
  const later = (work: () => void) => wait({ kind: "plain", send: work });
  const send = () => {
    const operations = joinOperations(waiting);
    waiting = [];
    for (const operation of operations) {
      gpu.reserve();
      sendOne(operation);
    }
  };
  const sendOne = (operation: Operation) => {
    switch (operation.kind) {
      case "linear":
        return sendLinear(gpu, vectors, operation);
      case "add":
        return sendAdd(operation);
      case "activate":
        return sendActivate(operation);
      case "heads":
        return sendHeads(tools, operation);
      case "plain":
        return operation.send();
    }
  };
  /** A call with one invocation a value of the first `tokens` rows. */
  const values = (
    shader: Shader,
    x: Rows,
    tokens: number,
    areas: readonly Area[],
    numbers: readonly number[],
  ) => {
    const count = x.valuesOf(tokens);
    gpu.call(
      gpu.pipeline(shader.name, () => shader),
      areas,
      [count, ...numbers],
      ...groupsFor(count),
    );
  };
  const sendAdd = ({ x, y, tokens, factor }: AddOperation) =>
    values(addShader, x, tokens, [x.area, y.area], [factor]);
  const sendActivate = ({ activation, gate, up, tokens, limit: most }: ActivateOperation) => {
    const count = gate.valuesOf(tokens);
    const pipeline = gpu.pipeline(`activate ${activation} ${up !== undefined}`, () =>
      activateShader(activation, up !== undefined),
    );
    gpu.call(pipeline, up ? [gate.area, up.area] : [gate.area], [count, most], ...groupsFor(count));
  };
  const normAt = ({ weight, bias }: Norm) =>
    [weight ? vectorAt(weight) : NONE, bias ? vectorAt(bias) : NONE] as const;
  const read = async (x: Rows): Promise<Float32Array> => {
    const { tokens, width, stride } = x;
    send();
    const all = new Float32Array(await gpu.read([{ area: x.area, at: 0, bytes: tokens * stride * 4 }]));
    if (width === stride) return all;
    const packed = new Float32Array(tokens * width);
    for (let t = 0; t < tokens; t++) packed.set(all.subarray(t * stride, t * stride + width), t * width);
    return packed;
  };
  const copyRows = (from: Rows, to: Rows) => {
    const { tokens } = from;
    to.tokens = tokens;
    if (from !== to) later(() => values(copyShader, from, tokens, [from.area, to.area], []));
  };
  const moveRows = (x: Rows, rows: Int32Array, out: Rows, puts: boolean) => {
    const ids = Int32Array.from(rows);
    later(() => {
      const at = gpu.put(ids);
      const shader = puts ? putRowsShader : takeRowsShader;
      values(shader, out, ids.length, [x.area, out.area, gpu.data], [out.stride, at]);
    });
  };
  // Every handle that comes in was made below.
  const cacheOf = (cache: KvCache) => cache as GpuCache;
  const stateOf = (state: DeltaState) => state as GpuDeltaState;

  const backend: Backend = {
    rank: 0,
    ranks: 1,
    maxTokens,
    lost: gpu.lost,
    loadMatrix: (source, partition) => weights.load(source, partition),
    loadVector: async (source) => vectors.add(await source.read()),
    allocate: (width, tokens = maxTokens) => new Rows(gpu, width, tokens),
    allocateSlice: (partition, tokens = maxTokens) => new Rows(gpu, partition[1], tokens),
    allocateCache: (shape) => new GpuCache(gpu, shape),
    allocateDeltaState: (shape) => new GpuDeltaState(gpu, shape, maxTokens),
    allocateMixture: (shape) => new GpuMixture(gpu, shape, maxTokens),
    finishLoading() {},

    embed(table, tokens, out) {
      const to = rowsOf(out);
      to.tokens = tokens.length;
      const ids = Int32Array.from(tokens);
      const matrix = matrixOf(table);
      for (const id of ids) {
        if (id < 0 || id >= matrix.rows)
          throw new BaimoError("request", `token ${id} is outside the vocabulary of ${matrix.rows}`);
      }
      later(() => sendLookup(gpu, matrix, ids, to));
    },
    norm(x, norm, out) {
      const [from, to] = [rowsOf(x), rowsOf(out)];
      const { tokens } = from;
      to.tokens = tokens;
      const { kind, eps } = norm;
      const inPlace = from === to;
      later(() => {
        const pipeline = gpu.pipeline(`norm ${kind} ${inPlace}`, () => normShader(kind, inPlace));
        const areas = inPlace ? [from.area, vectors.area] : [from.area, vectors.area, to.area];
        gpu.call(pipeline, areas, [from.width, from.stride, to.stride, ...normAt(norm), eps], tokens);
      });
    },
    headNorm(x, norm, headDim) {
      const rows = rowsOf(x);
      const [weight, bias] = normAt(norm);
      const each = (norm.weight ?? norm.bias)?.length === rows.width;
      const headNorm = { kind: norm.kind, eps: norm.eps, weight, bias, each };
      wait({
        kind: "heads",
        first: 0,
        tokens: rows.tokens,
        parts: [{ x: rows, dim: headDim, norm: headNorm }],
      });
    },
    linear(x, products) {
      observer?.(
        x,
        products.map(([weight]) => weight),
      );
      const from = rowsOf(x);
      const own = products.map(([weight, y]) => [matrixOf(weight), rowsOf(y)] as const);
      for (const [, y] of own) y.tokens = from.tokens;
      wait({ kind: "linear", x: from, tokens: from.tokens, products: own });
    },
    linearHeads(x, weight, y, heads) {
      const [from, to] = [rowsOf(x), rowsOf(y)];
      const { tokens } = from;
      to.tokens = tokens;
      later(() => headProducts.send(from, matrixOf(weight), to, heads, tokens));
    },
    observeProducts(wanted) {
      observer = wanted;
    },
    loadLowRank: (sources) => lowRanks.load(sources),
    addLowRank(x, low: LowRank, y, span, factor) {
      const own = low as GpuLowRank; // made by `loadLowRank`
      later(() => lowRanks.send(rowsOf(x), own, rowsOf(y), span, factor));
    },
    gather: (x) => rowsOf(x),
    gatherHeads: (x) => x,
    keepOwn: (x, out) => copyRows(rowsOf(x), rowsOf(out)),
    setAngles(index, cos, sin, pairs) {
      send(); // what waits turns by the angles before
      kept.setAngles(index, cos, sin, pairs);
    },
    rope(x, headDim, angles) {
      const rows = rowsOf(x);
      kept.check(angles);
      wait({ kind: "heads", first: 0, tokens: rows.tokens, parts: [{ x: rows, dim: headDim, angles }] });
    },
    storeKeysValues(cache, layer, keys, values, runs) {
      const own = cacheOf(cache);
      const [k, v] = [rowsOf(keys), rowsOf(values)];
      const parts = [
        { x: k, dim: keyDimOf(own.shape), store: "key" },
        { x: v, dim: own.shape.valueDim, store: "value" },
      ] as const;
      const { first, rows } = spanOf(runs);
      wait({ kind: "heads", first, tokens: rows, parts, into: { cache: own, layer, runs } });
    },
    copyPage: (cache, from, to) => later(() => cacheOf(cache).copyPage(from, to)),
    readPage(cache, page) {
      send();
      return cacheOf(cache).readPage(page);
    },
    writePage(cache, page, bytes) {
      send();
      cacheOf(cache).writePage(page, bytes);
    },
    attention(cache, layer, query, out, attentionOptions, runs) {
      const [q, to] = [rowsOf(query), rowsOf(out)];
      to.tokens = q.tokens;
      const call = { cache: cacheOf(cache), layer, query: q, out: to, options: attentionOptions, runs };
      later(() => sendAttention(tools, call));
    },
    copyState: (state, from, to) => later(() => stateOf(state).copy(from, to)),
    readState(state, slot) {
      send();
      return stateOf(state).read(slot);
    },
    writeState(state, slot, bytes) {
      send();
      stateOf(state).write(slot, bytes);
    },
    gatedDelta(state, layer, inputs, out, runs) {
      const to = rowsOf(out);
      to.tokens = inputs.query.tokens;
      later(() => sendGatedDelta(gpu, vectors, { state: stateOf(state), layer, inputs, out: to, runs }));
    },
    experts(x, router, layer, mixture: Mixture, out) {
      if (observer)
        throw new BaimoError("request", 'products of experts are observed on the device "cpu" alone');
      const [from, logits, to] = [rowsOf(x), rowsOf(router), rowsOf(out)];
      const { tokens } = from;
      to.tokens = tokens;
      later(() => experts.send(from, logits, layer, mixture as GpuMixture, to, tokens));
    },
    activate(activation, gate, up, most) {
      const own = rowsOf(gate);
      wait({
        kind: "activate",
        activation,
        gate: own,
        up: up && rowsOf(up),
        tokens: own.tokens,
        limit: most,
      });
    },
    sigmoidMul(x, gate) {
      const [rows, by] = [rowsOf(x), rowsOf(gate)];
      const { tokens } = rows;
      const areas = [rows.area, by.area];
      if (by.width === 1 && rows.width !== 1)
        later(() => values(sigmoidMulRowsShader, rows, tokens, areas, [rows.stride, by.stride]));
      else later(() => values(sigmoidMulShader, rows, tokens, areas, []));
    },
    clip(x, most) {
      const rows = rowsOf(x);
      const { tokens } = rows;
      later(() => values(clipShader, rows, tokens, [rows.area], [most]));
    },
    scale(x, factor) {
      const rows = rowsOf(x);
      const { tokens } = rows;
      if (typeof factor === "number")
        return later(() => values(scaleShader, rows, tokens, [rows.area], [factor]));
      const factors = new Uint32Array(factor.slice(0, tokens).buffer);
      later(() => {
        const at = gpu.put(factors);
        values(scaleRowsShader, rows, tokens, [rows.area, gpu.data], [rows.stride, at]);
      });
    },
    add(x, y, factor) {
      const rows = rowsOf(x);
      wait({ kind: "add", x: rows, y: rowsOf(y), tokens: rows.tokens, factor });
    },
    takeRows(x, rows, out) {
      out.tokens = rows.length;
      moveRows(rowsOf(x), rows, rowsOf(out), false);
    },
    putRows: (x, rows, out) => moveRows(rowsOf(x), rows, rowsOf(out), true),
    read: (x) => read(rowsOf(x)),
    collect: (x: Slice | Activation) => read(rowsOf(x)),
    largest(x, count, factors) {
      send();
      return largest.read(rowsOf(x), count, factors);
    },
    columns() {
      throw new Error("one rank has whole rows, which are collected");
    },
    async settle() {
      send();
      if (gpu.isRecording) await gpu.finish();
    },
    stopRequested: () => options.stopRequested?.() ?? false,
  };
  return backend;
}

const takeRowsShader = moveRowsShader(false);
const putRowsShader = moveRowsShader(true);
