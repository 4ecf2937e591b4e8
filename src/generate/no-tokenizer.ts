// A tokenizer for checkpoints that have none: ids in, ids out.
import { BaimoError } from "../errors.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/** A tokenizer whose texts are ids with spaces between; encoding is refused. */
export function createNoTokenizer(
  vocabSize: number,
  eosTokenIds: readonly number[],
  where: string,
): Tokenizer {
  return {
    kind: "none",
    vocabSize,
    eosTokenIds,
    encode() {
      throw new BaimoError(
        "request",
        `${where}: there is no tokenizer beside the weights; pass token ids instead`,
      );
    },
    decode: (ids) => Array.from(ids).join(" "),
    createDecodeStream() {
      let first = true;
      return {
        push(id) {
          const text = first ? String(id) : ` ${id}`;
          first = false;
          return text;
        },
        flush: () => "",
      };
    },
    idToToken: (id) => String(id),
    tokenToId: () => undefined,
    isSpecial: () => false,
  };
}
