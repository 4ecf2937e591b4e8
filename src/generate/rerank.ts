// `Model.rerank`: pairs of query and text through a classifier, or asked about, yes or no.
import { BaimoError } from "../errors.ts";
import { sigmoid } from "../kernels/ops/activate.ts";
import type { ModelConfig } from "../models/config/config.ts";
import { flag, signal, text, withDefault } from "../option-kinds.ts";
import type { OptionsOf, TableOf } from "../options.ts";
import type { ChatTemplate } from "../tokenizers/chat-template/chat-template.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { type Fit, fitTokens } from "./cut-tokens.ts";
import { priority } from "./options.ts";
import type { EmbedRequest, EmbedResult, ScoreRequest, ScoreResult } from "./protocol.ts";
import type { Ranked, RerankOptions } from "./types.ts";

/** What `rerank` takes. */
export const rerankTable = {
  instruction: text({ least: 0, most: 65_536 }),
  truncate: withDefault(flag, false),
  priority,
  signal,
} satisfies TableOf<RerankOptions>;

type ReadOptions = OptionsOf<typeof rerankTable>;

/** What ranking must know of a model. */
export interface RerankSetting {
  readonly name: string;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly chatTemplate?: ChatTemplate;
  readonly contextLength: number;
  embed(request: EmbedRequest): Promise<EmbedResult>;
  score(request: ScoreRequest): Promise<ScoreResult>;
}

/**
 * The texts, sorted by their scores; equal ones in their own order. All pairs are read before the first runs.
 * @throws {BaimoError} `request` for a model that cannot rank, `context` for a pair that does not fit
 */
export async function rankTexts(
  query: string,
  texts: readonly string[],
  options: ReadOptions,
  setting: RerankSetting,
): Promise<Ranked[]> {
  const read = setting.config.classifier ? readPair : askWhether(setting);
  const runs = texts.map((given, i) =>
    read(query, given, options, setting, {
      what: `the query with text ${i}`,
      contextLength: setting.contextLength,
      truncate: options.truncate,
    }),
  );
  const ranked = await Promise.all(
    runs.map(async ({ tokens, run }, index) => {
      const logit = await run();
      return { index, score: sigmoid(logit), logit, tokens };
    }),
  );
  return ranked.sort((a, b) => b.logit - a.logit || a.index - b.index);
}

/** A pair that has been read, and what gives its logit. */
interface PairRun {
  readonly tokens: number;
  run(): Promise<number>;
}

type ReadPair = (
  query: string,
  text: string,
  options: ReadOptions,
  setting: RerankSetting,
  fit: Fit,
) => PairRun;

const readPair: ReadPair = (query, text, _, { name, config, tokenizer, contextLength, embed }, fit) => {
  const { classes = 0, pooling = "cls" } = config.classifier ?? {};
  if (classes !== 1) {
    throw new BaimoError(
      "request",
      `${name} sorts texts into ${classes} classes; ranking needs a classifier of one score`,
    );
  }
  const pair = tokenizer.encodePair(query, text);
  const tokens = fitTokens(pair.tokens, pair.second, contextLength, fit);
  const request = { kind: "embed", tokens, second: pair.typed, pooling, from: 0, trace: false } as const;
  return {
    tokens: tokens.length,
    run: async () => (await embed(request)).scores[0],
  };
};

/** Tokens that a shortened text loses besides: where it is cut others may begin. */
const MORE = 8;

/** A text without its last tokens. */
function shorten(text: string, tokens: number, tokenizer: Tokenizer): string {
  const ids = tokenizer.encode(text, { addSpecialTokens: false });
  return tokenizer.decode(ids.slice(0, Math.max(0, ids.length - tokens)));
}

/** The question of Qwen3-Reranker (arXiv:2506.05176 §2), through the model's own template. */
const JUDGE =
  'Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be "yes" or "no".';

const INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the query";

function askWhether({ name, config, tokenizer, chatTemplate }: RerankSetting): ReadPair {
  const [yes, no] = ["yes", "no"].map((word) => tokenizer.tokenToId(word));
  if (!config.languageHead || !chatTemplate || yes === undefined || no === undefined) {
    throw new BaimoError(
      "request",
      `${name} cannot rank texts: it has neither a classifier nor the tokens "yes" and "no" to answer with; ` +
        "load a reranker, or compare vectors of embed()",
    );
  }
  return (query, text, { instruction = INSTRUCTION }, { contextLength, score }, fit) => {
    const ask = (document: string) => {
      const content = `<Instruct>: ${instruction}\n<Query>: ${query}\n<Document>: ${document}`;
      const messages = [
        { role: "system", content: JUDGE },
        { role: "user", content },
      ];
      const variables = { enable_thinking: false };
      return chatTemplate.render({ messages, addGenerationPrompt: true, variables });
    };
    const encode = (document: string) =>
      tokenizer.encode(ask(document), { addSpecialTokens: false, parseSpecialTokens: true });
    const whole = encode(text);
    const extra = whole.length - contextLength;
    const isCut = fit.truncate && extra > 0;
    const ids = isCut ? encode(shorten(text, extra + MORE, tokenizer)) : whole;
    const tokens = fitTokens(ids, [0, 0], contextLength, fit);
    const lasts = Int32Array.of(yes, no);
    return {
      tokens: tokens.length,
      async run() {
        const { logprobs } = await score({ kind: "score", tokens, from: tokens.length - 1, lasts });
        return logprobs[0][0] - logprobs[1][0];
      },
    };
  };
}
