// The CPU backend: one rank's memory banks and kernels, and the bus that joins it to the other ranks.
import { BaimoError } from "../../errors.ts";
import {
  type ActivationForm,
  activationBytes,
  type Kernels,
  type ProductMode,
  scratchBytes,
  weightForms,
} from "../../kernels/module.ts";
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
} from "../../tensor/backend.ts";
import type { Partition } from "../../tensor/partition.ts";
import type { Bus } from "../bus.ts";
import { Bank, MAX_BANK_BYTES } from "./bank.ts";
import { GROUP, loadMatrix, multiply, partOf, unpackRow, type WasmMatrix } from "./matrix.ts";

/** Positions in one block of the KV cache. */
const BLOCK = 32;
/** Room kept in each bank for activations and scratch, which are allocated last. */
const RESERVED_BYTES = 256 << 20;

/** What `createWasmBackend` takes. */
export interface WasmBackendOptions {
  bus: Bus;
  /** Instantiates the kernels over a memory, with the replacements that the self-test chose. */
  instantiate: (memory: WebAssembly.Memory) => Kernels;
  products: ProductMode;
  maxTokens: number;
  /** Most bytes of weights in one bank; smaller in tests. */
  bankBytes?: number;
}

/** f32 rows in the first bank. */
class Rows implements Activation {
  tokens = 0;
  readonly width: number;
  /** Floats from one row to the next: the width in whole row groups. */
  readonly stride: number;
  readonly address: number;

  constructor(width: number, address: number) {
    this.width = width;
    this.stride = strideOf(width);
    this.address = address;
  }
}

/** This rank's columns, and the room in which `gather` makes them whole. */
class Columns extends Rows implements Slice {
  readonly partition: Partition;
  readonly first: number;
  readonly whole: Rows;

  constructor(partition: Partition, rank: number, address: number, whole: Rows | undefined) {
    super(partition[rank + 1] - partition[rank], address);
    this.partition = partition;
    this.first = partition[rank];
    this.whole = whole ?? this;
  }
}

class WasmVector implements Vector {
  readonly length: number;
  readonly address: number;
  constructor(length: number, address: number) {
    this.length = length;
    this.address = address;
  }
}

/** One KV head of the cache: per layer an area of keys and one of values. */
interface CachedHead {
  head: number;
  /** This rank's query heads that read it, counted within the rank's own. */
  firstQuery: number;
  queries: number;
  keys: readonly number[];
  values: readonly number[];
}

class WasmCache implements KvCache {
  readonly shape: KvCacheShape;
  readonly heads: readonly CachedHead[];
  readonly bytes: number;
  constructor(shape: KvCacheShape, heads: readonly CachedHead[], bytes: number) {
    this.shape = shape;
    this.heads = heads;
    this.bytes = bytes;
  }
  get contextLength(): number {
    return this.shape.contextLength;
  }
}

const strideOf = (width: number) => Math.ceil(width / GROUP) * GROUP;

