// The pre-tokenizers that `tokenizer.ggml.pre` names in GGUF files, as patterns.

import { cl100kPattern, GPT2_PATTERN, O200K_PATTERN } from "../text/scanners.ts";

/** What one name stands for. */
export interface GgufPreTokenizer {
  /** Patterns applied one after the other, matches and gaps both being pieces (Oniguruma's dialect). */
  patterns: readonly string[];
  /** A word that is a token is that token, whatever the merges. */
  ignoreMerges?: boolean;
  /** Whether BOS is added when the file does not say. */
  addBos?: boolean;
  /** Merges run over characters with spaces as ▁ and bytes as <0x..>, not over bytes. */
  characters?: boolean;
}

// Patterns and names follow llama.cpp, src/llama-vocab.cpp (commit 00ad355). Where it writes an approximation of the
// pattern of the published tokenizer (o200k, Tekken, Kimi K2, AFMoE), the published pattern stands here.
const CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const TAIL = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
const CASED = (suffix: string, upper = UPPER, lower = LOWER) =>
  `[^\\r\\n\\p{L}\\p{N}]?${upper}*${lower}+${suffix}|[^\\r\\n\\p{L}\\p{N}]?${upper}+${lower}*${suffix}`;
const ASCII_MARK_WORD = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+";
const LLAMA3 = cl100kPattern("\\p{N}{1,3}");
const QWEN2 = cl100kPattern("\\p{N}");
const QWEN35 = `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${TAIL}`;
const TEKKEN = `${CASED("")}|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${TAIL}`;
const HAN_KANA = "[一-龥\u3040-ゟ゠-ヿ]+";
const DEEPSEEK3_WORDS = `${ASCII_MARK_WORD}|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|${TAIL}`;
const BLOOM = " ?[^(\\s|.,!?…。，、।۔،)]+";
const LINES = "[^\\n]+|[\\n]+";
const NOT_HAN = "[^\\p{Han}]";

