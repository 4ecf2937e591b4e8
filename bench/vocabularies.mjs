// Made-up vocabularies of the random models: GGUF metadata, or tokenizer files of a folder.

/** The GGUF metadata of the vocabulary that a shape names. */
export function vocabularyMetadata(shape) {
  if (shape.vocabulary === "sentencepiece") return sentencePieceVocabulary(shape);
  return shape.vocabulary === "t5" ? unigramVocabulary(shape) : byteLevelVocabulary(shape);
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

/** A Unigram vocabulary of letters and made-up words. */
function unigramVocabulary({ vocabSize }) {
  const tokens = ["<pad>", "</s>", "<unk>"];
  for (let code = 33; code < 127; code++) tokens.push(String.fromCharCode(code));
  while (tokens.length < vocabSize) tokens.push(`▁t${tokens.length}`);
  return {
    "tokenizer.ggml.model": "t5",
    "tokenizer.ggml.tokens": tokens,
    "tokenizer.ggml.scores": Float32Array.from(tokens, (_, id) => -id),
    // Unknown 2, control 3, normal 1.
    "tokenizer.ggml.token_type": tokens.map((_, id) => (id === 2 ? 2 : id < 2 ? 3 : 1)),
    "tokenizer.ggml.eos_token_id": 1,
    "tokenizer.ggml.unknown_token_id": 2,
    "tokenizer.ggml.padding_token_id": 0,
    "tokenizer.ggml.add_bos_token": false,
    "tokenizer.ggml.add_eos_token": true,
    "tokenizer.ggml.add_space_prefix": true,
  };
}

const QWEN_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
const QWEN_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** Bytes as GPT-2 writes them, one merge, padding up to the published size; the special tokens' ids are Qwen's, else the last. */
function byteLevelTokens({ vocabulary, vocabSize }) {
  const printable = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte < 256 && byte !== 173);
  let next = 256;
  const tokens = Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(printable(byte) ? byte : next++),
  );
  tokens.push("Ġt");
  const specialFrom = vocabulary === "qwen2" ? 151_643 : vocabSize - QWEN_SPECIAL.length;
  while (tokens.length < specialFrom) tokens.push(`[PAD${tokens.length}]`);
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
    "tokenizer.ggml.pre": shape.vocabulary,
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
export function folderFiles(shape) {
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
