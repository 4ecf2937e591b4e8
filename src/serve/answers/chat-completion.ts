// Turns the events of answers into OpenAI's chat completion, whole or in chunks.
import { tokenizerOf } from "../../generate/runs-here.ts";
import type { GeneratedToken } from "../../generate/types.ts";
import type { StreamPart } from "../event-stream.ts";
import { ChatChoice } from "./chat-choice.ts";
import type { ChoiceEvent } from "./choices.ts";
import { type ListedModel, newHead } from "./head.ts";
import { toLogprobs } from "./tokens.ts";
import { toTimings, toUsage } from "./usage.ts";

/** What to know of the model and the request to write answers down. */
export interface ChatContext extends ListedModel {
  /** How many answers there are. */
  readonly count: number;
  /** Write log-probabilities. */
  readonly logprobs: boolean;
  /** Send a last chunk with the counts of tokens. */
  readonly includeUsage?: boolean;
}

/**
 * Writes answers as the chunks of OpenAI's stream: the role, pieces of text, the reason of the end, and the usage
 * when asked for. Besides OpenAI's fields the chunk that ends an answer carries `timings` (milliseconds) and `seed`.
 */
export async function* toChatParts(
  events: AsyncIterable<ChoiceEvent>,
  context: ChatContext,
): AsyncGenerator<StreamPart> {
  const head = newHead("chatcmpl", "chat.completion.chunk", context);
  const choices = choicesOf(context);
  const usage = context.includeUsage ? { usage: null } : {};
  const part = (
    index: number,
    delta: object,
    { tokens = [], reason = null, more = {} }: ChunkRest = {},
  ): StreamPart => {
    const logprobs = context.logprobs ? toLogprobs(tokens, tokenizerOf(context.model)) : null;
    const chunk = {
      ...head,
      choices: [{ index, delta, logprobs, finish_reason: reason }],
      ...usage,
      ...more,
    };
    return { type: "chunk", chunk };
  };
  for await (const { index, event } of events) {
    if (event.type === "prompt-progress") {
      if (index === 0) yield { type: "progress", done: event.done, total: event.total };
      continue;
    }
    const choice = choices[index];
    if (!choice.begun) yield part(index, { role: "assistant", content: "" });
    choice.take(event);
    switch (event.type) {
      case "text-delta": {
        const { text, tokens } = event;
        if (text !== "" || (context.logprobs && tokens.length > 0))
          yield part(index, { content: text }, { tokens });
        break;
      }
      case "reasoning-delta":
        yield part(index, { reasoning_content: event.text }, { tokens: event.tokens });
        break;
      case "tool-call-start": {
        const { id, name } = event;
        const call = { index: event.index, id, type: "function", function: { name, arguments: "" } };
        yield part(index, { tool_calls: [call] });
        break;
      }
      case "tool-call-delta":
        yield part(index, { tool_calls: [{ index: event.index, function: { arguments: event.arguments } }] });
        break;
      case "finish": {
        const more = { timings: toTimings([event]), seed: event.seed };
        yield part(index, {}, { reason: event.reason, more });
      }
    }
  }
  if (!context.includeUsage) return;
  yield {
    type: "chunk",
    chunk: { ...head, choices: [], usage: toUsage([choices.map((each) => each.spent)]) },
  };
}

/** What a chunk may hold besides its delta. */
interface ChunkRest {
  readonly tokens?: readonly GeneratedToken[];
  readonly reason?: string | null;
  readonly more?: object;
}

/** Collects answers into one OpenAI chat completion. */
export async function toChatCompletion(
  events: AsyncIterable<ChoiceEvent>,
  context: ChatContext,
): Promise<object> {
  const choices = choicesOf(context);
  for await (const { index, event } of events) choices[index].take(event);
  const tokenizer = tokenizerOf(context.model);
  const finishes = choices.map(({ spent }) => spent.finish);
  return {
    ...newHead("chatcmpl", "chat.completion", context),
    choices: choices.map((choice, index) => ({
      index,
      message: choice.message,
      logprobs: context.logprobs ? toLogprobs(choice.tokens, tokenizer) : null,
      finish_reason: finishes[index].reason,
    })),
    usage: toUsage([choices.map(({ spent }) => spent)]),
    timings: toTimings(finishes),
    seed: finishes[0].seed,
  };
}

const choicesOf = ({ count }: ChatContext) => Array.from({ length: count }, () => new ChatChoice());
