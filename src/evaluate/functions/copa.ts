// XCOPA and COPAL-ID: a premise goes on with "because" or "therefore" in its language.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";
import { strip } from "../python/text.ts";
import type { Document } from "../tasks/document.ts";
import { textIn } from "./documents.ts";

export const copaQuestion =
  (cause: string, effect: string) =>
  (document: Document): string => {
    const asked = textIn(document, "question");
    const connector = { cause, effect }[asked];
    if (connector === undefined)
      throw new BaimoError("format", `a document's question must be cause or effect but is ${brief(asked)}`);
    const premise = Array.from(strip(textIn(document, "premise")));
    return `${premise.slice(0, -1).join("")} ${connector}`;
  };

export const copaChoices = (document: Document): string[] =>
  ["choice1", "choice2"].map((column) => {
    const [first = "", ...rest] = textIn(document, column);
    return first.toLowerCase() + rest.join("");
  });
