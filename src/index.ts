// baimo's public API: re-exports only.
export { BaimoError, type ErrorCode } from "./errors.ts";
export type { ToolCall } from "./generate/answers/answer-reader.ts";
export type { Capabilities } from "./generate/capabilities.ts";
export { type LoadOptions, type LoadProgress, load } from "./generate/load.ts";
export type { AdapterSource } from "./generate/load-options.ts";
export { type ModelPreview, previewModel } from "./generate/preview.ts";
export type {
  Adapter,
  AdapterChoice,
  AdapterOptions,
  AnswerConstraint,
  ChatEvent,
  ChatMessage,
  ChatOptions,
  ContentPart,
  Embedding,
  EmbedOptions,
  EncodePromptOptions,
  EngineInfo,
  Finish,
  FinishReason,
  GeneratedToken,
  GenerateEvent,
  GenerateOptions,
  LanguageModel,
  LoadedCache,
  LogitsOptions,
  Model,
  Ranked,
  RerankOptions,
  SaveCacheOptions,
  SavedCache,
  Score,
  ScoredText,
  ScoreOptions,
  Timings,
  TokenLogprob,
  Usage,
} from "./generate/types.ts";
export type { ModelConfig, Pooling, RopeScaling } from "./models/config/config.ts";
export type {
  DecodeOptions,
  DecodeStream,
  EncodeOptions,
  Tokenizer,
  TokenPair,
} from "./tokenizers/tokenizer.ts";
