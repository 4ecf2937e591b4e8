// Fields of mixtures of experts that families share.
import type { ExpertsConfig } from "../../config/config.ts";
import type { ConfigReader } from "../../config/config-reader.ts";

/** A plain mixture: softmax, top-k, weights renormalised, no shared experts, every layer. */
export function plainExperts(
  sizes: Pick<ExpertsConfig, "count" | "perToken" | "intermediateSize"> & { numLayers: number },
): ExpertsConfig {
  const { count, perToken, intermediateSize, numLayers } = sizes;
  return {
    count,
    perToken,
    intermediateSize,
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

/** Whether each layer has a plain MLP: the first `count` have. */
export function leadingDense(numLayers: number, count: number): boolean[] {
  return Array.from({ length: numLayers }, (_, l) => l < count);
}

/** What `expert_gating_func` counts. */
const gatings = { 1: "softmax", 2: "sigmoid", 3: "softmax" } as const;

/**
 * The mixture of GGUF metadata. What the file says goes before what `own` says, since files of some architectures leave
 * out what their name implies.
 */
export function readGgufExperts(
  r: ConfigReader,
  numLayers: number,
  own: Partial<ExpertsConfig> = {},
): ExpertsConfig {
  const intermediateSize = r.size("expert_feed_forward_length", r.number("feed_forward_length", 0));
  const plain = plainExperts({
    count: r.size("expert_count", undefined, 4096),
    perToken: r.size("expert_used_count", undefined, 4096),
    intermediateSize,
    numLayers,
  });
  const usual = { ...plain, ...own };
  r.only("expert_gating_func", 0, 1, 2, 3);
  const gating = gatings[r.number("expert_gating_func", 0) as keyof typeof gatings];
  const scale = r.number("expert_weights_scale", 0);
  const normalized = r.boolean("expert_weights_norm", usual.normalize > 0);
  const shared = intermediateSize * r.number("expert_shared_count", 0);
  const dense = r.number("leading_dense_block_count", 0);
  return {
    ...usual,
    score: gating ?? usual.score,
    normalize: normalized ? usual.normalize || 1 : 0,
    scale: scale === 0 ? usual.scale : scale,
    groups: r.size("expert_group_count", usual.groups, 4096),
    groupsPerToken: r.size("expert_group_used_count", usual.groupsPerToken, 4096),
    sharedIntermediateSize: r.number("expert_shared_feed_forward_length", shared),
    denseLayers: dense > 0 ? leadingDense(numLayers, dense) : usual.denseLayers,
  };
}
