// OpenCompass's other extractions: numbers, code, plain words.
import { stripText } from "../../../tokenizers/chat-template/jinja/text.ts";
import { compileRegex } from "../../python/regex.ts";

/** The last number before the next question, "NULL" without one. */
export function gsm8kAnswer(text: string): string {
  const numbers = compileRegex("\\-?\\d+\\.\\d+|\\-?\\d+").findAll(text.split("Question:")[0]);
  return String(numbers.at(-1) ?? "NULL");
}

/** The first (v2) or last (v3) block of code, else all. */
export function codeBlock(text: string, which: "first" | "last"): string {
  const blocks = compileRegex("(?s)```\\w*\\n(.*?)```").findAll(text);
  const block = blocks.at(which === "first" ? 0 : -1) ?? text;
  return stripText(String(block), undefined, true, false);
}

/** Up to the first full stop, comma or line break, without punctuation and articles. */
export function plainWords(text: string): string {
  const cut = text.split(/[\n.,]/)[0];
  const words = compileRegex("[^\\w\\s]").replace(cut, "");
  const bare = compileRegex("(?i)\\b(a|an|the)\\b").replace(words, "");
  return stripText(compileRegex("\\s+").replace(bare, " "), undefined, true, true);
}
