// Reads and checks the body of POST /v1/chat/completions.
import type { ChatMessage, ChatOptions } from "../generate/types.ts";
import {
  describe,
  type Fields,
  isFields,
  missing,
  readArray,
  readBoolean,
  readFields,
  readNumber,
  readString,
  wrongType,
} from "./fields.ts";
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

/** Parameters that are read; every other one is refused, since ignoring it would answer another question. */
const known = new Set([
  "model",
  "messages",
  "stream",
  "stream_options",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "top_k",
  "min_p",
  "typical_p",
  "repetition_penalty",
  "presence_penalty",
  "frequency_penalty",
  "logit_bias",
  "logprobs",
  "top_logprobs",
  "seed",
  "stop",
  "n",
  "response_format",
  "modalities",
  "reasoning_effort",
  "tools",
  "tool_choice",
  "chat_template_kwargs",
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
  if (!isFields(body)) throw new Problem(400, `the body must be a JSON object, but is ${describe(body)}`);
  for (const name of Object.keys(body)) {
    if (known.has(name) || withoutEffect.has(name)) continue;
    throw badParameter(
      name,
      "unknown_parameter",
      `'${name.slice(0, 80)}' is not a parameter that this server knows`,
    );
  }
  refuseUnsupported(body);
  const model = readString(body, "model");
  if (!model) throw missing("model");
  const stream = readBoolean(body, "stream") ?? false;
  const streamOptions = readFields(body, "stream_options");
  if (streamOptions && !stream) {
    throw badParameter(
      "stream_options",
      "invalid_value",
      "'stream_options' is only allowed when 'stream' is true",
    );
  }
  const includeUsage = (streamOptions && readBoolean(streamOptions, "include_usage")) ?? false;
  return { model, messages: readMessages(body), options: readOptions(body), stream, includeUsage };
}

/** Refuses plainly what cannot be done here, rather than do something else. */
function refuseUnsupported(body: Fields): void {
  const unsupported = (param: string, message: string) => badParameter(param, "unsupported_value", message);
  const n = readNumber(body, "n", { min: 1, max: 128, integer: true });
  if (n !== undefined && n !== 1) {
    throw unsupported(
      "n",
      `'n' must be 1, but is ${n}: this server gives one answer a request; send several requests`,
    );
  }
  const format = readFields(body, "response_format");
  if (format && format.type !== "text") {
    throw unsupported(
      "response_format",
      `'response_format.type' must be "text", but is ${describe(format.type)}: structured output is not supported yet`,
    );
  }
  for (const modality of readArray(body, "modalities") ?? []) {
    if (modality === "text") continue;
    throw unsupported("modalities", `'modalities' may only hold "text", but holds ${describe(modality)}`);
  }
  const choice = body.tool_choice ?? undefined;
  if (choice !== undefined && choice !== "none" && choice !== "auto") {
    throw unsupported(
      "tool_choice",
      `'tool_choice' must be "none" or "auto", but is ${describe(choice)}: tool calls are not read from answers yet`,
    );
  }
}

function readOptions(body: Fields): ChatOptions {
  const options: ChatOptions = {};
  const set = <K extends keyof ChatOptions>(key: K, value: ChatOptions[K] | undefined) => {
    if (value !== undefined) options[key] = value;
  };
  const count = { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true };
  const share = { min: 0, max: 1 };
  const penalty = { min: -2, max: 2 };
  const maxTokens = readNumber(body, "max_tokens", count);
  set("maxTokens", readNumber(body, "max_completion_tokens", count) ?? maxTokens);
  set("temperature", readNumber(body, "temperature", { min: 0, max: 2 }));
  set("topP", readNumber(body, "top_p", share));
  const topK = readNumber(body, "top_k", { min: -1, max: Number.MAX_SAFE_INTEGER, integer: true });
  set("topK", topK === -1 ? 0 : topK); // -1 is the habit of other servers for "all"
  set("minP", readNumber(body, "min_p", share));
  set("typicalP", readNumber(body, "typical_p", share));
  set("repetitionPenalty", readNumber(body, "repetition_penalty", { min: 0.01, max: 10 }));
  set("presencePenalty", readNumber(body, "presence_penalty", penalty));
  set("frequencyPenalty", readNumber(body, "frequency_penalty", penalty));
  const anyInteger = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, integer: true };
  set("seed", readNumber(body, "seed", anyInteger));
  set("logitBias", readLogitBias(body));
  set("stop", readStop(body));
  set("logprobs", readLogprobs(body));
  if (body.tool_choice !== "none") set("tools", readTools(body));
  const variables = readFields(body, "chat_template_kwargs");
  const effort = readString(body, "reasoning_effort");
  set("templateVariables", effort === undefined ? variables : { reasoning_effort: effort, ...variables });
  return options;
}

function readLogitBias(body: Fields): Record<number, number> | undefined {
  const fields = readFields(body, "logit_bias");
  if (!fields) return undefined;
  const bias: Record<number, number> = {};
  for (const id of Object.keys(fields)) {
    if (!/^\d{1,9}$/.test(id)) {
      throw badParameter(
        "logit_bias",
        "invalid_value",
        `'logit_bias' has the key ${describe(id)}, which is no token id`,
      );
    }
    const value = readNumber({ [`logit_bias.${id}`]: fields[id] }, `logit_bias.${id}`, {
      min: -100,
      max: 100,
    });
    if (value !== undefined) bias[Number(id)] = value;
  }
  return bias;
}

function readStop(body: Fields): string[] | undefined {
  const value = body.stop ?? undefined;
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

function readLogprobs(body: Fields): number | undefined {
  const wanted = readBoolean(body, "logprobs") ?? false;
  const top = readNumber(body, "top_logprobs", { min: 0, max: 20, integer: true });
  if (top !== undefined && !wanted) {
    throw badParameter("top_logprobs", "invalid_value", "'top_logprobs' needs 'logprobs' to be true");
  }
  return wanted ? (top ?? 0) : undefined;
}

function readTools(body: Fields): readonly unknown[] | undefined {
  const tools = readArray(body, "tools");
  for (const [at, tool] of (tools ?? []).entries()) {
    if (!isFields(tool)) throw wrongType(`tools[${at}]`, "an object", tool);
  }
  return tools && tools.length > 0 ? tools : undefined;
}

function readMessages(body: Fields): ChatMessage[] {
  const messages = readArray(body, "messages");
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
  if (!isFields(value)) throw wrongType(path, "an object", value);
  const role = roles.get(String(value.role));
  if (typeof value.role !== "string" || role === undefined) {
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
    if (!isFields(part)) throw wrongType(partPath, "an object", part);
    if (part.type !== "text") {
      const message = `'${partPath}.type' must be "text", but is ${describe(part.type)}: this server's models read text only`;
      throw badParameter(partPath, "unsupported_value", message);
    }
    if (typeof part.text !== "string") throw wrongType(`${partPath}.text`, "a string", part.text);
    return part.text;
  });
  return texts.join("\n");
}
