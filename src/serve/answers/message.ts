// Turns the events of an answer into Anthropic's message, whole or as the events of a stream.
import type { Finish } from "../../generate/types.ts";
import type { StreamPart } from "../event-stream.ts";
import type { ChoiceEvent } from "./choices.ts";
import type { ListedModel } from "./head.ts";
import { readPartialObject } from "./partial-json.ts";

/** What to know of the model and the request to write a message down. */
export interface MessageContext extends ListedModel {
  readonly stopSequences: readonly string[];
}

type Block =
  | { type: "text"; text: string }
  | { type: "thinking"; thinking: string; signature: string }
  | { type: "tool_use"; id: string; name: string; input: Record<string, unknown> };

type Delta =
  | { type: "text_delta"; text: string }
  | { type: "thinking_delta"; thinking: string }
  | { type: "input_json_delta"; partial_json: string };

interface End {
  stop_reason: string | null;
  stop_sequence: string | null;
}

interface Message extends End {
  id: string;
  type: "message";
  role: "assistant";
  model: string;
  content: Block[];
  usage: object;
}

type MessageEvent =
  | { type: "message_start"; message: Message }
  | { type: "content_block_start"; index: number; content_block: Block }
  | { type: "content_block_delta"; index: number; delta: Delta }
  | { type: "content_block_stop"; index: number }
  | { type: "message_delta"; delta: End; usage: object }
  | { type: "message_stop" };

type Progress = Extract<StreamPart, { type: "progress" }>;

/** Writes an answer as the parts of Anthropic's stream. */
export async function* toMessageParts(
  events: AsyncIterable<ChoiceEvent>,
  context: MessageContext,
): AsyncGenerator<StreamPart> {
  for await (const event of toMessageEvents(events, context))
    yield event.type === "progress" ? event : { type: "chunk", chunk: event, event: event.type };
}

/** Joins the events of a message, as clients do. */
export async function toMessage(
  events: AsyncIterable<ChoiceEvent>,
  context: MessageContext,
): Promise<object> {
  const message = newMessage(context);
  const { content } = message;
  /** What has come of the last call's input. */
  let json = "";
  for await (const event of toMessageEvents(events, context)) {
    const block = content.at(-1);
    switch (event.type) {
      case "content_block_start":
        content.push(event.content_block);
        json = "";
        break;
      case "content_block_delta":
        if (event.delta.type === "input_json_delta") json += event.delta.partial_json;
        else if (event.delta.type === "text_delta" && block?.type === "text") block.text += event.delta.text;
        else if (event.delta.type === "thinking_delta" && block?.type === "thinking")
          block.thinking += event.delta.thinking;
        break;
      case "content_block_stop":
        if (block?.type === "tool_use") block.input = readPartialObject(json);
        break;
      case "message_delta":
        Object.assign(message, event.delta, { usage: event.usage });
    }
  }
  return message;
}

/** The events of a message: its blocks one after another, each begun, written and ended. */
async function* toMessageEvents(
  events: AsyncIterable<ChoiceEvent>,
  context: MessageContext,
): AsyncGenerator<MessageEvent | Progress> {
  let begun = false;
  /** Of the block that is being written; none yet. */
  let [index, kind] = [-1, ""];
  function* enter(type: Block["type"], block: Block): Generator<MessageEvent> {
    if (kind !== "") yield { type: "content_block_stop", index };
    index++;
    kind = type;
    yield { type: "content_block_start", index, content_block: block };
  }
  for await (const { event } of events) {
    if (event.type === "prompt-progress") {
      yield { type: "progress", done: event.done, total: event.total };
      continue;
    }
    if (!begun) yield { type: "message_start", message: newMessage(context) };
    begun = true;
    switch (event.type) {
      case "text-delta":
        if (event.text === "") break;
        if (kind !== "text") yield* enter("text", { type: "text", text: "" });
        yield { type: "content_block_delta", index, delta: { type: "text_delta", text: event.text } };
        break;
      case "reasoning-delta":
        if (event.text === "") break;
        if (kind !== "thinking") yield* enter("thinking", { type: "thinking", thinking: "", signature: "" });
        yield { type: "content_block_delta", index, delta: { type: "thinking_delta", thinking: event.text } };
        break;
      case "tool-call-start":
        yield* enter("tool_use", { type: "tool_use", id: event.id, name: event.name, input: {} });
        break;
      case "tool-call-delta":
        yield {
          type: "content_block_delta",
          index,
          delta: { type: "input_json_delta", partial_json: event.arguments },
        };
        break;
      case "finish":
        if (kind !== "") yield { type: "content_block_stop", index };
        yield { type: "message_delta", delta: endOf(event, context), usage: usageOf(event) };
        yield { type: "message_stop" };
    }
  }
}

function newMessage({ id }: MessageContext): Message {
  return {
    id: `msg_${crypto.randomUUID().replaceAll("-", "")}`,
    type: "message",
    role: "assistant",
    model: id,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    // How long the prompt is shows when it has been read: the last event says it.
    usage: toUsage(0, 0, 0),
  };
}

function endOf({ reason, stop }: Finish, { stopSequences }: MessageContext): End {
  if (reason === "length") return { stop_reason: "max_tokens", stop_sequence: null };
  if (reason === "tool_calls") return { stop_reason: "tool_use", stop_sequence: null };
  if (stop !== undefined && stopSequences.includes(stop))
    return { stop_reason: "stop_sequence", stop_sequence: stop };
  return { stop_reason: "end_turn", stop_sequence: null };
}

const usageOf = ({ usage }: Finish) =>
  toUsage(usage.promptTokens - usage.cachedTokens, usage.cachedTokens, usage.completionTokens);

const toUsage = (input: number, cached: number, output: number) => ({
  input_tokens: input,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: cached,
  output_tokens: output,
});
