// BERT, RoBERTa and XLM-R: encoders alone, for embeddings and for scores of pairs.
import type { ClassifierConfig, Knobs } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { CheckpointFacts, Family, ModelNames, TensorNames } from "./family.ts";
import { layerNormKnobs } from "./gpt2.ts";
import { readActivation } from "./read/activation.ts";
import {
  classesOf,
  classifierMarks,
  encoderKnobs,
  ggufClassifier,
  ggufEncoderNames,
  writeEncoder,
} from "./read/encoder.ts";
import { ggufNames } from "./read/llama-names.ts";

/** What the line shares: norms after sums, learned positions, token types, no head. */
export const bertKnobs = {
  ...layerNormKnobs,
  ...encoderKnobs,
  normPlace: "post",
  finalNorm: false,
  embeddingNorm: true,
  ropes: [],
} as const satisfies Knobs;

/** A layer over the first token's state, tanh, scores. */
const pooler = { bias: true, activation: "tanh", norm: false } as const satisfies ClassifierConfig["dense"];

function readEncoder(r: ConfigReader, classes: number): Knobs {
  r.ignore("directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers");
  r.ignore("pooler_size_per_head", "pooler_type", "output_past", "tie_word_embeddings", "adapters");
  r.only("position_embedding_type", "absolute");
  r.only("is_decoder", false);
  r.only("add_cross_attention", false);
  return {
    ...bertKnobs,
    activation: readActivation(r, "hidden_act", "gelu"),
    normEps: r.number("layer_norm_eps", 1e-12),
    tokenTypes: r.size("type_vocab_size", 2, 65_536),
    classifier: classes > 0 ? { classes, pooling: "cls", dense: pooler } : undefined,
  };
}

/** Names below a model's own, which a checkpoint of the encoder alone leaves out. */
function names(root: string, { has }: CheckpointFacts, classifier: Partial<TensorNames>): ModelNames {
  const base = has(`${root}.embeddings.word_embeddings.weight`) ? `${root}.` : "";
  const layer = `${base}encoder.layer.{l}`;
  return {
    decoder: {
      embedding: `${base}embeddings.word_embeddings`,
      positions: `${base}embeddings.position_embeddings`,
      tokenTypes: `${base}embeddings.token_type_embeddings`,
      embeddingNorm: `${base}embeddings.LayerNorm`,
      query: `${layer}.attention.self.query`,
      key: `${layer}.attention.self.key`,
      value: `${layer}.attention.self.value`,
      output: `${layer}.attention.output.dense`,
      attentionAfterNorm: `${layer}.attention.output.LayerNorm`,
      up: `${layer}.intermediate.dense`,
      down: `${layer}.output.dense`,
      mlpAfterNorm: `${layer}.output.LayerNorm`,
      ...classifier,
    },
    // Heads of pre-training, and a pooler that nobody asks.
    ignore: /^cls\.|^lm_head\.|(^|\.)embeddings\.(position_ids|token_type_ids)$|(^|\.)pooler\.dense\./,
  };
}

export const bert: Family = {
  name: "bert",
  huggingface: {
    types: ["bert"],
    defaults: { max_position_embeddings: 512 },
    knobs: (r, { contextLength }, facts): Knobs => ({
      ...readEncoder(r, classesOf(facts, "classifier")),
      learnedPositions: contextLength,
    }),
    names: (_, facts) =>
      names("bert", facts, { classifierDense: "bert.pooler.dense", classifier: "classifier" }),
  },
  gguf: {
    architectures: ["bert"],
    knobs(r, { contextLength }, facts): Knobs {
      r.only("attention.causal", false);
      return {
        ...bertKnobs,
        activation: "gelu",
        learnedPositions: contextLength,
        tokenTypes: r.number("token_type_count", facts.shape?.("token_types.weight")?.[0] ?? 0),
        classifier: ggufClassifier(r, facts, pooler),
      };
    },
    names: (config, facts) => ({
      decoder: {
        ...ggufNames(config, facts),
        ...ggufEncoderNames,
        attentionAfterNorm: "blk.{l}.attn_output_norm",
        mlpAfterNorm: "blk.{l}.layer_output_norm",
      },
    }),
    write: writeEncoder,
    marks: classifierMarks,
  },
};

/** RoBERTa's positions begin after that of its padding, which has one of its own. */
export const roberta: Family = {
  name: "roberta",
  huggingface: {
    types: ["roberta", "xlm-roberta", "camembert"],
    defaults: { max_position_embeddings: 512, pad_token_id: 1 },
    knobs(r, { contextLength: rows }, facts): Knobs {
      const [padding = 1] = r.ids("pad_token_id");
      const learnedPositionOffset = padding + 1;
      return {
        ...readEncoder(r, classesOf(facts, "classifier.out_proj")),
        learnedPositions: rows,
        learnedPositionOffset,
        uncountedTokenId: padding,
        contextLength: rows - learnedPositionOffset,
      };
    },
    names: (_, facts) =>
      names("roberta", facts, { classifierDense: "classifier.dense", classifier: "classifier.out_proj" }),
  },
  gguf: bert.gguf && { ...bert.gguf, architectures: [], writtenAs: "bert" },
};
