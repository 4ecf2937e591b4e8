// Reads and checks the body of POST /v1/chat/completions.
import { chatTable } from "../generate/options.ts";
import type { ChatMessage, ChatOptions } from "../generate/types.ts";
import {
  anything,
  choice,
  fields,
  flag,
  list,
  plain,
  required,
  text,
  whole,
  withDefault,
} from "../option-kinds.ts";
import { type Door, isPlain, type Kind, type OptionsOf, readOptions, refusal, show } from "../options.ts";
import { asClient, type Fields } from "./fields.ts";
import { modelId } from "./options.ts";
import { badParameter, Problem } from "./problem.ts";

/** A checked request for an answer. */
export interface ChatRequest {
  /** The model's id as the client wrote it; a server of one model needs none. */
  model?: string;
  messages: ChatMessage[];
  /** Without `signal`, which belongs to the connection. */
  options: ChatOptions;
  stream: boolean;
  /** Send a last chunk with the counts of tokens. */
  includeUsage: boolean;
}

const roles: ReadonlyMap<unknown, string> = new Map([
  ["system", "system"],
  ["developer", "system"], // the newer name for the same; templates of open models know the older one
  ["user", "user"],
  ["assistant", "assistant"],
  ["tool", "tool"],
]);

const own = chatTable();

/** -1 is the habit of other servers for "all". */
const topK: typeof own.topK = {
  ...own.topK,
  allowed: `${own.topK.allowed}, or -1 for all`,
  read: (value, name, door) => own.topK.read(value === -1 ? 0 : value, name, door),
};

const message: Kind<ChatMessage> = {
  kind: "message",
  allowed: "an object with role and content",
  read: (value, name, door) => readMessage(value, name, door),
};

const tool: Kind<Record<string, unknown>> = {
  kind: "tool",
  allowed: 'an object such as { "type": "function", "function": { "name": "weather" } }',
  read(value, name, door) {
    const { type, function: described } = plain.read(value, name, door);
    choice("function").read(type, `${name}.type`, door);
    const { name: called, description, parameters } = plain.read(described, `${name}.function`, door);
    text({ most: 256 }).read(called, `${name}.function.name`, door);
    if (given(description))
      text({ least: 0, most: 65_536 }).read(description, `${name}.function.description`, door);
    if (given(parameters)) plain.read(parameters, `${name}.function.parameters`, door);
    return value as Record<string, unknown>; // `plain` just read it
  },
};

const functionName = text({ most: 256 });
/** As OpenAI writes it: a word, or a function by its name. */
const toolChoice: Kind<NonNullable<ChatOptions["toolChoice"]>> = {
  kind: "tool choice",
  allowed: `${own.toolChoice.allowed.replace("{ name }", '{ "type": "function", "function": { "name": … } }')}`,
  read(value, name, door) {
    if (!isPlain(value)) return own.toolChoice.read(value, name, door);
    choice("function").read(value.type, `${name}.type`, door);
    const { name: called } = plain.read(value.function, `${name}.function`, door);
    return { name: functionName.read(called, `${name}.function.name`, door) };
  },
};

const responseFormat = fields({
  json_schema: fields({ name: text({ most: 64 }), description: anything, schema: plain, strict: flag }),
  type: required(choice("text", "json_object", "json_schema")),
});

/** What a body may hold. Ranges are those of `chat`; what has no option of its own is refused or changes nothing. */
const table = {
  model: modelId,
  messages: required(list(message, { least: 1, most: 1 << 24 })),
  stream: withDefault(flag, false),
  stream_options: fields({ include_usage: flag, include_obfuscation: anything }),

  max_tokens: own.maxTokens,
  max_completion_tokens: own.maxTokens,
  temperature: own.temperature,
  top_p: own.topP,
  top_k: topK,
  min_p: own.minP,
  typical_p: own.typicalP,
  repetition_penalty: own.repetitionPenalty,
  presence_penalty: own.presencePenalty,
  frequency_penalty: own.frequencyPenalty,
  seed: own.seed,
  logit_bias: own.logitBias,
  stop: own.stop,
  logprobs: withDefault(flag, false),
  top_logprobs: whole({ min: 0, max: 20 }),
  tools: list(tool, { most: 4096 }),
  documents: own.documents,
  chat_template_kwargs: own.templateVariables,
  reasoning_effort: text({ most: 64 }),

  n: whole({ min: 1, max: 128 }),
  response_format: responseFormat,
  modalities: list(anything, { most: 16 }),
  tool_choice: toolChoice,
  parallel_tool_calls: own.parallelToolCalls,

  // These concern OpenAI's accounts, storage and routing.
  metadata: anything,
  prompt_cache_key: anything,
  prompt_cache_retention: anything,
  safety_identifier: anything,
  service_tier: anything,
  store: anything,
  user: anything,
};

/** The fields of a body, by name: what tests go through. */
export const chatRequestTable = table;

type Body = OptionsOf<typeof table>;

/**
 * Checks a request's body and turns it into what `Model.chat` takes.
 *
 * @throws {Problem} 400 that names the parameter, what it is and what is allowed
 */
