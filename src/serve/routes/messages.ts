// POST /v1/messages: answers to a conversation, as Anthropic's clients ask.
import { ANTHROPIC } from "../answers/anthropic.ts";
import { chatAnswers } from "../answers/chat-answers.ts";
import { runChoices } from "../answers/choices.ts";
import { toMessage, toMessageParts } from "../answers/message.ts";
import { messageEventSchema, messageSchema } from "../answers/message-schema.ts";
import { messageRequestTable, toMessageChat } from "../requests/message-request.ts";
import { templatesOf } from "../requests/thinking.ts";
import { post } from "../route.ts";

export const messages = post({
  path: "/v1/messages",
  scope: "chat",
  summary: "Answers a conversation, as Anthropic's clients ask.",
  body: messageRequestTable,
  dialect: ANTHROPIC,
  answers: { "application/json": messageSchema, "text/event-stream": messageEventSchema },
  async handle({ request, body, server, find, ignored }) {
    const listed = await find(body.model);
    const { id, model } = listed;
    const chat = toMessageChat(body, { templates: templatesOf(model), ignored });
    const start = chatAnswers(chat, listed);
    const work = server.begin(request, listed);
    const context = { id, model, stopSequences: body.stop_sequences };
    const events = server.recorded(work, runChoices(start(work.signal), work));
    if (chat.stream) return server.stream(toMessageParts(events, context), work, ANTHROPIC);
    return Response.json(await toMessage(events, context));
  },
});
