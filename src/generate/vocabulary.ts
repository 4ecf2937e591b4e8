// A vocabulary as plain data, with its trie: what a worker needs to hold an answer to a constraint.
import { share } from "../share.ts";
import { answerFormatOf } from "./answers/answer-format-of.ts";
import { specialTokensOf } from "./answers/answer-stream.ts";
import { placeSpecialTokens } from "./answers/special-tokens.ts";
import {
  buildTokenTrie,
  bytesOf,
  type ConstraintVocabulary,
  type TrieArrays,
} from "./constrain/token-trie.ts";
import { endTokensOf, type Language, type LanguageDescription } from "./language.ts";

/** Plain data: may be shared by threads. */
export interface PackedVocabulary {
  /** The bytes of all tokens, one after another; special tokens have those of the mark that they stand for, or none. */
  readonly bytes: Uint8Array;
  /** [size + 1] where each token's bytes begin. */
  readonly starts: Uint32Array;
  /** The ids that end an answer. */
  readonly endTokens: readonly number[];
  readonly trie: TrieArrays;
}

/**
 * Half a second for 150,000 tokens. Special tokens that mark calls stand in it as such.
 *
 * config  the model's: its logits may have more ids than the tokenizer
 */
export function packVocabulary(
  { tokenizer, chatTemplate }: Language,
  config: LanguageDescription["config"],
): PackedVocabulary {
  const { vocabSize: size } = config;
  const endTokens = endTokensOf(tokenizer, config);
  const format = chatTemplate && answerFormatOf(chatTemplate);
  const places = format && placeSpecialTokens(format, specialTokensOf(tokenizer));
  const pieces = Array.from({ length: size }, (_, id) => {
    if (id >= tokenizer.vocabSize) return none;
    if (!tokenizer.isSpecial(id)) return tokenizer.tokenBytes(id);
    return bytesOf(places?.placeOf(tokenizer.idToToken(id) ?? "") ?? "");
  });
  const starts = share(new Uint32Array(size + 1));
  for (const [id, piece] of pieces.entries()) starts[id + 1] = starts[id] + piece.length;
  const bytes = share(new Uint8Array(starts[size]));
  for (const [id, piece] of pieces.entries()) bytes.set(piece, starts[id]);
  const trie = buildTokenTrie({ size, tokenBytes: (id) => pieces[id], endTokens });
  return {
    bytes,
    starts,
    endTokens,
    trie: {
      bytes: share(trie.bytes),
      depths: share(trie.depths),
      below: share(trie.below),
      ends: share(trie.ends),
      firstTokens: share(trie.firstTokens),
      roots: share(trie.roots),
      tokens: share(trie.tokens),
    },
  };
}

const none = new Uint8Array();

export function openVocabulary({ bytes, starts, endTokens, trie }: PackedVocabulary): ConstraintVocabulary {
  return {
    size: starts.length - 1,
    endTokens,
    trie,
    tokenBytes: (id) => bytes.subarray(starts[id], starts[id + 1]),
  };
}
