// Options of generation: their kinds, ranges and defaults, and what an engine is told of them.
import {
  choice,
  fields,
  flag,
  kindOf,
  list,
  MOST_IDS,
  number,
  oneOrMore,
  plain,
  record,
  required,
  signal,
  text,
  tokenIds,
  whole,
  withDefault,
} from "../option-kinds.ts";
import { isPlain, type Kind, type OptionsOf, readFields, refusal, type TableOf } from "../options.ts";
import { variablesBeside } from "../tokenizers/chat-template/variables.ts";
import { MOST_ADAPTERS } from "./commands.ts";
import type { SamplerOptions } from "./sampler.ts";
import type {
  AdapterOptions,
  AnswerConstraint,
  ChatOptions,
  EncodePromptOptions,
  GenerateOptions,
  LogitsOptions,
  SaveCacheOptions,
  ScoreOptions,
} from "./types.ts";

/** Options with every default filled in: plain data that may be sent to a worker. */
export interface ResolvedOptions {
  sampler: SamplerOptions;
  /** Undefined: what is left of the context. */
  maxTokens?: number;
  stop: string[];
  stopTokens: number[];
  ignoreEos: boolean;
}

/** A stop string, not so long that it makes every token slow. */
const stopText = kindOf(
  "text",
  "a string of 1 to 1,024 characters without half a surrogate pair, which no answer has",
  (value) => typeof value === "string",
  (value) => value.length > 0 && value.length <= 1024 && !/\p{Surrogate}/u.test(value),
  { type: "string", minLength: 1, maxLength: 1024 },
);

/** What is said of an answer, by the name under which it is said; what it means is the compiler's matter. */
const constraints = {
  schema: kindOf(
    "schema",
    "a JSON Schema: an object, true or false",
    (value): value is Record<string, unknown> | boolean => typeof value === "boolean" || isPlain(value),
  ),
  regex: text({ most: 65_536 }),
  choice: list(text({ least: 0, most: 65_536 }), { least: 1 }),
  grammar: text({ most: 1 << 20 }),
};

const constraint: Kind<AnswerConstraint> = {
  kind: "constraint",
  allowed: "an object with one of schema, regex, choice and grammar",
  read(value, name, door) {
    const given = readFields(value, constraints, { name, prefix: `${name}.` }, door);
    const said = Object.entries(given).filter(([, each]) => each !== undefined);
    if (said.length !== 1) throw refusal("value", name, value, this.allowed, door);
    return Object.fromEntries(said) as AnswerConstraint; // the one that was read
  },
};

const adapterName = text({ most: 1024 });
const adapterScale = number({ min: -100, max: 100 });
/** Adapters by name. */
export const adapterChoices = list(fields({ name: required(adapterName), scale: adapterScale }), {
  most: MOST_ADAPTERS,
});

/** What `loadAdapter` takes. */
export const adapterTable = {
  name: adapterName,
  scale: adapterScale,
  signal,
} satisfies TableOf<AdapterOptions>;

/** How much sooner a request has its turn. */
export const priority = withDefault(whole({ min: -1000, max: 1000 }), 0);

const words = choice("auto", "none", "required");
const toolName = text({ most: 256 });
const toolChoice: Kind<NonNullable<ChatOptions["toolChoice"]>> = {
  kind: "choice",
  allowed: `${words.allowed}, or { name } of a tool`,
  read(value, name, door) {
    if (typeof value === "string") return words.read(value, name, door);
    const isNamed = isPlain(value) && Object.keys(value).join() === "name";
    if (!isNamed) throw refusal("type", name, value, this.allowed, door);
    return { name: toolName.read(value.name, `${name}.name`, door) };
  },
};

const templateVariables = variablesBeside({
  messages: "a conversation is its messages alone",
  tools: "give it as tools",
  documents: "give it as documents",
  add_generation_prompt: "the prompt always ends with what begins the answer",
  continue_final_message: "give it as continueFinalMessage",
});
const continued = choice("content", "reasoning_content");

