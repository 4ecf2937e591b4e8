// Counts of n-grams of words and characters, and BLEU, chrF and chrF++ as sacrebleu counts them.
import { splitText, stripText } from "../../tokenizers/chat-template/jinja/text.ts";

/** What one answer adds to a corpus score. */
export type Statistics = readonly number[];

const BLEU_ORDER = 4;
const CHAR_ORDER = 6;
const BETA_SQUARED = 4;

/** str.split() */
export const wordsOf = (text: string): string[] => splitText(text, undefined, -1, false);

function count(parts: readonly string[], n: number, joint: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= parts.length; i++) {
    const gram = parts.slice(i, i + n).join(joint);
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

function matches(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const [gram, times] of a) total += Math.min(times, b.get(gram) ?? 0);
  return total;
}

const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, one) => sum + one, 0);

/** mteval-v13a's tokens, which leave Chinese as it is. */
export function tokenize13a(text: string): string[] {
  let line = stripText(text, undefined, false, true)
    .replaceAll("<skipped>", "")
    .replaceAll("-\n", "")
    .replaceAll("\n", " ");
  line = line
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");
  line = ` ${line} `
    .replace(/([{-~[-` -&(-+:-@/])/g, " $1 ")
    .replace(/([^0-9])([.,])/gu, "$1 $2 ")
    .replace(/([.,])([^0-9])/gu, " $1 $2")
    .replace(/([0-9])(-)/g, "$1 $2 ");
  return wordsOf(line);
}

/** [answer's length, reference's length, matches by order, n-grams by order] */
export function bleuStatistics(reference: string, answer: string): Statistics {
  const [right, words] = [tokenize13a(reference), tokenize13a(answer)];
  const orders = Array.from({ length: BLEU_ORDER }, (_, i) => i + 1);
  const found = orders.map((n) => matches(count(words, n, " "), count(right, n, " ")));
  const all = orders.map((n) => Math.max(0, words.length - n + 1));
  return [words.length, right.length, ...found, ...all];
}

/** BLEU in percent, with exponential smoothing. */
export function bleu([length, wanted, ...counts]: Statistics): number {
  const found = counts.slice(0, BLEU_ORDER);
  const all = counts.slice(BLEU_ORDER);
  if (found.every((one) => one === 0)) return 0;
  const penalty = length < wanted ? (length > 0 ? Math.exp(1 - wanted / length) : 0) : 1;
  let smooth = 1;
  let logs = 0;
  for (let n = 0; n < BLEU_ORDER; n++) {
    // An order without n-grams has the precision 0, whose logarithm sacrebleu takes for -9999999999.
    if (all[n] === 0) return penalty * Math.exp((logs - 9_999_999_999 * (BLEU_ORDER - n)) / BLEU_ORDER);
    if (found[n] === 0) smooth *= 2;
    logs += Math.log(found[n] === 0 ? 100 / (smooth * all[n]) : (100 * found[n]) / all[n]);
  }
  return penalty * Math.exp(logs / BLEU_ORDER);
}

const PUNCTUATION = new Set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");

/** Words with a mark at their end or beginning cut off. */
function chrfWords(text: string): string[] {
  return wordsOf(text).flatMap((word) => {
    const letters = [...word];
    if (letters.length === 1) return [word];
    if (PUNCTUATION.has(letters[letters.length - 1]))
      return [letters.slice(0, -1).join(""), letters[letters.length - 1]];
    return PUNCTUATION.has(letters[0]) ? [letters[0], letters.slice(1).join("")] : [word];
  });
}

/** By order of characters, then of words: n-grams of the answer, of the reference, matches. */
export function chrfStatistics(reference: string, answer: string, wordOrder: number): Statistics {
  const grams = (text: string) => {
    const letters = [...wordsOf(text).join("")];
    const byLetters = Array.from({ length: CHAR_ORDER }, (_, i) => count(letters, i + 1, ""));
    const words = wordOrder > 0 ? chrfWords(text) : [];
    return byLetters.concat(Array.from({ length: wordOrder }, (_, i) => count(words, i + 1, " ")));
  };
  const [right, own] = [grams(reference), grams(answer)];
  return own.flatMap((counts, i) => [
    right[i].size > 0 ? total(counts) : 0,
    total(right[i]),
    matches(counts, right[i]),
  ]);
}

/** chrF in percent, over the orders that both sides have. */
export function chrf(statistics: Statistics): number {
  let precision = 0;
  let recall = 0;
  let orders = 0;
  for (let i = 0; i < statistics.length; i += 3) {
    const [own, right, found] = statistics.slice(i, i + 3);
    if (own === 0 || right === 0) continue;
    precision += found / own;
    recall += found / right;
    orders++;
  }
  if (orders === 0) return 0;
  precision /= orders;
  recall /= orders;
  if (precision + recall === 0) return 0;
  return 100 * (((1 + BETA_SQUARED) * precision * recall) / (BETA_SQUARED * precision + recall));
}
