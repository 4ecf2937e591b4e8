// The program of an answer, and by what key what came of it is found.
import { pythonText } from "../python/values.ts";
import type { Document } from "../tasks/document.ts";
import type { OpenTask } from "../tasks/open-task.ts";
import type { CodeConfig } from "./code-config.ts";
import type { Program, Verdict } from "./sandbox.ts";

/** What came of programs, by `keyOf`. */
export type Verdicts = ReadonlyMap<string, Verdict>;

export const NO_VERDICTS: Verdicts = new Map();

/** Two programs with the same text and tests are one. */
export const keyOf = ({ source, tests }: Program): string => `${source}\0${tests}`;

/** An answer to a document as a program; its tests are the document's target. */
export function programOf(
  { fields }: OpenTask,
  { program, seconds, memoryBytes }: CodeConfig,
  document: Document,
  answer: unknown,
): Program {
  const source = fields.resolve(Object.assign({}, document, { answer: pythonText(answer) }), program);
  return { source, tests: pythonText(fields.target(document)), seconds, memoryBytes };
}
