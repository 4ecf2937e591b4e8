// Two texts word by word: what stands in one in place of the other's.
//
// By the fewest edits: Myers, "An O(ND) difference algorithm and its variations", 1986.

/** A stretch that both have, or what each has in its place. */
export type Stretch = { readonly same: string } | { readonly a: string; readonly b: string };

/** A Chinese character, a word of letters, white space, or one sign. */
const WORD = /\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{N}_])+|\s+|./gsu;
/** Beyond so many words that one alone has, all from the first to the last difference is one stretch. */
const MOST_EDITS = 400;

/** The stretches of two texts, in order. */
export function diffWords(a: string, b: string): Stretch[] {
  const [own, other] = [a.match(WORD) ?? [], b.match(WORD) ?? []];
  const least = Math.min(own.length, other.length);
  let head = 0;
  while (head < least && own[head] === other[head]) head++;
  let tail = 0;
  while (tail < least - head && own.at(-1 - tail) === other.at(-1 - tail)) tail++;
  const middle = [own.slice(head, own.length - tail), other.slice(head, other.length - tail)] as const;
  const between = editsOf(...middle) ?? [{ a: middle[0].join(""), b: middle[1].join("") }];
  const ends = [own.slice(0, head), own.slice(own.length - tail)].map((words) => ({ same: words.join("") }));
  return joined([ends[0], ...between, ends[1]]).filter((one) => !("same" in one) || one.same !== "");
}

/** White space alone does not part two differences. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const found: Stretch[] = [];
  for (const one of stretches) {
    const [before, gap] = [found.at(-2), found.at(-1)];
    const isJoined = before && gap && "same" in gap && !("same" in before) && !("same" in one);
    if (!isJoined || gap.same.trim() !== "") found.push(one);
    else found.splice(-2, 2, { a: before.a + gap.same + one.a, b: before.b + gap.same + one.b });
  }
  return found;
}

/** How far in `a` so many edits come, by diagonal: by how many more words of `a` than of `b` are read. */
type Furthest = ReadonlyMap<number, number>;

/** The fewest edits; undefined where they are too many. */
function editsOf(a: readonly string[], b: readonly string[]): Stretch[] | undefined {
  const steps: Furthest[] = [];
  const furthest = new Map([[1, 0]]);
  for (let edits = 0; edits <= Math.min(MOST_EDITS, a.length + b.length); edits++) {
    steps.push(new Map(furthest));
    for (let k = -edits; k <= edits; k += 2) {
      const from = comesFrom(k, edits, furthest);
      let x = reachedOn(from, furthest) + (from < k ? 1 : 0);
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      furthest.set(k, x);
      if (x === a.length && x - k === b.length) return stretchesOf(a, b, steps);
    }
  }
  return undefined;
}

const reachedOn = (k: number, furthest: Furthest): number => furthest.get(k) ?? -1;

/** The diagonal before the last edit: that below adds a word of `a`, that above one of `b`. */
function comesFrom(k: number, edits: number, furthest: Furthest): number {
  const isAbove = k === -edits || (k !== edits && reachedOn(k - 1, furthest) < reachedOn(k + 1, furthest));
  return isAbove ? k + 1 : k - 1;
}

/** Goes back from the end to the beginning. */
function stretchesOf(a: readonly string[], b: readonly string[], steps: readonly Furthest[]): Stretch[] {
  const found: { isSame: boolean; a: string; b: string }[] = [];
  const put = (isSame: boolean, own: string, other: string) => {
    const last = found.at(-1);
    if (last?.isSame !== isSame) found.push({ isSame, a: own, b: other });
    else Object.assign(last, { a: own + last.a, b: other + last.b });
  };
  let [x, y] = [a.length, b.length];
  for (let edits = steps.length - 1; edits >= 0; edits--) {
    const from = comesFrom(x - y, edits, steps[edits]);
    const before = reachedOn(from, steps[edits]);
    for (; x > before && y > before - from; x--, y--) put(true, a[x - 1], b[y - 1]);
    if (edits > 0 && x === before) put(false, "", b[y - 1]);
    else if (edits > 0) put(false, a[x - 1], "");
    [x, y] = [before, before - from];
  }
  return found
    .reverse()
    .map(({ isSame, a: own, b: other }) => (isSame ? { same: own } : { a: own, b: other }));
}
