// Bodies of requests to an upstream; what it cannot be asked for is refused by name.
import { BaimoError } from "../errors.ts";
import type {
  AnswerConstraint,
  ChatMessage,
  ChatOptions,
  EmbedOptions,
  RerankOptions,
  ScoredText,
  ScoreOptions,
} from "../generate/types.ts";
import { echoBody } from "./echo.ts";

/** Options that only an engine of our own has, with the value that asks for nothing. */
const OWN: { readonly [K in keyof ChatOptions]?: unknown } = {
  onFull: "stop",
  keepTokens: undefined,
  topK: 0,
  minP: 0,
  typicalP: 1,
  repetitionPenalty: 1,
  stopTokens: undefined,
  ignoreEos: false,
  speculation: "off",
  guessTokens: undefined,
  logprobs: undefined,
  decoderTokens: undefined,
  adapters: undefined,
  documents: undefined,
  continueFinalMessage: undefined,
};

const OWN_ALONE = "a model at an upstream cannot be asked for it; leave it out";

/** @throws {BaimoError} `request` with the option, for what an upstream does not do */
export function refuseOwn(options: ChatOptions): void {
  for (const [name, nothing] of Object.entries(OWN)) {
    const value = options[name as keyof ChatOptions]; // the keys of OWN
    if (value === undefined || value === nothing) continue;
    throw notThere(name, OWN_ALONE);
  }
}

export const notThere = (option: string, text: string): BaimoError =>
  new BaimoError("request", `${option}: ${text}`, { option });

/** What generation of any kind is asked with. */
export function samplingBody(options: ChatOptions): Record<string, unknown> {
  refuseOwn(options);
  return {
    max_tokens: options.maxTokens,
    temperature: options.temperature,
    top_p: options.topP,
    presence_penalty: options.presencePenalty || undefined,
    frequency_penalty: options.frequencyPenalty || undefined,
    logit_bias: options.logitBias,
    seed: options.seed,
    stop: options.stop,
    stream: true,
    stream_options: { include_usage: true },
  };
}

/** @throws {BaimoError} `request` for an option that an upstream does not have */
export function chatBody(messages: readonly ChatMessage[], options: ChatOptions): Record<string, unknown> {
  const { tools, toolChoice, parallelToolCalls } = options;
  const hasTools = tools !== undefined && tools.length > 0;
  return {
    ...samplingBody(options),
    messages,
    tools: hasTools ? tools : undefined,
    tool_choice: hasTools ? choiceOf(toolChoice) : undefined,
    parallel_tool_calls: hasTools ? parallelToolCalls : undefined,
    response_format: formatOf(options.constraint),
    reasoning_effort: effortOf(options.templateVariables),
  };
}

/** How much to reason is all that an endpoint can be told of its template. */
function effortOf({ reasoning_effort: effort, ...others }: ChatOptions["templateVariables"] = {}): unknown {
  const [other] = Object.keys(others);
  if (other === undefined) return effort;
  throw notThere(
    `templateVariables.${other}`,
    "a model at an upstream reads its chat template itself; leave it out",
  );
}

const choiceOf = (choice: ChatOptions["toolChoice"]): unknown =>
  typeof choice === "object" ? { type: "function", function: { name: choice.name } } : choice;

function formatOf(constraint: AnswerConstraint | undefined): unknown {
  if (!constraint) return undefined;
  if (!("schema" in constraint))
    throw notThere("constraint", "a model at an upstream is held to schemas alone");
  return { type: "json_schema", json_schema: { name: "answer", schema: constraint.schema, strict: true } };
}

/** @throws {BaimoError} `request` for an option that an upstream does not have */
export function embedBody(texts: readonly unknown[], options: EmbedOptions): Record<string, unknown> {
  const { dimensions, signal: _, priority: __, truncate, ...own } = options;
  refuse({ ...own, truncate: truncate || undefined });
  return { input: texts, dimensions, encoding_format: "float" };
}

/** @throws {BaimoError} as `embedBody` */
export function rerankBody(
  query: string,
  documents: readonly string[],
  { instruction, truncate }: RerankOptions,
): Record<string, unknown> {
  refuse({ instruction, truncate: truncate || undefined });
  return { query, documents };
}

/** @throws {BaimoError} as `embedBody` */
export function scoreBody(
  { context, continuation }: ScoredText,
  { alternatives, adapters }: ScoreOptions,
): Record<string, unknown> {
  refuse({ alternatives: alternatives || undefined, adapters });
  return echoBody(textOf(context, "context") + textOf(continuation, "continuation"));
}

/** @throws {BaimoError} `request` for ids, which are an endpoint's own */
export function textOf(given: string | readonly number[], option: string): string {
  if (typeof given === "string") return given;
  throw notThere(option, "ids are those of an endpoint's own tokenizer; give text");
}

/** Refuses what is given at all. */
function refuse(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) throw notThere(name, OWN_ALONE);
  }
}
