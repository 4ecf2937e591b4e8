// What mixtures of experts have in common, for families to set their own over. Data only.
import type { ExpertsConfig } from "../config.ts";

/** A plain mixture: softmax, top-k, weights renormalised, no shared experts, every layer. */
export function plainExperts(
  sizes: Pick<ExpertsConfig, "count" | "perToken" | "intermediateSize"> & { numLayers: number },
): ExpertsConfig {
  const { count, perToken, intermediateSize, numLayers } = sizes;
  return {
    ...{ count, perToken, intermediateSize },
    score: "softmax",
    jitter: 0,
    selectionBias: false,
    groups: 1,
    groupsPerToken: 1,
    groupScore: "max",
    normalize: 1,
    normalizeEps: 0,
    scale: 1,
    routerBias: false,
    bias: false,
    sharedIntermediateSize: 0,
    sharedGate: false,
    denseLayers: new Array(numLayers).fill(false),
  };
}
