// Corrections of p where many tests are made: Holm, Benjamini and Hochberg.

const byValue = (p: readonly number[]): number[] => p.map((_, i) => i).sort((a, b) => p[a] - p[b]);

/** Holm's step-down: bounds the chance of a single false difference. */
export function holm(p: readonly number[]): number[] {
  const adjusted = new Array<number>(p.length);
  let most = 0;
  for (const [rank, i] of byValue(p).entries()) {
    most = Math.max(most, Math.min(1, (p.length - rank) * p[i]));
    adjusted[i] = most;
  }
  return adjusted;
}

/** Benjamini and Hochberg's step-up: bounds the share of false differences. */
export function benjaminiHochberg(p: readonly number[]): number[] {
  const adjusted = new Array<number>(p.length);
  let least = 1;
  for (const [place, i] of byValue(p).reverse().entries()) {
    least = Math.min(least, p[i] / ((p.length - place) / p.length));
    adjusted[i] = least;
  }
  return adjusted;
}
