// Reads and checks the body of POST /v1/responses.
import { chatTable } from "../../generate/options.ts";
import type { ChatOptions } from "../../generate/types.ts";
import {
  choice,
  fields,
  flag,
  list,
  plain,
  record,
  required,
  text,
  whole,
  withDefault,
} from "../../option-kinds.ts";
import type { OptionsOf } from "../../options.ts";
import { modelId } from "../models/recipe.ts";
import { badParameter } from "../problem.ts";
import { type ChatRequest, checkEffort } from "./chat-request.ts";
import type { NamedConstraint } from "./constraint.ts";
import { anyText, ignored, notDone, only } from "./fields.ts";
import { checkCalls, type Item, input, toMessages } from "./items.ts";
import { readResponseTools, repeatTools, responseToolFields } from "./response-tools.ts";
import { samplingFields, toSampling } from "./sampling.ts";

const own = chatTable();
const { max_tokens: _, ...sampling } = samplingFields;

const format = fields({
  type: required(choice("text", "json_object", "json_schema")),
  name: text({ most: 64 }),
  description: anyText,
  schema: plain,
  strict: flag,
});

const LOGPROBS = "message.output_text.logprobs";
/** Reasoning comes in the open, so that who asks for a sealed copy to send back has what it is for. */
const included = choice(LOGPROBS, "reasoning.encrypted_content");

/** What a body may hold. What is understood but not done is refused. */
export const responseRequestTable = {
  model: modelId,
  input: required(input),
  instructions: anyText,
  previous_response_id: text({ most: 1024 }),
  store: withDefault(flag, true),
  stream: withDefault(flag, false),
  stream_options: fields({ include_obfuscation: ignored }),
  max_output_tokens: own.maxTokens,
  ...sampling,
  top_logprobs: withDefault(whole({ min: 0, max: 20 }), 0),
  include: list(included, { most: 16 }),
  ...responseToolFields,
  text: fields({ format, verbosity: only("medium") }),
  reasoning: fields({
    effort: text({ most: 64 }),
    summary: notDone("reasoning comes whole, in the item's content"),
    generate_summary: notDone("reasoning comes whole, in the item's content"),
    context: only("auto"),
    mode: only("standard"),
  }),
  metadata: record(text({ least: 0, most: 512 })),
  chat_template_kwargs: own.templateVariables,
  truncation: only("disabled"),

  background: only(false),
  context_management: notDone("this server does not compact conversations"),
  conversation: notDone("previous_response_id goes on from a response"),
  moderation: notDone("this server does not judge what is said"),
  prompt: notDone("this server keeps no prompts"),

  // These concern accounts, routing, caches and tools of the server's own, of which there are none.
  max_tool_calls: ignored,
  prompt_cache_key: ignored,
  prompt_cache_options: ignored,
  prompt_cache_retention: ignored,
  safety_identifier: ignored,
  service_tier: ignored,
  user: ignored,
};

type Body = OptionsOf<typeof responseRequestTable>;

/** A checked request for a response. */
export interface ResponseRequest {
  readonly chat: ChatRequest;
  /** The conversation up to here, without the instructions, which are this request's alone. */
  readonly items: readonly Item[];
  /** Write log-probabilities. */
  readonly logprobs: boolean;
  readonly store: boolean;
  /** Fields of the response that repeat the request. */
  readonly repeated: object;
}

/**
 * What a model is asked, of fields that have been read one by one.
 *
 * earlier  the conversation that the request goes on from
 * @throws {Problem} 400 that names the parameter, what it is and what is allowed
 */
export function toResponseRequest(body: Body, earlier: readonly Item[]): ResponseRequest {
  const { model, instructions, stream, store, reasoning } = body;
  checkMetadata(body);
  checkEffort(reasoning?.effort, body.chat_template_kwargs, "reasoning.effort");
  checkCalls(earlier, body.input);
  const items = [...earlier, ...body.input];
  const { places, tools, toolChoice, parallelToolCalls = true } = readResponseTools(body);
  const asked = readFormat(body);
  const logprobs = body.top_logprobs > 0 || (body.include ?? []).includes(LOGPROBS);
  const options: ChatOptions = {
    ...toSampling({ ...body, max_tokens: undefined }),
    maxTokens: body.max_output_tokens,
    logprobs: logprobs ? body.top_logprobs : undefined,
    tools,
    toolChoice,
    parallelToolCalls,
    readAnswer: true,
    constraint: asked?.constraint,
    templateVariables: body.chat_template_kwargs,
  };
  const system: Item[] =
    instructions === undefined ? [] : [{ type: "message", role: "system", text: instructions }];
  return {
    chat: {
      model,
      messages: toMessages([...system, ...items]),
      choices: [options],
      effort: reasoning?.effort,
      parallelToolCalls,
      stream,
      includeUsage: false,
      names: { constraint: asked?.name, prompt: "input", effort: "reasoning.effort", tools: places },
    },
    items,
    logprobs,
    store,
    repeated: repeat(body),
  };
}

function checkMetadata({ metadata = {} }: Body): void {
  const count = Object.keys(metadata).length;
  if (count <= 16) return;
  throw badParameter("metadata", "invalid_value", `'metadata' has ${count} keys; allowed: up to 16`);
}

/** What the text must be. Without a schema it is any object of JSON. */
function readFormat({ text: asked }: Body): NamedConstraint | undefined {
  if (!asked?.format || asked.format.type === "text") return undefined;
  const { type, schema } = asked.format;
  const name = "text.format.schema";
  if (type === "json_object") return { name: "text.format", constraint: { schema: { type: "object" } } };
  if (schema) return { name, constraint: { schema } };
  throw badParameter(name, "missing_required_parameter", `'${name}' is missing; it must be a JSON Schema`);
}

/** The format with all its fields, as the specification has it in responses. */
function repeatFormat({ text: asked }: Body): object {
  const { type, name = "", description = null, schema = null, strict = false } = asked?.format ?? {};
  return type === "json_schema" ? { type, name, description, schema, strict } : { type: type ?? "text" };
}

/** The request's part of a response, with what was not given as it is by default. */
function repeat(body: Body): object {
  return {
    previous_response_id: body.previous_response_id ?? null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: null,
    ...repeatTools(body),
    text: { format: repeatFormat(body) },
    reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
    temperature: body.temperature ?? own.temperature.default,
    top_p: body.top_p ?? own.topP.default,
    presence_penalty: body.presence_penalty ?? own.presencePenalty.default,
    frequency_penalty: body.frequency_penalty ?? own.frequencyPenalty.default,
    top_logprobs: body.top_logprobs,
    metadata: body.metadata ?? {},
    store: body.store,
    truncation: "disabled",
    background: false,
    service_tier: "default",
    user: null,
    safety_identifier: null,
    prompt_cache_key: null,
  };
}
