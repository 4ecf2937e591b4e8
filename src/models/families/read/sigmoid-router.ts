// Mixtures with sigmoid routing and a bias for the choice (arXiv:2408.15664).
import type { ExpertsConfig, ModelConfig } from "../../config/config.ts";
import type { ConfigReader } from "../../config/config-reader.ts";
import type { TensorNames } from "../family.ts";
import { leadingDense, plainExperts } from "./experts.ts";

/** How they choose. */
export const noAux = {
  score: "sigmoid",
  selectionBias: true,
  groupScore: "top2",
  normalizeEps: 1e-20,
} as const satisfies Partial<ExpertsConfig>;

/** Sigmoid scores, a bias for the choice, the best groups by their two best, shared experts beside. */
export function noAuxExperts(r: ConfigReader, numLayers: number): ExpertsConfig {
  const intermediateSize = r.size("moe_intermediate_size");
  const groups = r.size("n_group", 1, 4096);
  return {
    ...plainExperts({
      count: r.size("n_routed_experts", undefined, 4096),
      perToken: r.size("num_experts_per_tok", undefined, 4096),
      intermediateSize,
      numLayers,
    }),
    ...noAux,
    groups,
    groupsPerToken: r.size("topk_group", groups, 4096),
    normalize: r.boolean("norm_topk_prob", true) ? 1 : 0,
    scale: r.number("routed_scaling_factor", 1),
    sharedIntermediateSize: intermediateSize * r.number("n_shared_experts", 0),
    denseLayers: leadingDense(numLayers, r.number("first_k_dense_replace", 0)),
  };
}

/** Names of what these mixtures have beside their experts. */
export function sharedExperts({ experts }: ModelConfig): Partial<TensorNames> {
  const part = "model.layers.{l}.mlp";
  return {
    selectionBias: { name: `${part}.gate.e_score_correction_bias`, suffix: "", shape: [experts?.count ?? 0] },
    sharedGate: `${part}.shared_experts.gate_proj`,
    sharedUp: `${part}.shared_experts.up_proj`,
    sharedDown: `${part}.shared_experts.down_proj`,
  };
}

/** The bias for the choice in GGUF. */
export function ggufSelectionBias({ experts }: ModelConfig): Partial<TensorNames> {
  return { selectionBias: { name: "blk.{l}.exp_probs_b", suffix: ".bias", shape: [experts?.count ?? 0] } };
}

/** Layers after the last: they foresee a second next token, and are not run. */
export const nextTokenLayers = (config: ModelConfig): RegExp => layersBeyond("model\\.layers", config);

/** The same in GGUF. */
export const ggufNextTokenLayers = (config: ModelConfig): RegExp => layersBeyond("blk", config);

function layersBeyond(root: string, { numLayers }: ModelConfig): RegExp {
  const beyond = Array.from({ length: 8 }, (_, i) => numLayers + i).join("|");
  return new RegExp(`^${root}\\.(${beyond})\\.`);
}
