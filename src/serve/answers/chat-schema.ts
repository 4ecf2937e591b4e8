// OpenAI's chat completion and its chunks, as schemas for documents.
import type { JsonSchema } from "../../json.ts";
import { COUNT, TEXT } from "../schema-parts.ts";
import { headProperties } from "./head.ts";
import { logprobsSchema } from "./tokens.ts";
import { timingsSchema, usageSchema } from "./usage.ts";

const FINISH_REASON = { enum: ["stop", "length", "tool_calls"] };

const callIn = (required: readonly string[]): JsonSchema => ({
  type: "object",
  properties: {
    index: COUNT,
    id: TEXT,
    type: { const: "function" },
    function: { type: "object", properties: { name: TEXT, arguments: TEXT }, required: ["arguments"] },
  },
  required,
});

const choice = (content: string, schema: JsonSchema, reason: JsonSchema): JsonSchema => ({
  type: "object",
  properties: {
    index: COUNT,
    [content]: schema,
    logprobs: logprobsSchema,
    finish_reason: reason,
  },
  required: ["index", content, "logprobs", "finish_reason"],
});

const message: JsonSchema = {
  type: "object",
  properties: {
    role: { const: "assistant" },
    content: { type: ["string", "null"] },
    refusal: { type: "null" },
    reasoning_content: TEXT,
    tool_calls: { type: "array", items: callIn(["id", "type", "function"]) },
  },
  required: ["role", "content"],
};

const delta: JsonSchema = {
  type: "object",
  properties: {
    role: { const: "assistant" },
    content: TEXT,
    reasoning_content: TEXT,
    tool_calls: { type: "array", items: callIn(["index", "function"]) },
  },
};

const more = { timings: timingsSchema, seed: { type: "integer" } };
const required = ["id", "object", "created", "model", "choices"];

export const chatCompletionSchema: JsonSchema = {
  type: "object",
  properties: {
    ...headProperties("chat.completion"),
    choices: { type: "array", minItems: 1, items: choice("message", message, FINISH_REASON) },
    usage: usageSchema,
    ...more,
  },
  required: [...required, "usage"],
};

export const chatChunkSchema: JsonSchema = {
  type: "object",
  properties: {
    ...headProperties("chat.completion.chunk"),
    choices: {
      type: "array",
      maxItems: 1,
      items: choice("delta", delta, { anyOf: [FINISH_REASON, { type: "null" }] }),
    },
    usage: { anyOf: [usageSchema, { type: "null" }] },
    ...more,
  },
  required,
};
