// What a format is: where reasoning, content and calls stand in a model's answer.
import type { Part } from "./pattern.ts";

/** How a family of models writes its answers. Plain data: the reader and the grammar are made of it. */
export interface AnswerFormat {
  readonly name: string;
  readonly reasoning?: Span;
  /** Marks around content. Inside, no call begins. */
  readonly content?: readonly Span[];
  /** How calls are written, one after another; undefined where tools cannot be offered. */
  readonly calls?: readonly Part[];
  /** Where the grammar sets in, if that is not wherever a reader looks for a call. */
  readonly begins?: readonly string[];
  /** Calls are the whole answer: they come before any content. */
  readonly callsOnly?: boolean;
  /** Marks that carry nothing. */
  readonly dropped?: readonly string[];
  /** What begins another message of the same answer, after reasoning that is one; it is dropped, too. */
  readonly another?: string;
  /** Characters of an id; templates of some families accept no others. Default: "call_" and 24. */
  readonly idLength?: number;
  /** What a template without calls of its own says of tools, by which the format is known. */
  readonly offered?: readonly string[];
}

/** A stretch of text between marks. */
export interface Span {
  readonly open: readonly Part[];
  readonly close: readonly string[];
}

/** Reasoning as most models mark it. */
export const THINK: Span = { open: ["<think>\n"], close: ["</think>"] };
