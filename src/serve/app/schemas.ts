// What the application's routes answer, as JSON Schemas for the OpenAPI document.
import type { JsonSchema } from "../../json.ts";
import { COUNT, objectOf, TEXT } from "../schema-parts.ts";
import { parts } from "./parts-kind.ts";

export const FLAG: JsonSchema = { type: "boolean" };
export const OBJECT: JsonSchema = { type: "object" };
const TIME: JsonSchema = { type: "number", description: "milliseconds since 1970" };
export const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: "null" }] });
export const listOf = (items: JsonSchema): JsonSchema => ({ type: "array", items });

export const conversation = objectOf({
  id: TEXT,
  title: TEXT,
  pinned: FLAG,
  folder: orNull(TEXT),
  model: orNull(TEXT),
  assistant: orNull(TEXT),
  settings: OBJECT,
  draft: TEXT,
  leaf: orNull(TEXT),
  running: FLAG,
  created: TIME,
  updated: TIME,
  deleted: orNull(TIME),
});

export const message = objectOf({
  id: TEXT,
  parent: orNull(TEXT),
  role: { enum: ["user", "assistant", "tool"] },
  parts: { type: "array", items: parts.schema?.items ?? OBJECT },
  model: orNull(TEXT),
  assistant: orNull(TEXT),
  status: { enum: ["done", "running", "stopped", "interrupted", "failed"] },
  finish: orNull({ enum: ["stop", "length", "tool_calls"] }),
  usage: orNull(objectOf({ promptTokens: COUNT, completionTokens: COUNT, cachedTokens: COUNT })),
  timings: orNull(objectOf({ promptMs: { type: "number" }, generationMs: { type: "number" } })),
  seed: orNull({ type: "integer" }),
  problem: orNull(objectOf({ code: orNull(TEXT), message: TEXT })),
  events: COUNT,
  created: TIME,
});

export const context = objectOf({ tokens: COUNT, contextLength: COUNT });
export const folder = objectOf({ id: TEXT, name: TEXT, conversations: COUNT });
export const user = objectOf({ id: TEXT, name: TEXT, role: { enum: ["admin", "user"] } });
export const opened = objectOf({ conversation, messages: listOf(message) });
export const answered = objectOf({ message, answer: orNull(message), context: orNull(context) });
export const begun = objectOf({ answer: message, context: orNull(context) });
export const hit = objectOf({
  conversation: objectOf({ id: TEXT, title: TEXT, updated: TIME }),
  message: orNull(TEXT),
  before: TEXT,
  match: TEXT,
  after: TEXT,
});

export const summary = objectOf({
  id: TEXT,
  name: TEXT,
  description: TEXT,
  picture: TEXT,
  model: TEXT,
  fallbacks: listOf(TEXT),
  system: TEXT,
  starters: listOf(TEXT),
  options: OBJECT,
  created: TIME,
  updated: TIME,
});
export const assistant: JsonSchema = { type: "object", required: ["id", "name", "tools", "files"] };
export const nothing = objectOf({ deleted: { const: true } });
