// The CPU backend of one rank: memory banks, kernels and the bus to the other ranks.

import { GROUP, type Kernels, type ProductMode } from "../../kernels/module/module.ts";
import { activationNumber } from "../../kernels/ops/activate.ts";
import type {
  Activation,
  Backend,
  DeltaState,
  KvCache,
  Matrix,
  MatrixSource,
  Mixture,
  Slice,
  VectorSource,
} from "../../tensor/backend.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Partition } from "../../tensor/partition.ts";
import type { Bus } from "../bus.ts";
import { MixtureSpace, type MixtureSteps, runExperts } from "../mixture.ts";
import { Bank, MAX_BANK_BYTES } from "./bank.ts";
import { attend, storeKeysValues, WasmCache } from "./cache.ts";
import { runGatedDelta, WasmDeltaState } from "./delta.ts";
import { ExpertPages, type PagedMatrix } from "./expert-pages.ts";
import type { ReadAhead } from "./expert-reader.ts";
import { Linear } from "./linear.ts";
import { addLowRank, loadLowRank } from "./low-rank.ts";
import { asHalves, loadMatrix, partOf, unpackRow, type WasmMatrix } from "./matrix.ts";
import type { PackedStore } from "./packed-store.ts";
import { Columns, columnsOf, Rows, rowsOf, strideOf, vectorOf, WasmVector } from "./rows.ts";
import { gatherBytes, scatterBytes } from "./whole-bytes.ts";

/** Room kept in each bank for activations and scratch, which are allocated last. */
const RESERVED_BYTES = 256 << 20;

/** What `createWasmBackend` takes. */
export interface WasmBackendOptions {
  bus: Bus;
  /** Instantiates the kernels over a memory, with the replacements that the self-test chose. */
  instantiate: (memory: WebAssembly.Memory) => Kernels;
  products: ProductMode;
  /** Element types whose weights become f16 while they load, since no kernel is right for them. */
  converted?: readonly DType[];
  maxTokens: number;
  /** The first memory of every rank, where ranks help each other. */
  homes?: readonly WebAssembly.Memory[];
  /** Most bytes of weights in one bank; smaller in tests. */
  bankBytes?: number;
  /** Where packed weights come from and are kept for the next time. */
  packed?: PackedStore;
  /** Bytes that this rank will allocate, about. */
  expectedBytes?: number;
  /** Bytes for this rank's experts, where they are read as they are needed. Default: all are kept in memory. */
  expertBytes?: number;
  /** Where it may say what it will read of them. */
  readAhead?: ReadAhead;
}

