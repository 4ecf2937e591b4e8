// A vocabulary's bytes in one piece, as a worker needs them to hold an answer to a constraint.
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { bytesOf, type ConstraintVocabulary } from "./constrain/constraint.ts";

/** Plain data: may be shared by threads. */
export interface PackedVocabulary {
  /** The bytes of all tokens, one after another; special tokens have those of the mark that they stand for, or none. */
  readonly bytes: Uint8Array;
  /** [size + 1] where each token's bytes begin. */
  readonly starts: Uint32Array;
  /** The ids that end an answer. */
  readonly endTokens: readonly number[];
}

type Described = Pick<Tokenizer, "vocabSize" | "tokenBytes" | "isSpecial" | "idToToken">;

/**
 * size     of the model's logits, which may have more ids than the tokenizer
 * placeOf  what stands for a special token in the marks of answers: half of a surrogate pair, or nothing
 */
export function packVocabulary(
  tokenizer: Described,
  size: number,
  endTokens: readonly number[],
  placeOf: (token: string) => string,
): PackedVocabulary {
  const starts = share(new Uint32Array(size + 1));
  const pieces: Uint8Array[] = [];
  for (let id = 0, at = 0; id < size; id++) {
    if (id >= tokenizer.vocabSize) pieces[id] = new Uint8Array(0);
    else if (tokenizer.isSpecial(id)) pieces[id] = bytesOf(placeOf(tokenizer.idToToken(id) ?? ""));
    else pieces[id] = tokenizer.tokenBytes(id);
    at += pieces[id].length;
    starts[id + 1] = at;
  }
  const bytes = share(new Uint8Array(starts[size]));
  for (const [id, piece] of pieces.entries()) bytes.set(piece, starts[id]);
  return { bytes, starts, endTokens };
}

export function openVocabulary({ bytes, starts, endTokens }: PackedVocabulary): ConstraintVocabulary {
  return {
    size: starts.length - 1,
    endTokens,
    tokenBytes: (id) => bytes.subarray(starts[id], starts[id + 1]),
  };
}

/** The same in memory that threads share, where there is such memory. */
function share<T extends Uint8Array | Uint32Array>(values: T): T {
  if (typeof SharedArrayBuffer === "undefined") return values;
  const shared = new SharedArrayBuffer(values.byteLength);
  return new (values.constructor as new (buffer: SharedArrayBuffer) => T)(shared);
}