export function readChatRequest(body: unknown): ChatRequest {
  if (!isPlain(body)) throw new Problem(400, `the body must be a JSON object, but is ${show(body)}`);
  const read = readOptions(body, table, asClient);
  refuseUnsupported(read);
  const { model, messages, stream, stream_options } = read;
  if (stream_options && !stream) {
    throw badParameter(
      "stream_options",
      "invalid_value",
      "'stream_options' is only allowed when 'stream' is true",
    );
  }
  return {
    model,
    messages,
    options: toOptions(read),
    stream,
    includeUsage: stream_options?.include_usage ?? false,
  };
}

/** Refuses plainly what cannot be done here, rather than do something else. */
function refuseUnsupported({ n, modalities }: Body): void {
  const unsupported = (param: string, message: string) => badParameter(param, "unsupported_value", message);
  if (n !== undefined && n !== 1) {
    throw unsupported(
      "n",
      `'n' must be 1, but is ${n}: this server gives one answer a request; send several requests`,
    );
  }
  for (const modality of modalities ?? []) {
    if (modality === "text") continue;
    throw unsupported("modalities", `'modalities' may only hold "text", but holds ${show(modality)}`);
  }
}

function toOptions(body: Body): ChatOptions {
  const { logprobs, top_logprobs, tools = [], tool_choice } = body;
  if (top_logprobs !== undefined && !logprobs) {
    throw badParameter("top_logprobs", "invalid_value", "'top_logprobs' needs 'logprobs' to be true");
  }
  return {
    maxTokens: body.max_completion_tokens ?? body.max_tokens,
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k,
    minP: body.min_p,
    typicalP: body.typical_p,
    repetitionPenalty: body.repetition_penalty,
    presencePenalty: body.presence_penalty,
    frequencyPenalty: body.frequency_penalty,
    seed: body.seed,
    logitBias: body.logit_bias,
    stop: body.stop,
    logprobs: logprobs ? (top_logprobs ?? 0) : undefined,
    tools: tools.length > 0 && tool_choice !== "none" ? tools : undefined,
    documents: body.documents,
    toolChoice: tool_choice === "none" ? undefined : tool_choice,
    parallelToolCalls: body.parallel_tool_calls,
    readAnswer: true,
    constraint: constraintOf(body.response_format),
    templateVariables: templateVariablesOf(body),
  };
}

/** OpenAI's field is one variable more, and must not contradict the others. */
function templateVariablesOf({
  reasoning_effort,
  chat_template_kwargs: variables,
}: Body): Body["chat_template_kwargs"] {
  if (reasoning_effort === undefined) return variables;
  const other = variables?.reasoning_effort ?? reasoning_effort;
  if (other === reasoning_effort) return { ...variables, reasoning_effort };
  const param = "chat_template_kwargs.reasoning_effort";
  const message = `'${param}' is ${show(other)}, but 'reasoning_effort' is ${show(reasoning_effort)}; give one of them`;
  throw badParameter(param, "invalid_value", message);
}

/** What an answer must be. Without a schema it is any object of JSON. */
function constraintOf(format: Body["response_format"]): ChatOptions["constraint"] {
  if (!format || format.type === "text") return undefined;
  if (format.type === "json_object") return { schema: { type: "object" } };
  const { json_schema: named } = format;
  if (named?.schema) return { schema: named.schema };
  throw badParameter(
    "response_format.json_schema.schema",
    "missing_required_parameter",
    "'response_format.json_schema.schema' is missing; it must be a JSON Schema",
  );
}

/** As OpenAI reads a field: null is as if it were not there. */
const given = (value: unknown): boolean => value !== undefined && value !== null;

function readMessage(value: unknown, path: string, door: Door): ChatMessage {
  if (!isPlain(value)) throw refusal("type", path, value, message.allowed, door);
  const role = roles.get(value.role);
  if (role === undefined) {
    const known = choice(...[...roles.keys()].map(String)).allowed;
    throw refusal("value", `${path}.role`, value.role, known, door);
  }
  const calls = given(value.tool_calls)
    ? list(plain).read(value.tool_calls, `${path}.tool_calls`, door)
    : undefined;
  const read: ChatMessage = { role, content: readContent(value, path, calls !== undefined, door) };
  if (calls !== undefined) read.tool_calls = calls;
  for (const name of ["name", "tool_call_id", "reasoning_content"] as const) {
    if (given(value[name])) read[name] = anyText.read(value[name], `${path}.${name}`, door);
  }
  return read;
}

const anyText = text({ least: 0, most: Infinity });

/** The text of a message; several parts are joined by line ends, since most templates take one string. */
function readContent({ content }: Fields, path: string, mayBeNull: boolean, door: Door): string | null {
  const param = `${path}.content`;
  if (!given(content) && mayBeNull) return null;
  if (typeof content === "string") return content;
  if (!Array.isArray(content))
    throw refusal("type", param, content, "a string or an array of text parts", door);
  const texts = content.map((part: unknown, at) => {
    const partPath = `${param}[${at}]`;
    const { type, text: said } = plain.read(part, partPath, door);
    if (type !== "text") {
      const message = `'${partPath}.type' must be "text", but is ${show(type)}: this server's models read text only`;
      throw badParameter(partPath, "unsupported_value", message);
    }
    return anyText.read(said, `${partPath}.text`, door);
  });
  return texts.join("\n");
}
