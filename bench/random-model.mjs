// Models with random weights in the shapes of published ones, seeded, made once into bench/data/: what the benchmarks
// and checks by hand run on, since a speed does not depend on what the weights say.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { quantize, writeGguf, writeSafetensors } from "../dist/src/formats/index.js";
import { createRandom } from "../dist/src/random.js";
import { dtypes } from "../dist/src/tensor/dtype.js";

const dataFolder = join(import.meta.dirname, "data");

/** Hugging Face's names for the sizes, in camelCase. */
const shapes = {
  /** TinyLlama 1.1B's. */
  "llama-1.1b": {
    architecture: "llama",
    numLayers: 22,
    hiddenSize: 2048,
    intermediateSize: 5632,
    numHeads: 32,
    numKvHeads: 4,
    headDim: 64,
    vocabSize: 32_000,
    contextLength: 4096,
    normEps: 1e-5,
    ropeTheta: 10_000,
    tied: false,
    qkNorm: false,
  },
  /** Of no published model: in Q8_0 its file is beyond 4 GiB. */
  "llama-4.7b": {
    architecture: "llama",
    numLayers: 22,
    hiddenSize: 4096,
    intermediateSize: 11_008,
    numHeads: 32,
    numKvHeads: 32,
    headDim: 128,
    vocabSize: 32_000,
    contextLength: 4096,
    normEps: 1e-5,
    ropeTheta: 10_000,
    tied: false,
    qkNorm: false,
  },
  /** Qwen3-0.6B's. */
  "qwen3-0.6b": {
    architecture: "qwen3",
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
};

/**
 * Makes a model unless it is there, and says where it lies.
 *
 * name  shape and element type: `llama-1.1b-Q4_0`, `llama-1.1b-Q4_K_M` (GGUF), `qwen3-0.6b-BF16-safetensors` (a folder)
 */
export async function prepareModel(name) {
  const [, shapeName, dtype, folder] = /^(.+?)-([A-Z0-9_]+)(-safetensors)?$/.exec(name) ?? [];
  const shape = shapes[shapeName];
  if (shape === undefined) {
    throw new Error(`no random model "${name}"; shapes are ${Object.keys(shapes).join(", ")}`);
  }
  mkdirSync(dataFolder, { recursive: true });
  const path = join(dataFolder, folder ? name : `${name}.gguf`);
  const weights = folder ? join(path, "model.safetensors") : path;
  if (!existsSync(weights)) {
    console.error(`bench: making ${path}`);
    const tensors = listTensors(shape, dtype).map((tensor) => {
      // transformers writes all of a model in one type; llama.cpp wants norms in F32.
      const made = { ...tensor, dtype: folder ? dtype : tensor.dtype };
      return { ...made, name: folder ? tensor.name : tensor.gguf, data: () => randomBytes(made) };
    });
    if (folder) {
      mkdirSync(path, { recursive: true });
      for (const [file, content] of Object.entries(folderFiles(shape))) {
        writeFileSync(join(path, file), JSON.stringify(content, undefined, 2));
      }
      await writeSafetensors(weights, { metadata: { format: "pt" }, tensors });
    } else {
      await writeGguf(weights, { metadata: ggufMetadata(name, shape, dtype), tensors });
    }
  }
  return { path, bytes: statSync(weights).size };
}

/** The type of a matrix: the model's, or what llama.cpp's mix Q4_K_M gives it (values and down projections of some layers in Q6_K). */
function typeIn(mix, gguf, numLayers) {
  if (mix !== "Q4_K_M") return mix;
  const layer = Number(/^blk\.(\d+)\.(attn_v|ffn_down)/.exec(gguf)?.[1] ?? -1);
  const eighth = Math.floor(numLayers / 8);
  const more = layer < eighth || layer >= Math.floor((7 * numLayers) / 8) || (layer - eighth) % 3 === 2;
  return gguf === "output.weight" || (layer >= 0 && more) ? "Q6_K" : "Q4_K";
}

/** The tensors in Hugging Face's names and shapes; matrices are [out, in]. */
function listTensors(shape, mix) {
  const { numLayers, hiddenSize, intermediateSize, numHeads, numKvHeads, headDim, vocabSize } = shape;
  const matrix = (name, gguf, out, inner) => ({
    name,
    gguf,
    shape: [out, inner],
    dtype: typeIn(mix, gguf, numLayers),
  });
  const norm = (name, gguf, size) => ({ name, gguf, shape: [size], dtype: "F32" });
  const tensors = [matrix("model.embed_tokens.weight", "token_embd.weight", vocabSize, hiddenSize)];
  for (let layer = 0; layer < numLayers; layer++) {
    const hf = `model.layers.${layer}`;
    const blk = `blk.${layer}`;
    const queries = numHeads * headDim;
    const keys = numKvHeads * headDim;
    tensors.push(
      norm(`${hf}.input_layernorm.weight`, `${blk}.attn_norm.weight`, hiddenSize),
      matrix(`${hf}.self_attn.q_proj.weight`, `${blk}.attn_q.weight`, queries, hiddenSize),
      matrix(`${hf}.self_attn.k_proj.weight`, `${blk}.attn_k.weight`, keys, hiddenSize),
      matrix(`${hf}.self_attn.v_proj.weight`, `${blk}.attn_v.weight`, keys, hiddenSize),
      matrix(`${hf}.self_attn.o_proj.weight`, `${blk}.attn_output.weight`, hiddenSize, queries),
      norm(`${hf}.post_attention_layernorm.weight`, `${blk}.ffn_norm.weight`, hiddenSize),
      matrix(`${hf}.mlp.gate_proj.weight`, `${blk}.ffn_gate.weight`, intermediateSize, hiddenSize),
      matrix(`${hf}.mlp.up_proj.weight`, `${blk}.ffn_up.weight`, intermediateSize, hiddenSize),
      matrix(`${hf}.mlp.down_proj.weight`, `${blk}.ffn_down.weight`, hiddenSize, intermediateSize),
    );
    if (shape.qkNorm) {
      tensors.push(
        norm(`${hf}.self_attn.q_norm.weight`, `${blk}.attn_q_norm.weight`, headDim),
        norm(`${hf}.self_attn.k_norm.weight`, `${blk}.attn_k_norm.weight`, headDim),
      );
    }
  }
  tensors.push(norm("model.norm.weight", "output_norm.weight", hiddenSize));
  if (!shape.tied) tensors.push(matrix("lm_head.weight", "output.weight", vocabSize, hiddenSize));
  return tensors;
}

/** Most values made at a time. */
const PIECE = 1 << 22;

/**
 * The bytes of a tensor, some whole blocks at a time: norms are 1; matrices are random with variance 1 / columns, so
 * that activations keep their size. The seed is the tensor's name. No scale is subnormal in half precision.
 */
function* randomBytes({ name, shape, dtype }) {
  const count = shape.reduce((a, b) => a * b, 1);
  if (shape.length === 1) {
    yield quantize(dtype, new Float32Array(count).fill(1));
    return;
  }
  const seed = createHash("sha256").update(name).digest().readUInt32LE(0);
  const random = createRandom(seed);
  const bits = randomWords(seed);
  const sigma = 1 / Math.sqrt(shape[1]);
  if (dtypes[dtype].elements > 1 && !(dtype in SPREAD)) {
    yield* drawnBlocks(dtype, count, sigma, random, bits);
    return;
  }
  // A table of 4,096 encoded values (or block scales), from which each element (or block) draws.
  const blockBytes = { Q4_0: 18, Q8_0: 34 }[dtype];
  // Levels reach one further down than up; scales of either sign keep the mean at zero.
  const sign = () => (random.integer(2) === 0 ? 1 : -1);
  const spread = SPREAD[dtype];
  const table = Float32Array.from({ length: 4096 }, () =>
    blockBytes === undefined
      ? sigma * random.normal()
      : (sigma / spread) * (0.75 + 0.5 * random.uniform()) * sign(),
  );
  const drawn = quantize(blockBytes === undefined ? dtype : "F16", table);
  const width = drawn.length / table.length;
  for (let done = 0; done < count; done += PIECE) {
    const values = Math.min(PIECE, count - done);
    if (blockBytes === undefined) {
      const words = width === 4 ? new Uint32Array(values) : new Uint16Array(values);
      const from = new words.constructor(drawn.buffer, drawn.byteOffset, table.length);
      for (let i = 0; i < values; i++) words[i] = from[bits() & 4095];
      yield new Uint8Array(words.buffer);
    } else {
      const bytes = new Uint8Array((values / 32) * blockBytes);
      const words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
      for (let i = 0; i < words.length; i++) words[i] = bits();
      for (let at = 0; at < bytes.length; at += blockBytes) {
        const pick = 2 * (bits() & 4095);
        bytes[at] = drawn[pick];
        bytes[at + 1] = drawn[pick + 1];
      }
      yield bytes;
    }
  }
}

/** The standard deviations of uniform levels -8…7 and -128…127. */
const SPREAD = { Q4_0: 4.61, Q8_0: 73.9 };

/** Blocks drawn from a table of 512, which are those of normal values. */
function* drawnBlocks(dtype, count, sigma, random, bits) {
  const { elements, bytes: size } = dtypes[dtype];
  const table = quantize(
    dtype,
    Float32Array.from({ length: 512 * elements }, () => sigma * random.normal()),
  );
  for (let done = 0; done < count; done += PIECE) {
    const bytes = new Uint8Array((Math.min(PIECE, count - done) / elements) * size);
    for (let at = 0; at < bytes.length; at += size) {
      const pick = (bits() & 511) * size;
      bytes.set(table.subarray(pick, pick + size), at);
    }
    yield bytes;
  }
}

/** A fast stream of 32 random bits at a time (Marsaglia's xorshift, period 2^32 - 1): ample for bytes nobody reads. */
function randomWords(seed) {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function ggufMetadata(name, shape, dtype) {
  const { architecture } = shape;
  return {
    "general.architecture": architecture,
    "general.name": name,
    "general.file_type": { F32: 0, F16: 1, Q4_0: 2, Q8_0: 7, Q4_K_M: 15, Q6_K: 18, BF16: 32 }[dtype],
    [`${architecture}.block_count`]: shape.numLayers,
    [`${architecture}.context_length`]: shape.contextLength,
    [`${architecture}.embedding_length`]: shape.hiddenSize,
    [`${architecture}.feed_forward_length`]: shape.intermediateSize,
    [`${architecture}.attention.head_count`]: shape.numHeads,
    [`${architecture}.attention.head_count_kv`]: shape.numKvHeads,
    [`${architecture}.attention.key_length`]: shape.headDim,
    [`${architecture}.attention.value_length`]: shape.headDim,
    [`${architecture}.attention.layer_norm_rms_epsilon`]: shape.normEps,
    [`${architecture}.rope.freq_base`]: { type: "FLOAT32", value: shape.ropeTheta },
    ...(architecture === "llama" ? sentencePieceVocabulary(shape) : byteLevelVocabulary(shape)),
  };
}

/** A SentencePiece vocabulary of bytes and made-up words. */
function sentencePieceVocabulary({ vocabSize }) {
  const tokens = ["<unk>", "<s>", "</s>"];
  for (let byte = 0; byte < 256; byte++) {
    tokens.push(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  }
  while (tokens.length < vocabSize) tokens.push(`▁t${tokens.length}`);
  return {
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": tokens,
    "tokenizer.ggml.scores": Float32Array.from(tokens, (_, id) => -id),
    // Unknown 2, control 3, byte 6, normal 1.
    "tokenizer.ggml.token_type": tokens.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1)),
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
  };
}

const QWEN_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
const QWEN_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** Bytes as GPT-2 writes them, one merge, padding up to the published size; Qwen's ids of the special tokens. */
function byteLevelTokens({ vocabSize }) {
  const printable = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte < 256 && byte !== 173);
  let next = 256;
  const tokens = Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(printable(byte) ? byte : next++),
  );
  tokens.push("Ġt");
  while (tokens.length < 151_643) tokens.push(`[PAD${tokens.length}]`);
  tokens.push(...QWEN_SPECIAL);
  while (tokens.length < vocabSize) tokens.push(`[PAD${tokens.length}]`);
  return tokens;
}

