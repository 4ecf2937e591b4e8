// Anthropic's message and the events of its stream, as schemas for documents.
import type { JsonSchema } from "../../json.ts";
import { COUNT, objectOf, TEXT } from "../schema-parts.ts";

const END = {
  stop_reason: { enum: ["end_turn", "max_tokens", "stop_sequence", "tool_use", null] },
  stop_sequence: { type: ["string", "null"] },
};

const block: JsonSchema = {
  anyOf: [
    objectOf({ type: { const: "text" }, text: TEXT }),
    objectOf({ type: { const: "thinking" }, thinking: TEXT, signature: TEXT }),
    objectOf({ type: { const: "tool_use" }, id: TEXT, name: TEXT, input: { type: "object" } }),
  ],
};

const usage = objectOf({
  input_tokens: COUNT,
  cache_creation_input_tokens: COUNT,
  cache_read_input_tokens: COUNT,
  output_tokens: COUNT,
});

export const messageSchema: JsonSchema = objectOf({
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
    objectOf({ type: { const: "message_start" }, message: messageSchema }),
    objectOf({ type: { const: "content_block_start" }, index: COUNT, content_block: block }),
    objectOf({ type: { const: "content_block_delta" }, index: COUNT, delta: { type: "object" } }),
    objectOf({ type: { const: "content_block_stop" }, index: COUNT }),
    objectOf({ type: { const: "message_delta" }, delta: objectOf(END), usage }),
    objectOf({ type: { const: "message_stop" } }),
  ],
};
