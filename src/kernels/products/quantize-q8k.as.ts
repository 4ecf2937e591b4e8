// Rounds activations to 8 bits in blocks of 256, in the tiles that the K-quant products read.
//
// A token's block of 372 bytes: 256 values, then sums of values as pairs of i16. A "chunk" is 64 columns, A its first 32, B
// its last. Values stand in words of four: word j of a chunk is A[2j], A[2j+1], B[2j], B[2j+1], so that the low half of a
// 32-bit lane gathers A and the high half B, two sub-blocks with scales of their own. Sums are such pairs, too:
//   256  16 pairs of -32 x the sum of 8 columns of A and of B
//   320  8 pairs of the sums of 16
//   352  4 pairs of the sums of 32
//   368  f32 scale
import { TILE } from "./quantize-activations.as";

/** Bytes of one token's block. */
export const TOKEN_BLOCK: usize = 372;
export const SUMS_8: usize = 256;
export const SUMS_16: usize = 320;
export const SUMS_32: usize = 352;
export const SCALE: usize = 368;

/** Bytes of `tokens` prepared tokens of `blocks` blocks. */
@inline
export function activationBytes(tokens: i32, blocks: i32): usize {
  return <usize>tokens * <usize>blocks * TOKEN_BLOCK;
}

/**
 * x [tokens, cols] f32 at stride xStride -> dst: tiles of min(3, rest) tokens; in a tile, block after block, the tokens'
 * blocks. inverse = 127 / amax, value = nearest(x * inverse), scale = 1 / inverse, as llama.cpp's quantize_row_q8_K
 * (which takes the sign of the largest value into both: the products are the same).
 */
export function quantize_q8k(x: usize, xStride: i32, tokens: i32, cols: i32, dst: usize): void {
  const blocks = cols >> 8;
  for (let t = 0; t < tokens; t++) {
    const first = (t / TILE) * TILE;
    const tile = <usize>min(TILE, tokens - first);
    let p = x + (((<usize>t) * (<usize>xStride)) << 2);
    let o = dst + activationBytes(first, blocks) + <usize>(t - first) * TOKEN_BLOCK;
    for (let b = 0; b < blocks; b++) {
      quantizeBlock(p, o);
      p += 1024;
      o += tile * TOKEN_BLOCK;
    }
  }
}

function quantizeBlock(p: usize, q: usize): void {
  let m = f32x4.splat(0), n = m;
  for (let at = p; at < p + 1024; at += 64) {
    m = f32x4.pmax(m, f32x4.pmax(f32x4.abs(v128.load(at, 0)), f32x4.abs(v128.load(at, 16))));
    n = f32x4.pmax(n, f32x4.pmax(f32x4.abs(v128.load(at, 32)), f32x4.abs(v128.load(at, 48))));
  }
  m = f32x4.pmax(m, n);
  m = f32x4.pmax(m, i8x16.shuffle(m, m, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  m = f32x4.pmax(m, i8x16.shuffle(m, m, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  const amax = f32x4.extract_lane(m, 0);
  // below 1e-35 the inverse would overflow; such a block is zero beside anything it is added to
  const inverse: f32 = amax > 1e-35 ? <f32>127.0 / amax : <f32>0.0;
  store<f32>(q, amax > 1e-35 ? <f32>1.0 / inverse : <f32>0.0, SCALE);
  const by = f32x4.splat(inverse);
  for (let chunk: usize = 0; chunk < 4; chunk++) {
    const a0 = round16(p, by), a1 = round16(p + 64, by), b0 = round16(p + 128, by), b1 = round16(p + 192, by);
    const o = q + 64 * chunk;
    v128.store(o, v128.shuffle<i16>(a0, b0, 0, 8, 1, 9, 2, 10, 3, 11), 0);
    v128.store(o, v128.shuffle<i16>(a0, b0, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    v128.store(o, v128.shuffle<i16>(a1, b1, 0, 8, 1, 9, 2, 10, 3, 11), 32);
    v128.store(o, v128.shuffle<i16>(a1, b1, 4, 12, 5, 13, 6, 14, 7, 15), 48);
    const a = sumsOf8(a0, a1), b = sumsOf8(b0, b1);
    v128.store(q + 16 * chunk, pairs(i32x4.mul(a, i32x4.splat(-32)), i32x4.mul(b, i32x4.splat(-32))), SUMS_8);
    const a16 = neighbours(a), b16 = neighbours(b);
    v128.store64_lane(q + 8 * chunk, pairs(a16, b16), 0, SUMS_16);
    v128.store32_lane(q + 4 * chunk, pairs(neighbours(a16), neighbours(b16)), 0, SUMS_32);
    p += 256;
  }
}

@inline
function round16(p: usize, inverse: v128): v128 {
  const a = i16x8.narrow_i32x4_s(round4(v128.load(p, 0), inverse), round4(v128.load(p, 16), inverse));
  const b = i16x8.narrow_i32x4_s(round4(v128.load(p, 32), inverse), round4(v128.load(p, 48), inverse));
  return i8x16.narrow_i16x8_s(a, b);
}

@inline
function round4(v: v128, inverse: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v, inverse)));
}

/** The four sums of 8 neighbouring bytes of v and w. */
@inline
function sumsOf8(v: v128, w: v128): v128 {
  const a = i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(v));
  const b = i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(w));
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7));
}

/** The sums of lanes 0 and 1, and 2 and 3, in the low two lanes. */
@inline
function neighbours(v: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(v, v, 0, 2, 0, 2), v128.shuffle<i32>(v, v, 1, 3, 1, 3));
}

/** Words whose low half is a's and whose high half is b's. */
@inline
function pairs(a: v128, b: v128): v128 {
  return v128.or(v128.and(a, i32x4.splat(0xffff)), i32x4.shl(b, 16));
}
