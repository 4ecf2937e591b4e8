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

/** Beyond these, pairs share a sum that is too large at most: then they are counted for nothing. */
const MOST_SUMS = 1 << 22;

/** Calls back with each pair of neighbours, the place of the left one and how often it occurs. */
export function eachPair(
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

/**
 * Finds the pairs that occur `least` times or more.
 *
 * A first pass adds up counts by hashes: what stays below `least` there needs no place in the table of pairs, which keeps
 * it small however many rare pairs there are.
 */
export function findFrequentPairs(
  symbols: Symbols,
  lengths: ArrayLike<number>,
  least: number,
): FrequentPairs {
  let size = 1 << 10;
  while (size < symbols.ids.length && size < MOST_SUMS) size *= 2;
  const sums = new Float64Array(size);
  const slotOf = (left: number, right: number): number => {
    const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0xc2b2ae35);
    return (mixed ^ (mixed >>> 15)) & (size - 1);
  };
  eachPair(symbols, lengths, (left, right, _, count) => {
    sums[slotOf(left, right)] += count;
  });

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
  const { table, count: counts, length: numbers, start } = pairs;
  eachPair(symbols, lengths, (left, right, _, count) => {
    if (sums[slotOf(left, right)] < least) return;
    let pair = findPair(table, left, right);
    if (pair < 0) {
      pair = counts.length;
      setPair(table, left, right, pair);
      pairs.left.push(left);
      pairs.right.push(right);
      counts.push(0);
      numbers.push(0);
    }
    counts[pair] += count;
    numbers[pair]++;
  });
  for (const [pair, number] of numbers.entries()) {
    start.push(pairs.places);
    if (counts[pair] >= least) pairs.places += number;
  }
  const block = new Uint32Array(pairs.places);
  const filled = start.slice();
  eachPair(symbols, lengths, (left, right, place) => {
    if (sums[slotOf(left, right)] < least) return;
    const pair = findPair(table, left, right);
    if (counts[pair] >= least) block[filled[pair]++] = place;
  });
  for (const [pair, count] of counts.entries()) {
    pairs.block.push(block);
    pairs.queued.push(count);
    if (count >= least) pushPair(pairs, pair);
  }
  return pairs;
}

/** Adds a pair whose places are known, and lets it wait. */
export function addPair(
  pairs: FrequentPairs,
  left: number,
  right: number,
  count: number,
  { block, start, length }: { block: Uint32Array; start: number; length: number },
): void {
  const pair = pairs.count.length;
  setPair(pairs.table, left, right, pair);
  pairs.left.push(left);
  pairs.right.push(right);
  pairs.count.push(count);
  pairs.block.push(block);
  pairs.start.push(start);
  pairs.length.push(length);
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
