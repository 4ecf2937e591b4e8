// The kernels of training seen from TypeScript: exports of the module's part, room.
import { instantiateKernels, type KernelModule, type Kernels } from "../module/module.ts";

/** Bytes of scratch that `gemm` takes. */
export const GEMM_SCRATCH = (16 << 10) + 128 + (384 << 10) + (8 << 10);

/** The part's exports; pointers are byte offsets, strides are in floats. What each does stands beside its code. */
export interface TrainingKernels {
  gemm: (
    a: number,
    aStride: number,
    aColumns: number,
    b: number,
    bStride: number,
    bColumns: number,
    m: number,
    n: number,
    k: number,
    y: number,
    yStride: number,
    add: number,
    scratch: number,
  ) => void;
  norm_backward: (
    x: number,
    dy: number,
    rows: number,
    width: number,
    layer: number,
    eps: number,
    weight: number,
    period: number,
    first: number,
    dx: number,
    add: number,
    stats: number,
  ) => void;
  norm_weights_backward: (
    x: number,
    dy: number,
    stats: number,
    rows: number,
    width: number,
    period: number,
    from: number,
    to: number,
    dweight: number,
    dbias: number,
  ) => void;
  activate_backward: (
    kind: number,
    gate: number,
    up: number,
    dy: number,
    count: number,
    limit: number,
    dgate: number,
    dup: number,
  ) => void;
  attention_softmax: (
    scores: number,
    stride: number,
    rows: number,
    cols: number,
    at: number,
    window: number,
    scale: number,
    softcap: number,
    hasSink: number,
    sink: number,
    sinks: number,
  ) => void;
  attention_softmax_backward: (
    probabilities: number,
    d: number,
    raw: number,
    stride: number,
    rows: number,
    cols: number,
    at: number,
    window: number,
    scale: number,
    softcap: number,
    sums: number,
  ) => void;
  measure_logits: (
    logits: number,
    stride: number,
    rows: number,
    width: number,
    targets: number,
    scale: number,
    softcap: number,
    out: number,
  ) => void;
  logit_gradients: (
    logits: number,
    stride: number,
    rows: number,
    width: number,
    targets: number,
    plans: number,
    scale: number,
    softcap: number,
  ) => void;
  adamw: (
    p: number,
    g: number,
    m: number,
    v: number,
    count: number,
    by: number,
    keep: number,
    beta1: number,
    rest1: number,
    beta2: number,
    rest2: number,
    rate: number,
    root: number,
    eps: number,
  ) => void;
  sum_of_squares: (p: number, count: number) => number;
  combine: (x: number, y: number, a: number, b: number, out: number, count: number) => void;
  add_columns: (x: number, stride: number, rows: number, columns: number, out: number) => void;
}

/** What training calls: its own kernels and those of the forward pass. */
export type AllKernels = Kernels & TrainingKernels;

/** Instantiates what `compileTrainingKernels` gave over a memory. */
export function instantiateTraining(module: KernelModule, memory: WebAssembly.Memory): AllKernels {
  // the exports of the part that was compiled beside the core; a test holds the interface to them
  return instantiateKernels(module, memory) as AllKernels;
}
