// T5's relative attention bias: buckets of distances and the table over all distances.

/**
 * The bucket of a key at `distance` = key position - query position (arXiv:1910.10683 §2.1, `_relative_position_bucket`
 * of transformers' modeling_t5.py): half of the buckets are exact, the others logarithmic up to `maxDistance`.
 */
export function relativeBucket(
  distance: number,
  { count, maxDistance, bidirectional }: { count: number; maxDistance: number; bidirectional: boolean },
): number {
  const buckets = bidirectional ? Math.floor(count / 2) : count;
  const offset = bidirectional && distance > 0 ? buckets : 0;
  const away = bidirectional ? Math.abs(distance) : Math.max(0, -distance);
  const exact = Math.floor(buckets / 2);
  if (away < exact) return offset + away;
  // In float32, as the reference computes it: a bucket's edge may fall on a whole number.
  const { fround } = Math;
  const ratio = fround(fround(Math.log(fround(away / exact))) / fround(Math.log(maxDistance / exact)));
  return offset + Math.min(buckets - 1, exact + Math.floor(fround(ratio * (buckets - exact))));
}

/** [buckets, heads] -> [heads, 2 * maxDistance + 1], by distance from -maxDistance on; beyond, the ends hold. */
export function spreadBuckets(
  table: Float32Array,
  buckets: { count: number; maxDistance: number; bidirectional: boolean },
): Float32Array {
  const { count, maxDistance } = buckets;
  const heads = table.length / count;
  const width = 2 * maxDistance + 1;
  const spread = new Float32Array(heads * width);
  for (let i = 0; i < width; i++) {
    const bucket = relativeBucket(i - maxDistance, buckets);
    for (let head = 0; head < heads; head++) spread[head * width + i] = table[bucket * heads + head];
  }
  return spread;
}
