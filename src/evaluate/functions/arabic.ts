// Tasks of the Open Arabic LLM Leaderboard: a question, its choices, the right one's number.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";
import { eachWith, placeIn, textIn, wholeIn } from "./documents.ts";

const TRUE_OR_FALSE = ["صح", "خطأ"];
const LETTERS = ["أ", "ب", "ج", "د"];
const LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".split("");
const ANSWER = "الإجابة:";

export const arabicCulture = eachWith((document) => ({
  query: `السؤال: ${textIn(document, "question")}\n${ANSWER}`,
  choices: TRUE_OR_FALSE,
  gold: placeIn(document, "answer", TRUE_OR_FALSE),
}));

export const arabicMmlu = eachWith((document) => {
  const topic = textIn(document, "subject").replaceAll("_", " ");
  const instruction = `الأسئلة التالية هي أسئلة متعددة الإختيارات مع الجواب الصحيح حول ${topic}. \n\n`;
  const choices = LETTERS.map((letter, i) => `${letter}. ${textIn(document, LATIN[i])}\n`).join("");
  return {
    query: `${instruction}${textIn(document, "question")}\n${choices}${ANSWER}`,
    choices: LETTERS,
    gold: placeIn(document, "answer", LATIN),
  };
});

export const arabicTranslated = eachWith((document) => {
  const columns = Object.keys(document).filter((key) => !["query", "label", "__few_shots"].includes(key));
  const choices = columns.map((column) => {
    const choice = document[column];
    if (typeof choice === "string") return choice;
    throw new BaimoError("format", `a document's ${column} must be a text but is ${brief(choice)}`);
  });
  const instruction = "الأسئلة التالية هي أسئلة متعددة الإختيارات مع الجواب الصحيح\n\n";
  const lines = choices.map((choice, i) => `${i}) ${choice}\n`).join("");
  const gold = wholeIn(document, "label");
  return { query: `${instruction}السؤال: ${textIn(document, "query")}\n${lines}${ANSWER}`, choices, gold };
});
