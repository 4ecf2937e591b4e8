// Ollama's answers and the lines of its streams, as schemas for documents.
import type { JsonSchema } from "../../json.ts";
import { COUNT, TEXT } from "../schema-parts.ts";

const line = (properties: Record<string, JsonSchema>): JsonSchema => ({
  type: "object",
  properties: {
    model: TEXT,
    created_at: TEXT,
    ...properties,
    done: { type: "boolean" },
    done_reason: { enum: ["stop", "length", "load"] },
    total_duration: COUNT,
    load_duration: COUNT,
    prompt_eval_count: COUNT,
    prompt_eval_duration: COUNT,
    eval_count: COUNT,
    eval_duration: COUNT,
  },
  required: ["model", "created_at", ...Object.keys(properties).slice(0, 1), "done"],
});

const call: JsonSchema = {
  type: "object",
  properties: {
    id: TEXT,
    function: {
      type: "object",
      properties: { index: COUNT, name: TEXT, arguments: { type: "object" } },
      required: ["name", "arguments"],
    },
  },
  required: ["function"],
};

export const ollamaChatSchema: JsonSchema = line({
  message: {
    type: "object",
    properties: {
      role: { const: "assistant" },
      content: TEXT,
      thinking: TEXT,
      tool_calls: { type: "array", items: call },
    },
    required: ["role", "content"],
  },
});

export const ollamaGenerateSchema: JsonSchema = line({ response: TEXT, thinking: TEXT });