/** What `complete` takes, for ids of a vocabulary. */
export function generateTable(vocabSize = MOST_IDS) {
  return {
    maxTokens: whole({ min: 0, max: 2 ** 31 - 1 }),
    onFull: withDefault(choice("stop", "refuse", "shift"), "stop"),
    keepTokens: whole({ min: 0, max: 2 ** 31 - 1 }),
    temperature: withDefault(number({ min: 0, max: 100 }), 0.8),
    topK: withDefault(whole({ min: 0, max: 2 ** 31 - 1 }), 0),
    topP: withDefault(number({ min: 0, max: 1, above: true }), 0.95),
    minP: withDefault(number({ min: 0, max: 1 }), 0),
    typicalP: withDefault(number({ min: 0, max: 1, above: true }), 1),
    repetitionPenalty: withDefault(number({ min: 0.1, max: 100 }), 1),
    presencePenalty: withDefault(number({ min: -100, max: 100 }), 0),
    frequencyPenalty: withDefault(number({ min: -100, max: 100 }), 0),
    logitBias: record(number({ max: 1000 }), {
      allowed: `token ids from 0 to ${(vocabSize - 1).toLocaleString("en")}`,
      fits: (key) => /^(0|[1-9]\d{0,9})$/.test(key) && Number(key) < vocabSize,
    }),
    seed: whole(),
    stop: oneOrMore(stopText, 64),
    stopTokens: tokenIds(vocabSize),
    ignoreEos: withDefault(flag, false),
    speculation: choice("off", "lookup", "draft"),
    guessTokens: whole({ min: 1, max: 15 }),
    constraint,
    logprobs: whole({ min: 0, max: 1024 }),
    decoderTokens: tokenIds(vocabSize),
    adapters: adapterChoices,
    priority,
    signal,
  } satisfies TableOf<GenerateOptions>;
}

/** The same, read. */
export type ReadGenerateOptions = OptionsOf<ReturnType<typeof generateTable>>;

/** What `chat` takes. */
export function chatTable(vocabSize = MOST_IDS) {
  return {
    ...generateTable(vocabSize),
    tools: list(plain, { most: 4096 }),
    toolChoice: withDefault(toolChoice, "auto"),
    parallelToolCalls: withDefault(flag, true),
    readAnswer: withDefault(flag, false),
    documents: list(plain, { most: 4096 }),
    templateVariables,
    continueFinalMessage: continued,
  } satisfies TableOf<ChatOptions>;
}

/** What `logits` takes. */
export function logitsTable(vocabSize = MOST_IDS) {
  return {
    positions: withDefault(choice("all", "last"), "all"),
    encoderTokens: tokenIds(vocabSize),
    adapters: adapterChoices,
    priority,
    signal,
  } satisfies TableOf<LogitsOptions>;
}

/** What `score` takes. */
export const scoreTable = {
  alternatives: withDefault(whole({ min: 0, max: 1024 }), 0),
  adapters: adapterChoices,
  priority,
  signal,
} satisfies TableOf<ScoreOptions>;

/** What `encode` takes. */
export const encodePromptTable = {
  addSpecialTokens: withDefault(flag, true),
  parseSpecialTokens: withDefault(flag, false),
  tools: list(plain, { most: 4096 }),
  documents: list(plain, { most: 4096 }),
  templateVariables,
  continueFinalMessage: continued,
  mostTokens: whole({ min: 1 }),
  signal,
} satisfies TableOf<EncodePromptOptions>;

/** What `saveCache` takes. */
export function saveCacheTable(vocabSize = MOST_IDS) {
  return { tokens: tokenIds(vocabSize), signal } satisfies TableOf<SaveCacheOptions>;
}

/** What an engine is told; draws a seed where none is given. */
export function resolveOptions(options: ReadGenerateOptions): ResolvedOptions {
  const { temperature, topK, topP, minP, typicalP, maxTokens, logprobs } = options;
  const { repetitionPenalty, presencePenalty, frequencyPenalty, logitBias = {} } = options;
  return {
    sampler: {
      temperature,
      topK,
      topP,
      minP,
      typicalP,
      repetitionPenalty,
      presencePenalty,
      frequencyPenalty,
      logitBias: Object.entries(logitBias).map(([id, bias]) => [Number(id), bias]),
      seed: options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0],
      ...(logprobs === undefined ? {} : { logprobs }),
    },
    ...(maxTokens === undefined ? {} : { maxTokens }),
    stop: options.stop ?? [],
    stopTokens: options.stopTokens ?? [],
    ignoreEos: options.ignoreEos,
  };
}
