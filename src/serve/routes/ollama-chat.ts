// POST /api/chat: answers to a conversation, as Ollama's clients ask.
import { chatAnswers } from "../answers/chat-answers.ts";
import { runChoices } from "../answers/choices.ts";
import { loadedLine, OLLAMA, type OllamaContext, toOllamaAnswer, toOllamaParts } from "../answers/ollama.ts";
import { ollamaChatSchema } from "../answers/ollama-schema.ts";
import { keepAlive } from "../requests/keep-alive.ts";
import { ollamaChatTable, toOllamaChat } from "../requests/ollama-request.ts";
import { templatesOf } from "../requests/thinking.ts";
import { post } from "../route.ts";

export const ollamaChat = post({
  path: "/api/chat",
  scope: "chat",
  summary: "Answers a conversation, as Ollama's clients ask.",
  body: ollamaChatTable,
  dialect: OLLAMA,
  answers: { "application/json": ollamaChatSchema, "application/x-ndjson": ollamaChatSchema },
  async handle({ request, body, server, find, ignored }) {
    const listed = await find(body.model);
    const { id, model } = listed;
    keepAlive(body.keep_alive, listed, ignored);
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
    if (body.messages.length === 0) return Response.json(loadedLine(context, body.keep_alive));
    const { contextLength } = model;
    const chat = toOllamaChat(body, { contextLength, templates: templatesOf(model), ignored });
    const start = chatAnswers(chat, listed);
    const work = server.begin(request, listed);
    const events = server.recorded(work, runChoices(start(work.signal), work));
    if (chat.stream) return server.stream(toOllamaParts(events, context), work, OLLAMA);
    return Response.json(await toOllamaAnswer(events, context));
  },
});
