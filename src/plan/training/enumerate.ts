// Every way to divide a run over so many GPUs: what fits, and the first reason why not.
import type { Accelerator } from "../hardware/accelerators.ts";
import { type Computed, compute, defined, given, type Quantity } from "../quantity/quantity.ts";
import { type ActivationMethod, activationsPerLayer } from "./activations.ts";
import { checkPlan, NODE, type Plan, type PlanResult, type TrainedModel } from "./parallel.ts";
import { type StateBytes, type ZeroStage, zeroStages } from "./states.ts";

/** What all plans have in common. */
export interface RunSizes {
  readonly gpus: number;
  readonly hidden: Quantity<"count">;
  readonly sequence: Quantity<"token">;
  readonly globalBatch: Quantity<"sequence">;
  /** Only this stage; default: all. */
  readonly zero?: ZeroStage;
}

/** A plan with what becomes of it. */
export interface CheckedPlan extends PlanResult {
  readonly plan: Plan;
  readonly recompute: "none" | "selective" | "full";
  /** Time of a step, were there neither bubble nor recomputation: 1. Null where the plan is not feasible. */
  readonly time: Computed<"ratio"> | null;
}

/** What was found. */
export interface Plans {
  /** The fastest first; among equals the one that divides least. */
  readonly feasible: readonly CheckedPlan[];
  /** How many plans fall to each first reason. */
  readonly infeasible: Readonly<Record<string, number>>;
}

const methods: readonly (readonly [CheckedPlan["recompute"], ActivationMethod])[] = [
  ["none", "tensor-sequence"],
  ["selective", "tensor-sequence-selective"],
  ["full", "full"],
];
/** Work of a step beside that without recomputation. */
const workOf = {
  none: defined("work without recomputation", 1, "ratio", "definition"),
  selective: defined(
    "work with selective recomputation",
    1.027,
    "ratio",
    "Korthikanti et al., §5: 2.7% more FLOPs at most",
    "https://arxiv.org/abs/2205.05198",
  ),
  full: defined(
    "work with full recomputation",
    4 / 3,
    "ratio",
    "one forward pass more: 8 N D beside 6 N D",
    "https://arxiv.org/abs/2205.05198",
  ),
};

/** Whole numbers that divide `of`, up to `most`. */
const divisors = (of: number, most: number) =>
  Array.from({ length: Math.min(of, most) }, (_, i) => i + 1).filter((part) => of % part === 0);

/** More GPUs than a plan is looked for. */
export const MOST_GPUS = 1 << 20;

/**
 * Tries every tensor parallelism up to a node, pipeline, expert and ZeRO division and microbatches of 1, 2 and 4, each with
 * as little recomputation as fits.
 */
export function enumeratePlans(
  model: TrainedModel,
  bytes: StateBytes,
  device: Accelerator,
  { gpus, hidden, sequence, globalBatch, zero }: RunSizes,
): Plans {
  const feasible: CheckedPlan[] = [];
  const infeasible: Record<string, number> = {};
  const layers = model.layers.value ?? 1;
  const count = (name: string, value: number) => given(name, value, "count");
  const stages = zero === undefined ? zeroStages : [zero];
  for (const t of divisors(gpus, NODE))
    for (const p of divisors(gpus / t, Math.min(layers, 64))) {
      const d = gpus / (t * p);
      const shares = model.experts.value ? divisors(model.experts.value, d).filter((e) => d % e === 0) : [1];
      for (const e of shares)
        for (const stage of d === 1 ? stages.slice(0, 1) : stages)
          for (const m of [1, 2, 4]) {
            const plan: Plan = {
              tensor: count("tensor parallelism", t),
              pipeline: count("pipeline stages", p),
              data: count("data parallelism", d),
              expert: count("expert parallelism", e),
              zero: stage,
              microbatch: given("microbatch", m, "sequence"),
              globalBatch,
            };
            const checked = leastRecomputation(model, plan, bytes, device, hidden, sequence);
            if (checked.because === null) feasible.push(checked);
            else infeasible[checked.because] = (infeasible[checked.because] ?? 0) + 1;
          }
    }
  const order = ({ time, plan }: CheckedPlan) => [
    time?.value ?? Number.POSITIVE_INFINITY,
    (plan.tensor.value ?? 0) * (plan.pipeline.value ?? 0),
    plan.zero,
    -(plan.microbatch.value ?? 0),
  ];
  feasible.sort((a, b) => {
    const [left, right] = [order(a), order(b)];
    const at = left.findIndex((value, i) => value !== right[i]);
    return at < 0 ? 0 : left[at] - right[at];
  });
  return { feasible, infeasible };
}

function leastRecomputation(
  model: TrainedModel,
  plan: Plan,
  bytes: StateBytes,
  device: Accelerator,
  hidden: Quantity<"count">,
  sequence: Quantity<"token">,
): CheckedPlan {
  const { tensor, microbatch, pipeline } = plan;
  let last: CheckedPlan | undefined;
  for (const [recompute, method] of methods) {
    const perLayer = activationsPerLayer(method, {
      hidden,
      heads: model.heads,
      sequence,
      microbatch,
      tensor,
    });
    const activations = compute(
      "bytes of activations on the first stage",
      "byte",
      "perLayer * layers / pipeline * min(pipeline, max(1, globalBatch / (data * microbatch)))",
      {
        perLayer,
        layers: model.layers,
        pipeline,
        globalBatch: plan.globalBatch,
        data: plan.data,
        microbatch,
      },
      { note: "with 1F1B the first stage keeps as many microbatches as there are stages" },
    );
    const result = checkPlan(model, plan, bytes, device, activations);
    const { bubble } = result;
    const time =
      result.feasible && bubble
        ? compute("time of a step beside the ideal", "ratio", "work / (1 - bubble)", {
            work: workOf[recompute],
            bubble,
          })
        : null;
    last = { ...result, plan, recompute, time };
    if (result.because !== "memory") break;
  }
  return last!; // there are three methods
}
