// What a loaded model offers and the events that generation sends: the types behind the public API.

import type { CheckpointInput } from "../formats/checkpoint.ts";
import type { WriteTarget } from "../formats/sources/file-sink.ts";
import type { ByteSourceInput } from "../formats/sources/open-byte-source.ts";
import type { ModelConfig, Pooling } from "../models/config/config.ts";
import type { Resource } from "../resource.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { AnswerEvent, ToolCall } from "./answers/answer-reader.ts";
import type { Capabilities } from "./capabilities.ts";
import type { QueueState } from "./queue.ts";

/** How the next token is chosen and when generation ends. Every field is optional; the defaults stand beside it. */
export interface GenerateOptions {
  /** Most tokens to generate. Default: what is left of the context; with `onFull: "shift"` as many as the context holds. */
  maxTokens?: number;
  /**
   * When prompt and answer fill the context. "stop": the answer ends, with the reason "length". "refuse": a request whose prompt
   * and `maxTokens` do not fit is a BaimoError `context` before anything runs. "shift": the older half of what stands after the
   * kept beginning goes, what is left runs anew as if it were the prompt, and the answer goes on. Default "stop".
   */
  onFull?: "stop" | "refuse" | "shift";
  /**
   * First tokens that "shift" keeps, at most half the context. Default: the token that begins texts; in `chat` all that comes
   * before the text of the first message that is not the system's.
   */
  keepTokens?: number;
  /** 0 takes the most likely token. Default 0.8. */
  temperature?: number;
  /** Keep only the k most likely tokens; 0 keeps all. Default 0. */
  topK?: number;
  /** Keep the smallest set of tokens whose probability reaches this. Default 0.95. */
  topP?: number;
  /** Keep tokens at least this fraction as likely as the most likely one. Default 0. */
  minP?: number;
  /** Locally typical sampling (arXiv:2202.00666): the mass to keep. Default 1, off. */
  typicalP?: number;
  /** Divides positive and multiplies negative logits of tokens seen before (arXiv:1909.05858). Default 1, off. */
  repetitionPenalty?: number;
  /** Subtracted once from the logit of each token generated before, as OpenAI's. Default 0. */
  presencePenalty?: number;
  /** Subtracted for each time a token was generated before, as OpenAI's. Default 0. */
  frequencyPenalty?: number;
  /** Added to the logits of these token ids; -100 or less bans a token. */
  logitBias?: Readonly<Record<number, number>>;
  /** Seed of the random choice. Default: drawn anew, and reported in the finish event. */
  seed?: number;
  /** Generation ends before the first of these strings; it is not part of the text. */
  stop?: string | readonly string[];
  /** Ids that end generation besides the model's own end tokens. */
  stopTokens?: readonly number[];
  /** Go on past the model's end tokens. Default false. */
  ignoreEos?: boolean;
  /**
   * Guess what follows and run the guesses with the next token, as far as they have been right and pay. The answer is the same,
   * token for token; only its speed differs. "lookup": what followed the last tokens where they stood before. "draft": what the
   * model's `draft` finds most likely. Off, whatever is asked for, with recurrent states and with angles that change with every
   * token. Default "draft" where the model has one, else "off".
   */
  speculation?: "off" | "lookup" | "draft";
  /** Guess so many tokens each time, whether it pays or not. Default: as many as pay. */
  guessTokens?: number;
  /** Report the log-probability of each token, and of this many alternatives (0 for none). */
  logprobs?: number;
  /**
   * What the answer must be: JSON of a schema (`{ schema }`, draft 2020-12), a text that an expression matches (`{ regex }`), one
   * of some texts (`{ choice }`), or a text of a grammar (`{ grammar }`, GBNF). What cannot be enforced is refused before the
   * first token. Where `maxTokens` or the context cuts the answer it is not whole: the reason is "length".
   */
  constraint?: AnswerConstraint;
  /** With an encoder, which reads the prompt: the decoder's tokens so far. Default: its start token. */
  decoderTokens?: readonly number[];
  /** Adapters that were loaded, added in this order; at most 8. Left out: those that were loaded with a scale. */
  adapters?: readonly AdapterChoice[];
  /**
   * Requests have their turn in the order in which they come; each step of priority counts as ten seconds of waiting, so that
   * nobody waits for ever. The answer does not depend on it. Default 0.
   */
  priority?: number;
  /** Stops the work, also in the middle of a long prompt. */
  signal?: AbortSignal;
}

