// Tokens as OpenAI's answers write them: text, bytes, log-probabilities.
import type { GeneratedToken } from "../../generate/types.ts";
import type { JsonSchema } from "../../json.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";

/** A token's text; where its bytes are no whole characters, OpenAI's way of writing them: `bytes:\xe5\xa4`. */
export function tokenText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return "bytes:" + Array.from(bytes, (byte) => "\\x" + byte.toString(16).padStart(2, "0")).join("");
  }
}

/** JSON has no infinity; OpenAI writes -9999 for what is as good as impossible. */
export function finite(logprob: number | undefined): number {
  return logprob !== undefined && Number.isFinite(logprob) ? logprob : -9999;
}

/** The log-probabilities of a chat's tokens; null where there are no tokens, or they cannot be read. */
export function toLogprobs(
  tokens: readonly GeneratedToken[],
  tokenizer: Pick<Tokenizer, "tokenBytes"> | undefined,
) {
  if (tokens.length === 0 || !tokenizer) return null;
  const entry = (id: number, logprob: number | undefined) => {
    const bytes = tokenizer.tokenBytes(id);
    return { token: tokenText(bytes), logprob: finite(logprob), bytes: [...bytes] };
  };
  const content = tokens.map(({ id, logprob, top }) => ({
    ...entry(id, logprob),
    top_logprobs: (top ?? []).map((other) => entry(other.id, other.logprob)),
  }));
  return { content, refusal: null };
}

const token = {
  token: { type: "string" },
  logprob: { type: "number", maximum: 0 },
  bytes: { type: "array", items: { type: "integer", minimum: 0, maximum: 255 } },
};
const names = Object.keys(token);

export const logprobsSchema: JsonSchema = {
  type: ["object", "null"],
  properties: {
    content: {
      type: "array",
      items: {
        type: "object",
        properties: {
          ...token,
          top_logprobs: { type: "array", items: { type: "object", properties: token, required: names } },
        },
        required: [...names, "top_logprobs"],
      },
    },
    refusal: { type: "null" },
  },
  required: ["content"],
};