const CHAT_TEMPLATE =
  "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}" +
  "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

function byteLevelVocabulary(shape) {
  const tokens = byteLevelTokens(shape);
  return {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "qwen2",
    "tokenizer.ggml.tokens": tokens,
    "tokenizer.ggml.token_type": tokens.map((text) =>
      text.startsWith("<|") ? 3 : text.startsWith("[PAD") ? 5 : 1,
    ),
    "tokenizer.ggml.merges": ["Ġ t"],
    "tokenizer.ggml.eos_token_id": tokens.indexOf("<|im_end|>"),
    "tokenizer.ggml.add_bos_token": false,
    "tokenizer.chat_template": CHAT_TEMPLATE,
  };
}

/** config.json and the tokenizer's files, as transformers writes them for Qwen3. */
function folderFiles(shape) {
  const tokens = byteLevelTokens(shape);
  const split = { type: "Split", pattern: { Regex: QWEN_PATTERN }, behavior: "Isolated", invert: false };
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false };
  const endId = tokens.indexOf("<|im_end|>");
  return {
    "config.json": {
      architectures: ["Qwen3ForCausalLM"],
      model_type: shape.architecture,
      attention_bias: false,
      attention_dropout: 0,
      eos_token_id: endId,
      head_dim: shape.headDim,
      hidden_act: "silu",
      hidden_size: shape.hiddenSize,
      initializer_range: 0.02,
      intermediate_size: shape.intermediateSize,
      max_position_embeddings: shape.contextLength,
      max_window_layers: shape.numLayers,
      num_attention_heads: shape.numHeads,
      num_hidden_layers: shape.numLayers,
      num_key_value_heads: shape.numKvHeads,
      rms_norm_eps: shape.normEps,
      rope_scaling: null,
      rope_theta: shape.ropeTheta,
      sliding_window: null,
      tie_word_embeddings: shape.tied,
      torch_dtype: "bfloat16",
      use_cache: true,
      use_sliding_window: false,
      vocab_size: shape.vocabSize,
    },
    "generation_config.json": { eos_token_id: [endId, tokens.indexOf("<|endoftext|>")], do_sample: true },
    "tokenizer_config.json": {
      add_bos_token: false,
      eos_token: "<|im_end|>",
      chat_template: CHAT_TEMPLATE,
      tokenizer_class: "Qwen2Tokenizer",
    },
    "tokenizer.json": {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: QWEN_SPECIAL.map((content) => ({
        id: tokens.indexOf(content),
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      normalizer: { type: "NFC" },
      pre_tokenizer: { type: "Sequence", pretokenizers: [split, byteLevel] },
      post_processor: byteLevel,
      decoder: byteLevel,
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: "",
        end_of_word_suffix: "",
        fuse_unk: false,
        byte_fallback: false,
        vocab: Object.fromEntries(
          tokens.map((text, id) => [text, id]).filter(([text]) => !QWEN_SPECIAL.includes(text)),
        ),
        merges: [["Ġ", "t"]],
      },
    },
  };
}
