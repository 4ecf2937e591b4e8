// A mixture of experts as GGUF metadata, key by key; nothing where there is no mixture.
import type { ExpertsConfig, ModelConfig } from "../../config/config.ts";
import type { GgufKeys } from "../family.ts";
import { f32, flag, u32 } from "./keys.ts";

const keysOf =
  (write: (experts: ExpertsConfig) => GgufKeys) =>
  ({ experts }: ModelConfig): GgufKeys =>
    experts ? write(experts) : {};

export const expertCounts = keysOf((e) => ({
  expert_count: u32(e.count),
  expert_used_count: u32(e.perToken),
}));

/** Counts, and the width of an expert. */
export const expertSizes = keysOf((e) => ({
  expert_count: u32(e.count),
  expert_used_count: u32(e.perToken),
  expert_feed_forward_length: u32(e.intermediateSize),
}));

/** Whether the weights of the chosen experts add up to 1. */
export const expertNormalization = keysOf((e) => ({ expert_weights_norm: flag(e.normalize > 0) }));

/** How the router's scores become weights. */
export const expertScores = keysOf((e) => ({
  expert_gating_func: u32(e.score === "sigmoid" ? 2 : 1),
  expert_weights_norm: flag(e.normalize > 0),
  expert_weights_scale: e.scale === 1 ? undefined : f32(e.scale),
}));

/** The width of the expert that every token meets. */
export const sharedExpertWidth = keysOf((e) => ({
  expert_shared_feed_forward_length: u32(e.sharedIntermediateSize),
}));

/** How many experts every token meets, and how many layers come before the first mixture. */
export const sharedExpertCount = keysOf((e) => ({
  expert_shared_count: u32(e.sharedIntermediateSize / e.intermediateSize),
  leading_dense_block_count: u32(e.denseLayers.filter(Boolean).length),
}));

/** Groups of which the best are asked. */
export const expertGroups = keysOf((e) => ({
  expert_group_count: e.groups > 1 ? u32(e.groups) : undefined,
  expert_group_used_count: e.groups > 1 ? u32(e.groupsPerToken) : undefined,
}));
