// The shapes of the random models that benchmarks run on, and the tensors that each is made of.

const llamaLine = {
  architecture: "llama",
  vocabulary: "sentencepiece",
  vocabSize: 32_000,
  contextLength: 4096,
  normEps: 1e-5,
  ropeTheta: 10_000,
};

/** Hugging Face's names for the sizes, in camelCase; the tensors are those of the architecture. */
export const shapes = {
  /** TinyLlama 1.1B's, with a context that holds a prompt of 4,096 and an answer. */
  "llama-1.1b": {
    ...llamaLine,
    numLayers: 22,
    hiddenSize: 2048,
    intermediateSize: 5632,
    numHeads: 32,
    numKvHeads: 4,
    headDim: 64,
    contextLength: 8192,
  },
  /** Of no published model: in Q8_0 its file is beyond 4 GiB. */
  "llama-4.7b": {
    ...llamaLine,
    numLayers: 22,
    hiddenSize: 4096,
    intermediateSize: 11_008,
    numHeads: 32,
    numKvHeads: 32,
    headDim: 128,
  },
  /** Llama 2 7B's: in Q8_0 more than 6 GiB. */
  "llama-6.7b": {
    ...llamaLine,
    numLayers: 32,
    hiddenSize: 4096,
    intermediateSize: 11_008,
    numHeads: 32,
    numKvHeads: 32,
    headDim: 128,
  },
  /** Mixtral's, made small: 8 experts, 2 a token; 1.56 B parameters, 0.54 B of them active. */
  "mixtral-1.5b": {
    ...llamaLine,
    numLayers: 16,
    hiddenSize: 1536,
    intermediateSize: 2304,
    numHeads: 24,
    numKvHeads: 8,
    headDim: 64,
    numExperts: 8,
    numExpertsPerToken: 2,
    contextLength: 8192,
  },
  /** Qwen3-0.6B's. */
  "qwen3-0.6b": {
    architecture: "qwen3",
    vocabulary: "qwen2",
    numLayers: 28,
    hiddenSize: 1024,
    intermediateSize: 3072,
    numHeads: 16,
    numKvHeads: 8,
    headDim: 128,
    vocabSize: 151_936,
    contextLength: 40_960,
    normEps: 1e-6,
    ropeTheta: 1_000_000,
    tied: true,
    qkNorm: true,
  },
  /** GPT-2's. */
  "gpt2-124m": {
    architecture: "gpt2",
    vocabulary: "gpt-2",
    numLayers: 12,
    hiddenSize: 768,
    intermediateSize: 3072,
    numHeads: 12,
    numKvHeads: 12,
    headDim: 64,
    vocabSize: 50_257,
    contextLength: 1024,
    normEps: 1e-5,
    tied: true,
  },
  /** BLOOM 560M's: ALiBi. */
  "bloom-560m": {
    architecture: "bloom",
    vocabulary: "bloom",
    numLayers: 24,
    hiddenSize: 1024,
    intermediateSize: 4096,
    numHeads: 16,
    numKvHeads: 16,
    headDim: 64,
    vocabSize: 250_880,
    contextLength: 2048,
    normEps: 1e-5,
    tied: true,
  },
  /** T5 v1.1 base's: an encoder and a decoder of 12 layers each. */
  "t5-250m": {
    architecture: "t5",
    vocabulary: "t5",
    numLayers: 12,
    hiddenSize: 768,
    intermediateSize: 2048,
    numHeads: 12,
    numKvHeads: 12,
    headDim: 64,
    vocabSize: 32_128,
    contextLength: 512,
    normEps: 1e-6,
    relativeBuckets: 32,
  },
};

const architectures = {
  llama: llamaTensors,
  qwen3: llamaTensors,
  gpt2: packedTensors,
  bloom: packedTensors,
  t5: t5Tensors,
};

/**
 * The tensors of a shape: GGUF's names, shapes outermost first ([out, in]), all of type F32. Those of the llama line have
 * Hugging Face's names (`name`) as well.
 */
export function listTensors(shape) {
  return architectures[shape.architecture](shape).map((tensor) => ({ ...tensor, dtype: "F32" }));
}

function llamaTensors(shape) {
  const { numLayers, hiddenSize, intermediateSize, numHeads, numKvHeads, headDim, vocabSize } = shape;
  const [queries, keys] = [numHeads * headDim, numKvHeads * headDim];
  const tensor = (name, gguf, ...size) => ({ name, gguf, shape: size });
  const tensors = [tensor("model.embed_tokens.weight", "token_embd.weight", vocabSize, hiddenSize)];
  for (let layer = 0; layer < numLayers; layer++) {
    const hf = `model.layers.${layer}`;
    const blk = `blk.${layer}`;
    tensors.push(
      tensor(`${hf}.input_layernorm.weight`, `${blk}.attn_norm.weight`, hiddenSize),
      tensor(`${hf}.self_attn.q_proj.weight`, `${blk}.attn_q.weight`, queries, hiddenSize),
      tensor(`${hf}.self_attn.k_proj.weight`, `${blk}.attn_k.weight`, keys, hiddenSize),
      tensor(`${hf}.self_attn.v_proj.weight`, `${blk}.attn_v.weight`, keys, hiddenSize),
      tensor(`${hf}.self_attn.o_proj.weight`, `${blk}.attn_output.weight`, hiddenSize, queries),
      tensor(`${hf}.post_attention_layernorm.weight`, `${blk}.ffn_norm.weight`, hiddenSize),
    );
    if (shape.numExperts) {
      const { numExperts } = shape;
      // In one file the experts of a layer are one tensor, which has no name in a folder.
      tensors.push(
        tensor(undefined, `${blk}.ffn_gate_inp.weight`, numExperts, hiddenSize),
        tensor(undefined, `${blk}.ffn_gate_exps.weight`, numExperts, intermediateSize, hiddenSize),
        tensor(undefined, `${blk}.ffn_up_exps.weight`, numExperts, intermediateSize, hiddenSize),
        tensor(undefined, `${blk}.ffn_down_exps.weight`, numExperts, hiddenSize, intermediateSize),
      );
    } else {
      tensors.push(
        tensor(`${hf}.mlp.gate_proj.weight`, `${blk}.ffn_gate.weight`, intermediateSize, hiddenSize),
        tensor(`${hf}.mlp.up_proj.weight`, `${blk}.ffn_up.weight`, intermediateSize, hiddenSize),
        tensor(`${hf}.mlp.down_proj.weight`, `${blk}.ffn_down.weight`, hiddenSize, intermediateSize),
      );
    }
    if (shape.qkNorm) {
      tensors.push(
        tensor(`${hf}.self_attn.q_norm.weight`, `${blk}.attn_q_norm.weight`, headDim),
        tensor(`${hf}.self_attn.k_norm.weight`, `${blk}.attn_k_norm.weight`, headDim),
      );
    }
  }
  tensors.push(tensor("model.norm.weight", "output_norm.weight", hiddenSize));
  if (!shape.tied) tensors.push(tensor("lm_head.weight", "output.weight", vocabSize, hiddenSize));
  return tensors;
}