const DEFAULT: GgufPreTokenizer = {
  patterns: ["[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2_PATTERN, "\\p{N}+", "[0-9][0-9][0-9]"],
};
const gpt2: GgufPreTokenizer = { patterns: [GPT2_PATTERN] };
const starcoder: GgufPreTokenizer = { patterns: ["\\p{N}", GPT2_PATTERN] };
const qwen2: GgufPreTokenizer = { patterns: [QWEN2] };
const llama3: GgufPreTokenizer = { patterns: [LLAMA3], ignoreMerges: true, addBos: true };
const cl100k: GgufPreTokenizer = { patterns: [LLAMA3] };
const o200k: GgufPreTokenizer = { patterns: [O200K_PATTERN] };
const bloom: GgufPreTokenizer = { patterns: [BLOOM] };
const deepseek3: GgufPreTokenizer = { patterns: ["\\p{N}{1,3}", HAN_KANA, DEEPSEEK3_WORDS] };
const bailing: GgufPreTokenizer = {
  patterns: [
    `'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+`,
  ],
};
const characters: GgufPreTokenizer = { patterns: [LINES], characters: true };

// Latin, Greek, Cyrillic and other cased letters, as DeepSeek LLM's tokenizer lists them (code points in base 16).
const DEEPSEEK_LLM_LETTERS = ranges(
  "41-5a 61-7a b5 c0-d6 d8-f6 f8-1ba 1bc-1bf 1c4-293 295-2af 370-373 376 377 37b-37d 37f 386 388-38a 38c 38e-3a1 " +
    "3a3-3f5 3f7-481 48a-52f 531-556 10a0-10c5 13a0-13f5 13f8-13fd 1c90-1cba 1cbd-1cbf 1d00-1d2b 1d6b-1d77 " +
    "1d79-1d9a 1e00-1f15 1f18-1f1d 1f20-1f45 1f48-1f4d 1f50-1f57 1f59 1f5b 1f5d 1f5f-1f7d 1f80-1fb4 1fb6-1fbc " +
    "1fbe 1fc2-1fc4 1fc6-1fcc 1fd0-1fd3 1fd6-1fdb 1fe0-1fec 1ff2-1ff4 1ff6-1ffc 2102 2107 210a-2113 2115 " +
    "2119-211d 2124 2126 2128 212a-212d 212f-2134 2139 213c-213f 2145-2149 214e 2183 2184 2c00-2c7b 2c7e-2ce4 " +
    "2ceb-2cee 2cf2 2cf3 a640-a66d a680-a69b a722-a76f a771-a787 a78b-a78e ab70-abbf fb00-fb06 fb13-fb17 " +
    "ff21-ff3a ff41-ff5a 10400-1044f 104b0-104d3 104d8-104fb 10c80-10cb2 10cc0-10cf2 118a0-118df 1e900-1e943",
);
const AFMOE_SCRIPTS = ranges(
  "4e00-9fff 3400-4dbf f900-faff 3040-309f 30a0-30ff ff65-ff9f 2f00-2fdf e40-e7f e80-eff 1780-17ff 1000-109f " +
    "aa60-aa7f a9e0-a9ff ac00-d7af 1100-11ff",
);
const CJK = ranges("4e00-9fa5 800-4e00 ac00-d7ff");

/** Members of a character class from code points in base 16. */
function ranges(list: string): string {
  return list
    .split(" ")
    .map((range) =>
      range
        .split("-")
        .map((point) => `\\x{${point}}`)
        .join("-"),
    )
    .join("");
}

/** By the name in `tokenizer.ggml.pre`. */
export const GGUF_PRE_TOKENIZERS: ReadonlyMap<string, GgufPreTokenizer> = new Map<string, GgufPreTokenizer>([
  ["default", DEFAULT],
  ...named(llama3, "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano"),
  ...named(
    gpt2,
    "gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert jina-v1-en " +
      "jina-v2-code roberta-bpe mpt olmo jais trillion granite-docling exaone4",
  ),
  ...named(starcoder, "starcoder refact command-r smollm codeshell exaone minerva-7b mellum2"),
  ...named(qwen2, "qwen2 deepseek-r1-qwen kormo f2llmv2 stablelm2 hunyuan megrez solar-open grok-2"),
  ...named(cl100k, "dbrx smaug-bpe glm4 chatglm-bpe"),
  ...named(o200k, "gpt-4o llama4 kanana2 talkie minimax-m2"),
  ...named(bloom, "bloom poro-chat gpt3-finnish"),
  ...named(deepseek3, "deepseek-v3 hunyuan-dense joyai-llm hy_v4"),
  ...named(bailing, "bailingmoe bailingmoe2 llada-moe"),
  ...named({ ...characters, addBos: true }, "gemma4 granite-embed-multi-311m"),
  ["sarvam-moe", characters],
  ["qwen35", { patterns: [QWEN35] }],
  ["tekken", { patterns: [TEKKEN], ignoreMerges: true, addBos: true }],
  ["viking", { patterns: [BLOOM, "\\p{N}"] }],
  ["falcon", { patterns: ["[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2_PATTERN, "[0-9][0-9][0-9]"] }],
  [
    "deepseek-llm",
    {
      patterns: [
        "[\\r\\n]",
        `\\s?[${DEEPSEEK_LLM_LETTERS}]+`,
        `\\s?[${ranges("21-2f 3a-7e ff01-ff0f ff1a-ff5e 2018-201f 3000-3002")}]+`,
        "\\s+\\z",
        `[${CJK}]+`,
        "\\p{N}+",
      ],
    },
  ],
  ["deepseek-coder", { patterns: ["[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", `[${CJK}]+`, "\\p{N}"] }],
  [
    "spark2_5",
    {
      patterns: [
        "\\p{N}{1,3}",
        HAN_KANA,
        `${ASCII_MARK_WORD}|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+|[\\r\\n]|\\s+(?!\\S)|\\s+`,
        "\\p{N}",
      ],
    },
  ],
  [
    "youtu",
    {
      ignoreMerges: true,
      patterns: [
        `[${ranges("ac00-d7a3 3131-318e")}]+|[${ranges("ff01 2026 201c 201d 2018 2019 2014 ff1a ff1b ff0c 3001-303f fe30-fe4f")}]+|[${ranges("3105-312f")}]+|${HAN_KANA}`,
        `${CASED(`${CONTRACTION}?`)}|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${TAIL}`,
      ],
    },
  ],
  ["granite-embed-multi-97m", { patterns: [O200K_PATTERN], ignoreMerges: true }],
  ...named({ patterns: ["\\d{1,3}(?=(?:\\d{3})*\\b)", O200K_PATTERN] }, "tiny_aya cohere2moe"),
  [
    "kimi-k2",
    {
      patterns: [
        `[\\p{Han}]+|${CASED(
          `${CONTRACTION}?`,
          `[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&${NOT_HAN}]`,
          `[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&${NOT_HAN}]`,
        )}|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${TAIL}`,
      ],
    },
  ],
  ["superbpe", { patterns: ["\\p{N}+", "(?=(?:\\d{3})+(?!\\d))"] }],
  [
    "seed-coder",
    {
      patterns: [
        `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|${TAIL}`,
      ],
    },
  ],
  ["ufakzeka", { patterns: [QWEN2.slice(CONTRACTION.length + 1)] }],
  [
    "afmoe",
    {
      patterns: ["\\p{N}{1,3}(?=(?:\\p{N}{3})*(?!\\p{N}))", `[${AFMOE_SCRIPTS}]+`, DEEPSEEK3_WORDS],
    },
  ],
  ["laguna", { patterns: [LINES, QWEN2] }],
  [
    "exaone-moe",
    {
      patterns: [
        `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+`,
      ],
    },
  ],
  [
    "minicpm5",
    {
      ignoreMerges: true,
      patterns: ["\\p{N}{1,3}", cl100kPattern("\\p{N}+")],
    },
  ],
  [
    "jais-2",
    {
      patterns: [
        `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)|\\s{32}(?!\\S)|\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s{1}`,
      ],
    },
  ],
  [
    "chameleon",
    {
      addBos: true,
      patterns: [
        "<sentinel:[0-9]+>",
        "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
        "([\\t\\n]|    |  )",
        "\\p{N}",
        "[\\p{P}!-/:-@\\[-`{-~]",
        GPT2_PATTERN,
      ],
    },
  ],
]);

function named(entry: GgufPreTokenizer, names: string): [string, GgufPreTokenizer][] {
  return names.split(" ").map((name) => [name, entry]);
}
