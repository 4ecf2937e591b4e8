// Finds the known name that a mistyped one was meant to be.

/** The known name that was probably meant: one that begins so, or is at most two letters off. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = plainName(name);
  if (wanted.length < 2 || wanted.length > 40) return undefined;
  const off = (other: string) => {
    if (plainName(other).startsWith(wanted)) return 0.5;
    const [first] = other.toLowerCase().split("-"); // H100 of H100-SXM
    return Math.min(editDistance(wanted, plainName(other)), editDistance(wanted, first) + 0.5);
  };
  const [best] = known.map((other) => ({ other, off: off(other) })).sort((a, b) => a.off - b.off);
  return best && best.off <= Math.min(2, wanted.length / 2) ? best.other : undefined;
}

/** A name as names are compared: in small letters, without hyphens and underscores. */
export const plainName = (text: string): string => text.replace(/[-_]/g, "").toLowerCase();

/** Letters to add, drop or change (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