/** Makes the backend of one rank. */
export function createWasmBackend(options: WasmBackendOptions): Backend {
  const { bus, products, maxTokens } = options;
  const { rank, ranks } = bus;
  const bankBytes = options.bankBytes ?? MAX_BANK_BYTES - RESERVED_BYTES;
  const banks: Bank[] = [new Bank(options.instantiate, bankBytes)];
  const home = banks[0];
  const kernels = home.kernels;
  const stages = new Map<Bank, { address: number; bytes: number }>();
  /** Set when loading ends. `input`: activations prepared for a product; `output`: products in banks beyond the first. */
  const areas = new Map<Bank, { input: number; output: number; scratch: number }>();
  let maxCols = 0;
  let maxRoundedBytes = 0;
  let maxPartRows = 0;
  let maxHeadDim = 0;
  let angles = { cos: 0, sin: 0, pairs: 0 };

  // Every handle that comes in was made below by this backend, so each is of the class that its opener names.
  const rowsOf = (handle: Activation | Slice) => handle as Rows;
  const columnsOf = (handle: Slice) => handle as Columns;
  const matrixOf = (handle: Matrix) => handle as WasmMatrix;
  const vectorOf = (handle: Vector) => handle as WasmVector;
  const cacheOf = (handle: KvCache) => handle as WasmCache;

  const bankFor = (bytes: number): Bank => {
    let bank = banks[banks.length - 1];
    // A bank also needs room for the staging area and for one more row group.
    if (bank.room < 4 * bytes + (4 << 20)) banks.push((bank = new Bank(options.instantiate, bankBytes)));
    return bank;
  };
  const staging = (bank: Bank, bytes: number): number => {
    let stage = stages.get(bank);
    if (!stage || stage.bytes < bytes) stages.set(bank, (stage = { address: bank.allocate(bytes), bytes }));
    return stage.address;
  };
  const areaOf = (bank: Bank) => {
    const area = areas.get(bank);
    if (!area) throw new BaimoError("shape", "the backend was used before finishLoading");
    return area;
  };
  const allocateRows = (width: number, tokens: number) => home.allocate(strideOf(width) * tokens * 4);

  /** Where the kernels of `bank` find x in a form; rounds and copies what is not `held` in the bank's one input area. */
  const prepared = (
    x: Rows,
    form: ActivationForm,
    cols: number,
    held: Map<Bank, ActivationForm>,
    bank: Bank,
  ): number => {
    if (form === "f32" && bank === home) return x.address;
    const { input } = areaOf(bank);
    if (held.get(bank) === form) return input;
    if (form !== "f32" && bank === home) {
      kernels[`quantize_${form}`](x.address, x.stride, x.tokens, cols, input);
    } else {
      const from = prepared(x, form, cols, held, home);
      const bytes = form === "f32" ? x.tokens * x.stride * 4 : activationBytes(form, x.tokens, cols);
      bank.u8.set(home.u8.subarray(from, from + bytes), input);
    }
    held.set(bank, form);
    return input;
  };

  /** Copies the rows of x in use to a half of the bus, from column `first` of rows `width` wide. */
  const publish = (x: Rows, exchange: Float32Array, first: number, width: number) => {
    const { f32 } = home;
    for (let t = 0, from = x.address / 4; t < x.tokens; t++, from += x.stride) {
      exchange.set(f32.subarray(from, from + x.width), t * width + first);
    }
  };
  const receive = (exchange: Float32Array, out: Rows) => {
    const { f32 } = home;
    for (let t = 0, to = out.address / 4; t < out.tokens; t++, to += out.stride) {
      f32.set(exchange.subarray(t * out.width, (t + 1) * out.width), to);
    }
  };

  return {
    rank,
    ranks,
    maxTokens,

    async loadMatrix(source: MatrixSource, partition: Partition) {
      const loaded = await loadMatrix(source, partition, rank, products, bankFor, staging);
      maxCols = Math.max(maxCols, source.cols);
      const rounded = activationBytes(weightForms[loaded.type].activations, maxTokens, source.cols);
      maxRoundedBytes = Math.max(maxRoundedBytes, rounded);
      for (const part of loaded.parts) maxPartRows = Math.max(maxPartRows, part.rowGroups * GROUP);
      if (!source.bias) return loaded;
      const bias = await source.bias.read();
      const own = bias.subarray(partition[rank], partition[rank + 1]);
      const biasAddress = home.allocate(strideOf(own.length) * 4);
      home.f32.set(own, biasAddress / 4);
      return { ...loaded, biasAddress };
    },
    async loadVector(source: VectorSource) {
      const values = await source.read();
      const address = home.allocate(values.byteLength);
      home.f32.set(values, address / 4);
      return new WasmVector(values.length, address);
    },
    allocate(width, tokens = maxTokens) {
      return new Rows(width, allocateRows(width, tokens));
    },
    allocateSlice(partition, tokens = maxTokens) {
      const width = partition[ranks];
      const own = allocateRows(partition[rank + 1] - partition[rank], tokens);
      return new Columns(
        partition,
        rank,
        own,
        ranks > 1 ? new Rows(width, allocateRows(width, tokens)) : undefined,
      );
    },
    allocateCache(shape) {
      const { numHeads, numKvHeads, headDim, numLayers, dtype } = shape;
      const group = numHeads / numKvHeads;
      const [from, to] = [shape.heads[rank], shape.heads[rank + 1]];
      const areaBytes = Math.ceil(shape.contextLength / BLOCK) * BLOCK * headDim * (dtype === "F16" ? 2 : 4);
      const heads: CachedHead[] = [];
      for (let head = Math.floor(from / group); head * group < to; head++) {
        const firstQuery = Math.max(from, head * group);
        const area = () => Array.from({ length: numLayers }, () => home.allocate(areaBytes));
        const queries = Math.min(to, (head + 1) * group) - firstQuery;
        heads.push({ head, firstQuery: firstQuery - from, queries, keys: area(), values: area() });
      }
      maxHeadDim = Math.max(maxHeadDim, headDim);
      return new WasmCache(shape, heads, heads.length * numLayers * 2 * areaBytes);
    },
    finishLoading() {
      angles.cos = home.allocate(maxTokens * maxHeadDim * 2);
      angles.sin = home.allocate(maxTokens * maxHeadDim * 2);
      for (const bank of banks) {
        const foreign = bank === home ? 0 : maxTokens * strideOf(maxCols) * 4;
        areas.set(bank, {
          input: bank.allocate(Math.max(maxRoundedBytes, foreign)),
          output: bank === home ? 0 : bank.allocate(maxTokens * maxPartRows * 4),
          scratch: bank.allocate(scratchBytes(maxCols, maxHeadDim)),
        });
      }
    },

    embed(table, tokens, out) {
      const matrix = matrixOf(table);
      const target = rowsOf(out);
      const { exchange } = bus;
      out.tokens = tokens.length;
      for (let t = 0; t < tokens.length; t++) {
        const row = tokens[t] - matrix.partition[rank];
        if (row < 0 || tokens[t] >= matrix.partition[rank + 1]) continue;
        const part = partOf(matrix, row);
        const address =
          part.bank === home ? target.address + t * target.stride * 4 : areaOf(part.bank).output;
        unpackRow(part, matrix, products, row, address);
        const values = part.bank.f32.subarray(address / 4, address / 4 + matrix.cols);
        if (ranks > 1) exchange.set(values, t * matrix.cols);
        else if (part.bank !== home) home.f32.set(values, target.address / 4 + t * target.stride);
      }
      bus.barrier();
      if (ranks > 1) receive(exchange, target);
    },
    rmsNorm(x, weight, eps, out) {
      const [from, to] = [rowsOf(x), rowsOf(out)];
      to.tokens = from.tokens;
      kernels.rms_norm(
        from.address,
        from.stride,
        from.tokens,
        from.width,
        vectorOf(weight).address,
        eps,
        to.address,
        to.stride,
      );
    },
    headNorm(x, weight, eps) {
      const { address, stride, tokens, width } = rowsOf(x);
      const { length, address: scale } = vectorOf(weight);
      // Heads lie side by side; only where rows are padded are tokens not one run of heads.
      const runs = stride === width ? 1 : tokens;
      const heads = (tokens * width) / length / runs;
      for (let run = 0; run < runs; run++) {
        const start = address + run * stride * 4;
        kernels.rms_norm(start, length, heads, length, scale, eps, start, length);
      }
    },
    linear(x, ...outputs) {
      const from = rowsOf(x);
      const held = new Map<Bank, ActivationForm>();
      for (const [weight, y] of outputs) {
        const matrix = matrixOf(weight);
        const to = columnsOf(y);
        to.tokens = from.tokens;
        const form = weightForms[matrix.type].activations;
        for (const part of matrix.parts) {
          const address = prepared(from, form, matrix.cols, held, part.bank);
          const { output, scratch } = areaOf(part.bank);
          const input = { address, stride: from.stride, tokens: from.tokens };
          const rows = part.rowGroups * GROUP;
          if (part.bank === home) {
            const target = { address: to.address + part.firstRow * 4, stride: to.stride };
            multiply(part, matrix, products, input, target, scratch);
          } else {
            multiply(part, matrix, products, input, { address: output, stride: rows }, scratch);
            for (let t = 0; t < from.tokens; t++) {
              const start = output / 4 + t * rows;
              home.f32.set(
                part.bank.f32.subarray(start, start + rows),
                to.address / 4 + t * to.stride + part.firstRow,
              );
            }
          }
        }
        if (matrix.biasAddress !== undefined) {
          kernels.add_rows(to.address, to.stride, to.tokens, to.width, matrix.biasAddress);
        }
      }
    },
    gather(x) {
      const slice = columnsOf(x);
      const { whole } = slice;
      const { exchange } = bus;
      whole.tokens = slice.tokens;
      if (ranks > 1) publish(slice, exchange, slice.first, whole.width);
      bus.barrier();
      if (ranks > 1) receive(exchange, whole);
      return whole;
    },
    setAngles(cos, sin, pairs) {
      angles = { ...angles, pairs };
      home.f32.set(cos, angles.cos / 4);
      home.f32.set(sin, angles.sin / 4);
    },
    rope(x, headDim) {
      const { address, stride, tokens, width } = rowsOf(x);
      kernels.rope(
        address,
        stride,
        tokens,
        width / headDim,
        headDim,
        2 * angles.pairs,
        angles.cos,
        angles.sin,
      );
    },
    storeKeysValues(cache, layer, keys, values, position) {
      const { heads, shape } = cacheOf(cache);
      const [k, v] = [rowsOf(keys), rowsOf(values)];
      const { headDim } = shape;
      for (const { head, keys: keyAreas, values: valueAreas } of heads) {
        const offset = head * headDim * 4;
        if (shape.dtype === "F16") {
          kernels.store_k_f16(k.address + offset, k.stride, k.tokens, headDim, keyAreas[layer], position);
          kernels.store_v_f16(v.address + offset, v.stride, v.tokens, headDim, valueAreas[layer], position);
        } else {
          kernels.store_k_f32(k.address + offset, k.stride, k.tokens, headDim, keyAreas[layer], position);
          kernels.store_v_f32(v.address + offset, v.stride, v.tokens, headDim, valueAreas[layer], position);
        }
      }
    },
    attention(cache, layer, query, out, position, window) {
      const { heads, shape } = cacheOf(cache);
      const [q, to] = [columnsOf(query), columnsOf(out)];
      const { headDim } = shape;
      const scale = 1 / Math.sqrt(headDim);
      const { scratch } = areaOf(home);
      to.tokens = q.tokens;
      const run = shape.dtype === "F16" ? kernels.attention_f16 : kernels.attention_f32;
      for (const { firstQuery, queries, keys, values } of heads) {
        const offset = firstQuery * headDim * 4;
        run(
          q.address + offset,
          q.stride,
          q.tokens,
          queries,
          headDim,
          keys[layer],
          values[layer],
          position,
          window,
          scale,
          to.address + offset,
          to.stride,
          scratch,
        );
      }
    },
    siluMul(gate, up) {
      const [g, u] = [columnsOf(gate), columnsOf(up)];
      kernels.silu_mul(g.address, g.stride, u.address, u.stride, g.address, g.stride, g.tokens, g.width);
    },
    add(x, y) {
      const [into, from] = [rowsOf(x), rowsOf(y)];
      kernels.add(into.address, from.address, into.tokens * into.stride);
    },
    takeRows(x, rows, out) {
      const [from, to] = [rowsOf(x), rowsOf(out)];
      to.tokens = rows.length;
      for (let i = 0; i < rows.length; i++) {
        const start = from.address + rows[i] * from.stride * 4;
        home.u8.copyWithin(to.address + i * to.stride * 4, start, start + from.stride * 4);
      }
    },
    clear(out, like) {
      const to = rowsOf(out);
      to.tokens = like.tokens;
      home.f32.fill(0, to.address / 4, to.address / 4 + to.tokens * to.stride);
    },
    addRows(out, y, rows, weights) {
      const [into, from] = [rowsOf(out), rowsOf(y)];
      for (let i = 0; i < rows.length; i++) {
        const target = into.address + rows[i] * into.stride * 4;
        kernels.scale_add(target, from.address + i * from.stride * 4, weights[i], from.width);
      }
    },
    read(x) {
      const { address, stride, tokens, width } = rowsOf(x);
      const values = new Float32Array(tokens * width);
      for (let t = 0, from = address / 4; t < tokens; t++, from += stride) {
        values.set(home.f32.subarray(from, from + width), t * width);
      }
      return values;
    },
    collect(x) {
      const slice = columnsOf(x);
      const width = slice.partition[ranks];
      const { exchange } = bus;
      publish(slice, exchange, slice.first, width);
      bus.barrier();
      return rank === 0 ? exchange.subarray(0, slice.tokens * width) : new Float32Array(0);
    },
    stopRequested: () => bus.stopPublished,
  };
}
