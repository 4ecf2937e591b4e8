// trainTokenizer: a byte-level BPE tokenizer from texts, as a parsed tokenizer.json.
import { BaimoError, throwIfAborted } from "../../errors.ts";
import { callback, choice, list, required, signal, text, whole, withDefault } from "../../option-kinds.ts";
import { call, readOptions, refusal, type TableOf } from "../../options.ts";
import { splitByPattern } from "../text/pre-tokenizers.ts";
import { BYTE_CHARACTERS, toWellFormed } from "../text/unicode.ts";
import { learnMerges, type Vocabulary } from "./learn-merges.ts";
import { eachByte, toSymbols } from "./symbols.ts";
import { createWordCounts, type WordCounts } from "./word-counts.ts";

/** How a tokenizer is trained. */
export interface TrainTokenizerOptions {
  /** Tokens in all: special ones, characters of bytes, merges. */
  vocabSize: number;
  /** Pairs that occur more rarely are not merged. Default 0: any. */
  minFrequency?: number;
  /** The first ids, in this order. Default `<|endoftext|>`. */
  specialTokens?: readonly string[];
  /** The regular expression (Oniguruma's) of words, which merges never cross. Default that of `hanPattern(4)`. */
  pattern?: string;
  /** In the place of `pattern`: that of `hanPattern` with so many. */
  hanRun?: number;
  /** Which bytes are tokens: all 256, so that any text has ids, or those found. Default `all`. */
  alphabet?: "all" | "found";
  onProgress?: (progress: TrainTokenizerProgress) => void;
  signal?: AbortSignal;
}

/** How far training is: words are counted first, then merged. */
export interface TrainTokenizerProgress {
  readonly words: number;
  readonly tokens: number;
}

/** A parsed tokenizer.json, with what it has learned. */
export interface TrainedTokenizer extends Record<string, unknown> {
  readonly model: Readonly<Record<string, unknown>> & {
    /** Ids by token. */
    readonly vocab: Readonly<Record<string, number>>;
    /** In the order in which they were learned. */
    readonly merges: readonly (readonly [left: string, right: string])[];
  };
}

/** The options, declared. */
export const trainTokenizerTable = {
  vocabSize: required(whole({ min: 1, max: 1 << 21 })),
  minFrequency: withDefault(whole({ min: 0 }), 0),
  specialTokens: withDefault(list(text(), { most: 65_536 }), ["<|endoftext|>"]),
  pattern: text({ most: 1 << 16 }),
  hanRun: whole({ min: 1, max: 64 }),
  alphabet: withDefault(choice("all", "found"), "all"),
  onProgress: callback<(progress: TrainTokenizerProgress) => void>(),
  signal,
} satisfies TableOf<TrainTokenizerOptions>;

const NAME = "trainTokenizer";
/** Merges, and characters, after which others get their turn. */
const MERGES_AT_ONCE = 256;
const CHARACTERS_AT_ONCE = 1 << 20;

/**
 * A pattern that cuts runs of Han to so many characters, so that verses and sentences without spaces make words that
 * occur again; else cl100k's.
 */
export const hanPattern = (most: number): string =>
  `\\p{Han}{1,${most}}|[^\\r\\n\\p{L}\\p{N}\\p{Han}]?(?:(?!\\p{Han})\\p{L})+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/**
 * Learns a vocabulary from texts and gives it as a parsed tokenizer.json, which `tokenizerFromJson` and Hugging Face's
 * tokenizers read. Vocabulary and merges are those that Hugging Face's BpeTrainer finds; which of equal pairs is merged
 * is no accident either.
 * @throws {BaimoError} `request` for options that are wrong, or texts without a character; `format` for a pattern that
 *   cannot be read; `aborted`
 */
export async function trainTokenizer(
  texts: Iterable<string> | AsyncIterable<string>,
  given: TrainTokenizerOptions,
): Promise<TrainedTokenizer> {
  const options = readOptions(given, trainTokenizerTable, call(NAME));
  const { pattern, hanRun, specialTokens, onProgress } = options;
  if (pattern !== undefined && hanRun !== undefined)
    throw refusal("value", "hanRun", hanRun, "nothing where pattern is given", call(NAME));
  if (new Set(specialTokens).size < specialTokens.length)
    throw refusal("value", "specialTokens", specialTokens, "each token once", call(NAME));
  const regex = pattern ?? hanPattern(hanRun ?? 4);
  const words = await countWords(texts, regex, options);
  if (words.size === 0)
    throw new BaimoError("request", `${NAME}: the texts have no character; there is nothing to learn from`);

  const vocabulary = firstTokens(specialTokens, options.alphabet === "all" ? undefined : words);
  const vocabSize = Math.max(options.vocabSize, vocabulary.tokens.length);
  const byteIds = BYTE_CHARACTERS.map((character) => vocabulary.ids.get(character) ?? 0); // 0: does not occur
  const symbols = toSymbols(words, byteIds, vocabSize);
  const merges: [string, string][] = [];
  const { tokens } = vocabulary;
  for (const [left, right] of learnMerges(symbols, vocabulary, {
    vocabSize,
    minFrequency: options.minFrequency,
  })) {
    merges.push([tokens[left], tokens[right]]);
    if (merges.length % MERGES_AT_ONCE !== 0) continue;
    onProgress?.({ words: words.size, tokens: tokens.length });
    await turn(options.signal);
  }
  onProgress?.({ words: words.size, tokens: tokens.length });
  return toFile(tokens, merges, specialTokens, regex);
}

async function countWords(
  texts: Iterable<string> | AsyncIterable<string>,
  pattern: string,
  { onProgress, signal }: Pick<TrainTokenizerOptions, "onProgress" | "signal">,
): Promise<WordCounts> {
  const split = splitByPattern(pattern, "Isolated", false, "pattern");
  const words = createWordCounts();
  let characters = 0;
  for await (const text of texts) {
    const wellFormed = toWellFormed(text);
    split(wellFormed, 0, wellFormed.length, true, words.add);
    characters += text.length;
    if (characters < CHARACTERS_AT_ONCE) continue;
    characters = 0;
    onProgress?.({ words: words.size, tokens: 0 });
    await turn(signal);
  }
  return words;
}

/** Lets others have a turn. */
async function turn(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  throwIfAborted(signal, "training the tokenizer");
}

/** Special tokens, then the characters of bytes by code point: all, or those of the words. */
function firstTokens(specialTokens: readonly string[], words: WordCounts | undefined): Vocabulary {
  const found = new Uint8Array(256).fill(words ? 0 : 1);
  for (let word = 0; word < (words?.size ?? 0); word++)
    eachByte(words!.unitsOf(word), (byte) => {
      found[byte] = 1;
    });
  const characters = BYTE_CHARACTERS.filter((_, byte) => found[byte] === 1).sort();
  const tokens = [...new Set([...specialTokens, ...characters])];
  return { tokens, ids: new Map(tokens.map((token, id) => [token, id])) };
}

function toFile(
  tokens: readonly string[],
  merges: readonly (readonly [string, string])[],
  specialTokens: readonly string[],
  pattern: string,
): TrainedTokenizer {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}
