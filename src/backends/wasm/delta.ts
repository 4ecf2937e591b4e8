// Gated delta nets of one rank: their state in the first bank, and the step that updates it.
import { BaimoError } from "../../errors.ts";
import type { DeltaInputs, DeltaShape, DeltaState, Run, Slice, Vector } from "../../tensor/backend.ts";
import type { Bank } from "./bank.ts";
import { type Columns, columnsOf, strideOf, vectorOf } from "./rows.ts";
import { sizeOf, type Unit } from "./whole-bytes.ts";

/** Addresses of a causal convolution of this rank's channels. */
interface Convolution {
  readonly channels: number;
  /** This rank's first channel, and the channels of all ranks. */
  readonly first: number;
  readonly all: number;
  /** [kernel][channels], filled when first used. */
  readonly weights: number;
  /** [sequence][kernel - 1][channels] */
  readonly history: number;
  /** Of one sequence. */
  readonly historyBytes: number;
}

interface Layer {
  readonly query: Convolution;
  readonly key: Convolution;
  readonly value: Convolution;
  /** [sequence][value heads][keyDim][valueDim] */
  readonly memory: number;
  filled: boolean;
}

export class WasmDeltaState implements DeltaState {
  readonly shape: DeltaShape;
  /** Value heads that read one key head. */
  readonly group: number;
  readonly keyHeads: number;
  /** This rank's first value head. */
  readonly firstValueHead: number;
  /** Of one sequence and layer: of a value head, and of all. */
  readonly headBytes: number;
  readonly memoryBytes: number;
  readonly layers: readonly Layer[];
  readonly bytes: number;

  constructor(shape: DeltaShape, rank: number, bank: Bank) {
    const { keyDim, valueDim, kernel } = shape;
    this.shape = shape;
    this.group = shape.valueHeads / shape.keyHeads;
    if (!Number.isInteger(this.group)) {
      throw new BaimoError(
        "shape",
        `${shape.valueHeads} value heads cannot be shared evenly among ${shape.keyHeads} key heads`,
      );
    }
    const first = shape.heads[rank];
    this.keyHeads = shape.heads[rank + 1] - first;
    this.firstValueHead = first * this.group;
    const valueHeads = this.keyHeads * this.group;
    // delta_rule keeps values in whole fours
    this.headBytes = keyDim * Math.ceil(valueDim / 4) * 4 * 4;
    this.memoryBytes = valueHeads * this.headBytes;
    let bytes = 0;
    const allocate = (size: number) => {
      bytes += size;
      return bank.allocate(size);
    };
    const convolution = (width: number): Convolution => {
      const channels = this.keyHeads * width;
      const historyBytes = (kernel - 1) * strideOf(channels) * 4;
      return {
        channels,
        first: first * width,
        all: shape.keyHeads * width,
        weights: allocate(kernel * strideOf(channels) * 4),
        history: allocate(shape.sequences * historyBytes),
        historyBytes,
      };
    };
    this.layers = Array.from({ length: shape.numLayers }, () => ({
      query: convolution(keyDim),
      key: convolution(keyDim),
      value: convolution(this.group * valueDim),
      memory: allocate(shape.sequences * this.memoryBytes),
      filled: false,
    }));
    this.bytes = bytes;
  }

  /** Of one state of all ranks. */
  get stateBytes(): number {
    return sizeOf(this.unitsOf(0));
  }

  /** Copies one state over another, in all layers. */
  copy(bank: Bank, from: number, to: number): void {
    const copy = (area: number, bytes: number) => {
      const start = area + from * bytes;
      bank.u8.copyWithin(area + to * bytes, start, start + bytes);
    };
    for (const { query, key, value, memory } of this.layers) {
      for (const { history, historyBytes } of [query, key, value]) copy(history, historyBytes);
      copy(memory, this.memoryBytes);
    }
  }

