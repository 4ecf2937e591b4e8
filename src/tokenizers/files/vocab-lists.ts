// vocab.json with merges.txt, and vocab.txt, brought to the form of tokenizer.json.
import { BaimoError } from "../../errors.ts";
import { parseJson, recordOf, textOf } from "../../json.ts";
import { cl100kPattern } from "../text/scanners.ts";
import { addedTokensOf, bosEosProcessor, contentOf, surround } from "./special-tokens.ts";
import { tokenIdOf } from "./token-id.ts";

/** What a folder says of its tokenizer beside the vocabulary. */
export interface TokenizerHints {
  /** The parsed tokenizer_config.json, merged with the older files beside it. */
  config: Readonly<Record<string, unknown>>;
  /** `model_type` of config.json. */
  modelType?: string;
  /** Names the folder in messages. */
  folder: string;
}

/** How the classes of transformers cut a text whose vocabulary is vocab.json with merges.txt. */
type BpeKind = "gpt2" | "qwen2" | "roberta";
const bpeClasses = new Map<string, BpeKind>([
  ["GPT2Tokenizer", "gpt2"],
  ["CodeGenTokenizer", "gpt2"],
  ["Qwen2Tokenizer", "qwen2"],
  ["RobertaTokenizer", "roberta"],
  ["BartTokenizer", "roberta"],
  ["LongformerTokenizer", "roberta"],
]);
/** For folders without `tokenizer_class`: the class by config.json's `model_type` (transformers, tokenization_auto.py). */
const bpeModels = new Map<string, string>([
  ...["gpt2", "gpt_neo", "gptj", "codegen", "opt", "phi", "starcoder2", "jais2", "gpt_bigcode"].map(
    (type) => [type, "GPT2Tokenizer"] as const,
  ),
  ...["qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "qwen3_next"].map(
    (type) => [type, "Qwen2Tokenizer"] as const,
  ),
  ["roberta", "RobertaTokenizer"],
  ["bart", "BartTokenizer"],
]);
const wordPieceClasses = new Set(["BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer"]);
const wordPieceModels = new Map([
  ["bert", "BertTokenizer"],
  ["distilbert", "DistilBertTokenizer"],
  ["electra", "ElectraTokenizer"],
]);

/**
 * The tokenizer.json of vocab.json and merges.txt, as transformers makes it.
 *
 * @throws {BaimoError} `request` when it is not known how the text is cut, `format` for damaged files
 */
export function jsonOfVocabAndMerges(vocabFile: Uint8Array, mergesFile: Uint8Array, hints: TokenizerHints) {
  const name = classOf(hints, bpeModels);
  const kind = name === undefined ? undefined : bpeClasses.get(name);
  if (kind === undefined) throw unknownCut("vocab.json and merges.txt", name, hints);
  const vocab = readVocab(vocabFile, `${hints.folder}: vocab.json`);
  const merges = textOf(mergesFile, `${hints.folder}: merges.txt`)
    .split(/\r?\n/)
    .filter((line) => line !== "" && !line.startsWith("#version"));
  const config = withDefaults(hints.config, kind === "roberta" ? robertaTokens : gpt2Tokens);
  const addPrefixSpace = config.add_prefix_space === true;
  const added = addedTokensOf(config, vocab);
  const idOf = (token: string) => vocab[token] ?? added.find(({ content }) => content === token)?.id;
  const byteLevel = { type: "ByteLevel", add_prefix_space: addPrefixSpace };
  const pattern = { type: "Split", pattern: { Regex: cl100kPattern("\\p{N}") }, behavior: "Isolated" };
  return {
    added_tokens: added,
    normalizer: kind === "qwen2" ? { type: "NFC" } : null,
    pre_tokenizer:
      kind === "qwen2"
        ? {
            type: "Sequence",
            pretokenizers: [
              { ...pattern, invert: false },
              { ...byteLevel, use_regex: false },
            ],
          }
        : byteLevel,
    post_processor:
      kind === "roberta"
        ? surround(contentOf(config.cls_token), contentOf(config.sep_token), idOf)
        : bosEosProcessor(config, idOf),
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab, merges },
  };
}

const gpt2Tokens = { bos: "<|endoftext|>", eos: "<|endoftext|>", unk: "<|endoftext|>" };
const robertaTokens = {
  bos: "<s>",
  eos: "</s>",
  unk: "<unk>",
  sep: "</s>",
  pad: "<pad>",
  cls: "<s>",
  mask: "<mask>",
};
const bertTokens = { unk: "[UNK]", sep: "[SEP]", pad: "[PAD]", cls: "[CLS]", mask: "[MASK]" };

/**
 * The tokenizer.json of a vocab.txt, one WordPiece token a line, as transformers makes it.
 *
 * @throws {BaimoError} `request` when the file belongs to no tokenizer that is known
 */
export function jsonOfVocabText(vocabFile: Uint8Array, hints: TokenizerHints) {
  const name = classOf(hints, wordPieceModels);
  if (name === undefined || !wordPieceClasses.has(name)) throw unknownCut("vocab.txt", name, hints);
  const vocab: Record<string, number> = Object.create(null);
  const lines = textOf(vocabFile, `${hints.folder}: vocab.txt`).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  for (const [id, token] of lines.entries()) vocab[token] = id;
  const config = withDefaults(hints.config, bertTokens);
  const idOf = (token: string): number | undefined => vocab[token];
  return {
    added_tokens: addedTokensOf(config, vocab),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars !== false,
      strip_accents: typeof config.strip_accents === "boolean" ? config.strip_accents : null,
      lowercase: config.do_lower_case !== false,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: surround(contentOf(config.cls_token), contentOf(config.sep_token), idOf),
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      vocab,
      unk_token: contentOf(config.unk_token),
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
    },
  };
}

/** The class of transformers that reads the files: the configuration's, else that of the model. */
function classOf(
  { config, modelType }: TokenizerHints,
  models: ReadonlyMap<string, string>,
): string | undefined {
  const { tokenizer_class: given } = config;
  if (typeof given === "string") return given.replace(/Fast$/, "");
  return modelType === undefined ? undefined : models.get(modelType);
}

function unknownCut(files: string, name: string | undefined, { folder, modelType }: TokenizerHints) {
  const of = name ? `the class ${name}` : `models of type ${JSON.stringify(modelType ?? "(none)")}`;
  return new BaimoError(
    "request",
    `${folder}: has ${files} and no tokenizer.json, and how ${of} cut a text is not known; have transformers write a ` +
      "tokenizer.json beside them: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)",
  );
}

function readVocab(file: Uint8Array, where: string): Record<string, number> {
  const vocab = recordOf(parseJson(file, where), where);
  for (const token in vocab) tokenIdOf(vocab[token], where);
  return vocab as Record<string, number>; // each was just checked
}

/** The configuration with the special tokens that its class has where it names none. */
function withDefaults(
  config: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const all: Record<string, unknown> = { ...config };
  for (const [role, token] of Object.entries(defaults)) {
    if (!Object.hasOwn(all, `${role}_token`)) all[`${role}_token`] = token;
  }
  return all;
}
