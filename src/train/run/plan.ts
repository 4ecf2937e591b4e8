// What a configuration asks the machine for: the objective, the adapter, the memory, or a refusal.
import { availableMemory } from "../../backends/threads.ts";
import { BaimoError } from "../../errors.ts";
import { weightsAs } from "../../models/adapters/place-adapter.ts";
import type { ModelDescription } from "../../models/open-model.ts";
import type { WeightPlan } from "../../models/weights/tensor-plan.ts";
import type { AdapterOptions } from "../adapter.ts";
import type { Objective } from "../learner.ts";
import type { Schedule } from "../optimize/schedule.ts";
import { planMemory } from "../session.ts";
import type { TrainedModelParts } from "../trained-model.ts";
import { answerTokensOf, decayStartOf, type TrainConfig } from "./config.ts";

/** What is learned, and how. */
export function objectiveOf(config: TrainConfig): Objective {
  const { optimizer, clip, beta1, beta2, eps, weightDecay, lr, steps, warmup, end } = config;
  const adamw = { lr, beta1, beta2, eps, weightDecay };
  const muon =
    optimizer === "muon"
      ? { lr: config.muonLr, momentum: config.momentum, nesterov: true, weightDecay, scale: config.muonScale }
      : undefined;
  const decayStart = decayStartOf(config);
  const schedule = { kind: config.schedule, warmup, steps, end, decayStart } as Schedule; // each kind has its keys
  const common = { adamw, muon, clip, schedule };
  if (config.stage === "dpo") {
    return { kind: "pairs", options: { ...common, loss: config.loss, beta: config.beta } };
  }
  if (config.stage === "grpo") {
    const { groupLoss: loss, ratio: level, clipLow: low, clipHigh: high, kl: beta } = config;
    const maxCompletion = answerTokensOf(config);
    return { kind: "groups", options: { ...common, loss, level, low, high, beta, maxCompletion } };
  }
  const { zLoss, balance, routerZ } = config;
  return { kind: "tokens", options: { ...common, zLoss, balance, routerZ } };
}

function adapterOf({ adapter, r, alpha, targets, seed }: TrainConfig): AdapterOptions | undefined {
  if (adapter === "none") return undefined;
  return { r, alpha, targets, seed, rs: adapter === "rslora", dora: adapter === "dora" };
}

/** What is trained, where it fits the machine. @throws {BaimoError} `memory` naming the largest micro-batch that fits */
export async function partsThatFit(
  config: TrainConfig,
  description: ModelDescription,
  rest: { objective: Objective; threads: number },
): Promise<TrainedModelParts> {
  const adapter = adapterOf(config);
  const names = adapter && namesOf(description);
  const partsOf = (microBatch: number): TrainedModelParts => ({
    config: description.config,
    weights: description.weights,
    names,
    adapter,
    recompute: config.recompute,
    maxTokens: microBatch * config.sequenceLength * (config.stage === "dpo" ? 2 : 1),
  });
  const most = Math.min(await availableMemory(), 65_536 * 65_535);
  const needs = (microBatch: number) => planMemory({ parts: partsOf(microBatch), ...rest });
  const bytes = await needs(config.microBatch);
  if (bytes <= most) return partsOf(config.microBatch);
  let fits = 0;
  for (let size = 1; size < config.microBatch && (await needs(size)) <= most; size *= 2) fits = size;
  throw new BaimoError(
    "memory",
    `training takes ${gigabytes(bytes)}, but ${gigabytes(most)} can be had; ` +
      (fits > 0
        ? `a microBatch of ${fits} fits (${gigabytes(await needs(fits))})`
        : "even a microBatch of 1 does not fit: train an adapter, or a smaller model"),
  );
}

/** A GGUF's weights as PEFT names them. @throws {BaimoError} `config` where the family has no such names */
function namesOf(description: ModelDescription): WeightPlan | undefined {
  if (description.dialect === "huggingface") return undefined;
  const found = weightsAs(description, "huggingface");
  if (found) return found.plan;
  throw new BaimoError(
    "config",
    `${description.name}: models of the family "${description.family}" have no names in Hugging Face's layout, which PEFT asks for`,
  );
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
