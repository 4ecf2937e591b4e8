// Reads and checks the body of POST /v1/chat/completions.
import type { ChatMessage, ChatOptions } from "../generate/types.ts";
import { isRecord } from "../json.ts";
import { createFieldReader, describe, type FieldReader, type Fields, missing, wrongType } from "./fields.ts";
import { badParameter, Problem } from "./problem.ts";

/** A checked request for an answer. */
export interface ChatRequest {
  /** The model's id as the client wrote it. */
  model: string;
  messages: ChatMessage[];
  /** Without `signal`, which belongs to the connection. */
  options: ChatOptions;
  stream: boolean;
  /** Send a last chunk with the counts of tokens. */
  includeUsage: boolean;
}

/** Parameters that change nothing here: they concern OpenAI's accounts, storage and routing. */
const withoutEffect = new Set([
  "metadata",
  "parallel_tool_calls",
  "prompt_cache_key",
  "prompt_cache_retention",
  "safety_identifier",
  "service_tier",
  "store",
  "user",
]);

const roles = new Map([
  ["system", "system"],
  ["developer", "system"], // the newer name for the same; templates of open models know the older one
  ["user", "user"],
  ["assistant", "assistant"],
  ["tool", "tool"],
]);

const maxStops = 16;
const maxStopLength = 1024;

/**
 * Checks a request's body and turns it into what `Model.chat` takes.
 *
 * @throws {Problem} 400 that names the parameter, what it must be and what it is
 */
export function readChatRequest(body: unknown): ChatRequest {
  if (!isRecord(body)) throw new Problem(400, `the body must be a JSON object, but is ${describe(body)}`);
  const fields = createFieldReader(body);
  refuseUnsupported(fields);
  const model = fields.string("model");
  if (!model) throw missing("model");
  const stream = fields.boolean("stream") ?? false;
  const streamOptions = fields.object("stream_options");
  if (streamOptions && !stream) {
    throw badParameter(
      "stream_options",
      "invalid_value",
      "'stream_options' is only allowed when 'stream' is true",
    );
  }
  const includeUsage =
    (streamOptions && createFieldReader(streamOptions, "stream_options.").boolean("include_usage")) ?? false;
  const messages = readMessages(fields);
  const options = readOptions(fields);
  fields.finish(withoutEffect);
  return { model, messages, options, stream, includeUsage };
}

/** Refuses plainly what cannot be done here, rather than do something else. */
function refuseUnsupported(fields: FieldReader): void {
  const unsupported = (param: string, message: string) => badParameter(param, "unsupported_value", message);
  const n = fields.number("n", { min: 1, max: 128, integer: true });
  if (n !== undefined && n !== 1) {
    throw unsupported(
      "n",
      `'n' must be 1, but is ${n}: this server gives one answer a request; send several requests`,
    );
  }
  const format = fields.object("response_format");
  if (format && format.type !== "text") {
    throw unsupported(
      "response_format",
      `'response_format.type' must be "text", but is ${describe(format.type)}: structured output is not supported yet`,
    );
  }
  for (const modality of fields.array("modalities") ?? []) {
    if (modality === "text") continue;
    throw unsupported("modalities", `'modalities' may only hold "text", but holds ${describe(modality)}`);
  }
  const choice = fields.any("tool_choice");
  if (choice !== undefined && choice !== "none" && choice !== "auto") {
    throw unsupported(
      "tool_choice",
      `'tool_choice' must be "none" or "auto", but is ${describe(choice)}: tool calls are not read from answers yet`,
    );
  }
}

function readOptions(fields: FieldReader): ChatOptions {
  const options: ChatOptions = {};
  const set = <K extends keyof ChatOptions>(key: K, value: ChatOptions[K] | undefined) => {
    if (value !== undefined) options[key] = value;
  };
  const count = { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true };
  const share = { min: 0, max: 1 };
  const penalty = { min: -2, max: 2 };
  const maxTokens = fields.number("max_tokens", count);
  set("maxTokens", fields.number("max_completion_tokens", count) ?? maxTokens);
  set("temperature", fields.number("temperature", { min: 0, max: 2 }));
  set("topP", fields.number("top_p", share));
  const topK = fields.number("top_k", { min: -1, max: Number.MAX_SAFE_INTEGER, integer: true });
  set("topK", topK === -1 ? 0 : topK); // -1 is the habit of other servers for "all"
  set("minP", fields.number("min_p", share));
  set("typicalP", fields.number("typical_p", share));
  set("repetitionPenalty", fields.number("repetition_penalty", { min: 0.01, max: 10 }));
  set("presencePenalty", fields.number("presence_penalty", penalty));
  set("frequencyPenalty", fields.number("frequency_penalty", penalty));
  const anyInteger = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, integer: true };
  set("seed", fields.number("seed", anyInteger));
  set("logitBias", readLogitBias(fields));
  set("stop", readStop(fields));
  set("logprobs", readLogprobs(fields));
  const tools = readTools(fields);
  if (fields.any("tool_choice") !== "none") set("tools", tools);
  const variables = fields.object("chat_template_kwargs");
  const effort = fields.string("reasoning_effort");
  set("templateVariables", effort === undefined ? variables : { reasoning_effort: effort, ...variables });
  return options;
}

