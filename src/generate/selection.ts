// Partial selection: the k largest by a heap, or the largest up to a total weight by partition.
//
// Ties go to the lower id or index everywhere, so that every result is one definite set.
//
// Ties go to the lower id or index everywhere, so that every result is one definite set.

/** Where an ordered choice ends: an element belongs to it when it comes before the cut or is the cut itself. */
export interface Cut {
  value: number;
  index: number;
}

/**
 * Finds the k largest values by a heap of k: one pass, and log k steps only for a value that enters the heap.
 *
 * values  [length]; NaN must have been ruled out
 * heap    [>= k] scratch; afterwards its first min(k, length) entries are the indices, in no order
 * @returns how many entries the heap holds
 */
export function selectLargest(values: Float32Array, k: number, heap: Int32Array): number {
  const size = Math.min(k, values.length);
  // The root is the worst of those kept: the smallest value, of equal ones the highest index.
  const worse = (a: number, b: number) => values[a] < values[b] || (values[a] === values[b] && a > b);
  const sift = (from: number) => {
    let at = from;
    const moved = heap[at];
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && worse(heap[child + 1], heap[child])) child++;
      if (!worse(heap[child], moved)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = moved;
  };
  for (let i = 0; i < size; i++) heap[i] = i;
  for (let i = (size >> 1) - 1; i >= 0; i--) sift(i);
  if (size === 0) return 0;
  let least = values[heap[0]];
  for (let i = size; i < values.length; i++) {
    // Equal values further on have a higher index and lose.
    if (values[i] > least) {
      heap[0] = i;
      sift(0);
      least = values[heap[0]];
    }
  }
  return size;
}

/**
 * Finds where the smallest set of best elements ends whose weights add up to a target: weighted quickselect, expected
 * linear time, no sort. Best is the smallest key; equal keys count in the order of their index.
 *
 * keys, weights  [count], weights >= 0
 * order          [>= count] scratch
 * @returns the last element of the set; the very last element when the weights do not reach the target
 */
export function cutAtWeight(
  keys: Float64Array,
  weights: Float64Array,
  count: number,
  target: number,
  order: Int32Array,
): Cut {
  const before = (a: number, b: number) => keys[a] < keys[b] || (keys[a] === keys[b] && a < b);
  const narrowed = narrow(keys, weights, count, target, order);
  let low = 0;
  let high = narrowed.count; // the cut lies in order[low, high)
  let { reached } = narrowed; // weight of everything before low
  while (high - low > 24) {
    const pivot = median(order[low], order[(low + high) >> 1], order[high - 1], before);
    let split = low;
    let weight = 0;
    for (let i = low; i < high; i++) {
      const element = order[i];
      if (element !== pivot && before(element, pivot)) {
        order[i] = order[split];
        order[split++] = element;
        weight += weights[element];
      }
    }
    if (reached + weight >= target && split > low) {
      high = split;
      continue;
    }
    reached += weight;
    // The pivot itself comes next: bring it to the split, and stop there if it completes the weight.
    const at = order.indexOf(pivot, split);
    order[at] = order[split];
    order[split] = pivot;
    reached += weights[pivot];
    if (reached >= target) return { value: keys[pivot], index: pivot };
    low = split + 1;
  }
  insertionSort(order, low, high, before);
  let last = order[Math.max(low - 1, 0)];
  for (let i = low; i < high; i++) {
    last = order[i];
    reached += weights[last];
    if (reached >= target) break;
  }
  return { value: keys[last], index: last };
}

/** Bins of keys; few enough to stay in the first-level cache. */
const BINS = 512;

/**
 * Finds the bin of keys in which the target is reached, so that only its elements need an order.
 *
 * order  afterwards its first `count` entries are those elements, by index
 * @returns how many they are, and the weight of all elements before them
 */
function narrow(
  keys: Float64Array,
  weights: Float64Array,
  count: number,
  target: number,
  order: Int32Array,
): { count: number; reached: number } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const key = keys[i];
    if (key < min) min = key;
    if (key > max && key < Number.POSITIVE_INFINITY) max = key;
  }
  const scale = (BINS - 1) / (max - min);
  const all = () => {
    for (let i = 0; i < count; i++) order[i] = i;
    return { count, reached: 0 };
  };
  if (count < BINS || !(scale < Number.POSITIVE_INFINITY)) return all();
  // Rounding keeps the order of keys, so bins are in order; keys beyond `max` are infinite and fall into the last.
  const binOf = (key: number) => Math.min((key - min) * scale, BINS - 1) | 0;
  const sums = new Float64Array(BINS);
  for (let i = 0; i < count; i++) sums[binOf(keys[i])] += weights[i];
  let reached = 0;
  let bin = 0;
  while (bin < BINS && reached + sums[bin] < target) reached += sums[bin++];
  if (bin === BINS) return all(); // not reached: the very last element is wanted
  let kept = 0;
  for (let i = 0; i < count; i++) if (binOf(keys[i]) === bin) order[kept++] = i;
  return { count: kept, reached };
}

function median(a: number, b: number, c: number, before: (a: number, b: number) => boolean): number {
  if (before(a, b)) return before(b, c) ? b : before(a, c) ? c : a;
  return before(a, c) ? a : before(b, c) ? c : b;
}

function insertionSort(
  order: Int32Array,
  from: number,
  to: number,
  before: (a: number, b: number) => boolean,
): void {
  for (let i = from + 1; i < to; i++) {
    const element = order[i];
    let at = i;
    while (at > from && before(element, order[at - 1])) {
      order[at] = order[at - 1];
      at--;
    }
    order[at] = element;
  }
}
