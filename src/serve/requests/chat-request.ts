// Reads and checks the body of POST /v1/chat/completions.
import { chatTable } from "../../generate/options.ts";
import type { ChatMessage, ChatOptions } from "../../generate/types.ts";
import { anything, fields, flag, list, required, text, whole, withDefault } from "../../option-kinds.ts";
import { type OptionsOf, show } from "../../options.ts";
import { modelId } from "../models/recipe.ts";
import { badParameter } from "../problem.ts";
import { constraintFields, readConstraint } from "./constraint.ts";
import { ignored, notDone, only, readBody } from "./fields.ts";
import { conversation } from "./messages.ts";
import type { OptionNames } from "./option-names.ts";
import { samplingFields, toSampling, withSeeds } from "./sampling.ts";
import { readTools, toolFields } from "./tools.ts";

/** A checked request for answers. */
export interface ChatRequest {
  /** The model's id as the client wrote it; a server of one model needs none. */
  model?: string;
  messages: ChatMessage[];
  /** Of each answer, without `signal`, which belongs to the connection. */
  choices: ChatOptions[];
  /** "low", "none" and so on, which the model's template must know. */
  effort?: string;
  /** Whether an answer may have more than one call. */
  parallelToolCalls: boolean;
  stream: boolean;
  /** Send a last chunk with the counts of tokens. */
  includeUsage: boolean;
  /** The client's names for options of which the engine may complain. */
  names: OptionNames;
}

const own = chatTable();

/** What a body may hold. What has no option of its own is refused or changes nothing. */
export const chatRequestTable = {
  model: modelId,
  messages: required(conversation),
  stream: withDefault(flag, false),
  stream_options: fields({
    include_usage: flag,
    include_obfuscation: ignored,
    continuous_usage_stats: only(false),
  }),
  n: withDefault(whole({ min: 1, max: 128 }), 1),
  max_completion_tokens: own.maxTokens,
  ...samplingFields,
  logprobs: withDefault(flag, false),
  top_logprobs: whole({ min: 0, max: 20 }),
  ...toolFields,
  ...constraintFields,
  reasoning_effort: text({ most: 64 }),
  documents: own.documents,
  /** Not OpenAI's: those of the model by name. */
  adapters: own.adapters,
  chat_template_kwargs: own.templateVariables,
  modalities: list(anything, { most: 16 }),

  add_generation_prompt: only(true),
  continue_final_message: only(false),
  echo: only(false),
  audio: notDone("this server's models write text only"),
  verbosity: only("medium"),
  web_search_options: notDone("this server does not search the web"),

  // These concern accounts, storage, routing and caches.
  cache_prompt: ignored,
  id_slot: ignored,
  keep_alive: ignored,
  metadata: ignored,
  prediction: ignored,
  priority: ignored,
  prompt_cache_key: ignored,
  prompt_cache_retention: ignored,
  request_id: ignored,
  safety_identifier: ignored,
  service_tier: ignored,
  store: ignored,
  timings_per_token: ignored,
  user: ignored,
};

type Body = OptionsOf<typeof chatRequestTable>;

/**
 * Checks a request's body and turns it into what `Model.chat` takes.
 *
 * @throws {Problem} 400 that names the parameter, what it is and what is allowed
 */
export function readChatRequest(body: unknown): ChatRequest {
  return toChatRequest(readBody(body, chatRequestTable));
}

/** The same of fields that have been read one by one. */
export function toChatRequest(body: Body): ChatRequest {
  const { model, messages, stream, stream_options, n, reasoning_effort: effort } = body;
  for (const modality of body.modalities ?? []) {
    if (modality === "text") continue;
    const message = `'modalities' may only hold "text", but holds ${show(modality)}`;
    throw badParameter("modalities", "unsupported_value", message);
  }
  if (stream_options && !stream) {
    const message = "'stream_options' is only allowed when 'stream' is true";
    throw badParameter("stream_options", "invalid_value", message);
  }
  const { places, tools, toolChoice, parallelToolCalls = true } = readTools(body);
  const asked = readConstraint(body);
  checkEffort(effort, body.chat_template_kwargs);
  const options: ChatOptions = {
    ...toSampling(body),
    maxTokens: body.max_completion_tokens ?? body.max_tokens,
    logprobs: readLogprobs(body),
    tools,
    toolChoice,
    parallelToolCalls,
    readAnswer: true,
    constraint: asked?.constraint,
    documents: body.documents,
    adapters: body.adapters,
    templateVariables: body.chat_template_kwargs,
  };
  return {
    model,
    messages,
    choices: withSeeds(options, n),
    effort,
    parallelToolCalls,
    stream,
    includeUsage: stream_options?.include_usage ?? false,
    names: { constraint: asked?.name, tools: places },
  };
}

function readLogprobs({ logprobs, top_logprobs }: Body): number | undefined {
  if (logprobs) return top_logprobs ?? 0;
  if (!top_logprobs) return undefined;
  throw badParameter("top_logprobs", "invalid_value", "'top_logprobs' needs 'logprobs' to be true");
}

/**
 * name     what the client calls the effort
 * comesTo  the template's variables of it, where they are known
 * @throws {Problem} 400 for variables of the client's own that contradict its effort
 */
export function checkEffort(
  effort: string | undefined,
  given: Readonly<Record<string, unknown>> = {},
  name = "reasoning_effort",
  comesTo: Readonly<Record<string, unknown>> = { reasoning_effort: effort },
): void {
  if (effort === undefined) return;
  for (const [variable, value] of Object.entries(comesTo)) {
    const other = given[variable] ?? value;
    if (other === value) continue;
    const param = `chat_template_kwargs.${variable}`;
    const message = `'${param}' is ${show(other)}, but '${name}' is ${show(effort)}; give one of them`;
    throw badParameter(param, "invalid_value", message);
  }
}

/**
 * The template variables of an effort: the model's own word for it, or whether it reasons at all.
 *
 * templates  the sources of the model's chat templates
 * name       what the client calls the effort
 * @throws {Problem} 400 for a model that reads neither
 */
export function effortVariables(
  effort: string,
  templates: string,
  name = "reasoning_effort",
): Readonly<Record<string, unknown>> {
  if (/\breasoning_effort\b/.test(templates)) return { reasoning_effort: effort };
  const thinks = effort !== "none" && effort !== "minimal";
  for (const variable of ["enable_thinking", "thinking"])
    if (new RegExp(`\\b${variable}\\b`).test(templates)) return { [variable]: thinks };
  if (effort === "none") return {};
  const message = `'${name}' is ${show(effort)}, but this model's chat template reads no such thing; leave it out`;
  throw badParameter(name, "unsupported_value", message);
}
