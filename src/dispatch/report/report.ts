// A report: sentences whose claims lead to facts, and what was blocked or is missing.
import type { Fact } from "../evidence.ts";
import type { Failure, Flag } from "../run-plan.ts";

export type Language = "zh" | "en";

/** Words that say what a fact, or a calculation over facts, gives. */
export interface Claim {
  readonly text: string;
  /** A fact's key, or a calculation over keys: `after_fen > before_fen`. */
  readonly from: string;
}

/** What a fact is called. */
export interface Label {
  readonly text: string;
  /** The fact's key. */
  readonly label: string;
}

export type Part = string | Claim | Label;

/** One sentence. What stands outside of claims must follow from the facts that it cites. */
export interface Sentence {
  readonly parts: readonly Part[];
  /** Keys of facts, besides those that its claims name. */
  readonly cites: readonly string[];
}

/** A figure, a name or a comparison, and the step by which it follows from a fact. */
export interface Step {
  readonly found: string;
  readonly from: string;
  /** "÷ 100, rounded to 2 decimals". */
  readonly step: string;
}

/** What follows from nothing that the sentence cites. */
export interface Problem {
  readonly found: string;
  readonly reason: string;
}

export interface CheckedSentence extends Sentence {
  readonly steps: readonly Step[];
}

export interface BlockedSentence extends Sentence {
  readonly problems: readonly Problem[];
}

/** What a run says to a person. */
export interface Report {
  readonly language: Language;
  /** Who planned and wrote: "saved task, template", or a model's name. */
  readonly level: string;
  /** The person's own words, where there are any. */
  readonly request?: string;
  readonly sentences: readonly CheckedSentence[];
  readonly blocked: readonly BlockedSentence[];
  readonly facts: readonly Fact[];
  readonly missing: readonly string[];
  readonly failures: readonly Failure[];
  readonly dropped: readonly { readonly node: string; readonly pointer: string }[];
  readonly flagged: readonly Flag[];
}

/** A sentence as it is read. */
export const textOf = ({ parts }: Sentence): string =>
  parts.map((part) => (typeof part === "string" ? part : part.text)).join("");
