// POST /api/generate: an answer to a prompt, as Ollama's clients ask.
import { runsHere } from "../../generate/runs-here.ts";
import type { ChatEvent, Finish, GenerateOptions, LanguageModel } from "../../generate/types.ts";
import { chatAnswers } from "../answers/chat-answers.ts";
import { runChoices } from "../answers/choices.ts";
import { loadedLine, OLLAMA, type OllamaContext, toOllamaAnswer, toOllamaParts } from "../answers/ollama.ts";
import { ollamaGenerateSchema } from "../answers/ollama-schema.ts";
import { keepAlive } from "../requests/keep-alive.ts";
import { ollamaGenerateTable, toPromptChat, toRawOptions } from "../requests/ollama-request.ts";
import { renamed } from "../requests/option-names.ts";
import { templatesOf } from "../requests/thinking.ts";
import { post } from "../route.ts";

export const ollamaGenerate = post({
  path: "/api/generate",
  scope: "chat",
  summary: "Answers a prompt, or goes on with it (`raw`), as Ollama's clients ask.",
  body: ollamaGenerateTable,
  dialect: OLLAMA,
  answers: { "application/json": ollamaGenerateSchema, "application/x-ndjson": ollamaGenerateSchema },
  async handle({ request, body, server, find, ignored }) {
    const listed = await find(body.model);
    const { id, model } = listed;
    keepAlive(body.keep_alive, listed, ignored);
    const context: OllamaContext = {
      id,
      started: performance.now(),
      write: ({ text, thinking }) => ({
        response: text,
        thinking: thinking === "" ? undefined : thinking,
      }),
    };
    if (body.prompt === "") return Response.json(loadedLine(context, body.keep_alive));
    const templates = templatesOf(model);
    const here = { contextLength: model.contextLength, templates, ignored };
    // What has no template goes on with the prompt, as Ollama has it.
    const start =
      body.raw || !model.capabilities.chat
        ? rawAnswer(model, body.prompt, toRawOptions(body, here))
        : chatAnswers(toPromptChat(body, here), listed);
    const work = server.begin(request, listed);
    const events = server.recorded(work, runChoices(start(work.signal), work));
    if (body.stream) return server.stream(toOllamaParts(events, context), work, OLLAMA);
    return Response.json(await toOllamaAnswer(events, context));
  },
});

function rawAnswer(model: LanguageModel, prompt: string, options: GenerateOptions) {
  return (signal: AbortSignal) => [rawEvents(model, prompt, { ...options, signal })];
}

/** The text of special tokens in the prompt stands for them. */
async function* rawEvents(
  model: LanguageModel,
  prompt: string,
  options: GenerateOptions,
): AsyncGenerator<ChatEvent, Finish> {
  try {
    if (!runsHere(model)) return yield* model.complete(prompt, options);
    const { contextLength: mostTokens } = model;
    const ids = await model.encode(prompt, { parseSpecialTokens: true, mostTokens, signal: options.signal });
    return yield* model.complete(ids, options);
  } catch (error) {
    throw renamed(error, { prompt: "prompt", constraint: "format" });
  }
}
