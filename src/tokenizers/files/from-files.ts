// From the files of a tokenizer, read, to the tokenizer.
import { tokenizerFromSentencePiece } from "../algorithms/sentencepiece.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { tokenizerFromJson } from "./json.ts";
import type { TokenizerFiles } from "./read-folder.ts";

/**
 * Makes the tokenizer: tokenizer.json goes before SentencePiece's file. Undefined where the files have neither.
 *
 * @throws {BaimoError} `format` when a file is damaged or of a kind that is not known
 */
export function tokenizerFromFiles(files: TokenizerFiles): Tokenizer | undefined {
  if (files.json !== undefined) return tokenizerFromJson(files.json, files);
  if (files.model) return tokenizerFromSentencePiece(files.model, files);
  return undefined;
}
