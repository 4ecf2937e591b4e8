// What a tokenizer offers, whichever algorithm and file it comes from: the types only.

/** Options of `encode`. */
export interface EncodeOptions {
  /** Add what the model expects around a text (BOS and the like). Default true. */
  addSpecialTokens?: boolean;
  /** Turn the text of special tokens, such as "<s>", into those tokens. Default false. */
  parseSpecialTokens?: boolean;
}

/** Options of `decode` and `createDecodeStream`. */
export interface DecodeOptions {
  /** Leave special tokens out of the text. Default true. */
  skipSpecialTokens?: boolean;
}

/** Turns ids into text one at a time; what it returns never ends in half a character. */
export interface DecodeStream {
  /** The text that this id completes; may be empty. */
  push(id: number): string;
  /** What is still held back at the end. */
  flush(): string;
}

/** Two texts as tokens. */
export interface TokenPair {
  readonly tokens: number[];
  /** Where the second text's own tokens begin and end. */
  readonly second: readonly [start: number, end: number];
  /** From where on tokens are of the second type, for models that tell the texts so. */
  readonly typed?: number;
}

/** A loaded tokenizer. */
export interface Tokenizer {
  /** The algorithm: "bpe" (byte-level), "spm-bpe", "unigram" or "wordpiece". */
  readonly kind: string;
  readonly vocabSize: number;
  readonly bosTokenId?: number;
  /** Every id that ends an answer: EOS, end of turn and the like. */
  readonly eosTokenIds: readonly number[];
  /** The chat template (Jinja) that came with the tokenizer, if any. */
  readonly chatTemplate?: string;
  /** All of its chat templates by name, the plain one as "default". */
  readonly chatTemplates: ReadonlyMap<string, string>;
  /** The texts of special tokens by role, as templates read them: `bos_token`, `eos_token` and so on. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** @throws {BaimoError} `request` for what is no string, and for a text that the tokenizer's file makes too costly */
  encode(text: string, options?: EncodeOptions): number[];
  /**
   * Two texts in one list of ids, with what the model expects around and between them.
   * @throws {BaimoError} as `encode`
   */
  encodePair(first: string, second: string): TokenPair;
  /** The text of ids. @throws {BaimoError} `request` for what is no list, or an id that the vocabulary does not have */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** For what a model writes: an id beyond the vocabulary, as where the model's is larger, stands for nothing. */
  createDecodeStream(options?: DecodeOptions): DecodeStream;
  /**
   * The bytes that an id stands for inside a text: what it adds where it is neither the first nor the last. They may be a
   * part of a character. A special token stands for its name; an id without a token for nothing.
   */
  tokenBytes(id: number): Uint8Array;
  /** The piece of an id as the vocabulary writes it, or undefined. */
  idToToken(id: number): string | undefined;
  tokenToId(token: string): number | undefined;
  isSpecial(id: number): boolean;
}
