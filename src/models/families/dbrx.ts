// DBRX: LayerNorm without bias, clipped projections, sixteen experts packed in one tensor a matrix.
import { BaimoError } from "../../errors.ts";
import { completeConfig, type Knobs, type ModelConfig } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family, ModelNames, StoredPart } from "./family.ts";
import { plainExperts, readGgufExperts } from "./read/experts.ts";
import { ignoreHarmless } from "./read/ignored-fields.ts";
import { checkSizes } from "./read/llama-line.ts";
import { ggufNames } from "./read/llama-names.ts";
import { packedThirds } from "./read/packing.ts";
import { expertCounts } from "./write/expert-keys.ts";
import { qkvClip } from "./write/keys.ts";

function readConfig(reader: ConfigReader): ModelConfig {
  ignoreHarmless(reader);
  reader.ignore("emb_pdrop", "resid_pdrop", "rope_theta", "rope_parameters");
  reader.only("tie_word_embeddings", false);
  const attention = reader.record("attn_config");
  const mixture = reader.record("ffn_config");
  if (!attention || !mixture)
    throw new BaimoError("config", `${reader.where}: "attn_config" and "ffn_config" should be records`);
  const [hiddenSize, numHeads] = [reader.size("d_model", 2048), reader.size("n_heads", 16, 65_536)];
  const [numLayers, contextLength] = [reader.size("n_layers", 24, 1024), reader.size("max_seq_len", 2048)];
  const headDim = hiddenSize / numHeads;
  const harmless = ["model_type", "attn_pdrop", "hidden_size", "moe_jitter_eps", "moe_loss_weight"];
  attention.ignore(...harmless);
  mixture.ignore(...harmless);
  mixture.record("ffn_act_fn")?.only("name", "silu");
  // Left out it is 1; null: the chosen weights stay as they are.
  mixture.assume({ moe_normalize_expert_weights: 1 });
  const intermediateSize = mixture.size("ffn_hidden_size", 3584);
  const [bosTokenId] = reader.ids("bos_token_id");
  const config = completeConfig({
    architecture: reader.text("model_type"),
    vocabSize: reader.size("vocab_size", 32_000),
    hiddenSize,
    numHeads,
    numLayers,
    contextLength,
    headDim,
    intermediateSize,
    bosTokenId,
    eosTokenIds: reader.ids("eos_token_id"),
    norm: "layer",
    normEps: 1e-5,
    numKvHeads: attention.size("kv_n_heads", 1, 65_536),
    qkvClip: attention.number("clip_qkv", 0),
    ropes: [{ theta: attention.number("rope_theta", 10_000), dims: headDim, scaling: { type: "none" } }],
    experts: {
      ...plainExperts({
        count: mixture.size("moe_num_experts", 4, 4096),
        perToken: mixture.size("moe_top_k", 1, 4096),
        intermediateSize,
        numLayers,
      }),
      normalize: mixture.number("moe_normalize_expert_weights", 0),
    },
  });
  attention.finish();
  mixture.finish();
  return checkSizes(config, reader.where);
}

/** One expert's rows after another's: [experts * width, hidden], down too. */
function names({ hiddenSize: hidden, numHeads, numKvHeads, headDim, experts }: ModelConfig): ModelNames {
  const sizes = [numHeads * headDim, numKvHeads * headDim, numKvHeads * headDim] as const;
  const { count = 0, intermediateSize: width = 0 } = experts ?? {};
  const block = "transformer.blocks.{l}";
  const part =
    (name: string, transposed: boolean) =>
    (expert: number): StoredPart => ({
      name: `${block}.ffn.experts.mlp.${name}`,
      suffix: "",
      shape: [count * width, hidden],
      first: expert * width,
      transposed,
    });
  return {
    decoder: {
      embedding: "transformer.wte",
      finalNorm: "transformer.norm_f",
      head: "lm_head",
      attentionNorm: `${block}.norm_attn_norm.norm_1`,
      ...packedThirds(`${block}.norm_attn_norm.attn.Wqkv`, sizes, hidden),
      output: `${block}.norm_attn_norm.attn.out_proj`,
      mlpNorm: `${block}.norm_attn_norm.norm_2`,
      router: `${block}.ffn.router.layer`,
      expertGate: part("w1", false),
      expertUp: part("v1", false),
      expertDown: part("w2", true),
    },
  };
}

export const dbrx: Family = {
  name: "dbrx",
  huggingface: { types: ["dbrx"], read: readConfig, names },
  gguf: {
    architectures: ["dbrx"],
    knobs: (r, { numLayers }): Knobs => ({
      norm: "layer",
      qkvClip: r.number("attention.clamp_kqv", 0),
      experts: readGgufExperts(r, numLayers),
    }),
    names: (config, facts) => ({
      decoder: { ...ggufNames(config, facts), mlpNorm: "blk.{l}.attn_output_norm" },
    }),
    packed: true,
    write: (config) => ({ ...expertCounts(config), ...qkvClip(config) }),
  },
};
