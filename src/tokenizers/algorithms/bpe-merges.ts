// The merge loop of byte pair encoding and its hash table of pairs.

/** An open-addressing hash table from (left, right) to a number at least 0. */
export interface PairTable {
  /** Quadruples: left, right, value, unused; an empty slot has left -1. */
  slots: Int32Array;
  mask: number;
  count: number;
}

/** Makes a table with room for `capacity` pairs; it grows when more are added. */
export function createPairTable(capacity: number): PairTable {
  let size = 16;
  while (size < capacity * 2) size *= 2;
  return { slots: new Int32Array(size * 4).fill(-1), mask: size - 1, count: 0 };
}

function hashPair(left: number, right: number): number {
  const h = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return h ^ (h >>> 15);
}

/** The value of a pair, or -1 where the table has none. */
export function findPair(table: PairTable, left: number, right: number): number {
  const slots = table.slots;
  const mask = table.mask;
  for (let at = hashPair(left, right) & mask; ; at = (at + 1) & mask) {
    const l = slots[at * 4];
    if (l === left && slots[at * 4 + 1] === right) return slots[at * 4 + 2];
    if (l === -1) return -1;
  }
}

/** Sets the value of a pair; true when the pair is new. */
export function setPair(table: PairTable, left: number, right: number, value: number): boolean {
  if (table.count * 2 >= table.mask) growTable(table);
  const { slots, mask } = table;
  for (let at = hashPair(left, right) & mask; ; at = (at + 1) & mask) {
    const l = slots[at * 4];
    if (l !== -1 && (l !== left || slots[at * 4 + 1] !== right)) continue;
    slots[at * 4] = left;
    slots[at * 4 + 1] = right;
    slots[at * 4 + 2] = value;
    if (l === -1) table.count++;
    return l === -1;
  }
}

function growTable(table: PairTable): void {
  const old = table.slots;
  const bigger = createPairTable(table.count * 2 + 16);
  for (let i = 0; i < old.length; i += 4) if (old[i] !== -1) setPair(bigger, old[i], old[i + 1], old[i + 2]);
  table.slots = bigger.slots;
  table.mask = bigger.mask;
}

/** What two neighbouring symbols merge to, and which merge comes first. */
export interface Merges {
  /** The number of the merge of a pair of symbols, or -1 when they do not merge. */
  find(left: number, right: number): number;
  /** By number: what comes first, the lowest; ties go to the leftmost pair. */
  readonly priority: Int32Array;
  /** By number: the symbol that the merge gives. */
  readonly result: Int32Array;
}

const SHORT = 48;

/**
 * Merges symbols[0, n) in place, lowest priority first, leftmost first among equals, and returns how many are left.
 *
 * O(n²) with tiny constants for short words, O(n log n) with a heap for long ones.
 */
export function createMerger(merges: Merges): (symbols: Int32Array, n: number) => number {
  const { priority, result } = merges;
  const pending = new Int32Array(SHORT + 1); // the merge of symbol i with its right neighbour, or -1

  const mergeShort = (symbols: Int32Array, n: number): number => {
    let last = n - 1;
    for (let i = 0; i < last; i++) pending[i] = merges.find(symbols[i], symbols[i + 1]);
    for (;;) {
      let best = -1;
      let bestPriority = 0x7fffffff;
      for (let i = 0; i < last; i++) {
        const merge = pending[i];
        if (merge >= 0 && priority[merge] < bestPriority) {
          bestPriority = priority[merge];
          best = i;
        }
      }
      if (best < 0) return last + 1;
      symbols[best] = result[pending[best]];
      for (let i = best + 1; i < last; i++) {
        symbols[i] = symbols[i + 1];
        pending[i] = pending[i + 1];
      }
      last--;
      if (best > 0) pending[best - 1] = merges.find(symbols[best - 1], symbols[best]);
      if (best < last) pending[best] = merges.find(symbols[best], symbols[best + 1]);
    }
  };

  return (symbols, n) => (n <= SHORT ? (n < 2 ? n : mergeShort(symbols, n)) : mergeLong(merges, symbols, n));
}

/** The same by a linked list and a binary heap of keys priority * 2^31 + position (exact in a float64). */
function mergeLong(merges: Merges, symbols: Int32Array, n: number): number {
  const { priority, result } = merges;
  const next = new Int32Array(n);
  const previous = new Int32Array(n);
  const pending = new Int32Array(n).fill(-1); // the merge that position i waits for with its right neighbour
  let heap = new Float64Array(n);
  let size = 0;

  const push = (key: number) => {
    if (size === heap.length) {
      const bigger = new Float64Array(size * 2);
      bigger.set(heap);
      heap = bigger;
    }
    let at = size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent] <= key) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = key;
  };
  const siftDown = (from: number, key: number) => {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && heap[child + 1] < heap[child]) child++;
      if (heap[child] >= key) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = key;
  };

  for (let i = 0; i < n; i++) {
    next[i] = i + 1;
    previous[i] = i - 1;
    if (i + 1 === n) break;
    const merge = merges.find(symbols[i], symbols[i + 1]);
    pending[i] = merge;
    if (merge >= 0) heap[size++] = priority[merge] * 0x8000_0000 + i;
  }
  for (let i = (size >> 1) - 1; i >= 0; i--) siftDown(i, heap[i]);

  while (size > 0) {
    const key = heap[0];
    size--;
    if (size > 0) siftDown(0, heap[size]);
    const waited = Math.floor(key / 0x8000_0000);
    const at = key - waited * 0x8000_0000;
    const merge = pending[at];
    // An entry whose pair has changed since is stale: the position now waits for another merge, or for none.
    if (merge < 0 || priority[merge] !== waited) continue;
    const right = next[at];
    symbols[at] = result[merge];
    pending[right] = -1;
    const after = next[right];
    next[at] = after;
    symbols[right] = -1;
    pending[at] = -1;
    if (after < n) {
      previous[after] = at;
      const follows = merges.find(symbols[at], symbols[after]);
      pending[at] = follows;
      if (follows >= 0) push(priority[follows] * 0x8000_0000 + at);
    }
    const before = previous[at];
    if (before >= 0) {
      const precedes = merges.find(symbols[before], symbols[at]);
      pending[before] = precedes;
      if (precedes >= 0) push(priority[precedes] * 0x8000_0000 + before);
    }
  }
  let kept = 0;
  for (let i = 0; i < n; i = next[i]) symbols[kept++] = symbols[i];
  return kept;
}
