// What a model answers to a chat request: streams of events, errors in the client's names.
import type { ChatEvent, ChatOptions, Finish } from "../../generate/types.ts";
import { type ChatRequest, checkEffort, effortVariables } from "../requests/chat-request.ts";
import { renamed } from "../requests/option-names.ts";
import { templatesOf } from "../requests/thinking.ts";
import type { ListedModel } from "./head.ts";

/**
 * Starts the answers that a request asks for; nothing is done before they are read.
 * @throws {Problem} 400 for an effort that the model does not know, before it has a place in the queue
 */
export function chatAnswers(chat: ChatRequest, listed: ListedModel) {
  const templateVariables = variablesOf(chat, listed);
  return (signal: AbortSignal) =>
    chat.choices.map((options) => answer(chat, listed, { ...options, templateVariables, signal }));
}

/** One answer; errors about its options have the client's names. */
async function* answer(
  { messages, names, parallelToolCalls }: ChatRequest,
  { model }: ListedModel,
  options: ChatOptions,
): AsyncGenerator<ChatEvent, Finish> {
  const events = model.chat(messages, options);
  try {
    for (;;) {
      const next = await events.next();
      if (next.done) return next.value;
      if (parallelToolCalls || !isOfLaterCall(next.value)) yield next.value;
    }
  } catch (error) {
    throw renamed(error, names);
  } finally {
    await events.return(undefined as never);
  }
}

/** Where one call at most was asked for, others that a model writes all the same are left out. */
function isOfLaterCall(event: ChatEvent): boolean {
  return "index" in event && event.index > 0;
}

/** What the template reads: the client's own variables, and what an effort comes to for this model. */
export function variablesOf(
  { effort, choices, names }: ChatRequest,
  { model }: ListedModel,
): ChatOptions["templateVariables"] {
  const [{ templateVariables: given }] = choices;
  if (effort === undefined) return given;
  const comesTo = effortVariables(effort, templatesOf(model), names.effort);
  checkEffort(effort, given, names.effort, comesTo);
  return { ...comesTo, ...given };
}
