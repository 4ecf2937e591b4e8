// A model as the AI SDK's language model: text, reasoning and calls, whole or as a stream.
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4FinishReason,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from "@ai-sdk/provider";
import { throwIfAborted } from "../errors.ts";
import type { Finish, LanguageModel } from "../generate/types.ts";
import { PROVIDER, toMessages, toOptions } from "./options.ts";

/** What a model in this process is to the AI SDK; `id` is what it is called there. */
export function toLanguageModel(model: LanguageModel, id = model.name): LanguageModelV4 {
  return {
    specificationVersion: "v4",
    provider: PROVIDER,
    modelId: id,
    supportedUrls: {},
    async doGenerate(asked) {
      const content: LanguageModelV4Content[] = [];
      let end: Ending | undefined;
      for await (const part of partsOf(model, id, asked)) {
        if (part.type === "finish") end = part;
        else addTo(content, part);
      }
      const { usage, finishReason, providerMetadata } = end!; // every answer has its end
      return { content, usage, finishReason, providerMetadata, warnings: [], response: { modelId: id } };
    },
    async doStream(asked) {
      const parts = partsOf(model, id, asked);
      // What is refused is thrown here, before there is a stream.
      let next: IteratorResult<LanguageModelV4StreamPart> | undefined = await parts.next();
      const stream = new ReadableStream<LanguageModelV4StreamPart>({
        start: (controller) => controller.enqueue({ type: "stream-start", warnings: [] }),
        async pull(controller) {
          const { done, value } = next ?? (await parts.next());
          next = undefined;
          if (done) controller.close();
          else controller.enqueue(value);
        },
        async cancel() {
          await parts.return(undefined);
        },
      });
      return { stream };
    },
  };
}

type Ending = Extract<LanguageModelV4StreamPart, { type: "finish" }>;

/** Puts a part to those before. */
function addTo(content: LanguageModelV4Content[], part: LanguageModelV4StreamPart): void {
  const last = content.at(-1);
  if (part.type === "text-start") content.push({ type: "text", text: "" });
  else if (part.type === "reasoning-start") content.push({ type: "reasoning", text: "" });
  else if (part.type === "text-delta" && last?.type === "text") last.text += part.delta;
  else if (part.type === "reasoning-delta" && last?.type === "reasoning") last.text += part.delta;
  else if (part.type === "tool-call") content.push(part);
}

/** The parts of one answer, in their order. */
async function* partsOf(
  model: LanguageModel,
  id: string,
  asked: LanguageModelV4CallOptions,
): AsyncGenerator<LanguageModelV4StreamPart, undefined> {
  const messages = toMessages(asked.prompt);
  const writer = new PartWriter();
  let reasoningTokens = 0;
  yield { type: "response-metadata", modelId: id, timestamp: new Date() };
  for await (const event of model.chat(messages, toOptions(asked, model))) {
    switch (event.type) {
      case "text-delta":
      case "reasoning-delta":
        if (event.type === "reasoning-delta") reasoningTokens += event.tokens.length;
        if (event.text !== "")
          yield* writer.write(event.type === "text-delta" ? "text" : "reasoning", event.text);
        break;
      case "tool-call-start":
        yield* writer.end();
        yield { type: "tool-input-start", id: event.id, toolName: event.name };
        writer.calls[event.index] = event.id;
        break;
      case "tool-call-delta":
        yield { type: "tool-input-delta", id: writer.calls[event.index], delta: event.arguments };
        break;
      case "tool-call":
        yield { type: "tool-input-end", id: event.id };
        yield { type: "tool-call", toolCallId: event.id, toolName: event.name, input: event.arguments };
        break;
      case "finish":
        throwIfAborted(asked.abortSignal, "the answer");
        yield* writer.end();
        yield {
          type: "finish",
          finishReason: reasonOf(event),
          usage: usageOf(event, reasoningTokens),
          providerMetadata: event.seed === undefined ? undefined : { [PROVIDER]: { seed: event.seed } },
        };
    }
  }
  return undefined;
}

/** Begins and ends pieces of text and of reasoning. */
class PartWriter {
  readonly calls: string[] = [];
  #count = 0;
  #open: "text" | "reasoning" | undefined;

  *write(type: "text" | "reasoning", delta: string): Generator<LanguageModelV4StreamPart> {
    if (this.#open !== type) {
      yield* this.end();
      this.#open = type;
      yield { type: `${type}-start`, id: String(++this.#count) };
    }
    yield { type: `${type}-delta`, id: String(this.#count), delta };
  }

  *end(): Generator<LanguageModelV4StreamPart> {
    const type = this.#open;
    this.#open = undefined;
    if (type) yield { type: `${type}-end`, id: String(this.#count) };
  }
}

const REASONS: Readonly<Record<Finish["reason"], LanguageModelV4FinishReason["unified"]>> = {
  stop: "stop",
  length: "length",
  tool_calls: "tool-calls",
  aborted: "interrupted",
};

const reasonOf = ({ reason }: Finish): LanguageModelV4FinishReason => ({
  unified: REASONS[reason],
  raw: reason,
});

function usageOf({ usage }: Finish, counted: number): LanguageModelV4Usage {
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens = counted } = usage;
  return {
    inputTokens: {
      total: promptTokens,
      noCache: promptTokens - cachedTokens,
      cacheRead: cachedTokens,
      cacheWrite: undefined,
    },
    outputTokens: {
      total: completionTokens,
      text: completionTokens - reasoningTokens,
      reasoning: reasoningTokens,
    },
  };
}
