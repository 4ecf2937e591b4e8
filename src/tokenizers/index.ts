// baimo/tokenizers: text to ids and back, and chat templates. Re-exports only.

export { tokenizerFromSentencePiece } from "./algorithms/sentencepiece.ts";
export type {
  ChatTemplate,
  ChatTemplateOptions,
  RenderedChat,
  RenderOptions,
} from "./chat-template/chat-template.ts";
export { CHATML_TEMPLATE, createChatTemplate } from "./chat-template/chat-template.ts";
export type { TemplateLimits } from "./chat-template/jinja/budget.ts";
export { chatTemplateOf } from "./chat-template/template-of.ts";
export { type GgufTokenizerOptions, tokenizerFromGguf } from "./files/gguf.ts";
export { type TokenizerFileOptions, tokenizerFromJson } from "./files/json.ts";
export { openTokenizer, type TokenizerSource } from "./files/open.ts";
export { type FolderReader, readTokenizerFiles, type TokenizerFiles } from "./files/read-folder.ts";
export {
  type GgufTokenizerValue,
  type TokenizerToGgufOptions,
  tokenizerToGguf,
} from "./files/to-gguf.ts";
export type { DecodeOptions, DecodeStream, EncodeOptions, Tokenizer } from "./tokenizer.ts";
export {
  hanPattern,
  type TrainedTokenizer,
  type TrainTokenizerOptions,
  type TrainTokenizerProgress,
  trainTokenizer,
} from "./train/train-tokenizer.ts";
