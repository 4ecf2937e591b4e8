// Tensor names that most families share, in Hugging Face's layout and in GGUF.
import type { ModelConfig } from "../../config/config.ts";
import type { CheckpointFacts, TensorNames } from "../family.ts";
import { packedThirds } from "./packing.ts";

/** Llama's names in Hugging Face's layout, without their ".weight" or ".bias". */
export const huggingFaceNames = {
  embedding: "model.embed_tokens",
  finalNorm: "model.norm",
  head: "lm_head",
  attentionNorm: "model.layers.{l}.input_layernorm",
  query: "model.layers.{l}.self_attn.q_proj",
  key: "model.layers.{l}.self_attn.k_proj",
  value: "model.layers.{l}.self_attn.v_proj",
  queryNorm: "model.layers.{l}.self_attn.q_norm",
  keyNorm: "model.layers.{l}.self_attn.k_norm",
  output: "model.layers.{l}.self_attn.o_proj",
  mlpNorm: "model.layers.{l}.post_attention_layernorm",
  gate: "model.layers.{l}.mlp.gate_proj",
  up: "model.layers.{l}.mlp.up_proj",
  down: "model.layers.{l}.mlp.down_proj",
  router: "model.layers.{l}.mlp.gate",
  expertGate: "model.layers.{l}.mlp.experts.{e}.gate_proj",
  expertUp: "model.layers.{l}.mlp.experts.{e}.up_proj",
  expertDown: "model.layers.{l}.mlp.experts.{e}.down_proj",
} satisfies Partial<TensorNames>;

/** The same, with the norms at the end of branches. */
export const branchNormNames = {
  ...huggingFaceNames,
  attentionEndNorm: "model.layers.{l}.post_attention_layernorm",
  mlpEndNorm: "model.layers.{l}.post_feedforward_layernorm",
} satisfies Partial<TensorNames>;

const gguf = {
  embedding: "token_embd",
  embeddingNorm: "token_embd_norm",
  positions: "position_embd",
  finalNorm: "output_norm",
  head: "output",
  attentionNorm: "blk.{l}.attn_norm",
  attentionEndNorm: "blk.{l}.post_attention_norm",
  query: "blk.{l}.attn_q",
  key: "blk.{l}.attn_k",
  value: "blk.{l}.attn_v",
  queryNorm: "blk.{l}.attn_q_norm",
  keyNorm: "blk.{l}.attn_k_norm",
  sinks: "blk.{l}.attn_sinks",
  output: "blk.{l}.attn_output",
  mlpNorm: "blk.{l}.ffn_norm",
  mlpEndNorm: "blk.{l}.post_ffw_norm",
  gate: "blk.{l}.ffn_gate",
  up: "blk.{l}.ffn_up",
  down: "blk.{l}.ffn_down",
  router: "blk.{l}.ffn_gate_inp",
  expertGate: "blk.{l}.ffn_gate_exps",
  expertUp: "blk.{l}.ffn_up_exps",
  expertDown: "blk.{l}.ffn_down_exps",
  sharedGate: "blk.{l}.ffn_gate_shexp",
  sharedUp: "blk.{l}.ffn_up_shexp",
  sharedDown: "blk.{l}.ffn_down_shexp",
  sharedRouter: "blk.{l}.ffn_gate_inp_shexp",
} satisfies Partial<TensorNames>;

/** llama.cpp's names, with query, key and value in one tensor where the file has them so, and experts' gate and up. */
export function ggufNames(config: ModelConfig, { has }: CheckpointFacts): Partial<TensorNames> {
  const { numHeads, numKvHeads, headDim, valueDim, hiddenSize: hidden, experts, delta } = config;
  const names: { -readonly [Part in keyof TensorNames]?: TensorNames[Part] } = { ...gguf };
  // A delta net has a tensor of this name, too.
  if (!delta && has("blk.0.attn_qkv.weight")) {
    const sizes = [numHeads * headDim, numKvHeads * headDim, numKvHeads * valueDim] as const;
    Object.assign(names, packedThirds("blk.{l}.attn_qkv", sizes, hidden));
  }
  if (experts && has(`blk.${experts.denseLayers.indexOf(false)}.ffn_gate_up_exps.weight`)) {
    const { count, intermediateSize: width } = experts;
    const half = (expert: number, first: number) => ({
      name: "blk.{l}.ffn_gate_up_exps",
      shape: [count, 2 * width, hidden],
      first: expert * 2 * width + first,
    });
    names.expertGate = (expert) => half(expert, 0);
    names.expertUp = (expert) => half(expert, width);
  }
  // Files of the first mixtures have a tensor an expert.
  if (experts && has("blk.0.ffn_gate.0.weight")) {
    names.expertGate = "blk.{l}.ffn_gate.{e}";
    names.expertUp = "blk.{l}.ffn_up.{e}";
    names.expertDown = "blk.{l}.ffn_down.{e}";
  }
  return names;
}