/** An adapter by its name. */
export interface AdapterChoice {
  readonly name: string;
  /** What its answers are multiplied with, beside its own factor. Default 1. */
  readonly scale?: number;
}

/** An adapter that is loaded. */
export interface Adapter {
  readonly name: string;
  /** The largest of its ranks. */
  readonly rank: number;
  /** How many weight matrices it changes. */
  readonly modules: number;
  readonly bytes: number;
  readonly warnings: readonly string[];
}

/** Options of `loadAdapter`. */
export interface AdapterOptions {
  /** What requests call it by. Default: its folder's or file's name. */
  name?: string;
  /** Its scale in requests that do not say `adapters`. Left out: it is in those alone that name it. */
  scale?: number;
  signal?: AbortSignal;
}

/** What an answer must be. */
export type AnswerConstraint =
  | { readonly schema: unknown }
  | { readonly regex: string }
  | { readonly choice: readonly string[] }
  | { readonly grammar: string };

/** The log-probability of one token, before penalties and temperature. */
export interface TokenLogprob {
  id: number;
  logprob: number;
}

/** One generated token. */
export interface GeneratedToken {
  id: number;
  logprob?: number;
  /** The most likely tokens at this place, most likely first. */
  top?: TokenLogprob[];
}

/** Counts of tokens, as OpenAI's `usage`. */
export interface Usage {
  promptTokens: number;
  completionTokens: number;
  /** Prompt tokens whose keys and values were still in the cache. */
  cachedTokens: number;
  /** Of the completion, where only the model's endpoint can tell. */
  reasoningTokens?: number;
}

/** Time spent, in milliseconds. */
export interface Timings {
  promptMs: number;
  generationMs: number;
}

/**
 * Why generation ended: an end token or stop string, the token limit or the end of the context, or the caller. "tool_calls":
 * as "stop", and the answer has calls.
 */
export type FinishReason = "stop" | "length" | "aborted" | "tool_calls";

/** How generation ended: the return value of the generators, and the content of the finish event. */
export interface Finish {
  reason: FinishReason;
  /** The stop string or the end token's text that ended it, if one did. */
  stop?: string;
  usage: Usage;
  timings: Timings;
  /** Of a model elsewhere: the one it was given, if it was. */
  seed?: number;
  /** Tokens that went to make room (`onFull: "shift"`). */
  droppedTokens?: number;
  /** Tokens that ran because they were guessed (`speculation`), and how many of them came. */
  speculation?: { drafted: number; accepted: number };
  /** The calls of an answer that was read (`readAnswer`). */
  toolCalls?: readonly ToolCall[];
  /**
   * Where experts are read as they are needed: how often a matrix was in memory, how often it was read, and how many of those
   * had been fetched from the disk ahead.
   */
  experts?: { hits: number; misses: number; readAhead: number };
}

/** What generation sends. `text-delta` never holds half a character; `prompt-progress` comes between prompt chunks. */
export type GenerateEvent =
  | { type: "prompt-progress"; done: number; total: number }
  | { type: "text-delta"; text: string; tokens: GeneratedToken[] }
  | ({ type: "finish" } & Finish);

/**
 * What `chat` sends. Reasoning and tool calls come apart from text where the answer is read (`readAnswer`); a call that is no
 * call after all is text. `tokens` are those that came since the text before, marks included.
 */
export type ChatEvent =
  | GenerateEvent
  | { type: "reasoning-delta"; text: string; tokens: GeneratedToken[] }
  | Extract<AnswerEvent, { type: "tool-call-start" | "tool-call-delta" | "tool-call" }>;

/** One message of a conversation, with the field names that chat templates read. */
export interface ChatMessage {
  role: string;
  content: string | null | readonly ContentPart[];
  name?: string;
  [field: string]: unknown;
}