/** GPT-2 and BLOOM: biases everywhere, query, key and value in one matrix, a plain MLP. */
function packedTensors({ architecture, numLayers, hiddenSize, intermediateSize, vocabSize, contextLength }) {
  const pair = (gguf, ...size) => [
    { gguf: `${gguf}.weight`, shape: size },
    { gguf: `${gguf}.bias`, shape: [size[0]] },
  ];
  const tensors = [{ gguf: "token_embd.weight", shape: [vocabSize, hiddenSize] }];
  if (architecture === "bloom") tensors.push(...pair("token_embd_norm", hiddenSize));
  else tensors.push({ gguf: "position_embd.weight", shape: [contextLength, hiddenSize] });
  for (let layer = 0; layer < numLayers; layer++) {
    const blk = `blk.${layer}`;
    tensors.push(
      ...pair(`${blk}.attn_norm`, hiddenSize),
      ...pair(`${blk}.attn_qkv`, 3 * hiddenSize, hiddenSize),
      ...pair(`${blk}.attn_output`, hiddenSize, hiddenSize),
      ...pair(`${blk}.ffn_norm`, hiddenSize),
      ...pair(`${blk}.ffn_up`, intermediateSize, hiddenSize),
      ...pair(`${blk}.ffn_down`, hiddenSize, intermediateSize),
    );
  }
  return [...tensors, ...pair("output_norm", hiddenSize)];
}

function t5Tensors({
  numLayers,
  hiddenSize,
  intermediateSize,
  numHeads,
  vocabSize,
  headDim,
  relativeBuckets,
}) {
  const inner = numHeads * headDim;
  const tensor = (gguf, ...size) => ({ gguf: `${gguf}.weight`, shape: size });
  const tensors = [tensor("token_embd", vocabSize, hiddenSize)];
  for (const stack of ["enc", "dec"]) {
    tensors.push(tensor(`${stack}.blk.0.attn_rel_b`, relativeBuckets, numHeads));
    for (let layer = 0; layer < numLayers; layer++) {
      const blk = `${stack}.blk.${layer}`;
      for (const attention of stack === "enc" ? ["attn"] : ["attn", "cross_attn"]) {
        tensors.push(
          tensor(`${blk}.${attention}_norm`, hiddenSize),
          ...["q", "k", "v"].map((part) => tensor(`${blk}.${attention}_${part}`, inner, hiddenSize)),
          tensor(`${blk}.${attention}_o`, hiddenSize, inner),
        );
      }
      tensors.push(
        tensor(`${blk}.ffn_norm`, hiddenSize),
        tensor(`${blk}.ffn_gate`, intermediateSize, hiddenSize),
        tensor(`${blk}.ffn_up`, intermediateSize, hiddenSize),
        tensor(`${blk}.ffn_down`, hiddenSize, intermediateSize),
      );
    }
    tensors.push(tensor(`${stack}.output_norm`, hiddenSize));
  }
  return [...tensors, tensor("output", vocabSize, hiddenSize)];
}

/** What a GGUF file says of a shape, without the vocabulary. */
export function shapeMetadata(shape) {
  const { architecture, numHeads, normEps, headDim } = shape;
  const float = (value) => ({ type: "FLOAT32", value });
  const rms = shape.ropeTheta !== undefined || architecture === "t5";
  const keys = {
    block_count: shape.numLayers,
    context_length: shape.contextLength,
    embedding_length: shape.hiddenSize,
    feed_forward_length: shape.intermediateSize,
    "attention.head_count": numHeads,
    [`attention.layer_norm_${rms ? "rms_" : ""}epsilon`]: float(normEps),
  };
  if (architecture !== "t5") keys["attention.head_count_kv"] = shape.numKvHeads;
  if (rms) Object.assign(keys, { "attention.key_length": headDim, "attention.value_length": headDim });
  if (shape.ropeTheta) keys["rope.freq_base"] = float(shape.ropeTheta);
  if (shape.numExperts) {
    Object.assign(keys, { expert_count: shape.numExperts, expert_used_count: shape.numExpertsPerToken });
  }
  if (architecture === "t5") {
    Object.assign(keys, {
      "attention.relative_buckets_count": shape.relativeBuckets,
      decoder_start_token_id: 0,
      vocab_size: shape.vocabSize,
    });
  }
  return Object.fromEntries(Object.entries(keys).map(([key, value]) => [`${architecture}.${key}`, value]));
}
