// The baseline of ngram.py: an interpolated modified Kneser-Ney trigram over characters.
//
// An n-gram is one whole number: its ids as digits in a base of one more than the characters.
const BEGIN = 0;
const LAST_DISCOUNT = 0.75;

/** The place of a value in sorted numbers; -1 where it is not there. */
function find(sorted, value) {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle] < value) from = middle + 1;
    else to = middle;
  }
  return sorted[from] === value ? from : -1;
}

/** The distinct values of sorted numbers, and of each the sum of `weightOf` over its places. */
function distinct(sorted, weightOf = () => 1) {
  const values = new Float64Array(sorted.length);
  const sums = new Float64Array(sorted.length);
  let last = -1;
  for (let i = 0; i < sorted.length; i++) {
    if (last < 0 || values[last] !== sorted[i]) values[++last] = sorted[i];
    sums[last] += weightOf(i);
  }
  return { values: values.slice(0, last + 1), sums: sums.slice(0, last + 1) };
}

/** One order: P(w | h) = max(c(hw) - D(c), 0) / c(h·) + backoff(h) · lower. Its n-grams, as often as they count. */
class Level {
  constructor(grams, base) {
    this.base = base;
    const { values, sums: counts } = distinct(grams.sort());
    this.grams = values;
    this.counts = counts;
    const n = [0, 0, 0, 0, 0];
    for (const count of counts) if (count < 5) n[count]++;
    const y = n[1] / (n[1] + 2 * n[2]);
    this.discounts = [0, 1, 2, 3].map((c) => (c === 0 ? 0 : c - ((c + 1) * y * n[c + 1]) / n[c]));
    const heads = values.map((gram) => Math.floor(gram / base));
    const { values: contexts, sums: totals } = distinct(heads, (i) => counts[i]);
    this.contexts = contexts;
    this.totals = totals;
    this.taken = distinct(heads, (i) => this.discountOf(counts[i])).sums;
  }

  discountOf(count) {
    return this.discounts[Math.min(count, 3)];
  }

  /** The probability of an n-gram's last character after the others; the lower order's where those are new. */
  probability(gram, lower) {
    const context = find(this.contexts, Math.floor(gram / this.base));
    if (context < 0) return lower;
    const at = find(this.grams, gram);
    const count = at < 0 ? 0 : this.counts[at];
    return (Math.max(count - this.discountOf(count), 0) + this.taken[context] * lower) / this.totals[context];
  }
}

export class Trigram {
  #ids;
  #base;
  #three;
  #two;
  #one;

  constructor(texts, characters) {
    const base = characters.length + 1;
    this.#base = base;
    this.#ids = new Map(characters.map((character, i) => [character, i + 1]));
    this.#three = new Level(Float64Array.from(this.#grams(texts)), base);
    this.#two = new Level(this.#three.grams.map((gram) => gram % base ** 2), base);
    this.#one = new Float64Array(base);
    for (const gram of this.#two.grams) this.#one[gram % base]++;
  }

  /** The trigrams of every text, each behind two begin symbols. */
  *#grams(texts) {
    for (const text of texts) {
      let [u, v] = [BEGIN, BEGIN];
      for (const character of text) {
        const w = this.#ids.get(character);
        yield (u * this.#base + v) * this.#base + w;
        [u, v] = [v, w];
      }
    }
  }

  /** -ln P of every character of some texts, in order. */
  nats(texts) {
    const total = this.#one.reduce((sum, count) => sum + count, 0);
    const seen = this.#one.filter((count) => count > 0).length;
    const rest = (LAST_DISCOUNT * seen) / total / (this.#base - 1);
    return Array.from(this.#grams(texts), (gram) => {
      const one = Math.max(this.#one[gram % this.#base] - LAST_DISCOUNT, 0) / total + rest;
      return -Math.log(this.#three.probability(gram, this.#two.probability(gram % this.#base ** 2, one)));
    });
  }
}
