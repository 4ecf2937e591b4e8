// Turns the events of answers into OpenAI's text completion, whole or in chunks.
import type { Finish } from "../../generate/types.ts";
import type { StreamPart } from "../event-stream.ts";
import type { ChoiceEvent } from "./choices.ts";
import { newHead } from "./head.ts";
import { TextChoice, type TextContext } from "./text-choice.ts";
import { toTimings, toUsage } from "./usage.ts";

/** Writes answers as the chunks of OpenAI's stream. */
export async function* toTextParts(
  events: AsyncIterable<ChoiceEvent>,
  context: TextContext,
): AsyncGenerator<StreamPart> {
  const head = newHead("cmpl", "text_completion", context);
  const choices = choicesOf(context);
  const finishes: Finish[] = [];
  const usage = context.includeUsage ? { usage: null } : {};
  const part = (index: number, piece: object, reason: string | null, more: object = {}): StreamPart => ({
    type: "chunk",
    chunk: { ...head, choices: [{ index, ...piece, finish_reason: reason }], ...usage, ...more },
  });
  for await (const { index, event } of events) {
    const choice = choices[index];
    if (event.type === "prompt-progress") {
      if (index === 0) yield { type: "progress", done: event.done, total: event.total };
      continue;
    }
    const begin = choice.begin();
    if (begin) yield part(index, begin, null);
    if (event.type === "text-delta") yield part(index, choice.add(event), null);
    if (event.type === "finish") {
      finishes[index] = event;
      const more = { timings: toTimings([event]), seed: event.seed };
      yield part(index, { text: "", logprobs: null }, event.reason, more);
    }
  }
  if (!context.includeUsage) return;
  yield { type: "chunk", chunk: { ...head, choices: [], usage: usageOf(finishes, context) } };
}

/** Collects answers into one OpenAI text completion. */
export async function toTextCompletion(
  events: AsyncIterable<ChoiceEvent>,
  context: TextContext,
): Promise<object> {
  const choices = choicesOf(context);
  const finishes: Finish[] = [];
  for await (const { index, event } of events) {
    choices[index].begin();
    if (event.type === "text-delta") choices[index].add(event);
    if (event.type === "finish") finishes[index] = event;
  }
  return {
    ...newHead("cmpl", "text_completion", context),
    choices: choices.map((choice, index) => ({
      index,
      ...choice.whole,
      finish_reason: finishes[index].reason,
    })),
    usage: usageOf(finishes, context),
    timings: toTimings(finishes),
    seed: finishes[0].seed,
  };
}

const choicesOf = (context: TextContext) =>
  context.prompts.flatMap((prompt) =>
    Array.from({ length: context.count }, () => new TextChoice(prompt, context)),
  );

function usageOf(finishes: readonly Finish[], { prompts, count }: TextContext) {
  const spent = finishes.map((finish) => ({ finish, reasoningTokens: 0 }));
  return toUsage(prompts.map((_, i) => spent.slice(i * count, (i + 1) * count)));
}
