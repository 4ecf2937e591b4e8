// When prompt and answer fill the context: what is refused, and what a shift keeps.
import { BaimoError } from "../errors.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { Prompt } from "./language.ts";
import type { ReadGenerateOptions } from "./options.ts";
import type { Prompts } from "./prompts.ts";

/** A request, and what it runs on. */
export interface FullContextRequest {
  readonly text: Prompt | ArrayLike<number>;
  /** Ids of the prompt, of the decoder's where there is an encoder. */
  readonly prompt: readonly number[];
  readonly options: ReadGenerateOptions;
  readonly prompts: Prompts;
  readonly tokenizer: Tokenizer;
  readonly hasEncoder: boolean;
  readonly contextLength: number;
}

/**
 * How many first tokens stay when the context is full; undefined where the answer ends then.
 * @throws {BaimoError} `context` for what is to be refused, and for a beginning that leaves no room to shift
 */
export async function tokensToKeep(request: FullContextRequest): Promise<number | undefined> {
  const { prompt, options, contextLength } = request;
  const { onFull, maxTokens, keepTokens } = options;
  if (onFull === "refuse" && maxTokens !== undefined && prompt.length + maxTokens > contextLength) {
    throw new BaimoError(
      "context",
      `the prompt has ${prompt.length} tokens and maxTokens is ${maxTokens}, but the context holds ${contextLength} in all; ` +
        "shorten the prompt, ask for fewer, or load the model with a larger contextLength (--context)",
    );
  }
  if (onFull !== "shift") return undefined;
  const keep = Math.min(keepTokens ?? (await beginningOf(request)), prompt.length);
  if (keep <= contextLength / 2) return keep;
  throw new BaimoError(
    "context",
    `${keep} tokens are to be kept when the context of ${contextLength} is full, which leaves too little to shift; ` +
      "keep at most half (keepTokens), or load the model with a larger contextLength (--context)",
  );
}

/** A message that begins like no other. */
const OTHER_MESSAGE = { role: "user", content: "\u2042" };

/** The token that begins texts; of a conversation all that it shares with another under the same system message. */
async function beginningOf(request: FullContextRequest): Promise<number> {
  const { text, prompt, options, prompts, tokenizer, hasEncoder } = request;
  const first = hasEncoder || prompt[0] === tokenizer.bosTokenId ? 1 : 0;
  if (hasEncoder || !("kind" in text) || text.kind !== "chat") return first;
  const isSystem = (message: unknown) => {
    const { role } = message as { role?: unknown };
    return role === "system" || role === "developer";
  };
  const said = text.messages.findIndex((message) => !isSystem(message));
  const messages = [...text.messages.slice(0, said < 0 ? text.messages.length : said), OTHER_MESSAGE];
  try {
    const other = await prompts.encode({ ...text, messages }, options.signal);
    let shared = 0;
    while (shared < prompt.length && prompt[shared] === other[shared]) shared++;
    return Math.max(first, shared);
  } catch (error) {
    // A template may refuse a conversation that begins so.
    if (error instanceof BaimoError && error.code === "request") return first;
    throw error;
  }
}
