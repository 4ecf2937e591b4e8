// The checksum of packed weights: Fletcher's sums over four lanes.

/** See checksum.ts. */
export function checksum(p: usize, bytes: usize): u64 {
  let sums = i32x4.splat(0), sumsOfSums = sums;
  const whole = p + (bytes & ~15), end = p + bytes;
  for (; p < whole; p += 16) {
    sums = i32x4.add(sums, v128.load(p));
    sumsOfSums = i32x4.add(sumsOfSums, sums);
  }
  if (p < end) {
    let low: u64 = 0, high: u64 = 0;
    for (let i: usize = 0; p + i < end; i++) {
      const byte = <u64>load<u8>(p + i);
      if (i < 8) low |= byte << (8 * <u64>i);
      else high |= byte << (8 * <u64>(i - 8));
    }
    sums = i32x4.add(sums, i64x2.replace_lane(i64x2.splat(<i64>low), 1, <i64>high));
    sumsOfSums = i32x4.add(sumsOfSums, sums);
  }
  return fold(fold(0, sums), sumsOfSums);
}

function fold(h: u64, v: v128): u64 {
  const multiplier: u64 = 0x9e3779b97f4a7c15;
  h = h * multiplier + <u64><u32>i32x4.extract_lane(v, 0);
  h = h * multiplier + <u64><u32>i32x4.extract_lane(v, 1);
  h = h * multiplier + <u64><u32>i32x4.extract_lane(v, 2);
  return h * multiplier + <u64><u32>i32x4.extract_lane(v, 3);
}
