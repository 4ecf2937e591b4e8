// Elements of the KV cache (f32, f16, i8) as f32.
import { halfMask } from "../module/simd.as";

/**
 * Four elements of a cache as f32, halves 2^112 too small: those at p, or the four after them where I is i16 (i8: those at
 * p). The distance is an immediate, so that an engine can see two neighbouring vectors as one.
 */
@inline
export function four<T, I>(p: usize, mask: v128): v128 {
  if (isFloat<T>()) return v128.load(p, 16 * (sizeof<I>() - 1));
  if (sizeof<T>() == 2) return v128.and(i32x4.shl(v128.load16x4_s(p, 8 * (sizeof<I>() - 1)), 13), mask);
  const bytes = v128.load32_zero(p, 4 * (sizeof<I>() - 1));
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(bytes)));
}

/** Elements -> `bytes` bytes of f32. */
export function widen<T>(p: usize, o: usize, bytes: usize): void {
  if (isFloat<T>()) return memory.copy(o, p, bytes);
  const mask = halfMask();
  for (const end = o + bytes; o < end; o += 64, p += 16 * sizeof<T>()) {
    if (sizeof<T>() == 2) {
      v128.store(o, four<T, i8>(p, mask), 0);
      v128.store(o, four<T, i16>(p, mask), 16);
      v128.store(o, four<T, i8>(p + 16, mask), 32);
      v128.store(o, four<T, i16>(p + 16, mask), 48);
    } else {
      const low = v128.load8x8_s(p, 0), high = v128.load8x8_s(p, 8);
      v128.store(o, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)), 0);
      v128.store(o, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)), 16);
      v128.store(o, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), 32);
      v128.store(o, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), 48);
    }
  }
}
