// The log-likelihood of a continuation out of a completion that echoes its prompt.
import { isRecord } from "../json.ts";
import { lengthOf } from "../tokenizers/chat-template/jinja/text.ts";

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

/** How likely what stands in a text behind `context` is, and whether it is greedy; undefined where the tokens do not tell. */
export function continuationLikelihood(
  echoed: EchoedTokens,
  context: string,
  text: string,
): [logprob: number, isGreedy: boolean] | undefined {
  const { tokens, logprobs, offsets, top } = echoed;
  const last = tokens.length - 1;
  // Offsets count characters, or the units of UTF-16.
  const isUnits = offsets[last] + tokens[last].length >= text.length;
  const boundary = isUnits ? context.length : lengthOf(context);
  let from = offsets.findIndex((offset) => offset >= boundary);
  if (from < 0) return undefined;
  // A token that begins before the boundary and reaches over it belongs to the continuation.
  if (offsets[from] > boundary && from > 0) from--;
  const own = logprobs.slice(from);
  if (own.some((one) => one === null)) return undefined;
  const sum = own.reduce<number>((total, one) => total + Number(one), 0);
  const isGreedy = own.every((one, i) => {
    const likeliest = top[from + i];
    const best = isRecord(likeliest) ? Math.max(...Object.values(likeliest).map(Number)) : Number.NaN;
    return Number(one) >= best - 1e-9;
  });
  return [sum, isGreedy];
}
