// Scales a matrix's half-precision scales up where some are subnormal, since those are slow.

/**
 * Scales of a packed matrix: 8 or 16 halves at byte `at` of each of `count` blocks of `size` bytes. If any is a nonzero
 * subnormal, multiplies all in place by 2^k, exactly, k the largest up to 10 that overflows none, and returns k; else 0.
 */
export function normalizeScales(w: usize, count: i32, size: usize, halves: i32, at: usize = 0): i32 {
  let top = i16x8.splat(0);
  let found = i16x8.splat(0);
  const first = w + at, end = first + <usize>count * size;
  for (let block = first; block < end; block += size) {
    for (let p = block; p < block + <usize>(2 * halves); p += 16) {
      const h = v128.and(v128.load(p), i16x8.splat(0x7fff));
      top = i16x8.max_u(top, h);
      // 1..0x3ff, less one, is below 0x3ff; zero wraps to the top
      found = v128.or(found, i16x8.lt_u(i16x8.sub(h, i16x8.splat(1)), i16x8.splat(0x3ff)));
    }
  }
  if (!v128.any_true(found)) return 0;
  let most: u32 = 0;
  for (let i = 0; i < 64; i += 16) {
    most = max(most, <u32>(i64x2.extract_lane(top, 0) >>> i) & 0xffff);
    most = max(most, <u32>(i64x2.extract_lane(top, 1) >>> i) & 0xffff);
  }
  const k = min(10, 30 - <i32>(most >> 10));
  if (k <= 0) return 0;
  for (let block = first; block < end; block += size) {
    for (let p = block; p < block + <usize>(2 * halves); p += 16) multiplyEight(p, k);
  }
  return k;
}

/** 8 halves times 2^k: to normal ones, nearly all, k is added to the exponent. */
function multiplyEight(p: usize, k: i32): void {
  const h = v128.load(p);
  const small = i16x8.lt_u(v128.and(h, i16x8.splat(0x7fff)), i16x8.splat(0x400));
  if (!v128.any_true(small)) return v128.store(p, i16x8.add(h, i16x8.splat(<i16>(k << 10))));
  for (let i: usize = 0; i < 16; i += 2) store<u16>(p + i, timesPowerOfTwo(<u32>load<u16>(p + i), k));
}

/** The half h times 2^k; the caller has made sure that it does not overflow. */
function timesPowerOfTwo(h: u32, k: i32): u16 {
  const sign = h & 0x8000;
  let magnitude = h & 0x7fff;
  for (; k > 0 && magnitude < 0x400; k--) magnitude <<= 1;
  // a mantissa that reached 0x400 is the exponent 1 already
  if (magnitude != 0) magnitude += <u32>k << 10;
  return <u16>(sign | magnitude);
}
