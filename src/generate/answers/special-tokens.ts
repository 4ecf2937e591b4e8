// Special tokens in an answer: one code unit each, so that text never looks like one.
import type { AnswerFormat } from "./format.ts";

/** Half a character, which decoding never gives. */
const FIRST_PLACE = 0xdc00;
const LONE_HALF = /(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A format whose marks are special tokens, in part or all. */
export interface SpecialTokens {
  /** The format with its special tokens written as their places. */
  readonly format: AnswerFormat;
  /** What stands for a token; nothing for one that is no mark. */
  placeOf(token: string): string;
  /** A text with the tokens' own texts. */
  reveal(text: string): string;
}

/** Gives each special token that stands in a format's marks a place of its own. */
export function placeSpecialTokens(format: AnswerFormat, special: readonly string[]): SpecialTokens {
  if (special.length === 0) return { format, placeOf: () => "", reveal: (text) => text };
  const texts: string[] = [];
  mapTexts(format, (text) => {
    texts.push(text);
    return text;
  });
  const tokens = [...new Set(special)]
    .filter((token) => token !== "" && texts.some((text) => text.includes(token)))
    .sort((a, b) => b.length - a.length);
  const places = new Map(tokens.map((token, index) => [token, String.fromCharCode(FIRST_PLACE + index)]));
  const hide = (text: string): string => {
    let hidden = text;
    for (const [token, place] of places) hidden = hidden.replaceAll(token, place);
    return hidden;
  };
  return {
    format: mapTexts(format, hide),
    placeOf: (token) => places.get(token) ?? "",
    reveal: (text) => text.replace(LONE_HALF, (place) => tokens[place.charCodeAt(0) - FIRST_PLACE] ?? place),
  };
}

/** Plain data with each of its texts replaced. */
function mapTexts<T>(data: T, replace: (text: string) => string): T {
  const map = (value: unknown): unknown => {
    if (typeof value === "string") return replace(value);
    if (Array.isArray(value)) return value.map(map);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, map(each)]));
  };
  return map(data) as T; // the same shape, text for text
}
