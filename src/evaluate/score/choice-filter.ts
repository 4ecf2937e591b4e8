// The filter multi_choice_regex: a pattern, else a choice's own text, else a letter behind a colon.
import { BaimoError } from "../../errors.ts";
import { stripText } from "../../tokenizers/chat-template/jinja/text.ts";
import { compileRegex } from "../python/regex.ts";
import type { Document } from "../tasks/document.ts";
import type { RawConfig } from "../tasks/load-yaml.ts";
import { type FilterPlace, regexOptions, selectMatch } from "./filter-regex.ts";

const escaped = (text: string): string => text.replace(/[\s\\^$.|?*+()[\]{}#&~-]/g, "\\$&");

/** Answers as "(A)", "(B)"; the choices stand in each document's column `choices`. */
export function createChoiceFilter(options: RawConfig, place: FilterPlace) {
  const { regex, select, fallback } = regexOptions(options, place);
  const ignored = Array.isArray(options.regexes_to_ignore) ? options.regexes_to_ignore : [];
  const patterns = ignored.map((pattern) => compileRegex(String(pattern), place.where));
  const plain = (text: string): string => {
    let out = text;
    for (const pattern of patterns) out = pattern.replace(out, "");
    if (options.ignore_case === true) out = out.toLowerCase();
    return options.ignore_punctuation === true ? out.replace(/\p{P}/gu, "") : out;
  };
  return (responses: unknown, document: Document): unknown => {
    const { choices } = document;
    if (!Array.isArray(choices) || !Array.isArray(responses)) {
      throw new BaimoError("request", `${place.where}: multi_choice_regex needs the column choices, a list`);
    }
    const texts = choices.map((choice) => plain(stripText(String(choice), undefined, true, true)));
    const letters = choices.map((_, i) => String.fromCharCode(65 + i));
    const byText = new Map(texts.map((text, i) => [text, `(${letters[i]})`]));
    const longest = [...texts].sort((a, b) => b.length - a.length).map(escaped);
    const textRegex = compileRegex(longest.join("|"));
    const letterRegex = compileRegex(`:[\\s]*(${letters.join("|")})`);
    return responses.map((response) => {
      const own = selectMatch(regex, response, select);
      if (own) return own;
      const text = typeof response === "string" ? response : "";
      const found = selectMatch(textRegex, plain(text), select);
      if (found) return byText.get(found) ?? found;
      const letter = selectMatch(letterRegex, text, select);
      return letter ? `(${letter})` : fallback;
    });
  };
}
