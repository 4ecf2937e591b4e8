// POST /v1/chat/completions: answers to a conversation.
import { chatAnswers } from "../answers/chat-answers.ts";
import { type ChatContext, toChatCompletion, toChatParts } from "../answers/chat-completion.ts";
import { chatChunkSchema, chatCompletionSchema } from "../answers/chat-schema.ts";
import { runChoices } from "../answers/choices.ts";
import { checkRead } from "../answers/unread.ts";
import { chatRequestTable, toChatRequest } from "../requests/chat-request.ts";
import { post } from "../route.ts";

export const chatCompletions = post({
  path: "/v1/chat/completions",
  scope: "chat",
  summary: "Answers a conversation.",
  body: chatRequestTable,
  answers: { "application/json": chatCompletionSchema, "text/event-stream": chatChunkSchema },
  async handle({ request, body, server, find, ignored }) {
    const chat = toChatRequest(body);
    const listed = await find(chat.model);
    checkRead({ documents: body.documents, variables: body.chat_template_kwargs }, listed.model, ignored);
    const start = chatAnswers(chat, listed);
    const work = server.begin(request, listed);
    const answers = start(work.signal);
    const context: ChatContext = {
      id: listed.id,
      model: listed.model,
      count: answers.length,
      logprobs: chat.choices[0].logprobs !== undefined,
      includeUsage: chat.includeUsage,
    };
    const events = server.recorded(work, runChoices(answers, work));
    if (chat.stream) return server.stream(toChatParts(events, context), work);
    return Response.json(await toChatCompletion(events, context));
  },
});
