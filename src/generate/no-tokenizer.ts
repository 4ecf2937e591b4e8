// A tokenizer for checkpoints that have none: ids in, ids out.
import { BaimoError } from "../errors.ts";
import type { Checkpoint } from "../formats/checkpoint.ts";
import { tokenIds } from "../option-kinds.ts";
import { call, readOptions } from "../options.ts";
import { decodeTable } from "../tokenizers/create-tokenizer.ts";
import { VOCABULARIES } from "../tokenizers/files/file-names.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/** The `kind` of the stand-in. */
export const NO_TOKENIZER = "none";

/** What `load` says of a checkpoint without a tokenizer. */
export function noTokenizerWarning({ name, format }: Pick<Checkpoint, "name" | "format">): string {
  const sought = format === "gguf" ? "the key tokenizer.ggml.model" : VOCABULARIES;
  return `${name}: there is no tokenizer (looked for ${sought}): the model takes and gives token ids only`;
}

/** A tokenizer whose texts are ids with spaces between; encoding is refused. */
export function createNoTokenizer(
  vocabSize: number,
  eosTokenIds: readonly number[],
  where: string,
): Tokenizer {
  const knownIds = tokenIds(vocabSize);
  const encode = () => {
    throw new BaimoError(
      "request",
      `${where}: there is no tokenizer beside the weights; pass token ids instead`,
    );
  };
  return {
    kind: NO_TOKENIZER,
    vocabSize,
    eosTokenIds,
    chatTemplates: new Map(),
    specialTokens: {},
    encode,
    encodePair: encode,
    decode(ids, options) {
      readOptions(options, decodeTable, call("decode"));
      return knownIds.read(ids, "ids", call("decode")).join(" ");
    },
    createDecodeStream(options) {
      readOptions(options, decodeTable, call("createDecodeStream"));
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
    tokenBytes: (id) => new TextEncoder().encode(` ${id}`),
    idToToken: (id) => String(id),
    tokenToId: () => undefined,
    isSpecial: () => false,
  };
}