function readLogitBias(fields: FieldReader): Record<number, number> | undefined {
  const given = fields.object("logit_bias");
  if (!given) return undefined;
  const bias: Record<number, number> = {};
  const entries = createFieldReader(given, "logit_bias.");
  for (const id of Object.keys(given)) {
    if (!/^\d{1,9}$/.test(id)) {
      throw badParameter(
        "logit_bias",
        "invalid_value",
        `'logit_bias' has the key ${describe(id)}, which is no token id`,
      );
    }
    const value = entries.number(id, { min: -100, max: 100 });
    if (value !== undefined) bias[Number(id)] = value;
  }
  return bias;
}

function readStop(fields: FieldReader): string[] | undefined {
  const value = fields.any("stop");
  if (value === undefined) return undefined;
  const stops = typeof value === "string" ? [value] : value;
  if (!Array.isArray(stops)) throw wrongType("stop", "a string or an array of strings", value);
  if (stops.length > maxStops) {
    throw badParameter(
      "stop",
      "invalid_value",
      `'stop' may hold at most ${maxStops} strings, but holds ${stops.length}`,
    );
  }
  for (const stop of stops) {
    if (typeof stop !== "string") throw wrongType("stop", "a string or an array of strings", stop);
    if (stop.length === 0 || stop.length > maxStopLength) {
      throw badParameter(
        "stop",
        "invalid_value",
        `a stop string must have from 1 to ${maxStopLength} characters`,
      );
    }
  }
  return stops;
}

function readLogprobs(fields: FieldReader): number | undefined {
  const wanted = fields.boolean("logprobs") ?? false;
  const top = fields.number("top_logprobs", { min: 0, max: 20, integer: true });
  if (top !== undefined && !wanted) {
    throw badParameter("top_logprobs", "invalid_value", "'top_logprobs' needs 'logprobs' to be true");
  }
  return wanted ? (top ?? 0) : undefined;
}

function readTools(fields: FieldReader): readonly unknown[] | undefined {
  const tools = fields.array("tools");
  for (const [at, tool] of (tools ?? []).entries()) {
    if (!isRecord(tool)) throw wrongType(`tools[${at}]`, "an object", tool);
  }
  return tools && tools.length > 0 ? tools : undefined;
}

function readMessages(fields: FieldReader): ChatMessage[] {
  const messages = fields.array("messages");
  if (!messages) throw missing("messages");
  if (messages.length === 0) {
    throw badParameter(
      "messages",
      "empty_array",
      "'messages' must hold at least one message, but is an empty array",
    );
  }
  return messages.map((message, at) => readMessage(message, `messages[${at}]`));
}

function readMessage(value: unknown, path: string): ChatMessage {
  if (!isRecord(value)) throw wrongType(path, "an object", value);
  const role = typeof value.role === "string" ? roles.get(value.role) : undefined;
  if (role === undefined) {
    throw badParameter(
      `${path}.role`,
      "invalid_value",
      `'${path}.role' must be one of ${[...roles.keys()].join(", ")}, but is ${describe(value.role)}`,
    );
  }
  const calls = value.tool_calls ?? undefined;
  if (calls !== undefined && !Array.isArray(calls)) throw wrongType(`${path}.tool_calls`, "an array", calls);
  const message: ChatMessage = { role, content: readContent(value, path, calls !== undefined) };
  if (calls !== undefined) message.tool_calls = calls;
  for (const name of ["name", "tool_call_id", "reasoning_content"] as const) {
    const text = value[name] ?? undefined;
    if (text === undefined) continue;
    if (typeof text !== "string") throw wrongType(`${path}.${name}`, "a string", text);
    message[name] = text;
  }
  return message;
}

/** The text of a message; several parts are joined by line ends, since most templates take one string. */
function readContent(message: Fields, path: string, mayBeNull: boolean): string | null {
  const param = `${path}.content`;
  const content = message.content ?? null;
  if (content === null) {
    if (mayBeNull) return null;
    throw wrongType(param, "a string or an array of text parts", message.content);
  }
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw wrongType(param, "a string or an array of text parts", content);
  const texts = content.map((part: unknown, at) => {
    const partPath = `${param}[${at}]`;
    if (!isRecord(part)) throw wrongType(partPath, "an object", part);
    if (part.type !== "text") {
      const message = `'${partPath}.type' must be "text", but is ${describe(part.type)}: this server's models read text only`;
      throw badParameter(partPath, "unsupported_value", message);
    }
    if (typeof part.text !== "string") throw wrongType(`${partPath}.text`, "a string", part.text);
    return part.text;
  });
  return texts.join("\n");
}
