// Reads and checks the bodies of Ollama's POST /api/chat and /api/generate.
import type { ChatMessage, ChatOptions, GenerateOptions } from "../../generate/types.ts";
import { flag, required, withDefault } from "../../option-kinds.ts";
import type { OptionsOf } from "../../options.ts";
import { badParameter } from "../problem.ts";
import type { ChatRequest } from "./chat-request.ts";
import { anyText, notDone, only } from "./fields.ts";
import { noImages, type OllamaModel, ollamaFields, toOllamaSampling, toThinking } from "./ollama-fields.ts";
import { ollamaMessages } from "./ollama-messages.ts";
import { readTools, toolFields } from "./tools.ts";

export const ollamaChatTable = {
  ...ollamaFields,
  messages: required(ollamaMessages),
  tools: toolFields.tools,
  stream: withDefault(flag, true),
};

export const ollamaGenerateTable = {
  ...ollamaFields,
  prompt: withDefault(anyText, ""),
  system: anyText,
  suffix: only(""),
  template: only(""),
  raw: withDefault(flag, false),
  images: noImages,
  context: notDone("it is the older way to go on with a conversation; /api/chat is the newer one"),
  stream: withDefault(flag, true),
};

type Shared = OptionsOf<typeof ollamaFields>;

export function toOllamaChat(body: OptionsOf<typeof ollamaChatTable>, model: OllamaModel): ChatRequest {
  const { places, tools, toolChoice } = readTools({
    tools: body.tools,
    tool_choice: undefined,
    parallel_tool_calls: undefined,
  });
  const chat = toChat(body, body.messages, model);
  const choices = chat.choices.map((options): ChatOptions => ({ ...options, tools, toolChoice }));
  return { ...chat, choices, names: { ...chat.names, tools: places }, stream: body.stream };
}

/** A prompt as a conversation of one message. */
export function toPromptChat(
  { prompt, system, stream, ...body }: OptionsOf<typeof ollamaGenerateTable>,
  model: OllamaModel,
): ChatRequest {
  const first: ChatMessage[] = system ? [{ role: "system", content: system }] : [];
  const chat = toChat(body, [...first, { role: "user", content: prompt }], model);
  return { ...chat, stream, names: { ...chat.names, prompt: "prompt" } };
}

/** A prompt that goes to the model as it is. @throws {Problem} 400 for what only a chat template could do */
export function toRawOptions(
  body: OptionsOf<typeof ollamaGenerateTable>,
  model: OllamaModel,
): GenerateOptions {
  for (const name of ["system", "think"] as const) {
    if (!body[name]) continue;
    const message = `'${name}' needs a chat template, which a raw prompt and a model without one do not use; leave it out`;
    throw badParameter(name, "unsupported_value", message);
  }
  return { ...toOllamaSampling(body.options, model), constraint: body.format };
}

function toChat(body: Shared, messages: ChatMessage[], model: OllamaModel): ChatRequest {
  const { variables, effort } = toThinking(body.think, model.templates);
  const options: ChatOptions = {
    ...toOllamaSampling(body.options, model),
    readAnswer: true,
    constraint: body.format,
    templateVariables: variables,
  };
  return {
    model: body.model,
    messages,
    choices: [options],
    effort,
    parallelToolCalls: true,
    stream: true,
    includeUsage: false,
    names: { constraint: "format", effort: "think" },
  };
}
