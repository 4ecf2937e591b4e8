// baimo/tokenizers: text to ids and back, from every file format, and chat templates. Re-exports only.

export type { ChatTemplate, ChatTemplateOptions, RenderOptions } from "./chat-template.ts";
export { CHATML_TEMPLATE, createChatTemplate } from "./chat-template.ts";
export { type GgufTokenizerOptions, tokenizerFromGguf } from "./gguf.ts";
export { type TokenizerFileOptions, tokenizerFromJson } from "./json.ts";
export { openTokenizer, type TokenizerSource } from "./open.ts";
export { tokenizerFromSentencePiece } from "./sentencepiece.ts";
export {
  type GgufTokenizerValue,
  type TokenizerFiles,
  type TokenizerToGgufOptions,
  tokenizerToGguf,
} from "./to-gguf.ts";
export type { DecodeOptions, DecodeStream, EncodeOptions, Tokenizer } from "./tokenizer.ts";
