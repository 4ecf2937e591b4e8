// Turns generation's events into OpenAI's chat completion, whole or in chunks.
import { BaimoError } from "../errors.ts";
import type { ToolCall } from "../generate/answers/answer-reader.ts";
import type { ChatEvent, Finish, GeneratedToken, Model, Usage } from "../generate/types.ts";

/** Generation's stream, as `Model.chat` returns it. */
export type Events = AsyncGenerator<ChatEvent, Finish>;

/** What every part of one answer repeats. */
interface Head {
  id: string;
  object: string;
  created: number;
  model: string;
  system_fingerprint: string;
}

/** What to know of the model and the request to write the answer down. */
export interface AnswerContext {
  /** The model's id as the server lists it. */
  id: string;
  model: Model;
  /** Write log-probabilities. */
  logprobs: boolean;
  /** Send a last chunk with the counts of tokens. */
  includeUsage?: boolean;
}

/** One part of a streamed answer: a chunk to send as data, or how far the prompt has been read. */
export type StreamPart = { type: "chunk"; chunk: object } | { type: "progress"; done: number; total: number };

/**
 * Writes an answer as the chunks of OpenAI's stream: the role, pieces of text, the reason of the end, and the usage
 * when asked for. Besides OpenAI's fields the chunk that ends the answer carries `timings` (milliseconds) and `seed`.
 * @throws {BaimoError} `aborted` when generation was
 */
export async function* toStreamParts(events: Events, context: AnswerContext): AsyncGenerator<StreamPart> {
  const head = newHead("chat.completion.chunk", context);
  const usageField = context.includeUsage ? { usage: null } : {};
  const part = (
    delta: object,
    tokens: readonly GeneratedToken[],
    reason: string | null,
    extra: object = {},
  ) => ({
    type: "chunk" as const,
    chunk: {
      ...head,
      choices: [{ index: 0, delta, logprobs: toLogprobs(tokens, context), finish_reason: reason }],
      ...usageField,
      ...extra,
    },
  });
  let begun = false;
  for await (const event of events) {
    if (event.type === "prompt-progress") {
      yield { type: "progress", done: event.done, total: event.total };
      continue;
    }
    if (!begun) yield part({ role: "assistant", content: "" }, [], null);
    begun = true;
    if (event.type === "text-delta") {
      if (event.text !== "" || (context.logprobs && event.tokens.length > 0)) {
        yield part({ content: event.text }, event.tokens, null);
      }
      continue;
    }
    if (event.type === "reasoning-delta") {
      yield part({ reasoning_content: event.text }, event.tokens, null);
      continue;
    }
    if (event.type === "tool-call-start") {
      const { index, id, name } = event;
      yield part(
        { tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] },
        [],
        null,
      );
      continue;
    }
    if (event.type === "tool-call-delta") {
      const { index, arguments: more } = event;
      yield part({ tool_calls: [{ index, function: { arguments: more } }] }, [], null);
      continue;
    }
    if (event.type !== "finish") continue;
    if (event.reason === "aborted") throw abortedError();
    yield part({}, [], event.reason, { timings: toTimings(event), seed: event.seed });
    if (context.includeUsage) {
      yield { type: "chunk", chunk: { ...head, choices: [], usage: toUsage(event.usage) } };
    }
  }
}

/**
 * Collects an answer into one OpenAI chat completion.
 * @throws {BaimoError} `aborted` when generation was
 */
export async function toCompletion(events: Events, context: AnswerContext): Promise<object> {
  let content = "";
  let reasoning = "";
  const tokens: GeneratedToken[] = [];
  for await (const event of events) {
    if (event.type === "text-delta") {
      content += event.text;
      if (context.logprobs) tokens.push(...event.tokens);
    } else if (event.type === "reasoning-delta") {
      reasoning += event.text;
      if (context.logprobs) tokens.push(...event.tokens);
    } else if (event.type === "finish") {
      if (event.reason === "aborted") break;
      const message = toMessage(content, reasoning, event.toolCalls ?? []);
      const choice = {
        index: 0,
        message,
        logprobs: toLogprobs(tokens, context),
        finish_reason: event.reason,
      };
      return {
        ...newHead("chat.completion", context),
        choices: [choice],
        usage: toUsage(event.usage),
        timings: toTimings(event),
        seed: event.seed,
      };
    }
  }
  throw abortedError();
}

function toMessage(content: string, reasoning: string, calls: readonly ToolCall[]) {
  const message = {
    role: "assistant",
    content: content === "" && calls.length > 0 ? null : content,
    refusal: null,
  };
  const toolCalls = calls.map(({ id, name, arguments: given }) => ({
    id,
    type: "function",
    function: { name, arguments: given },
  }));
  return {
    ...message,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
  };
}

function abortedError(): BaimoError {
  return new BaimoError("aborted", "the answer was stopped before its end");
}

function newHead(object: string, { id, model }: AnswerContext): Head {
  return {
    id: `chatcmpl-${crypto.randomUUID().replaceAll("-", "")}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model: id,
    // With the same seed and the same fingerprint an answer repeats itself.
    system_fingerprint: `${model.engine.device}-${model.engine.kernels}`.replaceAll(/[^\w.-]+/g, "-"),
  };
}

function toUsage({ promptTokens, completionTokens, cachedTokens }: Usage) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}

function toTimings({ usage, timings }: Finish) {
  return {
    prompt_ms: timings.promptMs,
    generation_ms: timings.generationMs,
    prompt_tokens: usage.promptTokens - usage.cachedTokens,
    generation_tokens: usage.completionTokens,
  };
}

function toLogprobs(tokens: readonly GeneratedToken[], { model, logprobs }: AnswerContext) {
  if (!logprobs || tokens.length === 0) return null;
  const entry = (id: number, logprob: number | undefined) => {
    const bytes = model.tokenizer.tokenBytes(id);
    return { token: tokenText(bytes), logprob: finite(logprob), bytes: [...bytes] };
  };
  const content = tokens.map(({ id, logprob, top }) => ({
    ...entry(id, logprob),
    top_logprobs: (top ?? []).map((other) => entry(other.id, other.logprob)),
  }));
  return { content, refusal: null };
}

/** A token's text; where its bytes are no whole characters, OpenAI's way of writing them: `bytes:\xe5\xa4`. */
export function tokenText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return "bytes:" + Array.from(bytes, (byte) => "\\x" + byte.toString(16).padStart(2, "0")).join("");
  }
}

/** JSON has no infinity; OpenAI writes -9999 for what is as good as impossible. */
function finite(logprob: number | undefined): number {
  return logprob !== undefined && Number.isFinite(logprob) ? logprob : -9999;
}
