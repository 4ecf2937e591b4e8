// Why a document has another score in another run.
import type { DocumentValue } from "./task-values.ts";

/** Why documents have another score. */
export type Change = "prompt" | "answer" | "extraction" | "tie";

/** A document with another score. */
export interface ChangedDocument {
  readonly task: string;
  readonly change: Change;
  /** There are examples before the question in both runs: how they were chosen may differ. */
  readonly hasShots: boolean;
  readonly a: DocumentValue;
  readonly b: DocumentValue;
}

/** Where both lead by less, another choice was near a tie: 8-bit weights move a log-likelihood so far. */
const NEAR_TIE = 0.5;
/** Whether anything else was asked. */
export const isOtherPrompt = (a: DocumentValue, b: DocumentValue): boolean =>
  a.asked.length !== b.asked.length || a.asked.some((text, i) => text !== b.asked[i]);

/** Sorts a document with another score. */
export function changeOf(a: DocumentValue, b: DocumentValue): Change {
  if (isOtherPrompt(a, b)) return "prompt";
  if (a.answer === b.answer) return "extraction";
  if (a.margin === undefined || b.margin === undefined) return "answer";
  return Math.max(a.margin, b.margin) < NEAR_TIE ? "tie" : "answer";
}