  /** A state: [layer][histories of queries, keys, values: rows of all channels; then the memory of each value head]. */
  unitsOf(slot: number): Unit[] {
    const { headBytes, memoryBytes } = this;
    const { kernel, valueHeads } = this.shape;
    const rowsOf = ({ channels, first, all, history, historyBytes }: Convolution): Unit[] =>
      Array.from({ length: kernel - 1 }, (_, row) => {
        const address = history + slot * historyBytes + row * strideOf(channels) * 4;
        return { size: all * 4, parts: [{ address, size: channels * 4, from: first * 4 }] };
      });
    return this.layers.flatMap(({ query, key, value, memory }) => [
      ...[query, key, value].flatMap(rowsOf),
      ...Array.from({ length: valueHeads }, (_, head): Unit => {
        const own = head - this.firstValueHead;
        const address = memory + slot * memoryBytes + own * headBytes;
        const isOwn = own >= 0 && own < this.keyHeads * this.group;
        return { size: headBytes, parts: isOwn ? [{ address, size: headBytes, from: 0 }] : [] };
      }),
    ]);
  }
}

/** One call of a gated delta net. */
export interface GatedDeltaCall {
  readonly bank: Bank;
  readonly state: WasmDeltaState;
  readonly layer: number;
  readonly inputs: DeltaInputs;
  readonly out: Slice;
  readonly runs: readonly Run[];
  readonly scratch: number;
}

/** Runs tokens through one layer's delta net: this rank's heads. */
export function runGatedDelta(call: GatedDeltaCall): void {
  const { bank, state, inputs, out, runs, scratch } = call;
  const { shape, group, keyHeads, firstValueHead, memoryBytes } = state;
  const { keyDim, valueDim, kernel } = shape;
  const layer = state.layers[call.layer];
  const { kernels } = bank;
  if (!layer.filled) {
    const firstKey = (firstValueHead / group) * keyDim;
    transpose(bank, inputs.queryKernel, firstKey, layer.query, kernel);
    transpose(bank, inputs.keyKernel, firstKey, layer.key, kernel);
    transpose(bank, inputs.valueKernel, firstValueHead * valueDim, layer.value, kernel);
    layer.filled = true;
  }
  const [query, key, value] = [columnsOf(inputs.query), columnsOf(inputs.key), columnsOf(inputs.value)];
  const [beta, alpha, to] = [columnsOf(inputs.beta), columnsOf(inputs.alpha), columnsOf(out)];
  to.tokens = query.tokens;
  for (const { sequence, first, rows, position } of runs) {
    const memory = layer.memory + sequence.slot * memoryBytes;
    const at = ({ address, stride }: Columns) => address + first * stride * 4;
    const convolve = (x: Columns, { weights, history, historyBytes }: Convolution) => {
      const own = history + sequence.slot * historyBytes;
      if (position === 0) bank.f32.fill(0, own / 4, (own + historyBytes) / 4);
      kernels.convolve(at(x), x.stride, rows, x.width, kernel, weights, own, x.stride);
    };
    if (position === 0) bank.f32.fill(0, memory / 4, (memory + memoryBytes) / 4);
    convolve(query, layer.query);
    convolve(key, layer.key);
    convolve(value, layer.value);
    kernels.delta_rule(
      at(query),
      query.stride,
      at(key),
      key.stride,
      at(value),
      value.stride,
      at(beta),
      beta.stride,
      at(alpha),
      alpha.stride,
      vectorOf(inputs.decay).address + firstValueHead * 4,
      vectorOf(inputs.decayBias).address + firstValueHead * 4,
      memory,
      rows,
      keyHeads,
      group,
      keyDim,
      valueDim,
      at(to),
      to.stride,
      scratch,
    );
  }
}

/** Weights [channels, kernel] from channel `first` on -> [kernel][channels]. */
function transpose(bank: Bank, from: Vector, first: number, to: Convolution, kernel: number): void {
  const { f32 } = bank;
  const source = vectorOf(from).address / 4 + first * kernel;
  for (let c = 0; c < to.channels; c++) {
    for (let j = 0; j < kernel; j++) {
      f32[to.weights / 4 + j * strideOf(to.channels) + c] = f32[source + c * kernel + j];
    }
  }
}
