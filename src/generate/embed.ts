// `Model.embed`: texts as tokens, their pooled states as vectors.
import { BaimoError } from "../errors.ts";
import type { ModelConfig } from "../models/config/config.ts";
import type { SentenceSettings } from "../models/sentence-files.ts";
import { choice, flag, signal, text, whole, withDefault } from "../option-kinds.ts";
import type { OptionsOf, TableOf } from "../options.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { fitTokens } from "./cut-tokens.ts";
import { priority } from "./options.ts";
import type { EmbedRequest, EmbedResult } from "./protocol.ts";
import type { Embedding, EmbedOptions } from "./types.ts";

/** What `embed` takes. */
export const embedTable = {
  pooling: choice("mean", "last", "cls"),
  normalize: flag,
  prompt: text({ least: 0, most: 65_536 }),
  promptName: text({ most: 1024 }),
  dimensions: whole({ min: 1, max: 1 << 24 }),
  truncate: withDefault(flag, false),
  priority,
  signal,
} satisfies TableOf<EmbedOptions>;

type ReadOptions = OptionsOf<typeof embedTable>;

/** What embedding must know of a model. */
export interface EmbedSetting {
  readonly name: string;
  readonly config: ModelConfig;
  readonly sentence?: SentenceSettings;
  readonly tokenizer: Tokenizer;
  readonly contextLength: number;
  run(request: EmbedRequest): Promise<EmbedResult>;
}

/**
 * Each text as a vector. All are read before the first runs.
 * @throws {BaimoError} `request` for what cannot be done, `context` for a text that does not fit
 */
export async function embedTexts(
  texts: readonly (string | readonly number[])[],
  options: ReadOptions,
  setting: EmbedSetting,
): Promise<Embedding[]> {
  const { name, config, sentence } = setting;
  if (sentence?.unknown !== undefined)
    throw new BaimoError("request", `${name}: its embeddings need ${sentence.unknown}, which is not built`);
  const { dimensions = config.embeddingSize } = options;
  if (dimensions > config.embeddingSize) {
    const text = `dimensions is ${dimensions}, but ${name} has vectors of ${config.embeddingSize} dimensions`;
    throw new BaimoError("request", text, { option: "dimensions" });
  }
  const pooling = options.pooling ?? config.pooling ?? (config.causal ? "last" : "mean");
  const prompt = promptOf(options, setting);
  const from =
    sentence?.poolsPrompt === false && prompt !== "" ? setting.tokenizer.encode(prompt).length - 1 : 0;
  const all = texts.map((given, i) => toTokens(given, prompt, i, options, setting));
  return Promise.all(
    all.map(async (tokens) => {
      const skipped = Math.min(from, tokens.length - 1);
      const { state } = await setting.run({ kind: "embed", tokens, pooling, from: skipped, trace: false });
      const vector = state.slice(0, dimensions);
      if (options.normalize ?? sentence?.normalize ?? true) bringToLength1(vector);
      return { vector, tokens: tokens.length };
    }),
  );
}

/** The prompt as it was given, by its name, or the checkpoint's own. */
function promptOf({ prompt, promptName }: ReadOptions, { name, sentence }: EmbedSetting): string {
  if (promptName === undefined) return prompt ?? sentence?.defaultPrompt ?? "";
  const fail = (text: string) => new BaimoError("request", text, { option: "promptName" });
  if (prompt !== undefined) throw fail("pass prompt or promptName, not both");
  const prompts = sentence?.prompts ?? {};
  if (Object.hasOwn(prompts, promptName)) return prompts[promptName];
  const names = Object.keys(prompts).map((one) => JSON.stringify(one));
  throw fail(
    `${name} has no prompt of the name ${JSON.stringify(promptName)}; ${names.length > 0 ? `it has ${names.join(", ")}` : "it has none"}`,
  );
}

/** The tokens of one text; ids stand for themselves, without a prompt. */
function toTokens(
  given: string | readonly number[],
  prompt: string,
  i: number,
  { truncate }: ReadOptions,
  { tokenizer, contextLength, sentence }: EmbedSetting,
): Int32Array {
  const fit = { what: `text ${i}`, contextLength, truncate };
  const most = Math.min(contextLength, sentence?.maxTokens ?? contextLength);
  if (typeof given !== "string") return fitTokens(given, [0, given.length], most, fit);
  const text = sentence?.lowercase ? (prompt + given).toLowerCase() : prompt + given;
  const tokens = tokenizer.encode(text);
  const isLong = truncate && tokens.length > most;
  return fitTokens(tokens, isLong ? placeOf(text, tokens, tokenizer) : [0, tokens.length], most, fit);
}

/** Where a text's own tokens lie among those with what the tokenizer puts around them. */
function placeOf(
  text: string,
  tokens: readonly number[],
  tokenizer: Tokenizer,
): [start: number, end: number] {
  const own = tokenizer.encode(text, { addSpecialTokens: false });
  for (let start = 0; start + own.length <= tokens.length; start++)
    if (own.every((id, at) => id === tokens[start + at])) return [start, start + own.length];
  return [0, tokens.length];
}

/** A vector of zeros stays one. */
function bringToLength1(vector: Float32Array): void {
  const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  if (length > 0) for (let i = 0; i < vector.length; i++) vector[i] /= length;
}
