// The reference backend: plain loops over Float32Array, weights dequantised to f32, one rank.
import { BaimoError } from "../../errors.ts";
import { dequantize } from "../../formats/blocks/dequantize.ts";
import { attention } from "../../kernels/attention/attention.ts";
import { joinRows, keyDimOf } from "../../kernels/attention/kv-store.ts";
import { activate } from "../../kernels/ops/activate.ts";
import { createDeltaState, gatedDelta } from "../../kernels/ops/gated-delta.ts";
import { findLargestOf } from "../../kernels/ops/largest.ts";
import { norm as normRows } from "../../kernels/ops/norm.ts";
import { rope } from "../../kernels/ops/rope.ts";
import { matmul, matmulHeads } from "../../kernels/products/matmul.ts";
import {
  type Activation,
  type Backend,
  type DeltaShape,
  type DeltaState,
  type KvCache,
  type KvCacheShape,
  type LowRankSource,
  type Matrix,
  type MatrixSource,
  PAGE,
  type RowSpan,
  type Sequence,
  type Slice,
  type Vector,
  type VectorSource,
} from "../../tensor/backend.ts";
import { byteLength } from "../../tensor/dtype.ts";
import type { Partition } from "../../tensor/partition.ts";
import { MixtureSpace, type MixtureSteps, runExperts } from "../mixture.ts";

/** A matrix or vector of f32 values, whole. */
class Values implements Activation, Slice, Matrix, Vector {
  tokens = 0;
  readonly rows: number;
  readonly cols: number;
  readonly data: Float32Array;
  readonly bias?: Float32Array;

  constructor(
    rows: number,
    cols: number,
    data: Float32Array = new Float32Array(rows * cols),
    bias?: Float32Array,
  ) {
    this.rows = rows;
    this.cols = cols;
    this.data = data;
    this.bias = bias;
  }
  get width(): number {
    return this.cols;
  }
  get length(): number {
    return this.data.length;
  }
  get bytes(): number {
    return this.data.byteLength;
  }
  get partition(): Partition {
    return [0, this.cols];
  }
  /** The values of the rows in use. */
  get used(): Float32Array {
    return this.data.subarray(0, this.tokens * this.cols);
  }
  /** The values of a run's rows. */
  of({ first, rows }: RowSpan): Float32Array {
    return this.data.subarray(first * this.cols, (first + rows) * this.cols);
  }
}