/** A part of a message; text is what models of text understand. */
export interface ContentPart {
  type: string;
  text?: string;
  [field: string]: unknown;
}

/** Options of `chat`: those of generation, and what the chat template may read. */
export interface ChatOptions extends GenerateOptions {
  /**
   * Passed to the chat template as `tools`. The calls of one that is `strict` are held to its schema wherever the model makes
   * one (`readAnswer`); what cannot be held to it is refused.
   */
  tools?: readonly unknown[];
  /** Passed to the chat template as `documents`, which templates for retrieval read: objects with `title` and `text`. */
  documents?: readonly unknown[];
  /**
   * "none": tools are shown to the model, but what looks like a call is text. "required", or a tool's name: the answer is
   * calls, held to the tools' schemas while it is written, and is read (`readAnswer`). Default "auto".
   */
  toolChoice?: "auto" | "none" | "required" | { readonly name: string };
  /** Whether an answer that must be calls may have several. Default true. */
  parallelToolCalls?: boolean;
  /** Read reasoning and tool calls out of the answer, as events of their own. Default false: all is text. */
  readAnswer?: boolean;
  /** Further variables for the chat template, for example `enable_thinking`. */
  templateVariables?: Readonly<Record<string, unknown>>;
  /** Go on with the last message, an answer that was cut off: with its text, or with its reasoning, of which no text has come. */
  continueFinalMessage?: "content" | "reasoning_content";
}

/** A text whose end is judged, in text or token ids. */
export interface ScoredText {
  /** What comes before. Text gets the tokenizer's special tokens; an empty one is the token that begins texts. */
  readonly context: string | readonly number[];
  /** What is judged. Blanks at the end of a context in text belong to it. */
  readonly continuation: string | readonly number[];
}

/** How likely a continuation is after its context. */
export interface Score {
  /** Natural logarithm of its probability: the sum of `logprobs`. */
  readonly logprob: number;
  /** Of each of its tokens. */
  readonly logprobs: readonly number[];
  /** Whether each of its tokens is the most likely one. */
  readonly isGreedy: boolean;
  /** The most likely tokens at the place of each, most likely first, where they were asked for. */
  readonly top?: readonly (readonly TokenLogprob[])[];
}

/** Options of `score`. */
export interface ScoreOptions {
  /** Report this many of the most likely tokens at each place (`top`). Default 0. */
  alternatives?: number;
  adapters?: readonly AdapterChoice[];
  /** As of answers. */
  priority?: number;
  signal?: AbortSignal;
}

/** Options of `encode`. */
export interface EncodePromptOptions {
  /** Of a text: add what the model expects around it (BOS and the like). Default true. */
  addSpecialTokens?: boolean;
  /** Of a text: the text of special tokens stands for those tokens. Default false. */
  parseSpecialTokens?: boolean;
  /** Of a conversation: passed to the chat template as `tools`. */
  tools?: readonly unknown[];
  /** Of a conversation: passed to the chat template as `documents`. */
  documents?: readonly unknown[];
  /** Of a conversation: further variables for the chat template. */
  templateVariables?: Readonly<Record<string, unknown>>;
  /** Of a conversation: as in `chat`. */
  continueFinalMessage?: ChatOptions["continueFinalMessage"];
  /** Refuse what has more tokens, where it can before it is read. Default: no bound. */
  mostTokens?: number;
  signal?: AbortSignal;
}

/** How texts become vectors. */
export interface EmbedOptions {
  /**
   * Which final states make the vector: the mean of all, that of the last or of the first token. Default: as the checkpoint says;
   * where it says nothing, the mean for an encoder, the last for other models.
   */
  pooling?: Pooling;
  /** Bring vectors to length 1. Default: as the checkpoint's `modules.json` says; without one, true. */
  normalize?: boolean;
  /** What goes before every text. Default: the checkpoint's default prompt, where it has one. */
  prompt?: string;
  /** The name of one of the checkpoint's own prompts, instead of `prompt`: "query" or "document", as a rule. */
  promptName?: string;
  /** Keep the first dimensions alone, for models that were trained so (arXiv:2205.13147). Default: all. */
  dimensions?: number;
  /** Cut texts that are too long, instead of refusing them. Default false. */
  truncate?: boolean;
  /** As of answers. */
  priority?: number;
  signal?: AbortSignal;
}

