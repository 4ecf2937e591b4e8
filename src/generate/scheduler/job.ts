// A request on its way through the engine: which tokens it runs, and what it makes of their logits.
import type { ForwardOptions } from "../../models/forward/transformer.ts";
import type { LogitSummary, SummaryWish } from "../logit-summary.ts";
import type { TokenRequest, TokenResult } from "../protocol.ts";
import type { GuessRoom } from "./guess-room.ts";

/** One request. Its tokens run in order, some at a time; a page of the cache may have the first of them already. */
export interface Job {
  readonly kind: TokenRequest["kind"];
  /** Those that are known: of the prompt, then of the answer. Fewer than have run: they are others, and begin anew. */
  readonly tokens: readonly number[];
  /** Of the tokens, those that were given. */
  readonly promptLength: number;
  /** How many of the first tokens need not run where their keys and values are known. */
  readonly reusable: number;
  /** False while tokens may be added to those that are known. */
  readonly isWhole: boolean;
  /** What an encoder reads first. */
  readonly encoderTokens?: Int32Array;
  /** Runs while no other does: it watches the whole engine, or needs what there is once. */
  readonly alone: boolean;
  /** Called before its first token runs. */
  start?(): void;
  /** What it takes of a position: logits unless it says so. */
  readonly takes?: "logits" | "states";
  /** Of a pair of texts: the position from which on tokens are of the second type. */
  readonly second?: number;
  /** Whether the logits after the token at a position are wanted, or its final state. */
  wants(position: number): boolean;
  /** Guesses of what follows the known tokens, as far as there is room. It is asked for before anything is awaited. */
  guess?(room: GuessRoom): Promise<readonly number[]> | undefined;
  /** Takes those of a position, [vocabSize] or [embeddingSize], valid until it returns. @throws {BaimoError} what ends the job */
  take(position: number, values: Float32Array): void;
  /** What is enough of a position's logits; undefined: it takes them all. */
  readonly wish?: SummaryWish;
  /** The same as `take`, of what it wished for. */
  takeSummary?(position: number, summary: LogitSummary): void;
  /** Called when tokens of the prompt have run, or were found in the cache. */
  onPrompt?(done: number, cached: number): void;
  /** What it wants to see of a pass whose first row is at `position`, or of the head's product. */
  watch?(position: number): ForwardOptions["onHidden"];
  /** Called before its encoder runs. */
  watchEncoder?: ForwardOptions["onHidden"];
  /** The result; `aborted` where it was stopped before it was done. */
  finish(aborted: boolean): TokenResult | Promise<TokenResult>;
}
