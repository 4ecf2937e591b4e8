// Pairs of neighbouring tokens that occur often enough, with their places; the most frequent first.
import { createPairTable, findPair, type PairTable, setPair } from "../algorithms/bpe-merges.ts";
import { createCountAt, type Symbols } from "./symbols.ts";

/** Pairs by number, in columns, and a heap of those that wait to be merged. */
export interface FrequentPairs {
  /** How often a pair must occur to be here. */
  readonly least: number;
  /** Places kept so far; what is merged away is never taken out. */
  places: number;
  readonly table: PairTable;
  readonly left: number[];
  readonly right: number[];
  readonly count: number[];
  /** Where the left token stood, ascending: `length` values of `block` from `start` on. */
  readonly block: Uint32Array[];
  readonly start: number[];
  readonly length: number[];
  /** Numbers of pairs, and their counts when they were put in. */
  readonly heap: number[];
  readonly queued: number[];
}

/** Calls back with each pair of neighbours, the place of the left one and how often it occurs. */
function eachPair(
  { ids, none, runs }: Symbols,
  lengths: ArrayLike<number>,
  give: (left: number, right: number, place: number, count: number) => void,
): void {
  if (runs.length === 0) return;
  const countAt = createCountAt(runs);
  for (let place = 1; place < ids.length; ) {
    const left = ids[place];
    if (left === none) {
      place++;
      continue;
    }
    const next = place + lengths[left];
    if (ids[next] !== none) give(left, ids[next], place, countAt(place));
    place = next;
  }
}

/** Finds the pairs of `tokens` ids that occur `least` times or more. */
export function findFrequentPairs(
  symbols: Symbols,
  lengths: ArrayLike<number>,
  { tokens, least }: { tokens: number; least: number },
): FrequentPairs {
  const pairs: FrequentPairs = {
    least,
    places: 0,
    table: createPairTable(1 << 12),
    left: [],
    right: [],
    count: [],
    block: [],
    start: [],
    length: [],
    heap: [],
    queued: [],
  };
  const numberOf =
    tokens * tokens <= MOST_SUMS
      ? countDensely(symbols, lengths, pairs, tokens)
      : countByHashes(symbols, lengths, pairs);
  const { count: counts, length: numbers, start } = pairs;
  for (const [pair, number] of numbers.entries()) {
    start.push(pairs.places);
    if (counts[pair] >= least) pairs.places += number;
  }
  const block = new Uint32Array(pairs.places);
  const filled = Float64Array.from(start);
  eachPair(symbols, lengths, (left, right, place) => {
    const pair = numberOf(left, right);
    if (pair >= 0 && counts[pair] >= least) block[filled[pair]++] = place;
  });
  for (const [pair, count] of counts.entries()) {
    pairs.block.push(block);
    pairs.queued.push(count);
    if (count >= least) pushPair(pairs, pair);
  }
  return pairs;
}

/** The number of a pair that may be frequent, or -1. */
type NumberOf = (left: number, right: number) => number;

const MOST_SUMS = 1 << 22;

/** Counts by a field a pair, while there are few tokens. */
function countDensely(
  symbols: Symbols,
  lengths: ArrayLike<number>,
  pairs: FrequentPairs,
  tokens: number,
): NumberOf {
  const counts = new Float64Array(tokens * tokens);
  const numbers = new Uint32Array(tokens * tokens);
  eachPair(symbols, lengths, (left, right, _, count) => {
    counts[left * tokens + right] += count;
    numbers[left * tokens + right]++;
  });
  const known = new Int32Array(tokens * tokens).fill(-1);
  for (const [at, count] of counts.entries()) {
    if (count < pairs.least || count === 0) continue;
    const [left, right] = [Math.floor(at / tokens), at % tokens];
    known[at] = notePair(pairs, left, right, count);
    pairs.length[known[at]] = numbers[at];
  }
  return (left, right) => known[left * tokens + right];
}

