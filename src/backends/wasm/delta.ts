// Gated delta nets of one rank: their state in the first bank, and the step that updates it.
import { BaimoError } from "../../errors.ts";
import type { Kernels } from "../../kernels/module/module.ts";
import type { DeltaInputs, DeltaShape, DeltaState, Slice, Vector } from "../../tensor/backend.ts";
import type { Bank } from "./bank.ts";
import { columnsOf, strideOf, vectorOf } from "./rows.ts";

/** Addresses of a causal convolution of this rank's channels. */
interface Convolution {
  readonly channels: number;
  /** [kernel][channels], filled when first used. */
  readonly weights: number;
  /** [kernel - 1][channels] */
  readonly history: number;
}

interface Layer {
  readonly query: Convolution;
  readonly key: Convolution;
  readonly value: Convolution;
  /** [value heads][keyDim][valueDim] */
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
    const convolution = (channels: number): Convolution => ({
      channels,
      weights: allocate(kernel * strideOf(channels) * 4),
      history: allocate((kernel - 1) * strideOf(channels) * 4),
    });
    this.layers = Array.from({ length: shape.numLayers }, () => ({
      query: convolution(this.keyHeads * keyDim),
      key: convolution(this.keyHeads * keyDim),
      value: convolution(valueHeads * valueDim),
      memory: allocate(this.memoryBytes),
      filled: false,
    }));
    this.bytes = bytes;
  }
}

/** Runs tokens through one layer's delta net: this rank's heads. */
export function runGatedDelta(
  bank: Bank,
  state: WasmDeltaState,
  layerIndex: number,
  inputs: DeltaInputs,
  out: Slice,
  position: number,
  scratch: number,
): void {
  const { shape, group, keyHeads, firstValueHead, memoryBytes } = state;
  const { keyDim, valueDim, kernel } = shape;
  const layer = state.layers[layerIndex];
  const k = bank.kernels;
  if (!layer.filled) {
    const firstKey = (firstValueHead / group) * keyDim;
    transpose(bank, inputs.queryKernel, firstKey, layer.query, kernel);
    transpose(bank, inputs.keyKernel, firstKey, layer.key, kernel);
    transpose(bank, inputs.valueKernel, firstValueHead * valueDim, layer.value, kernel);
    layer.filled = true;
  }
  if (position === 0) {
    for (const { history, channels } of [layer.query, layer.key, layer.value]) {
      bank.f32.fill(0, history / 4, history / 4 + (kernel - 1) * strideOf(channels));
    }
    bank.f32.fill(0, layer.memory / 4, (layer.memory + memoryBytes) / 4);
  }
  convolve(k, inputs.query, layer.query, kernel);
  convolve(k, inputs.key, layer.key, kernel);
  convolve(k, inputs.value, layer.value, kernel);
  const [query, key, value] = [columnsOf(inputs.query), columnsOf(inputs.key), columnsOf(inputs.value)];
  const [beta, alpha, to] = [columnsOf(inputs.beta), columnsOf(inputs.alpha), columnsOf(out)];
  to.tokens = query.tokens;
  k.delta_rule(
    query.address,
    query.stride,
    key.address,
    key.stride,
    value.address,
    value.stride,
    beta.address,
    beta.stride,
    alpha.address,
    alpha.stride,
    vectorOf(inputs.decay).address + firstValueHead * 4,
    vectorOf(inputs.decayBias).address + firstValueHead * 4,
    layer.memory,
    query.tokens,
    keyHeads,
    group,
    keyDim,
    valueDim,
    to.address,
    to.stride,
    scratch,
  );
}

function convolve(k: Kernels, x: Slice, { weights, history }: Convolution, kernel: number): void {
  const { address, stride, tokens, width } = columnsOf(x);
  k.convolve(address, stride, tokens, width, kernel, weights, history, stride);
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
