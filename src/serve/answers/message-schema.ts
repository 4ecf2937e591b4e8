// Anthropic's message and the events of its stream, as schemas for documents.
import type { JsonSchema } from "../../json.ts";

const TEXT = { type: "string" };
const COUNT = { type: "integer", minimum: 0 };
const END = {
  stop_reason: { enum: ["end_turn", "max_tokens", "stop_sequence", "tool_use", null] },
  stop_sequence: { type: ["string", "null"] },
};

const object = (properties: Record<string, JsonSchema>): JsonSchema => ({
  type: "object",
  properties,
  required: Object.keys(properties),
});

const block: JsonSchema = {
  anyOf: [
    object({ type: { const: "text" }, text: TEXT }),
    object({ type: { const: "thinking" }, thinking: TEXT, signature: TEXT }),
    object({ type: { const: "tool_use" }, id: TEXT, name: TEXT, input: { type: "object" } }),
  ],
};

const usage = object({
  input_tokens: COUNT,
  cache_creation_input_tokens: COUNT,
  cache_read_input_tokens: COUNT,
  output_tokens: COUNT,
});

export const messageSchema: JsonSchema = object({
  id: TEXT,
  type: { const: "message" },
  role: { const: "assistant" },
  model: TEXT,
  content: { type: "array", items: block },
  stop_reason: END.stop_reason,
  stop_sequence: END.stop_sequence,
  usage,
});

export const messageEventSchema: JsonSchema = {
  anyOf: [
    object({ type: { const: "message_start" }, message: messageSchema }),
    object({ type: { const: "content_block_start" }, index: COUNT, content_block: block }),
    object({ type: { const: "content_block_delta" }, index: COUNT, delta: { type: "object" } }),
    object({ type: { const: "content_block_stop" }, index: COUNT }),
    object({ type: { const: "message_delta" }, delta: object(END), usage }),
    object({ type: { const: "message_stop" } }),
  ],
};
