// MMLU-Pro: a subject's documents, questions with up to ten options, worked examples.
import { strip } from "../python/text.ts";
import type { Document } from "../tasks/document.ts";
import { textIn, textsIn } from "./documents.ts";

export const ofSubject = (subject: string) => (documents: readonly Document[]) =>
  documents.filter(({ category }) => category === subject);

/** letters  of its options; those beyond are left out */
export const mmluProQuestion =
  (letters: string) =>
  (document: Document): string => {
    const options = textsIn(document, "options").slice(0, letters.length);
    const lines = options.map((option, i) => `${letters[i]}. ${strip(option)}\n`).join("");
    return `Question:\n${textIn(document, "question")}\nOptions:\n${lines}Answer: Let's think step by step.`;
  };

export const mmluProReasoning = (document: Document): string =>
  textIn(document, "cot_content").replaceAll("A: Let's think step by step. ", "");
