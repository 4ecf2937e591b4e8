// Winogrande and XWinograd: the choice is what stands before the question's end.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";
import { strip } from "../python/text.ts";
import type { Document } from "../tasks/document.ts";
import { placeIn, textIn } from "./documents.ts";

export const numberOfAnswer = (document: Document): number => placeIn(document, "answer", ["1", "2"]);

export const afterBlank = (document: Document): string => strip(aroundBlank(document)[1]);

export function filledBlanks(document: Document): string[] {
  const [before] = aroundBlank(document);
  return ["option1", "option2"].map((column) => before + textIn(document, column));
}

function aroundBlank(document: Document): [string, string] {
  const sentence = textIn(document, "sentence");
  const at = sentence.indexOf("_");
  if (at < 0) throw new BaimoError("format", `a document's sentence must have a _ but is ${brief(sentence)}`);
  return [sentence.slice(0, at), sentence.slice(at + 1)];
}
