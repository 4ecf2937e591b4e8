// Upper, lower and title case, and which kinds of characters a text has, as Python's str does it.

import { isPrintable } from "./repr.ts";

// Characters whose title case is not their upper case.
const TITLE: Readonly<Record<string, string>> = {
  Ǆ: "ǅ",
  ǅ: "ǅ",
  ǆ: "ǅ",
  Ǉ: "ǈ",
  ǈ: "ǈ",
  ǉ: "ǈ",
  Ǌ: "ǋ",
  ǋ: "ǋ",
  ǌ: "ǋ",
  Ǳ: "ǲ",
  ǲ: "ǲ",
  ǳ: "ǲ",
  ŉ: "ʼN",
  ᾳ: "ᾼ",
  ῃ: "ῌ",
  ῳ: "ῼ",
};

/** The title case of one character. */
function titleCharacter(character: string): string {
  if (Object.hasOwn(TITLE, character)) return TITLE[character];
  const code = character.codePointAt(0) as number;
  if (code >= 0x10d0 && code <= 0x10ff) return character; // Georgian has no title case
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCodePoint(code | 8);
  const [first = "", ...rest] = character.toUpperCase();
  return first + rest.join("").toLowerCase();
}

const isCased = (character: string) => /\p{Cased}/u.test(character);

/** str.capitalize */
export function capitalize(text: string): string {
  const [first] = text;
  if (first === undefined) return "";
  // In lower case as a whole, so that a final sigma is one.
  return titleCharacter(first) + text.toLowerCase().slice(first.toLowerCase().length);
}

/** str.title: a letter behind a letter is small, any other is capital. */
export function title(text: string): string {
  let out = "";
  let behind = false;
  let at = 0;
  for (const character of text) {
    out += behind ? lowerAt(text, character, at) : titleCharacter(character);
    behind = isCased(character);
    at += character.length;
  }
  return out;
}

function lowerAt(text: string, character: string, at: number): string {
  if (character !== "Σ") return character.toLowerCase();
  return text.slice(Math.max(0, at - 2), at + 3).toLowerCase()[Math.min(2, at)];
}

/** str.swapcase */
export function swapCase(text: string): string {
  let out = "";
  let at = 0;
  for (const character of text) {
    if (/\p{Uppercase}/u.test(character)) out += lowerAt(text, character, at);
    else out += /\p{Lowercase}/u.test(character) ? character.toUpperCase() : character;
    at += character.length;
  }
  return out;
}

/** str.casefold */
export function caseFold(text: string): string {
  // Folding goes by way of upper case, so that ß meets ss; Cherokee folds to its capitals, which is left as it is.
  let out = "";
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (character === "ẞ" || character === "ß") out += "ss";
    else if (character === "ς") out += "σ";
    else if (character === "ı" || character === "İ" || (code >= 0x13a0 && code <= 0x13fd)) {
      out += character === "İ" ? "i̇" : character;
    } else if (/\p{Changes_When_Casefolded}/u.test(character))
      out += character.toUpperCase().toLowerCase().replaceAll("ς", "σ");
    else out += character;
  }
  return out;
}

const NUMERIC_LETTERS = /[〇一二三四五六七八九十百千万萬億兆零壹貳參肆伍陸柒捌玖拾佰仟亿两]/u;
const DIGIT = /[\p{Nd}²³¹⁰⁴-⁹₀-₉①-⑨⑴-⑼⒈-⒐⓪⓵-⓽⓿❶-❾➀-➈➊-➒፩-፱]/u;
const ALPHABETIC = /\p{L}/u;

const every = (test: (character: string) => boolean) => (text: string) => {
  if (text === "") return false;
  for (const character of text) if (!test(character)) return false;
  return true;
};
const isNumeric = (character: string) => /\p{N}/u.test(character) || NUMERIC_LETTERS.test(character);

/** The predicates of str by name. */
export const PREDICATES: Readonly<Record<string, (text: string) => boolean>> = {
  isalnum: every((character) => ALPHABETIC.test(character) || isNumeric(character)),
  isalpha: every((character) => ALPHABETIC.test(character)),
  isascii: (text) => /^[\0-\x7f]*$/.test(text),
  isdecimal: every((character) => /\p{Nd}/u.test(character)),
  isdigit: every((character) => DIGIT.test(character)),
  isidentifier: (text) => /^[\p{XIDS}_]\p{XIDC}*$/u.test(text),
  islower: (text) => /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text),
  isnumeric: every(isNumeric),
  isprintable: (text) => text === "" || every(isPrintable)(text),
  istitle: isTitle,
  isupper: (text) => /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text),
};

function isTitle(text: string): boolean {
  let behind = false;
  let cased = false;
  for (const character of text) {
    if (/[\p{Uppercase}\p{Lt}]/u.test(character)) {
      if (behind) return false;
      behind = cased = true;
    } else if (/\p{Lowercase}/u.test(character)) {
      if (!behind) return false;
      cased = true;
    } else behind = false;
  }
  return cased;
}
