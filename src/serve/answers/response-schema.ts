// A response and the events of its stream, as schemas for documents.
import type { JsonSchema } from "../../json.ts";
import { problemSchema } from "../problem.ts";
import { COUNT, objectOf, TEXT } from "../schema-parts.ts";
import { timingsSchema } from "./usage.ts";

const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: "null" }] });

const part = objectOf(
  {
    type: { enum: ["output_text", "reasoning_text"] },
    text: TEXT,
    annotations: { type: "array" },
    logprobs: { type: "array" },
  },
  ["annotations", "logprobs"],
);
const parts = { type: "array", items: part };
const status = { enum: ["in_progress", "completed", "incomplete"] };

const item: JsonSchema = {
  anyOf: [
    objectOf({ type: { const: "message" }, id: TEXT, status, role: { const: "assistant" }, content: parts }),
    objectOf({ type: { const: "reasoning" }, id: TEXT, status, summary: { type: "array" }, content: parts }),
    objectOf({
      type: { const: "function_call" },
      id: TEXT,
      status,
      call_id: TEXT,
      name: TEXT,
      arguments: TEXT,
    }),
  ],
};

const usage = objectOf({
  input_tokens: COUNT,
  input_tokens_details: objectOf({ cached_tokens: COUNT }),
  output_tokens: COUNT,
  output_tokens_details: objectOf({ reasoning_tokens: COUNT }),
  total_tokens: COUNT,
});

export const responseSchema: JsonSchema = objectOf(
  {
    id: TEXT,
    object: { const: "response" },
    created_at: COUNT,
    completed_at: orNull(COUNT),
    status: { enum: ["in_progress", "completed", "incomplete", "failed"] },
    error: orNull(objectOf({ code: TEXT, message: TEXT })),
    incomplete_details: orNull(objectOf({ reason: TEXT })),
    model: TEXT,
    output: { type: "array", items: item },
    previous_response_id: orNull(TEXT),
    instructions: orNull(TEXT),
    max_output_tokens: orNull(COUNT),
    max_tool_calls: { type: "null" },
    tools: { type: "array", items: { type: "object" } },
    tool_choice: { anyOf: [TEXT, { type: "object" }] },
    parallel_tool_calls: { type: "boolean" },
    text: objectOf({ format: objectOf({ type: TEXT }) }),
    reasoning: objectOf({ effort: orNull(TEXT), summary: { type: "null" } }),
    temperature: { type: "number" },
    top_p: { type: "number" },
    presence_penalty: { type: "number" },
    frequency_penalty: { type: "number" },
    top_logprobs: COUNT,
    metadata: { type: "object", additionalProperties: TEXT },
    store: { type: "boolean" },
    truncation: { const: "disabled" },
    background: { const: false },
    service_tier: TEXT,
    user: { type: "null" },
    safety_identifier: { type: "null" },
    prompt_cache_key: { type: "null" },
    usage: orNull(usage),
    timings: timingsSchema,
    seed: { type: "integer" },
  },
  ["timings", "seed"],
);

const event = (types: readonly string[], fields: JsonSchema): JsonSchema =>
  objectOf({ type: { enum: types.map((type) => `response.${type}`) }, sequence_number: COUNT, ...fields });
const failure = {
  allOf: [objectOf({ type: { const: "error" }, sequence_number: COUNT }), problemSchema],
};

const place = { item_id: TEXT, output_index: COUNT };
const inText = { ...place, content_index: COUNT };
const logprobs = { type: "array" };

export const responseEventSchema: JsonSchema = {
  anyOf: [
    event(["created", "in_progress", "completed", "incomplete", "failed"], { response: responseSchema }),
    event(["output_item.added", "output_item.done"], { output_index: COUNT, item }),
    event(["content_part.added", "content_part.done"], { ...inText, part }),
    event(["output_text.delta"], { ...inText, delta: TEXT, logprobs }),
    event(["output_text.done"], { ...inText, text: TEXT, logprobs }),
    event(["reasoning_text.delta"], { ...inText, delta: TEXT }),
    event(["reasoning_text.done"], { ...inText, text: TEXT }),
    event(["function_call_arguments.delta"], { ...place, delta: TEXT }),
    event(["function_call_arguments.done"], { ...place, name: TEXT, arguments: TEXT }),
    failure,
  ],
};
