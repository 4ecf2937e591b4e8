// Whole answers of an upstream that are no text: vectors, ranks.
import { BaimoError } from "../errors.ts";
import type { Embedding, Ranked } from "../generate/types.ts";
import { isRecord } from "../json.ts";
import type { Reply } from "./echo.ts";

/**
 * The vectors of some texts, in their order. An endpoint counts all tokens together: each text is told its share by length.
 * @throws {BaimoError} `upstream` for another number of them, and for what is no vector
 */
export function readVectors({ data, usage }: Reply, lengths: readonly number[]): Embedding[] {
  const expected = `${lengths.length} vectors`;
  if (!Array.isArray(data) || data.length !== lengths.length) throw wrong(expected, "another number came");
  const vectors: Float32Array[] = [];
  for (const [i, each] of data.entries()) {
    const { index = i, embedding } = isRecord(each) ? each : {};
    const isVector = Array.isArray(embedding) && embedding.every((value) => Number.isFinite(value));
    if (typeof index !== "number" || !(index in data) || vectors[index])
      throw wrong(expected, "an index is wrong");
    if (!isVector) throw wrong(expected, "one holds what is no number");
    vectors[index] = Float32Array.from(embedding);
  }
  const tokens = sharesOf(tokensOf(usage), lengths);
  return vectors.map((vector, i) => ({ vector, tokens: tokens[i] }));
}

/**
 * Texts by their scores, best first.
 * @throws {BaimoError} `upstream` for scores that are missing, or no numbers from 0 to 1
 */
export function readRanks({ results, usage }: Reply, lengths: readonly number[]): Ranked[] {
  const expected = `${lengths.length} scores`;
  if (!Array.isArray(results) || results.length !== lengths.length)
    throw wrong(expected, "another number came");
  const tokens = sharesOf(tokensOf(usage), lengths);
  const found = new Set<number>();
  const ranks = results.map((each): Ranked => {
    const { index, relevance_score: score } = isRecord(each) ? each : {};
    if (typeof index !== "number" || !(index in lengths) || found.has(index))
      throw wrong(expected, "an index is wrong");
    if (typeof score !== "number" || !(score >= 0 && score <= 1))
      throw wrong(expected, "one is not from 0 to 1");
    found.add(index);
    return { index, score, logit: Math.log(score / (1 - score)), tokens: tokens[index] };
  });
  return ranks.sort((a, b) => b.score - a.score || a.index - b.index);
}

function tokensOf(usage: unknown): number {
  const { prompt_tokens: prompt, total_tokens: total } = isRecord(usage) ? usage : {};
  const count = prompt ?? total;
  return Number.isSafeInteger(count) && Number(count) > 0 ? Number(count) : 0;
}

/** Whole numbers that add up to a total, by weights. */
function sharesOf(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0) || 1;
  let [weight, given] = [0, 0];
  return weights.map((each) => {
    weight += each;
    const share = Math.round((total * weight) / sum) - given;
    given += share;
    return share;
  });
}

const wrong = (expected: string, text: string): BaimoError =>
  new BaimoError("upstream", `upstream: expected ${expected}; ${text}`);
