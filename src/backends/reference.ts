// The reference backend: plain loops over Float32Array, weights dequantised to f32, one rank. Slow and easy to check.
import { BaimoError } from "../errors.ts";
import { dequantize } from "../formats/dequantize.ts";
import { attention } from "../kernels/attention.ts";
import { matmul } from "../kernels/matmul.ts";
import { rmsNorm } from "../kernels/norm.ts";
import { rope } from "../kernels/rope.ts";
import { siluMul } from "../kernels/silu-mul.ts";
import type {
  Activation,
  Backend,
  KvCache,
  KvCacheShape,
  Matrix,
  MatrixSource,
  Slice,
  Vector,
  VectorSource,
} from "../tensor/backend.ts";
import { byteLength } from "../tensor/dtype.ts";
import type { Partition } from "../tensor/partition.ts";

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
}

/** Keys and values [layer][position, kvHeads * headDim]. */
class ReferenceCache implements KvCache {
  readonly shape: KvCacheShape;
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];

  constructor(shape: KvCacheShape) {
    this.shape = shape;
    const make = () => new Float32Array(shape.contextLength * shape.numKvHeads * shape.headDim);
    this.keys = Array.from({ length: shape.numLayers }, make);
    this.values = Array.from({ length: shape.numLayers }, make);
  }
  get contextLength(): number {
    return this.shape.contextLength;
  }
  get bytes(): number {
    return this.keys.reduce((sum, layer) => sum + 2 * layer.byteLength, 0);
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
  let angles: { cos: Float32Array; sin: Float32Array; pairs: number } | undefined;
  // Every handle that comes in was made below, so it is a Values or a ReferenceCache.
  const open = (handle: unknown) => handle as Values;
  const openCache = (handle: KvCache) => handle as ReferenceCache;

  return {
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
    rmsNorm(x, weight, eps, out) {
      out.tokens = x.tokens;
      rmsNorm(open(x).used, open(weight).data, open(out).used, { rows: x.tokens, width: x.width, eps });
    },
    headNorm(x, weight, eps) {
      const { used } = open(x);
      rmsNorm(used, open(weight).data, used, {
        rows: used.length / weight.length,
        width: weight.length,
        eps,
      });
    },
    linear(x, ...products) {
      for (const [weight, y] of products) {
        const { data, rows, cols, bias } = open(weight);
        y.tokens = x.tokens;
        const out = open(y).used;
        matmul(data, open(x).used, out, { rows, cols, tokens: x.tokens });
        if (bias) for (let i = 0; i < out.length; i++) out[i] += bias[i % rows];
      }
    },
    gather: (x) => open(x),
    setAngles(cos, sin, pairs) {
      angles = { cos, sin, pairs };
    },
    rope(x, headDim) {
      if (!angles) throw new BaimoError("shape", "rope was called before setAngles");
      const { used, width, tokens } = open(x);
      rope(used, angles.cos, angles.sin, {
        tokens,
        heads: width / headDim,
        headDim,
        ropeDim: 2 * angles.pairs,
      });
    },
    storeKeysValues(cache, layer, keys, values, position) {
      const { keys: k, values: v, shape } = openCache(cache);
      const start = position * shape.numKvHeads * shape.headDim;
      k[layer].set(open(keys).used, start);
      v[layer].set(open(values).used, start);
    },
    attention(cache, layer, query, out, position, window) {
      const { keys, values, shape } = openCache(cache);
      out.tokens = query.tokens;
      attention({
        q: open(query).used,
        k: keys[layer],
        v: values[layer],
        out: open(out).used,
        tokens: query.tokens,
        heads: shape.numHeads,
        kvHeads: shape.numKvHeads,
        headDim: shape.headDim,
        position,
        window,
        scale: 1 / Math.sqrt(shape.headDim),
      });
    },
    siluMul(gate, up) {
      siluMul(open(gate).used, open(up).used, open(gate).used);
    },
    add(x, y) {
      const into = open(x).used;
      const from = open(y).used;
      for (let i = 0; i < into.length; i++) into[i] += from[i];
    },
    takeRows(x, rows, out) {
      const { data, cols } = open(x);
      out.tokens = rows.length;
      rows.forEach((row, i) => {
        open(out).data.set(data.subarray(row * cols, (row + 1) * cols), i * cols);
      });
    },
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
    read: (x) => open(x).used.slice(),
    collect: (x) => open(x).used.slice(),
    stopRequested: () => options.stopRequested?.() ?? false,
  };
}
