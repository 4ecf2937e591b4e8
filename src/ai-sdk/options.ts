// What the AI SDK asks of an answer, as options of `Model.chat`.
import type { LanguageModelV4CallOptions, LanguageModelV4Message } from "@ai-sdk/provider";
import { BaimoError } from "../errors.ts";
import type { ChatMessage, ChatOptions, LanguageModel } from "../generate/types.ts";
import { effortVariables } from "../serve/requests/chat-request.ts";
import { templatesOf } from "../serve/requests/thinking.ts";

/** The provider's name, under which its own options stand. */
export const PROVIDER = "baimo";

/**
 * What is asked, by the engine's names; `providerOptions.baimo` may hold others of `Model.chat`.
 * @throws {BaimoError} `request` for tools that a provider would run, `Problem` for an effort that the model does not know
 */
export function toOptions(asked: LanguageModelV4CallOptions, model: LanguageModel): ChatOptions {
  const { responseFormat, reasoning = "provider-default", tools, toolChoice, providerOptions } = asked;
  const effort =
    reasoning === "provider-default" ? {} : effortVariables(reasoning, templatesOf(model), "reasoning");
  const own = providerOptions?.[PROVIDER] as ChatOptions | undefined; // the model reads each by its name
  const options: ChatOptions = {
    maxTokens: asked.maxOutputTokens,
    temperature: asked.temperature,
    stop: asked.stopSequences,
    topP: asked.topP,
    topK: asked.topK,
    presencePenalty: asked.presencePenalty,
    frequencyPenalty: asked.frequencyPenalty,
    seed: asked.seed,
    constraint:
      responseFormat?.type === "json" ? { schema: responseFormat.schema ?? { type: "object" } } : undefined,
    tools: tools?.map(toTool),
    toolChoice: toolChoice?.type === "tool" ? { name: toolChoice.toolName } : toolChoice?.type,
    readAnswer: true,
    signal: asked.abortSignal,
    ...own,
  };
  const templateVariables = { ...effort, ...own?.templateVariables };
  if (Object.keys(templateVariables).length > 0) options.templateVariables = templateVariables;
  return options;
}

function toTool(tool: NonNullable<LanguageModelV4CallOptions["tools"]>[number]): object {
  if (tool.type !== "function") {
    throw new BaimoError("request", `the tool "${tool.name}" is one that a provider runs; baimo runs none`);
  }
  const { name, description, inputSchema: parameters, strict } = tool;
  return { type: "function", function: { name, description, parameters, strict } };
}

/**
 * A conversation as chat templates read it.
 * @throws {BaimoError} `request` for what is no text, with its place
 */
export const toMessages = (prompt: readonly LanguageModelV4Message[]): ChatMessage[] =>
  prompt.flatMap((message, i) => {
    const refuse = (at: number, type: string): never => {
      throw new BaimoError(
        "request",
        `prompt[${i}].content[${at}] is of the type "${type}"; models here read text only`,
      );
    };
    switch (message.role) {
      case "system":
        return [{ role: "system", content: message.content }];
      case "user": {
        const texts = message.content.map(
          (part, at) => (part.type === "text" ? part : refuse(at, part.type)).text,
        );
        const content = texts.length === 1 ? texts[0] : texts.map((text) => ({ type: "text", text }));
        return [{ role: "user", content }];
      }
      case "assistant":
        return [toAssistant(message.content, refuse)];
      default:
        return message.content.map((part, at): ChatMessage => {
          if (part.type !== "tool-result") return refuse(at, part.type);
          return {
            role: "tool",
            tool_call_id: part.toolCallId,
            name: part.toolName,
            content: toResult(part.output),
          };
        });
    }
  });

type AssistantParts = Extract<LanguageModelV4Message, { role: "assistant" }>["content"];

function toAssistant(parts: AssistantParts, refuse: (at: number, type: string) => never): ChatMessage {
  let [content, reasoning] = ["", ""];
  const calls: object[] = [];
  for (const [at, part] of parts.entries()) {
    if (part.type === "text") content += part.text;
    else if (part.type === "reasoning") reasoning += part.text;
    else if (part.type === "tool-call") {
      const { toolCallId: id, toolName: name, input } = part;
      calls.push({ id, type: "function", function: { name, arguments: JSON.stringify(input ?? {}) } });
    } else refuse(at, part.type);
  }
  const message: ChatMessage = {
    role: "assistant",
    content: content === "" && calls.length > 0 ? null : content,
  };
  if (reasoning !== "") message.reasoning_content = reasoning;
  if (calls.length > 0) message.tool_calls = calls;
  return message;
}

type ToolPart = Extract<
  Extract<LanguageModelV4Message, { role: "tool" }>["content"][number],
  { type: "tool-result" }
>;

function toResult(output: ToolPart["output"]): string {
  switch (output.type) {
    case "text":
    case "error-text":
      return output.value;
    case "execution-denied":
      return output.reason ?? "this call was not allowed";
    case "content":
      return output.value
        .map((part) => {
          if (part.type === "text") return part.text;
          throw new BaimoError(
            "request",
            `a tool answered a part of the type "${part.type}"; models here read text only`,
          );
        })
        .join("\n");
    default:
      return JSON.stringify(output.value);
  }
}
