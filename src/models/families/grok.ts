// Grok-1: norms at both ends of a branch, capped scores, eight experts of which two answer.
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { plainExperts, readGgufExperts } from "./read/experts.ts";
import { ggufNames } from "./read/llama-names.ts";
import { expertScores, expertSizes } from "./write/expert-keys.ts";
import { f32, softcaps } from "./write/keys.ts";

export const grok1: Family = {
  name: "grok1",
  huggingface: {
    types: ["grok-1", "grok1"],
    defaults: {
      max_position_embeddings: 4096,
      rms_norm_eps: 1e-5,
      attn_output_multiplier: 1,
      embedding_multiplier_scale: 1,
      output_multiplier_scale: 1,
      max_attn_value: 30,
      num_experts: 8,
      num_experts_per_tok: 2,
      tie_word_embeddings: true,
    },
    spellings: { num_experts: ["num_local_experts"] },
    knobs(r, { numLayers }): Knobs {
      const intermediateSize = r.size("intermediate_size");
      const count = r.size("num_experts", undefined, 4096);
      const perToken = r.size("num_experts_per_tok", undefined, 4096);
      r.only("hidden_act", "gelu");
      return {
        normPlace: "sandwich",
        embeddingScale: r.number("embedding_multiplier_scale"),
        attentionScale: r.number("attn_output_multiplier"),
        attentionSoftcap: r.number("max_attn_value"),
        logitScale: r.number("output_multiplier_scale"),
        activation: "gelu-tanh",
        intermediateSize,
        experts: { ...plainExperts({ count, perToken, intermediateSize, numLayers }), normalize: 0 },
      };
    },
    names({ hiddenSize }) {
      const layer = "model.layers.{l}";
      const norm = (name: string) => ({ name, suffix: ".scale", shape: [hiddenSize] });
      return {
        decoder: {
          embedding: "model.embed_tokens",
          finalNorm: norm("model.norm"),
          head: "lm_head",
          attentionNorm: norm(`${layer}.pre_attn_norm`),
          attentionEndNorm: norm(`${layer}.post_attn_norm`),
          query: `${layer}.attn.q_proj`,
          key: `${layer}.attn.k_proj`,
          value: `${layer}.attn.v_proj`,
          output: `${layer}.attn.o_proj`,
          mlpNorm: norm(`${layer}.pre_moe_norm`),
          mlpEndNorm: norm(`${layer}.post_moe_norm`),
          router: `${layer}.moe_block.gate`,
          expertGate: `${layer}.moe_block.experts.{e}.linear`,
          expertUp: `${layer}.moe_block.experts.{e}.linear_v`,
          expertDown: `${layer}.moe_block.experts.{e}.linear_1`,
        },
      };
    },
  },
  gguf: {
    architectures: ["grok"],
    knobs(r, { numLayers }): Knobs {
      // Old files leave out what the first release had. The router's softcap is another program's: the release has none.
      r.ignore("router_logit_softcapping");
      r.only("attention.temperature_length");
      return {
        normPlace: "sandwich",
        embeddingScale: r.number("embedding_scale", 78.38367176906169),
        attentionScale: r.number("attention.output_scale", 0.08838834764831845),
        attentionSoftcap: r.number("attn_logit_softcapping", 30),
        logitScale: r.number("logit_scale", 0.5773502691896257),
        logitSoftcap: r.number("final_logit_softcapping", 0),
        activation: "gelu-tanh",
        experts: readGgufExperts(r, numLayers, { normalize: 0 }),
      };
    },
    names(config, facts) {
      const end = facts.has("blk.0.layer_output_norm.weight") ? "layer_output_norm" : "post_ffw_norm";
      return {
        decoder: {
          ...ggufNames(config, facts),
          attentionEndNorm: "blk.{l}.attn_output_norm",
          mlpEndNorm: `blk.{l}.${end}`,
        },
      };
    },
    write: (config) => ({
      ...expertSizes(config),
      ...expertScores(config),
      ...softcaps(config),
      embedding_scale: f32(config.embeddingScale),
      "attention.output_scale": f32(config.attentionScale),
      logit_scale: f32(config.logitScale),
    }),
    marks: () => ["blk.0.layer_output_norm.weight"],
  },
};
