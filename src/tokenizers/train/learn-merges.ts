// Byte pair encoding: the most frequent pair becomes a token, again and again.
import { addPair, type FrequentPairs, findFrequentPairs, lowerPair, takePair } from "./frequent-pairs.ts";
import { createCountAt, type Symbols } from "./symbols.ts";

/** What the vocabulary is while it grows. */
export interface Vocabulary {
  /** How tokens are written, by id. */
  readonly tokens: string[];
  readonly ids: Map<string, number>;
}

/** Where learning ends. */
export interface MergeLimits {
  readonly vocabSize: number;
  /** Pairs that occur more rarely are not merged. */
  readonly minFrequency: number;
}

/** Counts of merges fall about as one by their number (Zipf): a round aims at half of the count that the last merge would have. */
const AIM = 0.5;
/** Places kept may be so many times those that there were when a round began, and this many more. */
const MOST_PLACES = 1.5;
const FEW_PLACES = 1 << 20;

/**
 * Learns merges as Hugging Face's BpeTrainer does (tokenizers, models/bpe/trainer.rs): the pair with the highest count,
 * among equals the smaller left id, then the smaller right id. `symbols` and `vocabulary` are changed in place; gives
 * [left, right] after each merge.
 *
 * Only pairs above a threshold are kept, which falls by rounds: a pair's count never rises after the merge that made it,
 * so that whatever is below can be left out until then.
 */
export function* learnMerges(
  symbols: Symbols,
  vocabulary: Vocabulary,
  { vocabSize, minFrequency }: MergeLimits,
): Generator<readonly [left: number, right: number], void> {
  const { tokens, ids } = vocabulary;
  const end = Math.max(1, minFrequency);
  const lengths = new Uint32Array(vocabSize + 1).fill(1);
  const neighbours = { before: createTally(vocabSize), after: createTally(vocabSize) };
  let least = Math.max(end, Math.ceil(symbols.ids.length / 4096));
  while (tokens.length < vocabSize) {
    const pairs = findFrequentPairs(symbols, lengths, { tokens: tokens.length, least });
    const mostPlaces = MOST_PLACES * pairs.places + FEW_PLACES;
    let pair: number | undefined;
    while (tokens.length < vocabSize && pairs.places <= mostPlaces) {
      pair = takePair(pairs);
      if (pair === undefined) break;
      const [left, right] = [pairs.left[pair], pairs.right[pair]];
      const text = tokens[left] + tokens[right];
      let id = ids.get(text); // a special token may be written like that
      if (id === undefined) {
        id = tokens.push(text) - 1;
        ids.set(text, id);
      }
      lengths[id] = lengths[left] + lengths[right];
      mergePair(symbols, lengths, pairs, { pair, id, neighbours });
      yield [left, right];
    }
    if (pair !== undefined) continue; // places are found anew, which frees those that were merged away
    if (least === end) return;
    least = Math.max(end, Math.floor((AIM * least * tokens.length) / vocabSize));
  }
}

interface Merging {
  readonly pair: number;
  /** That it becomes. */
  readonly id: number;
  readonly neighbours: { readonly before: Tally; readonly after: Tally };
}

/** Merges a pair wherever it stands; lowers the counts of pairs that are no more and adds those that came to be. */
function mergePair(
  { ids, none, runs }: Symbols,
  lengths: Uint32Array,
  pairs: FrequentPairs,
  { pair, id, neighbours: { before, after } }: Merging,
): void {
  const [left, right] = [pairs.left[pair], pairs.right[pair]];
  const [width, whole] = [lengths[left], lengths[id]];
  const places = pairs.block[pair].subarray(pairs.start[pair], pairs.start[pair] + pairs.length[pair]);
  // The places of the new token take those of the pair, which are not needed again.
  let made = 0;
  let countAt = createCountAt(runs);
  for (const place of places) {
    if (ids[place] !== left || ids[place + width] !== right) continue; // merged away since
    const count = countAt(place);
    const [previous, next] = [ids[place - 1], ids[place + whole]];
    if (previous !== none && previous !== id) before.add(previous, count);
    if (next !== none) after.add(next, count);
    ids[place + width - 1] = none;
    ids[place + width] = none;
    ids[place] = id;
    ids[place + whole - 1] = id;
    places[made++] = place;
  }
  before.empty((token, count) => lowerPair(pairs, token, left, count));
  after.empty((token, count) => lowerPair(pairs, right, token, count));

  const merged = places.subarray(0, made);
  countAt = createCountAt(runs);
  for (const place of merged) {
    const count = countAt(place);
    const [previous, next] = [ids[place - 1], ids[place + whole]];
    if (previous !== none && previous !== id) before.add(previous, count);
    if (next !== none) after.add(next, count);
  }
  let total = 0;
  for (const tally of [before, after])
    tally.keep(pairs.least, (number) => {
      total += number;
      return total - number;
    });
  const block = new Uint32Array(total);
  for (const place of merged) {
    const [previous, next] = [ids[place - 1], ids[place + whole]];
    if (previous !== none && previous !== id) before.put(previous, place - lengths[previous], block);
    if (next !== none) after.put(next, place, block);
  }
  before.empty((token, count, start, length) => {
    if (length > 0) addPair(pairs, token, id, count, { block, start, length });
  });
  after.empty((token, count, start, length) => {
    if (length > 0) addPair(pairs, id, token, count, { block, start, length });
  });
}

/** Counts by token, for the neighbours on one side; and where their places go in a block. */
type Tally = ReturnType<typeof createTally>;

function createTally(vocabSize: number) {
  const counts = new Float64Array(vocabSize + 1);
  const numbers = new Uint32Array(vocabSize + 1);
  const filled = new Float64Array(vocabSize + 1).fill(-1);
  const met: number[] = [];
  return {
    add(token: number, count: number): void {
      if (numbers[token] === 0) met.push(token);
      counts[token] += count;
      numbers[token]++;
    },
    /** Reserves room for the places of tokens with such counts. */
    keep(least: number, reserve: (number: number) => number): void {
      for (const token of met) if (counts[token] >= least) filled[token] = reserve(numbers[token]);
    },
    put(token: number, place: number, block: Uint32Array): void {
      if (filled[token] >= 0) block[filled[token]++] = place;
    },
    /** Gives out each token once, with the room that it has, and begins anew. */
    empty(give: (token: number, count: number, start: number, length: number) => void): void {
      for (const token of met) {
        const length = filled[token] >= 0 ? numbers[token] : 0;
        give(token, counts[token], filled[token] - length, length);
        counts[token] = 0;
        numbers[token] = 0;
        filled[token] = -1;
      }
      met.length = 0;
    },
  };
}
