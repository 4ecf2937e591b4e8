// Questions of exams with lettered choices: LogiQA, MedMCQA, MedQA, MathQA.
import { strip } from "../python/text.ts";
import type { Document } from "../tasks/document.ts";
import { placeIn, textIn, textsIn, wholeIn } from "./documents.ts";

const LETTERS = ["A", "B", "C", "D"];
const lines = (choices: readonly string[]) =>
  choices
    .slice(0, LETTERS.length)
    .map((choice, i) => `${LETTERS[i]}. ${choice}\n`)
    .join("");

export const logiqaQuestion = (document: Document): string =>
  `Passage: ${textIn(document, "context")}\nQuestion: ${textIn(document, "question")}\nChoices:\n${lines(textsIn(document, "options"))}Answer:`;

export const logiqaAnswer = (document: Document): number =>
  placeIn(document, "label", ["a", "b", "c", "d"], strip);

export const logiqa2Question = (document: Document): string =>
  `Passage: ${textIn(document, "text")}\nQuestion: ${textIn(document, "question")}\n${lines(textsIn(document, "options"))}Answer:`;

export const medmcqaQuestion = (document: Document): string =>
  `Question: ${textIn(document, "question")}\nChoices:\n${lines(["opa", "opb", "opc", "opd"].map((column) => textIn(document, column)))}Answer:`;

export const medqaQuestion = (document: Document): string =>
  `Question: ${textIn(document, "sent1")}\n${lines([0, 1, 2, 3].map((i) => textIn(document, `ending${i}`)))}Answer:`;

export const medqaAnswer = (document: Document): number => wholeIn(document, "label");

/** From "a ) 38 , b ) 27.675 , c ) 30". */
export const mathqaChoices = (document: Document): string[] =>
  Array.from(textIn(document, "options").matchAll(/[abcd] \) [^\n]*?, |e \) [^\n]*?$/g), ([found]) =>
    found.slice(4).replace(/[ ,]+$/, ""),
  );
