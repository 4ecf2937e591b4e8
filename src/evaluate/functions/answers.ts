// What `process_results` is given: the answers to a document's requests.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";
import type { Document } from "../tasks/document.ts";

/** `process_results`: a document's values by metric. */
export type Results = (document: Document, answers: readonly unknown[]) => Record<string, unknown>;

/** The log-likelihoods of choices. */
export const logprobsOf = (answers: readonly unknown[]): number[] =>
  answers.map((answer) => {
    const value = Array.isArray(answer) ? answer[0] : answer;
    if (typeof value === "number") return value;
    throw new BaimoError("format", `an answer must be a log-likelihood but is ${brief(value)}`);
  });

/** The first answer, a text. */
export function textOfAnswer([answer]: readonly unknown[]): string {
  if (typeof answer === "string") return answer;
  throw new BaimoError("format", `an answer must be a text but is ${brief(answer)}`);
}