/** A text as a vector. */
export interface Embedding {
  /** [hiddenSize], or as many dimensions as were asked for. */
  readonly vector: Float32Array;
  /** Tokens that were read. */
  readonly tokens: number;
}

/** How texts are compared with a query. */
export interface RerankOptions {
  /**
   * For models that are asked in words: what makes a text fit. Default "Given a web search query, retrieve relevant passages that
   * answer the query".
   */
  instruction?: string;
  /** Cut texts that are too long, instead of refusing them. Default false. */
  truncate?: boolean;
  /** As of answers. */
  priority?: number;
  signal?: AbortSignal;
}

/** How well a text fits a query. */
export interface Ranked {
  /** Its place among the texts that were given. */
  readonly index: number;
  /** From 0 to 1: sigmoid of `logit`. */
  readonly score: number;
  /** What the classifier gives; of a model that is asked in words, ln p("yes") - ln p("no"). */
  readonly logit: number;
  /** Tokens that were read, the query's included. */
  readonly tokens: number;
}

/** Which positions' logits to return. */
export interface LogitsOptions {
  /** Default "all". */
  positions?: "all" | "last";
  /** With an encoder: what it reads. `tokens` are then the decoder's, its start token first. */
  encoderTokens?: ArrayLike<number>;
  adapters?: readonly AdapterChoice[];
  /** As of answers. */
  priority?: number;
  signal?: AbortSignal;
}

/** What of the cache is saved. */
export interface SaveCacheOptions {
  /** Ids of a text: its beginning, as far as the cache holds it. Default: all that others may share. */
  tokens?: ArrayLike<number>;
  signal?: AbortSignal;
}

/** What was saved. */
export interface SavedCache {
  /** Positions whose keys and values were written. */
  tokens: number;
  bytes: number;
}

/** What was found in a saved cache. */
export interface LoadedCache {
  /** Positions that requests can find now. */
  tokens: number;
  /** Why there are none. */
  warning?: string;
}

/** A model wherever it runs: loaded here (`load`), or at an endpoint (`openUpstream` of baimo/upstream). */
export interface LanguageModel extends Resource {
  readonly name: string;
  /** What is not among them is a BaimoError `request` that names it. */
  readonly capabilities: Capabilities;
  /** Tokens that one conversation may hold, prompt and answer together; undefined where that is not known. */
  readonly contextLength?: number;
  readonly status: EngineStatus;
  readonly queue: QueueState;
  chat(messages: readonly ChatMessage[], options?: ChatOptions): AsyncGenerator<ChatEvent, Finish>;
  complete(prompt: string | readonly number[], options?: GenerateOptions): AsyncGenerator<ChatEvent, Finish>;
  score(texts: readonly ScoredText[], options?: ScoreOptions): Promise<Score[]>;
  embed(texts: readonly (string | readonly number[])[], options?: EmbedOptions): Promise<Embedding[]>;
  rerank(query: string, texts: readonly string[], options?: RerankOptions): Promise<Ranked[]>;
  dispose(): Promise<void>;
}

