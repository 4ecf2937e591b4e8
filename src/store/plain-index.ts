// An index of texts in memory, for where there is no SQLite: BM25 as FTS5 reckons it.
//
// S. Robertson and H. Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009.
import type { IndexMaker } from "./passage-search.ts";
import { askedTokens, toTokens } from "./words.ts";

/** How soon more of a word counts no more, and how much longer texts count less. */
const [K1, B] = [1.2, 0.75];
/** Of a word that half of the texts have. */
const LEAST_WEIGHT = 1e-6;
/** Characters between two turns of the event loop. */
const SLICE = 50_000;

/** Makes an index. */
export const plainIndex: IndexMaker = async (texts, turned) => {
  /** By word: how often each text has it that does. */
  const counts = new Map<string, Map<number, number>>();
  const lengths: number[] = [];
  let size = 0;
  for (const [at, text] of texts.entries()) {
    const tokens = toTokens(text);
    lengths.push(tokens.length);
    for (const token of tokens) {
      const of = counts.get(token) ?? new Map<number, number>();
      counts.set(token, of.set(at, (of.get(at) ?? 0) + 1));
    }
    size += text.length;
    if (size < SLICE) continue;
    size = 0;
    await turned();
  }
  const mean = lengths.reduce((sum, length) => sum + length, 0) / texts.length;
  return {
    rank(question, most) {
      const scores = new Map<number, number>();
      for (const word of askedTokens(question)) {
        const of = counts.get(word);
        if (!of) continue;
        const rarity = Math.log((texts.length - of.size + 0.5) / (of.size + 0.5));
        const weight = rarity > 0 ? rarity : LEAST_WEIGHT;
        for (const [at, count] of of) {
          const damped = (count * (K1 + 1)) / (count + K1 * (1 - B + (B * lengths[at]) / mean));
          scores.set(at, (scores.get(at) ?? 0) + weight * damped);
        }
      }
      return [...scores]
        .sort(([a, one], [b, other]) => other - one || a - b)
        .slice(0, most)
        .map(([at]) => at);
    },
    drop() {},
  };
};
