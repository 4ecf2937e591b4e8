// The log-likelihood of a continuation out of a completion that echoes its prompt.
import type { Score } from "../generate/types.ts";
import { isRecord } from "../json.ts";
import { lengthOf, stripText } from "../tokenizers/chat-template/jinja/text.ts";

/** A JSON object that was answered. */
export type Reply = Readonly<Record<string, unknown>>;

/** The texts, log-probabilities, places and likeliest tokens that a completion reports. */
export interface EchoedTokens {
  readonly tokens: readonly string[];
  readonly logprobs: readonly (number | null)[];
  readonly offsets: readonly number[];
  readonly top: readonly unknown[];
}

/** The first choice of a reply. */
export function firstChoice({ choices }: Reply): Reply | undefined {
  const [choice] = Array.isArray(choices) ? choices : [];
  return isRecord(choice) ? choice : undefined;
}

/** What a reply reports of its tokens, checked; undefined where that is nothing or cannot be. */
export function echoedTokens(reply: Reply): EchoedTokens | undefined {
  const lists = firstChoice(reply)?.logprobs;
  if (!isRecord(lists)) return undefined;
  const { tokens, token_logprobs: logprobs, text_offset: offsets, top_logprobs: top } = lists;
  if (!Array.isArray(tokens) || !Array.isArray(logprobs) || !Array.isArray(offsets)) return undefined;
  const n = tokens.length;
  if (n === 0 || logprobs.length !== n || offsets.length !== n) return undefined;
  const isLogprob = (one: unknown) => one === null || (typeof one === "number" && one <= 0);
  if (!logprobs.every(isLogprob) || !offsets.every((one) => typeof one === "number")) return undefined;
  return { tokens: tokens.map(String), logprobs, offsets, top: Array.isArray(top) ? top : [] };
}

/** What a completion is asked with that repeats a prompt, or several, with the likelihood of its tokens. */
export const echoBody = (prompt: string | readonly string[]) => ({
  prompt,
  max_tokens: 0,
  echo: true,
  logprobs: 1,
  temperature: 0,
});

/**
 * How likely a continuation is after its context, by a completion that repeated both. Blanks at the context's end belong to the
 * continuation.
 * @returns undefined where the reply's tokens do not tell
 */
export function echoedScore(reply: Reply, context: string, continuation: string): Score | undefined {
  const echoed = echoedTokens(reply);
  if (!echoed) return undefined;
  const { tokens, logprobs, offsets, top } = echoed;
  const kept = stripText(context, undefined, false, true);
  const text = context + continuation;
  const last = tokens.length - 1;
  // Offsets count characters, or the units of UTF-16.
  const isUnits = offsets[last] + tokens[last].length >= text.length;
  if (!isUnits && offsets[last] + lengthOf(tokens[last]) < lengthOf(text)) return undefined; // some of the end is missing
  const boundary = isUnits ? kept.length : lengthOf(kept);
  let from = offsets.findIndex((offset) => offset >= boundary);
  if (from < 0) return undefined;
  // A token that begins before the boundary and reaches over it belongs to the continuation.
  if (offsets[from] > boundary && from > 0) from--;
  const own = logprobs.slice(from).filter((one) => one !== null);
  if (own.length < tokens.length - from) return undefined;
  const isGreedy = own.every((one, i) => {
    const likeliest = top[from + i];
    const best = isRecord(likeliest) ? Math.max(...Object.values(likeliest).map(Number)) : Number.NaN;
    return one >= best - 1e-9;
  });
  return { logprob: own.reduce((total, one) => total + one, 0), logprobs: own, isGreedy };
}
