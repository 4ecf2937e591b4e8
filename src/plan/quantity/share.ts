// A share by counting, with Wilson's 95% interval.

/** z of a two-sided 95% interval. */
const Z = 1.959963984540054;

/** So many of so many (Wilson 1927, doi 10.1080/01621459.1927.10502953); the interval holds the share itself. */
export function countedShare(hits: number, trials: number): { value: number; low: number; high: number } {
  const value = hits / trials;
  const squared = (Z * Z) / trials;
  const middle = (value + squared / 2) / (1 + squared);
  const half = (Z / (1 + squared)) * Math.sqrt((value * (1 - value)) / trials + squared / (4 * trials));
  return {
    value,
    low: Math.max(0, Math.min(value, middle - half)),
    high: Math.min(1, Math.max(value, middle + half)),
  };
}
