// What the main thread and the ranks of a training say to each other.
import type { BusShape } from "../backends/bus.ts";
import type { ByteSourceDescriptor } from "../formats/sources/byte-source.ts";
import type { KernelModule } from "../kernels/module/module.ts";
import type { Guard, Objective, StepBatch } from "./learner.ts";
import type { Answer } from "./tasks/answers.ts";
import type { TaughtBatch } from "./tasks/next-tokens.ts";
import type { TrainedModelParts } from "./trained-model.ts";
import type { StepReport } from "./trainer.ts";

/** To every rank alike but for its number; one at a time. */
export type ToRank =
  | {
      readonly type: "setup";
      readonly rank: number;
      readonly module: KernelModule;
      readonly memory: WebAssembly.Memory;
      readonly bus: ArrayBufferLike;
      readonly busShape: BusShape;
      readonly parts: TrainedModelParts;
      readonly objective: Objective;
      readonly files: readonly ByteSourceDescriptor[];
    }
  | { readonly type: "step"; readonly batches: readonly StepBatch[]; readonly guard: Guard }
  /** Weights, moments and the count of steps were changed in memory. */
  | { readonly type: "restored"; readonly steps: number }
  | { readonly type: "evaluate"; readonly batches: readonly TaughtBatch[] }
  | { readonly type: "score"; readonly answers: readonly (readonly Answer[])[] };

/** From every rank, in answer to each. */
export type FromRank =
  | { readonly type: "done" }
  | { readonly type: "stepped"; readonly report: StepReport; readonly taken: boolean }
  | { readonly type: "evaluated"; readonly loss: number; readonly targets: number }
  | { readonly type: "scored"; readonly scores: readonly (readonly number[])[] }
  | { readonly type: "failed"; readonly code: string; readonly message: string };