/** Keys and values [layer][page, position within it, kvHeads * headDim or valueDim]. */
class ReferenceCache implements KvCache {
  readonly shape: KvCacheShape;
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];

  constructor(shape: KvCacheShape) {
    this.shape = shape;
    const make = (dim: number) => new Float32Array(shape.pages * PAGE * shape.numKvHeads * dim);
    this.keys = Array.from({ length: shape.numLayers }, () => make(keyDimOf(shape)));
    this.values = Array.from({ length: shape.numLayers }, () => make(shape.valueDim));
  }
  get pages(): number {
    return this.shape.pages;
  }
  /** Keeps the values of a sequence's positions from `position` on. */
  store(layer: Float32Array, { pages }: Sequence, position: number, x: Float32Array): void {
    const width = layer.length / (this.pages * PAGE);
    for (let from = 0, p = position; from < x.length; from += width, p++) {
      const place = pages[Math.floor(p / PAGE)] * PAGE + (p % PAGE);
      layer.set(x.subarray(from, from + width), place * width);
    }
  }
  /** The values of a sequence's first positions, one after another. */
  of(layer: Float32Array, { pages }: Sequence, positions: number): Float32Array {
    const width = layer.length / (this.pages * PAGE);
    const values = new Float32Array(positions * width);
    for (let p = 0; p < positions; p += PAGE) {
      const from = pages[p / PAGE] * PAGE * width;
      const count = Math.min(PAGE, positions - p) * width;
      values.set(layer.subarray(from, from + count), p * width);
    }
    return values;
  }
  /** The keys and values of a sequence's first positions in one layer. */
  keysValuesOf(layer: number, sequence: Sequence, positions: number): { k: Float32Array; v: Float32Array } {
    const [k, v] = [this.keys, this.values].map((area) => this.of(area[layer], sequence, positions));
    if (!this.shape.valueInKey) return { k, v };
    return { k: joinRows(k, v, positions * this.shape.numKvHeads), v };
  }
  copyPage(from: number, to: number): void {
    for (const layer of [...this.keys, ...this.values]) {
      const size = layer.length / this.pages;
      layer.copyWithin(to * size, from * size, (from + 1) * size);
    }
  }
  /** [layer][keys, then values] of a page. */
  #partsOf(page: number): Uint8Array[] {
    return this.keys.flatMap((keys, layer) =>
      [keys, this.values[layer]].map((area) => {
        const size = area.byteLength / this.pages;
        return new Uint8Array(area.buffer, page * size, size);
      }),
    );
  }
  get pageBytes(): number {
    return this.bytes / this.pages;
  }
  readPage(page: number): Uint8Array {
    return joined(this.#partsOf(page));
  }
  writePage(page: number, bytes: Uint8Array): void {
    fill(this.#partsOf(page), bytes);
  }
  get bytes(): number {
    return [...this.keys, ...this.values].reduce((sum, layer) => sum + layer.byteLength, 0);
  }
}

/** Some bytes, one after another. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The same the other way. */
function fill(parts: readonly Uint8Array[], bytes: Uint8Array): void {
  let at = 0;
  for (const part of parts) {
    part.set(bytes.subarray(at, at + part.length));
    at += part.length;
  }
}

class ReferenceState implements DeltaState {
  readonly shape: DeltaShape;
  /** [sequence][layer] */
  readonly sequences: readonly (readonly ReturnType<typeof createDeltaState>[])[];

  constructor(shape: DeltaShape) {
    this.shape = shape;
    const layers = () => Array.from({ length: shape.numLayers }, () => createDeltaState(shape));
    this.sequences = Array.from({ length: shape.sequences }, layers);
  }
  get bytes(): number {
    return this.sequences.length * this.stateBytes;
  }
  get stateBytes(): number {
    return this.#partsOf(0).reduce((sum, { byteLength }) => sum + byteLength, 0);
  }
  read(slot: number): Uint8Array {
    return joined(this.#partsOf(slot));
  }
  write(slot: number, bytes: Uint8Array): void {
    fill(this.#partsOf(slot), bytes);
  }
  #partsOf(slot: number): Uint8Array[] {
    return this.sequences[slot]
      .flatMap(({ queries, keys, values, memory }) => [queries, keys, values, memory])
      .map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  }
}

/** What `createReferenceBackend` takes. */
export interface ReferenceBackendOptions {
  maxTokens: number;
  /** Asked between layers. */
  stopRequested?: () => boolean;
}

/** Makes the reference backend. It keeps keys and values as f32 whatever type is asked. */
export function createReferenceBackend(options: ReferenceBackendOptions): Backend {
  const { maxTokens } = options;
  let observer: Parameters<Backend["observeProducts"]>[0];
  const angles: { cos: Float32Array; sin: Float32Array; pairs: number }[] = [];
  // Every handle that comes in was made below, so it is a Values, a ReferenceCache or a ReferenceState.
  const open = (handle: unknown) => handle as Values;
  const openCache = (handle: KvCache) => handle as ReferenceCache;
  const openState = (handle: DeltaState) => handle as ReferenceState;

  const read = (x: Activation) => open(x).used.slice();

  const backend: Backend = {
    rank: 0,
    ranks: 1,
    maxTokens,
    async loadMatrix(source: MatrixSource, _partition: Partition) {
      const raw = new Uint8Array(source.rows * byteLength(source.dtype, source.cols));
      await source.read(0, source.rows, raw);
      const bias = await source.bias?.read();
      return new Values(
        source.rows,
        source.cols,
        dequantize(source.dtype, raw, source.rows * source.cols),
        bias,
      );
    },
    async loadVector(source: VectorSource) {
      return new Values(1, source.length, await source.read());
    },
    allocate: (width, tokens = maxTokens) => new Values(tokens, width),
    allocateSlice: (partition, tokens = maxTokens) => new Values(tokens, partition[partition.length - 1]),
    allocateCache: (shape) => new ReferenceCache(shape),
    allocateDeltaState: (shape) => new ReferenceState(shape),
    allocateMixture: (shape) => new MixtureSpace(backend, shape),
    finishLoading() {},

    embed(table, tokens, out) {
      const { data, cols, rows } = open(table);
      const target = open(out);
      out.tokens = tokens.length;
      tokens.forEach((token, t) => {
        if (token < 0 || token >= rows)
          throw new BaimoError("request", `token ${token} is outside the vocabulary of ${rows}`);
        target.data.set(data.subarray(token * cols, (token + 1) * cols), t * cols);
      });
    },
    norm(x, { kind, eps, weight, bias }, out) {
      out.tokens = x.tokens;
      normRows(open(x).used, open(out).used, {
        rows: x.tokens,
        width: x.width,
        kind,
        eps,
        weight: weight && open(weight).data,
        bias: bias && open(bias).data,
      });
    },
    headNorm(x, { kind, eps, weight, bias }, headDim) {
      const { used, width } = open(x);
      const [weights, biases] = [weight && open(weight).data, bias && open(bias).data];
      // One weight for every head, or one a head: then as many norms as heads.
      for (let at = 0; at < used.length; at += headDim) {
        const first = (weights ?? biases)?.length === width ? at % width : 0;
        const head = used.subarray(at, at + headDim);
        normRows(head, head, {
          rows: 1,
          width: headDim,
          kind,
          eps,
          weight: weights?.subarray(first, first + headDim),
          bias: biases?.subarray(first, first + headDim),
        });
      }
    },
    linear(x, products) {
      observer?.(
        x,
        products.map(([weight]) => weight),
      );
      for (const [weight, y] of products) {
        const { data, rows, cols, bias } = open(weight);
        y.tokens = x.tokens;
        const out = open(y).used;
        matmul(data, open(x).used, out, { rows, cols, tokens: x.tokens });
        if (bias) for (let i = 0; i < out.length; i++) out[i] += bias[i % rows];
      }
    },
    linearHeads(x, weight, y, heads) {
      const { data, rows, cols } = open(weight);
      y.tokens = x.tokens;
      const shape = { rows: rows / heads, cols, heads, tokens: x.tokens };
      matmulHeads(data, open(x).used, open(y).used, shape);
    },
    observeProducts(wanted) {
      observer = wanted;
    },
    loadLowRank: (sources) => sources.map(([, source]) => source),
    addLowRank(x, low, y, span, factor) {
      const { rank, heads = 1, down, up } = low as LowRankSource; // made by `loadLowRank`
      const [from, to] = [open(x), open(y)];
      const [cols, rows] = [down.length / (heads * rank), up.length / (heads * rank)];
      const [width, height] = [from.cols / heads, to.cols / heads];
      const shape = { rows, cols, tokens: 1 };
      for (let i = 0; i < span.rows * heads; i++) {
        const head = i % heads;
        const row = span.first + (i - head) / heads;
        const end = row * from.cols + (head + 1) * width;
        const [inner, added] = [new Float32Array(rank), new Float32Array(rows)];
        const a = down.subarray(head * rank * cols, (head + 1) * rank * cols);
        matmul(a, from.data.subarray(end - cols, end), inner, { ...shape, rows: rank });
        const b = up.subarray(head * rows * rank, (head + 1) * rows * rank);
        matmul(b, inner, added, { ...shape, cols: rank });
        const at = row * to.cols + (head + 1) * height - rows;
        for (let r = 0; r < rows; r++) to.data[at + r] += factor * added[r];
      }
    },
    gather: (x) => open(x),
    gatherHeads: (x) => x,
    keepOwn(x, out) {
      out.tokens = x.tokens;
      open(out).used.set(open(x).used);
    },
    setAngles(index, cos, sin, pairs) {
      angles[index] = { cos, sin, pairs };
    },
    rope(x, headDim, index) {
      const turned = angles[index];
      if (!turned) throw new BaimoError("shape", "rope was called before setAngles");
      const { used, width, tokens } = open(x);
      rope(used, turned.cos, turned.sin, {
        tokens,
        headDim,
        heads: width / headDim,
        ropeDim: 2 * turned.pairs,
      });
    },
    storeKeysValues(cache, layer, keys, values, runs) {
      const opened = openCache(cache);
      for (const run of runs) {
        opened.store(opened.keys[layer], run.sequence, run.position, open(keys).of(run));
        opened.store(opened.values[layer], run.sequence, run.position, open(values).of(run));
      }
    },
    copyPage(cache, from, to) {
      openCache(cache).copyPage(from, to);
    },
    readPage: (cache, page) => openCache(cache).readPage(page),
    writePage(cache, page, bytes) {
      openCache(cache).writePage(page, bytes);
    },
    attention(cache, layer, query, out, options, runs) {
      const opened = openCache(cache);
      const { shape } = opened;
      const { scale, causal, window, softcap, sinks, slopes, bias } = options;
      out.tokens = query.tokens;
      for (const run of runs) {
        const positions = causal ? run.position + run.rows : run.length;
        attention({
          q: open(query).of(run),
          ...opened.keysValuesOf(layer, run.sequence, positions),
          out: open(out).of(run),
          tokens: run.rows,
          heads: shape.numHeads,
          kvHeads: shape.numKvHeads,
          headDim: shape.headDim,
          valueDim: shape.valueDim,
          position: run.position,
          length: run.length,
          scale,
          causal,
          window,
          softcap,
          sinks: sinks && open(sinks).data,
          slopes: slopes && open(slopes).data,
          bias: bias && { table: open(bias.table).data, reach: bias.reach },
        });
      }
    },
    copyState(state, from, to) {
      const opened = openState(state);
      opened.write(to, opened.read(from));
    },
    readState: (state, slot) => openState(state).read(slot),
    writeState(state, slot, bytes) {
      openState(state).write(slot, bytes);
    },
    gatedDelta(state, layer, inputs, out, runs) {
      const { shape, sequences } = openState(state);
      out.tokens = inputs.query.tokens;
      for (const run of runs) {
        gatedDelta({
          shape,
          position: run.position,
          tokens: run.rows,
          state: sequences[run.sequence.slot][layer],
          out: open(out).of(run),
          query: open(inputs.query).of(run),
          key: open(inputs.key).of(run),
          value: open(inputs.value).of(run),
          beta: open(inputs.beta).of(run),
          alpha: open(inputs.alpha).of(run),
          queryKernel: open(inputs.queryKernel).data,
          keyKernel: open(inputs.keyKernel).data,
          valueKernel: open(inputs.valueKernel).data,
          decay: open(inputs.decay).data,
          decayBias: open(inputs.decayBias).data,
        });
      }
    },
    experts(x, router, layer, mixture, out) {
      runExperts(steps, x, router, layer, mixture as MixtureSpace, out);
    },
    activate(kind, gate, up, limit) {
      const { used } = open(gate);
      activate(kind, used, up && open(up).used, limit, used);
    },
    sigmoidMul(x, gate) {
      const { used, cols } = open(x);
      const by = open(gate);
      for (let i = 0; i < used.length; i++) {
        used[i] /= 1 + Math.exp(-by.data[by.cols === 1 ? Math.floor(i / cols) : i]);
      }
    },
    clip(x, limit) {
      const { used } = open(x);
      for (let i = 0; i < used.length; i++) used[i] = Math.min(Math.max(used[i], -limit), limit);
    },
    scale(x, factor) {
      const { used, cols } = open(x);
      for (let i = 0; i < used.length; i++) {
        used[i] *= typeof factor === "number" ? factor : factor[Math.floor(i / cols)];
      }
    },
    add(x, y, factor) {
      const into = open(x).used;
      const from = open(y).used;
      for (let i = 0; i < into.length; i++) into[i] += factor * from[i];
    },
    takeRows(x, rows, out) {
      const { data, cols } = open(x);
      out.tokens = rows.length;
      rows.forEach((row, i) => {
        open(out).data.set(data.subarray(row * cols, (row + 1) * cols), i * cols);
      });
    },
    putRows(x, rows, out) {
      const { data, cols } = open(x);
      rows.forEach((row, i) => {
        open(out).data.set(data.subarray(i * cols, (i + 1) * cols), row * cols);
      });
    },
    read,
    collect: (x) => open(x).used.slice(),
    columns(x, row) {
      const { used } = open(x);
      const width = used.length / x.tokens;
      return used.subarray(row * width, (row + 1) * width);
    },
    async largest(x, count, factors) {
      return Array.from({ length: x.tokens }, (_, row) =>
        findLargestOf(backend.columns(x, row), count, factors[row]),
      );
    },
    stopRequested: () => options.stopRequested?.() ?? false,
  };
  const { activate: activateGate, gather, linear, takeRows } = backend;
  const steps: MixtureSteps = {
    activate: activateGate,
    gather,
    linear,
    takeRows,
    read,
    clear(out, like) {
      out.tokens = like.tokens;
      open(out).used.fill(0);
    },
    addRows(out, y, rows, weights) {
      const into = open(out).data;
      const { data, cols } = open(y);
      rows.forEach((row, i) => {
        for (let c = 0; c < cols; c++) into[row * cols + c] += weights[i] * data[i * cols + c];
      });
    },
  };
  return backend;
}
