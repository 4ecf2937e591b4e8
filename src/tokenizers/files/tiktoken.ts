// Vocabularies of tiktoken, lines of base64 and rank, brought to the form of tokenizer.json.
import { BaimoError } from "../../errors.ts";
import { BYTE_CHARACTERS } from "../text/unicode.ts";
import { GGUF_PRE_TOKENIZERS } from "./gguf-pre-tokenizers.ts";
import { addedTokensOf, bosEosProcessor } from "./special-tokens.ts";
import { tokenIdOf } from "./token-id.ts";
import type { TokenizerHints } from "./vocab-lists.ts";

/** What stands in the program of a tokenizer rather than in its file. */
interface TiktokenForm {
  /** The name of the pre-tokenizer among GGUF's. */
  pre: string;
  normalizer?: object;
  /** Special tokens, whose ids follow the ranks. */
  special: readonly string[];
  /** Special tokens before every text. */
  before?: readonly string[];
  bos?: string;
  eos: string;
}

const numbered = (count: number, name: (i: number) => string): string[] =>
  Array.from({ length: count }, (_, i) => name(i));

// Qwen/Qwen-7B, tokenization_qwen.py.
const qwen: TiktokenForm = {
  pre: "qwen2",
  normalizer: { type: "NFC" },
  special: ["<|endoftext|>", "<|im_start|>", "<|im_end|>", ...numbered(205, (i) => `<|extra_${i}|>`)],
  eos: "<|endoftext|>",
};
// moonshotai/Kimi-K2-Instruct, tokenization_kimi.py; the names of the first reserved tokens are in its configuration.
const kimi: TiktokenForm = {
  pre: "kimi-k2",
  special: numbered(256, (i) => `<|reserved_token_${i}|>`),
  eos: "[EOS]",
};
// meta-llama/llama-models, llama3/tokenizer.py.
const llama3: TiktokenForm = {
  pre: "llama-bpe",
  special: [
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|reserved_special_token_0|>",
    "<|reserved_special_token_1|>",
    "<|finetune_right_pad_id|>",
    "<|step_id|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|python_tag|>",
    ...numbered(245, (i) => `<|reserved_special_token_${i + 2}|>`),
  ],
  before: ["<|begin_of_text|>"],
  bos: "<|begin_of_text|>",
  eos: "<|end_of_text|>",
};
// THUDM/glm-4-9b-chat, tokenization_chatglm.py; its special tokens are in its configuration.
const glm4: TiktokenForm = {
  pre: "glm4",
  special: [],
  before: ["[gMASK]", "<sop>"],
  eos: "<|endoftext|>",
};

/** By the class in tokenizer_config.json, by config.json's `model_type`, and by the name of the file. */
const forms = new Map<string, TiktokenForm>([
  ["QWenTokenizer", qwen],
  ["TikTokenTokenizer", kimi],
  ["ChatGLM4Tokenizer", glm4],
  ["qwen", qwen],
  ["kimi_k2", kimi],
  ["llama", llama3],
  ["chatglm", glm4],
  ["qwen.tiktoken", qwen],
]);

/** Whether a file is a tiktoken vocabulary: its first line is base64, a space and a number. */
export function isTiktoken(bytes: Uint8Array): boolean {
  return /^[A-Za-z0-9+/]+={0,2} \d+\r?\n/.test(new TextDecoder("latin1").decode(bytes.subarray(0, 2048)));
}

/** Longer tokens are refused: finding a token's merges tries all its cuts. The longest published have 128 bytes. */
const MAX_TOKEN_BYTES = 1024;

/**
 * The tokenizer.json of a tiktoken vocabulary. A pair merges when its bytes together are a token, the lowest rank first.
 *
 * @throws {BaimoError} `request` when the pattern that cuts the text is not known, `format` for damaged files
 */
