// POST /v1/chat/completions: answers to a conversation.
import type { ChatEvent, ChatOptions, Finish } from "../../generate/types.ts";
import { type ChatContext, toChatCompletion, toChatParts } from "../answers/chat-completion.ts";
import { chatChunkSchema, chatCompletionSchema } from "../answers/chat-schema.ts";
import { runChoices } from "../answers/choices.ts";
import type { ListedModel } from "../answers/head.ts";
import {
  type ChatRequest,
  chatRequestTable,
  effortVariables,
  toChatRequest,
} from "../requests/chat-request.ts";
import { renamed } from "../requests/option-names.ts";
import { post } from "../route.ts";

export const chatCompletions = post({
  path: "/v1/chat/completions",
  summary: "Answers a conversation.",
  body: chatRequestTable,
  answers: { "application/json": chatCompletionSchema, "text/event-stream": chatChunkSchema },
  async handle({ request, body, server }) {
    const chat = toChatRequest(body);
    const listed = server.find(chat.model);
    const variables = variablesOf(chat, listed);
    const work = server.begin(request, listed.model);
    const answers = chat.choices.map((options) => {
      const { signal } = work;
      return answer(chat, listed, { ...options, templateVariables: variables, signal });
    });
    const context: ChatContext = {
      id: listed.id,
      model: listed.model,
      count: answers.length,
      logprobs: chat.choices[0].logprobs !== undefined,
      includeUsage: chat.includeUsage,
    };
    const events = server.counted(listed.id, runChoices(answers, work));
    if (chat.stream) return server.stream(toChatParts(events, context), work);
    return Response.json(await toChatCompletion(events, context));
  },
});

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
function variablesOf(
  { effort, choices }: ChatRequest,
  { model }: ListedModel,
): ChatOptions["templateVariables"] {
  const [{ templateVariables: given }] = choices;
  if (effort === undefined) return given;
  const templates = [...model.tokenizer.chatTemplates.values()].join("\n");
  return { ...effortVariables(effort, templates), ...given };
}