/**
 * Counts in the table. A pass before adds up counts by hashes of pairs: what stays below `least` there needs no place in
 * the table, which keeps it small however many rare pairs there are.
 */
function countByHashes(symbols: Symbols, lengths: ArrayLike<number>, pairs: FrequentPairs): NumberOf {
  let size = 1 << 10;
  while (size < symbols.ids.length && size < MOST_SUMS) size *= 2;
  const slotOf = (left: number, right: number): number => {
    const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0xc2b2ae35);
    return (mixed ^ (mixed >>> 15)) & (size - 1);
  };
  const sums = new Uint32Array(size);
  eachPair(symbols, lengths, (left, right, _, count) => {
    const slot = slotOf(left, right);
    sums[slot] = Math.min(0xffff_ffff, sums[slot] + count);
  });
  const isFrequent = Uint8Array.from(sums, (sum) => Number(sum >= pairs.least));
  const { table, count: counts, length: numbers } = pairs;
  eachPair(symbols, lengths, (left, right, _, count) => {
    if (isFrequent[slotOf(left, right)] === 0) return;
    let pair = findPair(table, left, right);
    if (pair < 0) pair = notePair(pairs, left, right, 0);
    counts[pair] += count;
    numbers[pair]++;
  });
  isFrequent.fill(0);
  for (const [pair, count] of counts.entries())
    if (count >= pairs.least) isFrequent[slotOf(pairs.left[pair], pairs.right[pair])] = 1;
  return (left, right) => (isFrequent[slotOf(left, right)] === 0 ? -1 : findPair(table, left, right));
}

/** Gives a pair its number. */
function notePair(pairs: FrequentPairs, left: number, right: number, count: number): number {
  const pair = pairs.count.push(count) - 1;
  setPair(pairs.table, left, right, pair);
  pairs.left.push(left);
  pairs.right.push(right);
  pairs.length.push(0);
  return pair;
}

/** Adds a pair whose places are known, and lets it wait. */
export function addPair(
  pairs: FrequentPairs,
  left: number,
  right: number,
  count: number,
  { block, start, length }: { block: Uint32Array; start: number; length: number },
): void {
  const pair = notePair(pairs, left, right, count);
  pairs.length[pair] = length;
  pairs.block.push(block);
  pairs.start.push(start);
  pairs.queued.push(count);
  pairs.places += length;
  pushPair(pairs, pair);
}

/** Of a pair that is kept here: so many are no longer neighbours. */
export function lowerPair(pairs: FrequentPairs, left: number, right: number, count: number): void {
  const pair = findPair(pairs.table, left, right);
  if (pair >= 0) pairs.count[pair] -= count;
}

/** Takes out the pair that occurs most often; among equals of the smaller left id, then of the smaller right id. */
export function takePair(pairs: FrequentPairs): number | undefined {
  const { heap, queued, count } = pairs;
  for (;;) {
    const top = heap[0];
    if (top === undefined) return undefined;
    const isCurrent = queued[top] === count[top];
    queued[top] = count[top]; // counts only fall, so that the top stays in front of what truly comes later
    if (!isCurrent && count[top] >= pairs.least) {
      siftDown(pairs, top);
      continue;
    }
    const last = heap.pop()!; // there is a top
    if (heap.length > 0) siftDown(pairs, last);
    if (count[top] >= pairs.least) return top;
  }
}

function isBefore({ queued, left, right }: FrequentPairs, a: number, b: number): boolean {
  if (queued[a] !== queued[b]) return queued[a] > queued[b];
  return left[a] !== left[b] ? left[a] < left[b] : right[a] < right[b];
}

function pushPair(pairs: FrequentPairs, pair: number): void {
  const { heap } = pairs;
  let at = heap.length;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (isBefore(pairs, heap[parent], pair)) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = pair;
}

/** Puts a pair in the place of the top. */
function siftDown(pairs: FrequentPairs, pair: number): void {
  const { heap } = pairs;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(pairs, heap[child + 1], heap[child])) child++;
    if (isBefore(pairs, pair, heap[child])) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = pair;
}
