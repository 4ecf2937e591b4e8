// Parallel plans: what divides, what fits, and the pipeline's bubble.
import { usableMemory } from "../constants.ts";
import type { Accelerator } from "../hardware/accelerators.ts";
import { type Computed, compute, defined, type Quantity } from "../quantity/quantity.ts";
import { type Division, type StateBytes, statesPerGpu, type ZeroStage } from "./states.ts";

/** What of a model a plan must divide. */
export interface TrainedModel {
  readonly parameters: Quantity<"parameter">;
  readonly layers: Quantity<"count">;
  readonly heads: Quantity<"count">;
  readonly kvHeads: Quantity<"count">;
  /** Unknown or 0 without experts. */
  readonly experts: Quantity<"count">;
  readonly expertShare: Quantity<"ratio">;
}

/** How a run is divided. */
export interface Plan extends Division {
  readonly zero: ZeroStage;
  readonly microbatch: Quantity<"sequence">;
  readonly globalBatch: Quantity<"sequence">;
}

/** What becomes of a plan. */
export interface PlanResult {
  readonly gpus: Computed<"GPU">;
  readonly states: Computed<"byte">;
  /** States and activations, where those are known. */
  readonly memory: Quantity<"byte">;
  readonly fits: boolean;
  /** Null where the batch cannot be divided so. */
  readonly microbatches: Computed<"count"> | null;
  readonly bubble: Computed<"ratio"> | null;
  readonly feasible: boolean;
  /** The first reason why not. */
  readonly because: string | null;
  /** What is so without being a reason. */
  readonly notes: readonly string[];
}

/** GPUs that fast links join. */
export const NODE = 8;
const nodeSize = defined("GPUs in a node", NODE, "GPU", "NVIDIA DGX and HGX, AMD and Ascend servers alike");

/** Whether a whole number divides another. */
const divides = (part: Quantity, whole: Quantity) => (whole.value ?? 0) % (part.value ?? 1) === 0;

/**
 * Checks a plan: memory, then heads, layers, experts and batch, then the node. Bubble of 1F1B: (p - 1) / (m + p - 1)
 * (arXiv 2104.04473 §2.2).
 *
 * activations  bytes on the fullest GPU, where they are to be counted
 */
export function checkPlan(
  model: TrainedModel,
  plan: Plan,
  bytes: StateBytes,
  { memory: size }: Accelerator,
  activations?: Quantity<"byte">,
): PlanResult {
  const { tensor, pipeline, data, expert, zero, microbatch, globalBatch } = plan;
  const gpus = compute("GPUs", "GPU", "tensor * pipeline * data", { tensor, pipeline, data });
  const states = statesPerGpu(model.parameters, model.expertShare, bytes, zero, plan);
  const memory = activations
    ? compute("bytes a GPU", "byte", "states + activations", { states, activations })
    : states;
  const room = compute("memory to plan with", "byte", "usable * memory", {
    usable: usableMemory,
    memory: size,
  });
  const fits = memory.value !== null && room.value !== null && memory.value <= room.value;
  const batchDivides = (globalBatch.value ?? 0) % ((data.value ?? 1) * (microbatch.value ?? 1)) === 0;
  const microbatches = batchDivides
    ? compute("microbatches", "count", "globalBatch / (data * microbatch)", { globalBatch, data, microbatch })
    : null;
  const bubble =
    microbatches &&
    compute(
      "pipeline bubble",
      "ratio",
      "(pipeline - 1) / (microbatches + pipeline - 1)",
      { pipeline, microbatches },
      {
        source: {
          title: "Narayanan et al., §2.2",
          url: "https://arxiv.org/abs/2104.04473",
          date: "2021-04-09",
        },
      },
    );
  const hasExperts = (model.experts.value ?? 0) > 0;
  const copies = (model.kvHeads.value ?? Number.POSITIVE_INFINITY) < (tensor.value ?? 1);
  const replicated = copies ? ", and KV heads replicated" : "";
  const reasons: [boolean, string][] = [
    [!fits, memory.value === null || room.value === null ? "memory unknown" : "memory"],
    [!divides(tensor, model.heads), "heads"],
    [!divides(pipeline, model.layers), "layers"],
    [hasExperts && !(divides(expert, model.experts) && divides(expert, data)), "experts"],
    [!batchDivides, "global batch"],
    [(tensor.value ?? 1) > NODE, `tensor parallel beyond a node of ${nodeSize.value}${replicated}`],
  ];
  const because = reasons.find(([holds]) => holds)?.[1] ?? null;
  const notes =
    copies && because === null
      ? ["KV heads are replicated: tensor parallelism is wider than they are many"]
      : [];
  return { gpus, states, memory, fits, microbatches, bubble, feasible: because === null, because, notes };
}
