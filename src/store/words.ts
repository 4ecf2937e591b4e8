// Words for full-text search: as they stand, or by pairs of characters (Chinese, Japanese, Korean).
import { stemOf } from "./stems.ts";

/** Runs of scripts that are searched by any two characters side by side. */
const RUN = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}ー々]+/gu;
const WORD = /[\p{L}\p{N}\p{M}]+/gu;
/** Characters of one text that are indexed. */
const MOST = 400_000;
/** Words of one question that are asked for. */
const MOST_ASKED = 16;
/** Words of one question by which passages are ranked. */
const MOST_RANKED = 64;

const composed = (text: string) => text.slice(0, MOST).normalize("NFKC");

/** A text as the index takes it: each character of a run with the one after it, the last alone. */
export function toWords(text: string): string {
  return composed(text).replace(RUN, (run) => {
    const characters = Array.from(run);
    const pairs = characters.map((character, i) => character + (characters[i + 1] ?? ""));
    return ` ${pairs.join(" ")} `;
  });
}

/** What was asked for, piece by piece: runs and words, as they stand in a text. */
export function termsOf(question: string): string[] {
  const terms: string[] = [];
  let rest = composed(question.slice(0, 1000));
  rest = rest.replace(RUN, (run) => {
    terms.push(run);
    return " ";
  });
  terms.push(...(rest.match(WORD) ?? []));
  return terms.slice(0, MOST_ASKED);
}

/** A question for FTS5: all of its terms; words may go on. Undefined where it has none. */
export function toQuery(question: string): string | undefined {
  const asked = termsOf(question).map((term) => {
    const characters = Array.from(term);
    const isRun = term.search(RUN) === 0;
    if (!isRun) return characters.length < 2 ? `"${term}"` : `"${term}"*`;
    if (characters.length === 1) return `"${term}"*`;
    return `"${characters
      .slice(1)
      .map((character, i) => characters[i] + character)
      .join(" ")}"`;
  });
  return asked.length === 0 ? undefined : asked.join(" AND ");
}

/** The words of a question by which texts are ranked. */
function rankedWords(question: string): string[] {
  return [...new Set(toWords(question.slice(0, 2000)).match(WORD) ?? [])].slice(0, MOST_RANKED);
}

/** A question for FTS5: any of its words, for an order by rank. Undefined where it has none. */
export function toAnyQuery(question: string): string | undefined {
  const asked = rankedWords(question).map((word) => `"${word}"`);
  return asked.length === 0 ? undefined : asked.join(" OR ");
}

/** The same as tokens. */
export const askedTokens = (question: string): string[] => rankedWords(question).flatMap(tokensOf);

/** Letters and figures that stand together. */
const TOKEN = /[\p{L}\p{N}\p{Co}]+/gu;
/** Marks over and under letters of these scripts; of others they are letters' own. */
const MARKED = /([\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}])\p{Mn}+/gu;

/** The tokens of a text, as FTS5 makes them of `toWords`: small letters without marks, English words by their stems. */
export const toTokens = (text: string): string[] => tokensOf(toWords(text));

function tokensOf(words: string): string[] {
  const plain = words.normalize("NFD").replace(MARKED, "$1").normalize("NFC").toLowerCase();
  return (plain.match(TOKEN) ?? []).map(stemOf);
}

/** A place in a text. */
export interface Excerpt {
  readonly before: string;
  readonly match: string;
  readonly after: string;
}

/** Characters that are shown around a match. */
const [BEFORE, AFTER] = [32, 96];

/** Where the first of the terms stands in a text; its beginning where none does. */
export function excerptOf(text: string, question: string): Excerpt {
  const terms = termsOf(question).map((term) => term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const found = terms.length > 0 ? new RegExp(terms.join("|"), "iu").exec(text) : null;
  const [start, match] = found ? [found.index, found[0]] : [0, ""];
  const from = Math.max(0, start - BEFORE);
  const end = start + match.length;
  const flat = (part: string) => part.replace(/\s+/g, " ").replace(/\p{Surrogate}/gu, ""); // halves of a pair that was cut
  return {
    before: (from > 0 ? "…" : "") + flat(text.slice(from, start)),
    match: flat(match),
    after: flat(text.slice(end, end + AFTER)) + (end + AFTER < text.length ? "…" : ""),
  };
}