/** Makes the backend of one rank. */
export function createWasmBackend(options: WasmBackendOptions): Backend {
  const { bus, instantiate, products, maxTokens, homes } = options;
  const { rank, ranks } = bus;
  const bankBytes = options.bankBytes ?? MAX_BANK_BYTES - RESERVED_BYTES;
  const banks: Bank[] = [];
  const addBank = (): Bank => {
    const expected = (options.expectedBytes ?? 0) - banks.length * bankBytes;
    const memory = banks.length === 0 ? homes?.[rank] : undefined;
    const bank = new Bank(instantiate, { limit: bankBytes, expected, memory });
    banks.push(bank);
    return bank;
  };
  const home = addBank();
  const kernels = home.kernels;
  const stages = new Map<Bank, { address: number; bytes: number }>();
  const linear = new Linear(home, { bus, mode: products, instantiate, homes, maxTokens });
  let maxHeadDim = 0;
  let observer: Parameters<Backend["observeProducts"]>[0];
  const angles: { cos: number; sin: number; pairs: number }[] = [];

  // Every handle that comes in was made below by this backend, so each is of the class that its opener names.
  const matrixOf = (handle: Matrix) => handle as WasmMatrix;
  const cacheOf = (handle: KvCache) => handle as WasmCache;
  const stateOf = (handle: DeltaState) => handle as WasmDeltaState;
  const mixtureOf = (handle: Mixture) => handle as MixtureSpace;

  const bankFor = (bytes: number): Bank => {
    const bank = banks[banks.length - 1];
    // A bank also needs room for the staging area and for one more row group.
    return bank.room < 4 * bytes + (4 << 20) ? addBank() : bank;
  };
  const staging = (bank: Bank, bytes: number): number => {
    let stage = stages.get(bank);
    if (!stage || stage.bytes < bytes) stages.set(bank, (stage = { address: bank.allocate(bytes), bytes }));
    return stage.address;
  };
  const isPaged = (matrix: WasmMatrix): matrix is PagedMatrix => "source" in matrix;
  const pages =
    options.expertBytes === undefined
      ? undefined
      : new ExpertPages({
          budget: options.expertBytes,
          rank,
          products,
          bankFor,
          staging,
          readAhead: options.readAhead,
        });
  const allocateRows = (width: number, tokens: number) => home.allocate(strideOf(width) * tokens * 4);

  /** Copies the rows of x in use to a half of the bus, from column `first` of rows `width` wide. */
  const publish = (x: Rows, exchange: Float32Array, first: number, width: number) => {
    const { f32 } = home;
    if (x.tokens === 1) return exchange.set(x.row.of(f32), first);
    for (let t = 0, from = x.address / 4; t < x.tokens; t++, from += x.stride) {
      exchange.set(f32.subarray(from, from + x.width), t * width + first);
    }
  };
  const receive = (exchange: Float32Array, out: Rows) => {
    const { f32 } = home;
    if (out.tokens === 1) return f32.set(out.incoming.of(exchange), out.address / 4);
    for (let t = 0, to = out.address / 4; t < out.tokens; t++, to += out.stride) {
      f32.set(exchange.subarray(t * out.width, (t + 1) * out.width), to);
    }
  };

  const gather = (x: Slice): Rows => {
    const slice = columnsOf(x);
    const { whole } = slice;
    const { exchange } = bus;
    whole.tokens = slice.tokens;
    if (ranks > 1) publish(slice, exchange, slice.first, whole.width);
    bus.barrier();
    if (ranks > 1) receive(exchange, whole);
    return whole;
  };

  const read = (x: Activation): Float32Array => {
    const { address, stride, tokens, width } = rowsOf(x);
    const values = new Float32Array(tokens * width);
    for (let t = 0, from = address / 4; t < tokens; t++, from += stride) {
      values.set(home.f32.subarray(from, from + width), t * width);
    }
    return values;
  };

  const backend: Backend = {
    rank,
    ranks,
    maxTokens,

    pages: pages?.counts,

    async loadMatrix(stored: MatrixSource, partition: Partition) {
      const source = options.converted?.includes(stored.dtype) ? asHalves(stored) : stored;
      const loaded =
        pages && source.expert
          ? pages.register(source, partition)
          : await loadMatrix(source, partition, rank, products, bankFor, staging, options.packed);
      const mostPartRows = isPaged(loaded)
        ? strideOf(partition[rank + 1] - partition[rank])
        : Math.max(0, ...loaded.parts.map((part) => part.rowGroups * GROUP));
      linear.reserve(loaded, mostPartRows);
      if (!source.bias) return loaded;
      const bias = await source.bias.read();
      const own = bias.subarray(partition[rank], partition[rank + 1]);
      const biasAddress = home.allocate(strideOf(own.length) * 4);
      home.f32.set(own, biasAddress / 4);
      return Object.assign(loaded, { biasAddress });
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
      maxHeadDim = Math.max(maxHeadDim, shape.headDim, shape.valueDim);
      return new WasmCache(shape, rank, home);
    },
    allocateDeltaState(shape) {
      maxHeadDim = Math.max(maxHeadDim, shape.keyDim);
      return new WasmDeltaState(shape, rank, home);
    },
    allocateMixture(shape) {
      return new MixtureSpace(backend, shape);
    },
    finishLoading() {
      pages?.allocate();
      options.packed?.finish();
      linear.allocate(banks, maxHeadDim);
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
          part.bank === home ? target.address + t * target.stride * 4 : linear.outputOf(part.bank);
        unpackRow(part, matrix, products, row, address);
        const values = part.bank.f32.subarray(address / 4, address / 4 + matrix.cols);
        if (ranks > 1) exchange.set(values, t * matrix.cols);
        else if (part.bank !== home) home.f32.set(values, target.address / 4 + t * target.stride);
      }
      bus.barrier();
      if (ranks > 1) receive(exchange, target);
    },
    norm(x, { kind, eps, weight, bias }, out) {
      const [from, to] = [rowsOf(x), rowsOf(out)];
      to.tokens = from.tokens;
      kernels.norm(
        from.address,
        from.stride,
        from.tokens,
        from.width,
        kind === "layer" ? 1 : 0,
        eps,
        weight ? vectorOf(weight).address : 0,
        bias ? vectorOf(bias).address : 0,
        to.address,
        to.stride,
      );
    },
    headNorm(x, { kind, eps, weight, bias }, headDim) {
      const { address, stride, tokens, width, first } = rowsOf(x);
      // Weights a head are those of all heads; a slice has some of them.
      const each = weight !== undefined && weight.length > headDim;
      const offset = each ? first * 4 : 0;
      kernels.norm_heads(
        address,
        stride,
        tokens,
        width / headDim,
        headDim,
        kind === "layer" ? 1 : 0,
        eps,
        weight ? vectorOf(weight).address + offset : 0,
        bias ? vectorOf(bias).address + offset : 0,
        each ? headDim : 0,
      );
    },
    linear(x, outputs) {
      if (observer)
        observer(
          x,
          outputs.map(([matrix]) => matrix),
        );
      const from = rowsOf(x);
      linear.begin();
      for (let i = 0; i < outputs.length; i++) {
        const matrix = matrixOf(outputs[i][0]);
        const paged = pages && isPaged(matrix);
        const parts = paged ? pages.resident(matrix) : matrix.parts;
        linear.multiply(from, matrix, parts, columnsOf(outputs[i][1]));
        // The next may take its place.
        if (paged) linear.finish();
      }
      linear.finish();
      for (let i = 0; i < outputs.length; i++)
        linear.addBias(matrixOf(outputs[i][0]), columnsOf(outputs[i][1]));
    },
    linearHeads(x, weight, y, heads) {
      linear.multiplyHeads(columnsOf(x), matrixOf(weight), columnsOf(y), heads);
    },
    observeProducts(wanted) {
      observer = wanted;
    },
    loadLowRank: (sources) => loadLowRank(sources, { rank, instantiate, products, maxTokens }),
    addLowRank(x, low, y, span, factor) {
      addLowRank(home, rowsOf(x), low, columnsOf(y), span, factor);
    },
    gather,
    gatherHeads(x, cache) {
      return cacheOf(cache).isCutAlike(columnsOf(x).partition) ? x : gather(x);
    },
    keepOwn(x, out) {
      const [from, to] = [rowsOf(x), columnsOf(out)];
      to.tokens = from.tokens;
      const start = from.address + to.first * 4;
      kernels.copy_rows(start, from.stride, from.tokens, to.width, to.address, to.stride);
    },
    setAngles(index, cos, sin, pairs) {
      if (angles[index]?.pairs !== pairs) {
        const room = () => home.allocate(maxTokens * pairs * 4);
        angles[index] = { cos: room(), sin: room(), pairs };
      }
      home.f32.set(cos, angles[index].cos / 4);
      home.f32.set(sin, angles[index].sin / 4);
    },
    rope(x, headDim, index) {
      const { address, stride, tokens, width } = rowsOf(x);
      const { cos, sin, pairs } = angles[index];
      kernels.rope(address, stride, tokens, width / headDim, headDim, 2 * pairs, cos, sin);
    },
    storeKeysValues(cache, layer, keys, values, runs) {
      storeKeysValues(cacheOf(cache), layer, rowsOf(keys), rowsOf(values), runs);
    },
    copyPage(cache, from, to) {
      cacheOf(cache).copyPage(from, to);
      // A command of its own: the next must not come before every rank has seen this one.
      bus.barrier();
    },
    readPage: (cache, page) => gatherBytes(cacheOf(cache).unitsOf(page), home, bus),
    writePage(cache, page, bytes) {
      scatterBytes(cacheOf(cache).unitsOf(page), bytes, home, bus);
    },
    attention(cache, layer, query, out, options, runs) {
      const [q, to] = [columnsOf(query), columnsOf(out)];
      to.tokens = q.tokens;
      attend({ cache: cacheOf(cache), layer, query: q, out: to, options, runs, scratch: linear.scratch });
    },
    copyState(state, from, to) {
      stateOf(state).copy(home, from, to);
      bus.barrier(); // as of copyPage
    },
    readState: (state, slot) => gatherBytes(stateOf(state).unitsOf(slot), home, bus),
    writeState(state, slot, bytes) {
      scatterBytes(stateOf(state).unitsOf(slot), bytes, home, bus);
    },
    gatedDelta(state, layer, inputs, out, runs) {
      runGatedDelta({ bank: home, state: stateOf(state), layer, inputs, out, runs, scratch: linear.scratch });
    },
    experts(x, router, layer, mixture, out) {
      runExperts(steps, x, router, layer, mixtureOf(mixture), out);
    },
    activate(kind, gate, up, limit) {
      const g = rowsOf(gate);
      const u = up && rowsOf(up);
      const number = activationNumber(kind);
      kernels.activate(
        number,
        g.address,
        g.stride,
        u?.address ?? 0,
        u?.stride ?? 0,
        g.tokens,
        g.width,
        limit,
      );
    },
    sigmoidMul(x, gate) {
      const { address, stride, tokens, width } = rowsOf(x);
      const by = rowsOf(gate);
      kernels.sigmoid_mul(address, stride, by.address, by.stride, by.width, tokens, width);
    },
    clip(x, limit) {
      const { address, stride, tokens } = rowsOf(x);
      kernels.clip(address, limit, tokens * stride);
    },
    scale(x, factor) {
      const { address, stride, tokens } = rowsOf(x);
      if (typeof factor === "number") kernels.scale(address, factor, tokens * stride);
      else for (let t = 0; t < tokens; t++) kernels.scale(address + t * stride * 4, factor[t], stride);
    },
    add(x, y, factor) {
      const [into, from] = [rowsOf(x), rowsOf(y)];
      const count = into.tokens * into.stride;
      if (factor === 1) kernels.add(into.address, from.address, count);
      else kernels.scale_add(into.address, from.address, factor, count);
    },
    takeRows(x, rows, out) {
      const [from, to] = [rowsOf(x), rowsOf(out)];
      to.tokens = rows.length;
      const { stride } = from;
      for (let i = 0; i < rows.length; i++) {
        kernels.copy_rows(
          from.address + rows[i] * stride * 4,
          stride,
          1,
          stride,
          to.address + i * stride * 4,
          stride,
        );
      }
    },
    putRows(x, rows, out) {
      const [from, to] = [rowsOf(x), rowsOf(out)];
      const { stride } = from;
      for (let i = 0; i < rows.length; i++) {
        kernels.copy_rows(
          from.address + i * stride * 4,
          stride,
          1,
          stride,
          to.address + rows[i] * stride * 4,
          stride,
        );
      }
    },
    read,
    collect(x) {
      const slice = columnsOf(x);
      const width = slice.partition[ranks];
      const { exchange } = bus;
      publish(slice, exchange, slice.first, width);
      bus.barrier();
      return rank === 0 ? exchange.subarray(0, slice.tokens * width) : new Float32Array(0);
    },
    columns(x, row) {
      const { address, stride, width } = columnsOf(x);
      const from = address / 4 + row * stride;
      return home.f32.subarray(from, from + width);
    },
    stopRequested: () => bus.stopPublished,
  };
  const { activate, linear: multiply, takeRows } = backend;
  const steps: MixtureSteps = {
    activate,
    gather,
    linear: multiply,
    takeRows,
    read,
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
    // In memory experts need no announcement, and a step no garbage.
    prefetch:
      pages && ((matrices, options) => pages.prefetch(matrices.map(matrixOf).filter(isPaged), options)),
  };
  return backend;
}
