// Gated delta nets of one rank: their state in the first bank, and the step that updates it.
import { BaimoError } from "../../errors.ts";
import type { DeltaInputs, DeltaShape, DeltaState, Run, Slice, Vector } from "../../tensor/backend.ts";
import type { Bank } from "./bank.ts";
import { type Columns, columnsOf, strideOf, vectorOf } from "./rows.ts";

/** Addresses of a causal convolution of this rank's channels. */
interface Convolution {
  readonly channels: number;
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
  /** Of one sequence and layer. */
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
    this.memoryBytes = valueHeads * keyDim * Math.ceil(valueDim / 4) * 4 * 4;
    let bytes = 0;
    const allocate = (size: number) => {
      bytes += size;
      return bank.allocate(size);
    };
    const convolution = (channels: number): Convolution => {
      const historyBytes = (kernel - 1) * strideOf(channels) * 4;
      return {
        channels,
        weights: allocate(kernel * strideOf(channels) * 4),
        history: allocate(shape.sequences * historyBytes),
        historyBytes,
      };
    };
    this.layers = Array.from({ length: shape.numLayers }, () => ({
      query: convolution(this.keyHeads * keyDim),
      key: convolution(this.keyHeads * keyDim),
      value: convolution(valueHeads * valueDim),
      memory: allocate(shape.sequences * this.memoryBytes),
      filled: false,
    }));
    this.bytes = bytes;
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
