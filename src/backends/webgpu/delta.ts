// Gated delta nets on a GPU: the states of sequences, and a layer's calls.
import { describeRuns } from "../../kernels/attention/rows.wgsl.ts";
import {
  channelsOf,
  convolveShader,
  deltaRuleShader,
  rememberShader,
} from "../../kernels/ops/gated-delta.wgsl.ts";
import type { DeltaInputs, DeltaShape, DeltaState, Run } from "../../tensor/backend.ts";
import type { Area, AreaPart, Gpu } from "./gpu.ts";
import { type Rows, rowsOf, type Vectors, vectorAt } from "./rows.ts";

/** Bytes of a sequence's state in one layer: the last inputs of the convolutions, and S. */
export function layerStateBytes(shape: DeltaShape): [history: number, memory: number] {
  const { kernel, valueHeads, keyDim, valueDim } = shape;
  return [(kernel - 1) * channelsOf(shape) * 4, valueHeads * keyDim * valueDim * 4];
}

export class GpuDeltaState implements DeltaState {
  readonly shape: DeltaShape;
  readonly layers: readonly { readonly history: Area; readonly memory: Area }[];
  /** What the convolutions of a call give: [tokens, channels]. */
  readonly convolved: Area;
  readonly #gpu: Gpu;
  readonly #between: Area;

  constructor(gpu: Gpu, shape: DeltaShape, maxTokens: number) {
    this.shape = shape;
    this.#gpu = gpu;
    const [history, memory] = layerStateBytes(shape);
    this.layers = Array.from({ length: shape.numLayers }, () => ({
      history: gpu.allocate(shape.sequences * history),
      memory: gpu.allocate(shape.sequences * memory),
    }));
    this.convolved = gpu.allocate(maxTokens * channelsOf(shape) * 4);
    this.#between = gpu.allocate(Math.max(history, memory));
  }
  get bytes(): number {
    return this.shape.sequences * this.stateBytes;
  }
  get stateBytes(): number {
    const [history, memory] = layerStateBytes(this.shape);
    return this.shape.numLayers * (history + memory);
  }
  /** [layer][history, then S] of a slot: where its parts lie. */
  #partsOf(slot: number): AreaPart[] {
    const [historyBytes, memoryBytes] = layerStateBytes(this.shape);
    return this.layers.flatMap(({ history, memory }) => [
      { area: history, at: slot * historyBytes, bytes: historyBytes },
      { area: memory, at: slot * memoryBytes, bytes: memoryBytes },
    ]);
  }
  async read(slot: number): Promise<Uint8Array> {
    return new Uint8Array(await this.#gpu.read(this.#partsOf(slot)));
  }
  write(slot: number, bytes: Uint8Array): void {
    this.#gpu.overwrite(this.#partsOf(slot), bytes);
  }
  copy(from: number, to: number): void {
    this.#gpu.copyParts(this.#partsOf(from), this.#partsOf(to), this.#between);
  }
}

/** Inputs of a call that were made by this backend. */
export function sendGatedDelta(
  gpu: Gpu,
  vectors: Vectors,
  call: { state: GpuDeltaState; layer: number; inputs: DeltaInputs; out: Rows; runs: readonly Run[] },
): void {
  const { state, layer, inputs, out, runs } = call;
  const { keyHeads, valueHeads, keyDim, valueDim, kernel } = state.shape;
  const sizes = { keyHeads, valueHeads, keyDim, valueDim, kernel };
  const [query, key, value] = [rowsOf(inputs.query), rowsOf(inputs.key), rowsOf(inputs.value)];
  const [beta, alpha] = [rowsOf(inputs.beta), rowsOf(inputs.alpha)];
  const { history, memory } = state.layers[layer];
  const runsAt = gpu.put(describeRuns(runs));
  const { data } = gpu;
  const columns = Math.ceil(channelsOf(sizes) / 64);
  const name = Object.values(sizes).join(" ");
  const convolve = gpu.pipeline(`convolve ${name}`, () => convolveShader(sizes));
  const wide = [query.area, key.area, value.area];
  const kernels = [inputs.queryKernel, inputs.keyKernel, inputs.valueKernel].map(vectorAt);
  gpu.call(
    convolve,
    [data, vectors.area, ...wide, history, state.convolved],
    [runsAt, key.stride, value.stride, ...kernels],
    columns,
    runs.length,
  );
  const remember = gpu.pipeline(`remember ${name}`, () => rememberShader(sizes));
  if (kernel > 1)
    gpu.call(remember, [data, ...wide, history], [runsAt, key.stride, value.stride], columns, runs.length);
  const rule = gpu.pipeline(`delta rule ${name}`, () => deltaRuleShader(sizes));
  gpu.call(
    rule,
    [data, vectors.area, state.convolved, beta.area, alpha.area, memory, out.area],
    [runsAt, beta.stride, out.stride, vectorAt(inputs.decay), vectorAt(inputs.decayBias)],
    valueHeads,
    runs.length,
  );
}
