// The tokenizer as tokenizer.json: a token a character, bytes for the rest, three for the chat.
//
// It is SentencePiece's BPE in which no two pieces merge: the same ids as tokenizer.py.
const CONTROL = ["<|user|>", "<|assistant|>", "<|end|>"];
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);

/** tokenizer.json of a list of characters, "▁" (the space) among them. */
export function tokenizerOf(characters) {
  const tokens = ["<unk>", "<s>", "</s>", ...BYTES, ...CONTROL, ...characters];
  const special = (content) => ({
    id: tokens.indexOf(content),
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  });
  const begin = { SpecialToken: { id: "<s>", type_id: 0 } };
  const [a, b] = ["A", "B"].map((id, type_id) => ({ Sequence: { id, type_id } }));
  return {
    version: "1.0",
    added_tokens: ["<unk>", "<s>", "</s>", ...CONTROL].map(special),
    normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" },
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [begin, a],
      pair: [begin, a, b],
      special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
      ],
    },
    model: {
      type: "BPE",
      unk_token: "<unk>",
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: [],
    },
  };
}

export const tokenizerConfig = {
  tokenizer_class: "PreTrainedTokenizerFast",
  bos_token: "<s>",
  eos_token: "<|end|>",
  unk_token: "<unk>",
};

/** System messages are passed over, and it looks back one exchange at most, since training does not go further. */
export const chatTemplate = [
  "{{ bos_token }}",
  "{% for message in messages %}",
  "{% if loop.index0 >= messages | length - (3 if add_generation_prompt else 4) %}",
  "{% if message['role'] == 'user' %}{{ '<|user|>' + message['content'] | trim }}",
  "{% elif message['role'] == 'assistant' %}{{ '<|assistant|>' }}",
  "{% generation %}{{ message['content'] | trim + '<|end|>' }}{% endgeneration %}",
  "{% endif %}{% endif %}{% endfor %}",
  "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
].join("");
