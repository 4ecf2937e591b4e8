// POST /api/chat: answers to a conversation, as Ollama's clients ask.
import { chatAnswers } from "../answers/chat-answers.ts";
import { runChoices } from "../answers/choices.ts";
import { loadedLine, OLLAMA, type OllamaContext, toOllamaAnswer, toOllamaParts } from "../answers/ollama.ts";
import { ollamaChatSchema } from "../answers/ollama-schema.ts";
import { ollamaChatTable, toOllamaChat } from "../requests/ollama-request.ts";
import { templatesOf } from "../requests/thinking.ts";
import { post } from "../route.ts";
import { findTagged } from "./ollama-tags.ts";

export const ollamaChat = post({
  path: "/api/chat",
  summary: "Answers a conversation, as Ollama's clients ask.",
  body: ollamaChatTable,
  dialect: OLLAMA,
  answers: { "application/json": ollamaChatSchema, "application/x-ndjson": ollamaChatSchema },
  async handle({ request, body, server, ignored }) {
    const { id, model } = findTagged(server, body.model);
    const context: OllamaContext = {
      id,
      started: performance.now(),
      write: ({ text, thinking, calls }) => ({
        message: {
          role: "assistant",
          content: text,
          thinking: thinking === "" ? undefined : thinking,
          tool_calls: calls.length === 0 ? undefined : calls,
        },
      }),
    };
    if (body.messages.length === 0) return Response.json(loadedLine(context));
    const { contextLength } = model;
    const chat = toOllamaChat(body, { contextLength, templates: templatesOf(model), ignored });
    const start = chatAnswers(chat, { id, model });
    const work = server.begin(request, model);
    const events = server.counted(id, runChoices(start(work.signal), work));
    if (chat.stream) return server.stream(toOllamaParts(events, context), work, OLLAMA);
    return Response.json(await toOllamaAnswer(events, context));
  },
});