/** A loaded model. Requests run side by side, `parallel` at once, each as if it were alone. */
export interface Model extends LanguageModel {
  /** The model's own name, or its file's. */
  readonly name: string;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** Tokens that one conversation may hold, prompt and answer together. */
  readonly contextLength: number;
  /** What the engine runs on: device, threads, kernels, and warnings of the self-test. */
  readonly engine: EngineInfo;
  /** Whether it answers; an engine that is lost is started again, a few times a minute at most. */
  readonly status: EngineStatus;
  /** How many calls it works on, and how many wait; one too many (`maxWaiting` of `load`) is a BaimoError `busy` at once. */
  readonly queue: QueueState;
  /** Logits after each token (or the last): f32, [tokens, vocabSize] row-major. */
  logits(
    tokens: ArrayLike<number>,
    options?: LogitsOptions,
  ): Promise<{ data: Float32Array; shape: [number, number] }>;
  /**
   * The log-likelihood of continuations. What several contexts share at their beginning runs once.
   * @throws {BaimoError} `context` for a text that does not fit, `request` for a model with an encoder
   */
  score(texts: readonly ScoredText[], options?: ScoreOptions): Promise<Score[]>;
  /**
   * The ids of a text, or of a conversation as `chat` begins with it. A long one is made in a thread of its own.
   * @throws {BaimoError} `context` for more than `mostTokens`, `request` for a conversation without a chat template
   */
  encode(prompt: string | readonly ChatMessage[], options?: EncodePromptOptions): Promise<number[]>;
  /**
   * Texts, or token ids, as vectors, in their order. Any model can; those that were trained for it are of use.
   * @throws {BaimoError} `context` for a text that does not fit, `request` for a model with an encoder and a decoder
   */
  embed(texts: readonly (string | readonly number[])[], options?: EmbedOptions): Promise<Embedding[]>;
  /**
   * Sorts texts by how well they fit a query, best first. A model with a classifier of one score reads each pair; a model with a
   * chat template is asked whether the text fits, "yes" or "no", as Qwen3-Reranker was trained to be.
   * @throws {BaimoError} `context` for a pair that does not fit, `request` for a model that can do neither
   */
  rerank(query: string, texts: readonly string[], options?: RerankOptions): Promise<Ranked[]>;
  /** Continues a text, or a list of token ids. Breaking out of the loop stops the work. */
  complete(
    prompt: string | readonly number[],
    options?: GenerateOptions,
  ): AsyncGenerator<GenerateEvent, Finish>;
  /** Answers a conversation, rendered through the model's chat template. Breaking out stops the work. */
  chat(messages: readonly ChatMessage[], options?: ChatOptions): AsyncGenerator<ChatEvent, Finish>;
  /**
   * Writes what the cache holds of a text's beginning, or of all texts, so that it outlives the engine. In memory it takes the
   * pages' bytes once. The file is bound to the model, the kernels and the type of the cache, not to the number of threads. Of a
   * model with recurrent states it holds texts as far as states are kept (`stateBytes`): to the end of a page.
   *
   * target  a path, a WritableStream, or a function that takes chunks
   * @throws {BaimoError} `request` for a model with an encoder
   */
  saveCache(target: WriteTarget, options?: SaveCacheOptions): Promise<SavedCache>;
  /**
   * Reads what `saveCache` wrote, as far as there is room; requests that begin alike find it. A file that is damaged, or of
   * another model, build or type of cache, changes nothing: no tokens, and a warning that says why.
   * @throws {BaimoError} `request` for a model with an encoder, or a file that cannot be opened
   */
  loadCache(source: ByteSourceInput, options?: { signal?: AbortSignal }): Promise<LoadedCache>;
  /** The adapters that are loaded. */
  readonly adapters: readonly Adapter[];
  /**
   * Loads a LoRA adapter: PEFT's folder or file, a GGUF file, a URL of either, "hf:owner/name", or files picked in a page.
   * @throws {BaimoError} `config`, `format` or `shape` when it is no adapter of this model, `request` when its name is taken
   */
  loadAdapter(source: CheckpointInput, options?: AdapterOptions): Promise<Adapter>;
  /** Forgets an adapter when the requests that use it have ended; its name is free at once. */
  unloadAdapter(name: string): Promise<void>;
  /** Frees the workers and their memory; the model cannot be used afterwards. */
  dispose(): Promise<void>;
}

/** "lost": it could not be started again, or was lost too often; the next request tries once more. */
export type EngineStatus = "ready" | "starting" | "lost";

/** Facts about a running engine. */
export interface EngineInfo {
  device: "cpu" | "webgpu" | "reference";
  threads: number;
  /** The kernel build in use, for example "relaxed-simd", and how 8-bit products are formed. */
  kernels: string;
  warnings: readonly string[];
  /** Seconds that loading took. */
  loadSeconds: number;
  /** Bytes of weights held, all threads together. */
  weightBytes: number;
  /** Bytes of keys and values at full context, all threads together. */
  cacheBytes: number;
}
