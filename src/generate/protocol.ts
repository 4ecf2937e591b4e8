// The messages between the engine on the main thread and its workers: plain data, cloned or posted.

import type { BusShape } from "../backends/bus.ts";
import type { DeviceSetup, DeviceTask, RunShape } from "../backends/device.ts";
import type { ErrorCode } from "../errors.ts";
import type { ColumnSums } from "../formats/gguf/importance.ts";
import type { ByteSourceDescriptor } from "../formats/sources/byte-source.ts";
import type { AdapterPart } from "../models/adapters/adapter.ts";
import type { ModelConfig, Pooling } from "../models/config/config.ts";
import type { WeightPlan } from "../models/weights/tensor-plan.ts";
import type { AdapterUse, PageCounts } from "../tensor/backend.ts";
import type { ConstraintSpec, LanguageRecord } from "./constrain/constraint.ts";
import type { SamplerOptions } from "./sampler.ts";
import type { GeneratedToken, TokenLogprob } from "./types.ts";
import type { PackedVocabulary } from "./vocabulary.ts";

/** What makes a worker one rank of an engine. */
export interface WorkerSetup {
  readonly type: "setup";
  readonly rank: number;
  /** Absent where no memory is shared: there is one worker then. */
  readonly bus?: SharedArrayBuffer;
  readonly busShape: BusShape;
  readonly shape: RunShape;
  readonly files: readonly ByteSourceDescriptor[];
  readonly config: ModelConfig;
  readonly weights: WeightPlan;
  readonly device: DeviceSetup;
}

/** What requests that run a text have in common. */
interface TextRequest {
  /** In the order in which they are added. */
  readonly adapters?: readonly AdapterUse[];
  /** How much sooner it has its turn. */
  readonly priority?: number;
}

/** One request for tokens, in ids. */
export interface GenerateRequest extends TextRequest {
  readonly kind: "generate";
  readonly prompt: Int32Array;
  /** What an encoder reads first. */
  readonly encoderTokens?: Int32Array;
  readonly maxTokens: number;
  readonly stopTokens: readonly number[];
  readonly sampler: SamplerOptions;
  /** When the context is full, so many first tokens stay and the answer goes on; undefined: it ends. */
  readonly keep?: number;
  /** Guess what follows, and run it ahead: so many tokens at a time, or as many as pay. */
  readonly speculation?: { readonly by: "lookup" | "draft"; readonly tokens?: number };
  /** What the answer must be. */
  readonly constraint?: GivenConstraint;
}

/** What an answer must be; the vocabulary is the model's. Where it is dear to compile, its languages have been made. */
export interface GivenConstraint {
  readonly spec: ConstraintSpec;
  readonly vocabulary: PackedVocabulary;
  readonly languages?: LanguageRecord;
}

/** One request for logits; `trace` asks for hidden states too. */
export interface LogitsRequest extends TextRequest {
  readonly kind: "logits";
  readonly tokens: Int32Array;
  readonly encoderTokens?: Int32Array;
  readonly positions: "all" | "last";
  readonly trace: boolean;
}

/** One request to measure a model on a text. */
export interface MeasureRequest extends TextRequest {
  readonly kind: "measure";
  readonly tokens: Int32Array;
  /** The log-probabilities of the tokens from this one on are wanted; at least 1. */
  readonly from: number;
  /** Sum the squares of what weight matrices are multiplied with. */
  readonly columnSums: boolean;
}

/** One request for the likelihood of continuations that differ in their last token alone. */
export interface ScoreRequest extends TextRequest {
  readonly kind: "score";
  /** The context, and the continuations without their last token. */
  readonly tokens: Int32Array;
  /** The context's last position. */
  readonly from: number;
  /** The last token of each continuation. */
  readonly lasts: Int32Array;
  /** How many of the most likely tokens at each place to report. Default 0. */
  readonly top?: number;
}

/** One request for the pooled state of a text. */
export interface EmbedRequest extends TextRequest {
  readonly kind: "embed";
  readonly tokens: Int32Array;
  /** Of a pair of texts: the position from which on tokens are of the second type. */
  readonly second?: number;
  readonly pooling: Pooling;
  /** The first position that a mean takes in. */
  readonly from: number;
  /** Asks for the hidden states, too. */
  readonly trace: boolean;
}

/** What a page of the cache holds, after the pages before it. */
export interface SavedPage {
  /** What its meaning depends on besides tokens. */
  readonly root: string;
  /** Which of the pages before it in the list it follows; -1: none. */
  readonly parent: number;
  readonly tokens: Int32Array;
  readonly bytes: Uint8Array;
  /** The recurrent state at its end. */
  readonly state?: Uint8Array;
}

/** One request for pages of the cache: those of a beginning of these tokens, or all. */
export interface SaveRequest {
  readonly kind: "save";
  readonly tokens?: Int32Array;
}

