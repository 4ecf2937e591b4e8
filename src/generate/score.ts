// `Model.score`: continuations as tokens, those that share all but their last token in one request.
import { BaimoError } from "../errors.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { checkTokens } from "./check-tokens.ts";
import type { ScoreRequest, ScoreResult } from "./protocol.ts";
import type { Score, ScoredText } from "./types.ts";

/** What scoring must know of a model. */
export interface ScoreSetting {
  readonly tokenizer: Tokenizer;
  readonly vocabSize: number;
  readonly contextLength: number;
  /** How many of the most likely tokens at each place are wanted. */
  readonly top: number;
  run(request: ScoreRequest): Promise<ScoreResult>;
}

/** A request to the engine, and which texts its answers are for. */
interface Group {
  readonly tokens: readonly number[];
  readonly from: number;
  readonly lasts: number[];
  readonly texts: number[];
}

/**
 * The log-likelihood of each continuation after its context.
 * @throws {BaimoError} `request` for what has no tokens, `context` for what does not fit
 */
export async function scoreTexts(texts: readonly ScoredText[], setting: ScoreSetting): Promise<Score[]> {
  const groups = new Map<string, Group>();
  for (const [i, text] of texts.entries()) {
    const [context, continuation] = toTokens(text, setting.tokenizer);
    check(context, continuation, i, setting);
    const tokens = [...context, ...continuation.slice(0, -1)];
    const key = `${context.length}:${tokens.join()}`;
    const group = groups.get(key) ?? { tokens, from: context.length - 1, lasts: [], texts: [] };
    group.lasts.push(continuation[continuation.length - 1]);
    group.texts.push(i);
    groups.set(key, group);
  }
  const scores: Score[] = [];
  await Promise.all(
    Array.from(groups.values(), async ({ tokens, from, lasts, texts: places }) => {
      const { logprobs, isGreedy, top } = await setting.run({
        kind: "score",
        tokens: Int32Array.from(tokens),
        from,
        lasts: Int32Array.from(lasts),
        top: Math.min(setting.top, setting.vocabSize),
      });
      for (const [at, i] of places.entries()) {
        const logprob = logprobs[at].reduce((sum, value) => sum + value, 0);
        const score = { logprob, logprobs: Array.from(logprobs[at]), isGreedy: isGreedy[at] };
        scores[i] = setting.top > 0 ? { ...score, top } : score;
      }
    }),
  );
  return scores;
}

/**
 * The two parts of the tokens of the whole text, cut where the context's own tokens end. Blanks at its end belong to the
 * continuation, as in lm-evaluation-harness (`_encode_pair`): most vocabularies begin a word with its blank.
 */
function toTokens({ context, continuation }: ScoredText, tokenizer: Tokenizer): [number[], number[]] {
  if (typeof context !== "string" || typeof continuation !== "string") {
    const ids = (part: string | readonly number[]) =>
      typeof part === "string" ? tokenizer.encode(part, { addSpecialTokens: false }) : part;
    return [[...ids(context)], [...ids(continuation)]];
  }
  const kept = context.trimEnd();
  const text = context + continuation;
  if (kept === "") return [startOf(tokenizer), [...tokenizer.encode(text, { addSpecialTokens: false })]];
  const before = [...tokenizer.encode(kept)];
  return [before, tokenizer.encode(text).slice(before.length)];
}

/** What a text without a context follows: the token that begins or, in models without one, ends texts. */
function startOf(tokenizer: Tokenizer): number[] {
  const start = tokenizer.bosTokenId ?? tokenizer.eosTokenIds[0];
  return start === undefined ? [] : [start];
}

function check(
  context: readonly number[],
  continuation: readonly number[],
  i: number,
  { vocabSize, contextLength }: ScoreSetting,
): void {
  for (const [name, tokens] of [
    ["context", context],
    ["continuation", continuation],
  ] as const) {
    if (tokens.length === 0) throw new BaimoError("request", `text ${i}: its ${name} has no tokens`);
    checkTokens(tokens, vocabSize);
  }
  const length = context.length + continuation.length - 1;
  if (length <= contextLength) return;
  throw new BaimoError(
    "context",
    `text ${i} runs ${length} tokens, but the context holds ${contextLength}; shorten its context`,
  );
}
