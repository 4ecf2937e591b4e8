// Dot products of signed 8-bit activations with small weights: three exact ways.
import { zeros } from "../module/simd.as";

/**
 * Ways to multiply, named by a type so that a kernel is compiled once for each:
 *   u8   "quads": i32 lanes gain four products by the relaxed dot with accumulation (VNNI, SDOT)
 *   u16  "pairs": i16 lanes gain two products by the relaxed dot without; at most 8 steps a block, sums within 16 bits
 *   i16  "plain": even and odd bytes widened to 16 bits, plain SIMD; weights are any signed byte
 */

/** acc + x . w over the 4 bytes of each i32 lane (for pairs: 2 bytes of each i16 lane). */
@inline
export function step<P>(acc: v128, x: v128, w: v128): v128 {
  if (sizeof<P>() == 1) return i32x4.relaxed_dot_i8x16_i7x16_add_s(x, w, acc);
  if (!isSigned<P>()) return i16x8.add(acc, i16x8.relaxed_dot_i8x16_i7x16_s(x, w));
  const even = i32x4.dot_i16x8_s(lowBytes(x), lowBytes(w));
  return i32x4.add(i32x4.add(acc, even), i32x4.dot_i16x8_s(i16x8.shr_s(x, 8), i16x8.shr_s(w, 8)));
}

/** The i32 sums of a block whose steps are done. ones: from before the loop, since V8 builds its own for a pairwise addition. */
@inline
export function total<P>(acc: v128, ones: v128): v128 {
  if (sizeof<P>() == 2 && !isSigned<P>()) return i32x4.dot_i16x8_s(acc, ones);
  return acc;
}

/**
 * Where the sums of a block start, so that weights stored `zero` (0, 8, 16 or 128) too high come out right; x: a token's
 * block. In pairs each i16 lane starts with its own part, so that what wraps on the way unwraps: 16 * 127 * 16 fits.
 */
@inline
export function start<P>(x: usize, zero: i32): v128 {
  if (zero == 0) return zeros();
  if (zero == 128) return v128.load32_splat(x, 40);
  if (sizeof<P>() == 2 && !isSigned<P>()) {
    const sums = v128.load32_splat(x, 36);
    return zero == 8 ? sums : i16x8.shl(sums, 1);
  }
  return i32x4.shr_s(v128.load32_splat(x, 40), zero == 8 ? 4 : 3);
}

/** The low byte of each 16-bit lane, sign extended. */
@inline
export function lowBytes(v: v128): v128 {
  return i16x8.shr_s(i16x8.shl(v, 8), 8);
}

/** The exact result of the relaxed dot for weights beyond 7 bits: 1 as unsigned, 2 as signed, 0 something else. */
export function probe_products(): i32 {
  if (!ASC_FEATURE_RELAXED_SIMD) return 0;
  return kind;
}

/** Whether the relaxed dot is exact for 7-bit weights; V8 11.3's baseline compiler gets it wrong. */
export function probe_relaxed(): i32 {
  if (!ASC_FEATURE_RELAXED_SIMD) return 1;
  let good = 1;
  for (let x = -127; x <= 127; x += 2) {
    for (let w = 0; w <= 127; w += 3) {
      const r = i32x4.relaxed_dot_i8x16_i7x16_add_s(i8x16.splat(<i8>x), i8x16.splat(<i8>w), i32x4.splat(1000 - x));
      if (i32x4.extract_lane(r, 1) != 4 * x * w + 1000 - x) good = 0;
    }
  }
  return good;
}

function probe(): i32 {
  if (!ASC_FEATURE_RELAXED_SIMD) return 0;
  let unsigned = true;
  let signed = true;
  for (let x = -127; x <= 127; x += 2) {
    for (let w = 0; w <= 255; w += 3) {
      const r = i32x4.relaxed_dot_i8x16_i7x16_add_s(i8x16.splat(<i8>x), i8x16.splat(<i8>w), i32x4.splat(1000 - x));
      const got = i32x4.extract_lane(r, 2) - 1000 + x;
      if (got != 4 * x * w) unsigned = false;
      if (got != 4 * x * <i32>(<i8>w)) signed = false;
    }
  }
  return unsigned ? 1 : signed ? 2 : 0;
}

/** Found once, when the module is instantiated. A machine whose dot is exact has it as one instruction. */
const kind: i32 = probe();

/** Whether 4-bit weights are multiplied in pairs: the machine builds the dot with accumulation from pieces. */
let pairs: bool = kind == 0;

/** How weights that stand for 8-bit levels are multiplied. */
let bytes: i32 = kind;

@inline
export function prefersPairs(): bool {
  return pairs;
}

/** As probe_products: how the relaxed dot takes weights beyond 7 bits. */
@inline
export function byteProducts(): i32 {
  return bytes;
}

/** Has weights that stand for 8-bit levels multiplied as unsigned (1), signed (2) or 16-bit ones (0). For tests. */
export function choose_byte_products(kind: i32): void {
  bytes = kind;
}

/** Has 4-bit weights multiplied in pairs (1) or in quads (0) from now on; both give the same bits. For tests. */
export function choose_pairs(on: i32): void {
  pairs = on != 0;
}