export function jsonOfTiktoken(bytes: Uint8Array, fileName: string, hints: TokenizerHints) {
  const { tokenizer_class: className } = hints.config;
  const where = `${hints.folder}: ${fileName}`;
  const keys = [className, hints.modelType, fileName].filter((key) => typeof key === "string");
  const form = keys.map((key) => forms.get(key)).find((found) => found !== undefined);
  const pre = form && GGUF_PRE_TOKENIZERS.get(form.pre);
  if (!form || !pre) {
    throw new BaimoError(
      "request",
      `${where}: a tiktoken vocabulary, whose pattern is in no file, and the one of ${keys.slice(0, 2).join(", ")} is not ` +
        "known; have transformers write a tokenizer.json beside it (TikTokenConverter in convert_slow_tokenizer.py)",
    );
  }
  const vocab = readRanks(bytes, where);
  const size = Object.keys(vocab).length;
  const config: Record<string, unknown> = { bos_token: form.bos, eos_token: form.eos, ...hints.config };
  const added = addedTokensOf(config, vocab);
  const taken = new Set(added.flatMap(({ id, content }) => [id, content]));
  form.special.forEach((content, i) => {
    const id = size + i;
    if (taken.has(id) || taken.has(content)) return;
    added.push({ id, content, special: true, normalized: false });
  });
  const idOf = (token: string) => added.find(({ content }) => content === token)?.id;
  const split = (pattern: string) => ({
    type: "Split",
    pattern: { Regex: pattern },
    behavior: "Isolated",
    invert: false,
  });
  return {
    added_tokens: added,
    normalizer: form.normalizer ?? null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        ...pre.patterns.map(split),
        { type: "ByteLevel", add_prefix_space: false, use_regex: false },
      ],
    },
    post_processor: form.before ? prefix(form.before, idOf, where) : bosEosProcessor(config, idOf),
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab, merges: mergesOfRanks(vocab), ignore_merges: true },
  };
}

function prefix(tokens: readonly string[], idOf: (token: string) => number | undefined, where: string) {
  const ids = tokens.map((token) => {
    const id = idOf(token);
    if (id === undefined) throw new BaimoError("format", `${where}: the token ${token} is not in the files`);
    return [token, { id: token, ids: [id], tokens: [token] }] as const;
  });
  return {
    type: "TemplateProcessing",
    single: [
      ...tokens.map((token) => ({ SpecialToken: { id: token, type_id: 0 } })),
      { Sequence: { id: "A", type_id: 0 } },
    ],
    special_tokens: Object.fromEntries(ids),
  };
}

/** Tokens in byte-level characters, by rank. */
function readRanks(bytes: Uint8Array, where: string): Record<string, number> {
  const vocab: Record<string, number> = Object.create(null);
  const lines = new TextDecoder("latin1").decode(bytes).split("\n");
  for (const [at, line] of lines.entries()) {
    const [, base64, rank] = /^([A-Za-z0-9+/]+={0,2}) (\d{1,9})\r?$/.exec(line) ?? [];
    if (base64 === undefined) {
      if (line.trim() === "") continue;
      throw new BaimoError("format", `${where}: line ${at + 1} is not a token in base64 and its rank`);
    }
    let token = "";
    for (const character of decodeBase64(base64, `${where}: line ${at + 1}`)) {
      token += BYTE_CHARACTERS[character.charCodeAt(0)];
    }
    if (token.length > MAX_TOKEN_BYTES) {
      throw new BaimoError(
        "format",
        `${where}: line ${at + 1} has a token of ${token.length} bytes; at most ${MAX_TOKEN_BYTES} are read`,
      );
    }
    vocab[token] = tokenIdOf(Number(rank), `${where}: the rank in line ${at + 1}`);
  }
  return vocab;
}

function decodeBase64(text: string, where: string): string {
  try {
    return atob(text);
  } catch (cause) {
    throw new BaimoError("format", `${where} is not base64`, { cause });
  }
}

/** The pairs that make each token, in the order of the ranks (transformers, TikTokenConverter). */
function mergesOfRanks(vocab: Readonly<Record<string, number>>): [string, string][] {
  const ranks = new Map(Object.entries(vocab).sort(([, a], [, b]) => a - b));
  const merges: [string, string][] = [];
  for (const token of ranks.keys()) {
    const pairs: [string, string][] = [];
    for (let cut = 1; cut < token.length; cut++) {
      const [left, right] = [token.slice(0, cut), token.slice(cut)];
      if (ranks.has(left) && ranks.has(right)) pairs.push([left, right]);
    }
    const rank = (piece: string) => ranks.get(piece) ?? 0;
    pairs.sort((a, b) => rank(a[0]) - rank(b[0]) || rank(a[1]) - rank(b[1]));
    merges.push(...pairs);
  }
  return merges;
}
