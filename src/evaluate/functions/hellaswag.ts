// HellaSwag's columns.
import { capitalize, strip } from "../python/text.ts";
import { eachWith, textIn, textsIn, wholeIn } from "./documents.ts";

export const hellaswag = eachWith((document) => ({
  query: withoutBrackets(
    `${textIn(document, "activity_label")}: ${textIn(document, "ctx_a")} ${capitalize(textIn(document, "ctx_b"))}`,
  ),
  choices: textsIn(document, "endings").map(withoutBrackets),
  gold: wholeIn(document, "label"),
}));

/** Without the brackets that WikiHow's part has left. */
export const withoutBrackets = (text: string): string =>
  strip(text)
    .replaceAll(" [title]", ". ")
    .replace(/\[[^\n]*?\]/g, "")
    .replaceAll("  ", " ");
