// The list of families and the tensor names of the two dialects. A new family is one file and one entry here.
import type { Dialect, Family, TensorNames } from "./family.ts";
import { llama } from "./llama.ts";
import { mistral } from "./mistral.ts";
import { qwen2, qwen3 } from "./qwen.ts";

/** Every family that this build opens. */
export const families: readonly Family[] = [llama, mistral, qwen2, qwen3];

/** Tensor names without their ".weight" or ".bias". */
export const tensorNames: Readonly<Record<Dialect, TensorNames>> = {
  huggingface: {
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
    router: "model.layers.{l}.block_sparse_moe.gate",
    expertGate: "model.layers.{l}.block_sparse_moe.experts.{e}.w1",
    expertUp: "model.layers.{l}.block_sparse_moe.experts.{e}.w3",
    expertDown: "model.layers.{l}.block_sparse_moe.experts.{e}.w2",
  },
  gguf: {
    embedding: "token_embd",
    finalNorm: "output_norm",
    head: "output",
    attentionNorm: "blk.{l}.attn_norm",
    query: "blk.{l}.attn_q",
    key: "blk.{l}.attn_k",
    value: "blk.{l}.attn_v",
    queryNorm: "blk.{l}.attn_q_norm",
    keyNorm: "blk.{l}.attn_k_norm",
    output: "blk.{l}.attn_output",
    mlpNorm: "blk.{l}.ffn_norm",
    gate: "blk.{l}.ffn_gate",
    up: "blk.{l}.ffn_up",
    down: "blk.{l}.ffn_down",
    router: "blk.{l}.ffn_gate_inp",
    expertGate: "blk.{l}.ffn_gate_exps",
    expertUp: "blk.{l}.ffn_up_exps",
    expertDown: "blk.{l}.ffn_down_exps",
  },
};
