// Texts made ready: WikiText's tokens joined again, ReCoRD's passages, MLQA's answers.
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { compileRegex } from "../python/regex.ts";
import { strip } from "../python/text.ts";
import type { Document } from "../tasks/document.ts";
import { eachWith, textIn, textsIn } from "./documents.ts";

type Change = readonly [from: string, to: string];
const replaced = (text: string, changes: readonly Change[]): string =>
  changes.reduce((made, [from, to]) => made.replaceAll(from, to), text);

const BRACKETS = [
  [String.raw`\(\s*([^\)]*?)\s*\)`, String.raw`(\1)`],
  [String.raw`\[\s*([^\]]*?)\s*\]`, String.raw`[\1]`],
  [String.raw`{\s*([^}]*?)\s*}`, String.raw`{\1}`],
  [String.raw`\"\s*([^\"]*?)\s*\"`, String.raw`"\1"`],
  [String.raw`'\s*([^']*?)\s*'`, String.raw`'\1'`],
];
const BEFORE: readonly Change[] = [
  [" @-@ ", "-"],
  [" @,@ ", ","],
  [" @.@ ", "."],
  [" : ", ": "],
  [" ; ", "; "],
  [" . ", ". "],
  [" ! ", "! "],
  [" ? ", "? "],
  [" , ", ", "],
];
const AFTER: readonly Change[] = [
  ["= = = =", "===="],
  ["= = =", "==="],
  ["= =", "=="],
  [" ° ", "°"],
  [" \n", "\n"],
  ["\n ", "\n"],
  [" N ", " 1 "],
  [" 's", "'s"],
];

/** WikiText as it was before its words were set apart. */
export const wikitext =
  (column: string) =>
  (document: Document): string => {
    const text = textIn(document, column)
      .replaceAll("s '", "s'")
      .replace(/\/' [0-9]\//g, "/'[0-9]/");
    let made = replaced(text, BEFORE);
    for (const [pattern, by] of BRACKETS) made = compileRegex(pattern).replace(made, by);
    return replaced(made, AFTER);
  };

const HIGHLIGHT = "\n@highlight\n";
const answered = (document: Document, entity: string): string =>
  `  - ${textIn(document, "query")}`.replaceAll("@placeholder", () => entity);

export const recordQuestion = (document: Document): string => {
  const [passage, ...highlights] = strip(textIn(document, "passage")).split(HIGHLIGHT);
  return `${passage}\n\n${highlights.map((highlight) => `  - ${highlight}.\n`).join("")}`;
};
export const recordAnswer = (document: Document): string =>
  answered(document, textsIn(document, "answers")[0]);
export const recordChoices = (document: Document): string[] =>
  textsIn(document, "entities").map((entity) => answered(document, entity));

/** Each once, by code points. */
const sortedOnce = (texts: readonly string[]): string[] =>
  [...new Set(texts)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
export const recordDocuments = eachWith((document) => ({
  passage: textIn(document, "passage"),
  query: textIn(document, "query"),
  entities: sortedOnce(textsIn(document, "entities")),
  answers: sortedOnce(textsIn(document, "answers")),
}));

export const mlqaDocuments = eachWith((document) => {
  const { answers } = document;
  if (!isRecord(answers))
    throw new BaimoError("format", `a document's answers must have texts but is ${brief(answers)}`);
  return {
    context: textIn(document, "context"),
    question: textIn(document, "question"),
    answers: answers.text,
  };
});

export const bothSentences = (document: Document): string[] => [
  textIn(document, "sent_more"),
  textIn(document, "sent_less"),
];