/** One request to put pages back. */
export interface RestoreRequest {
  readonly kind: "restore";
  readonly pages: readonly SavedPage[];
}

/** One request to load an adapter, or without parts to forget it. It goes to every rank. */
export interface AdapterRequest {
  readonly kind: "adapter";
  readonly adapter: number;
  readonly parts?: readonly AdapterPart[];
}

/** Requests that run tokens. */
export type TokenRequest = GenerateRequest | LogitsRequest | MeasureRequest | ScoreRequest | EmbedRequest;
/** Requests that run none: they are done between steps. */
export type Errand = SaveRequest | RestoreRequest | AdapterRequest;
export type EngineRequest = TokenRequest | Errand;

/** From the main thread to a worker; requests and stops to rank 0 alone, adapters to all. */
export type ToWorker =
  | DeviceTask
  | WorkerSetup
  | { type: "request"; id: number; request: EngineRequest }
  /** End a request. */
  | { type: "cancel"; id: number }
  /** What the draft says; undefined: it cannot answer. */
  | { type: "draft"; ask: number; tokens: readonly number[] | undefined };

/** How a generation ended, seen from the worker. */
export interface GenerateResult {
  readonly kind: "generate";
  readonly reason: "stop" | "length" | "aborted";
  readonly stopToken?: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
  readonly promptMs: number;
  readonly generationMs: number;
  readonly droppedTokens?: number;
  readonly speculation?: { readonly drafted: number; readonly accepted: number };
  /** Of this worker's experts, where they are read as they are needed. */
  readonly pages?: PageCounts;
}

/** Logits [rows, vocabSize] and, when traced, hidden states [layer][rows, hiddenSize]. */
export interface LogitsResult {
  readonly kind: "logits";
  readonly aborted: boolean;
  readonly logits: Float32Array;
  readonly hidden: readonly Float32Array[];
  /** The same of the encoder, [encoderLayers + 1][encoder's tokens, hiddenSize]; empty without one. */
  readonly encoderHidden: readonly Float32Array[];
}

/** What a measurement gave. */
export interface MeasureResult {
  readonly kind: "measure";
  readonly aborted: boolean;
  /** Of tokens[from + i], given all before it. */
  readonly logprobs: Float32Array;
  /** By the names of stored tensors. */
  readonly columns: ReadonlyMap<string, ColumnSums>;
}

/** How likely each continuation is. */
export interface ScoreResult {
  readonly kind: "score";
  readonly aborted: boolean;
  /** Of each token of each continuation. */
  readonly logprobs: readonly Float64Array[];
  /** Whether each token of a continuation is the most likely one. */
  readonly isGreedy: readonly boolean[];
  /** The most likely tokens at the place of each token; of all continuations, since they share them. */
  readonly top: readonly (readonly TokenLogprob[])[];
}

/** The pooled state of a text. */
export interface EmbedResult {
  readonly kind: "embed";
  readonly aborted: boolean;
  /** [embeddingSize], not normalised. */
  readonly state: Float32Array;
  /** What the model's classifier makes of it; empty without one. */
  readonly scores: Float32Array;
  /** As those of `LogitsResult`. */
  readonly hidden: readonly Float32Array[];
}

/** Pages of the cache, those that others follow first. */
export interface SaveResult {
  readonly kind: "save";
  readonly pages: readonly SavedPage[];
}

/** How many tokens can be found again. */
export interface RestoreResult {
  readonly kind: "restore";
  readonly tokens: number;
}

/** Results of requests that run tokens. */
export type TokenResult = GenerateResult | LogitsResult | MeasureResult | ScoreResult | EmbedResult;
export type EngineResult = TokenResult | SaveResult | RestoreResult | { readonly kind: "adapter" };

/** Bytes of weights and cache on one rank; of a page of the cache, and of a recurrent state, on all together. */
export interface RankSizes {
  readonly weightBytes: number;
  readonly cacheBytes: number;
  readonly pageBytes: number;
  /** 0: there are none. */
  readonly stateBytes: number;
}

/** From a worker to the main thread. */
export type FromWorker =
  | { type: "progress"; done: number }
  | ({ type: "ready" } & RankSizes)
  | { type: "prompt-progress"; id: number; done: number; total: number }
  /** What was generated since the last such message, by request. */
  | { type: "tokens"; of: ReadonlyMap<number, readonly GeneratedToken[]> }
  | { type: "result"; id: number; result: EngineResult }
  /** Have the draft read these tokens and guess so many more. */
  | { type: "ask-draft"; ask: number; tokens: Int32Array; count: number }
  /** A request failed; the engine goes on. */
  | { type: "refused"; id: number; error: PlainError }
  /** The worker is lost. */
  | { type: "failed"; error: PlainError };

/** An error as it crosses threads. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  /** The option at fault. */
  readonly option?: string;
  readonly stack?: string;
}
