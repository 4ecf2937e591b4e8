// Rounds activations to 8 bits in blocks of 32, in the tiles that the quantised products read.

/** Tokens that a product computes together. */
export const TILE: i32 = 3;
/** Bytes of activations that stay in the second-level cache while every row group passes over them. */
const CHUNK_BYTES: usize = 384 << 10;

/** Tokens that a pass over a matrix takes: whole tiles, of `tileBytes` each as the product reads them. */
@inline
export function chunkOf(tileBytes: usize): i32 {
  return max<i32>(1, <i32>(CHUNK_BYTES / tileBytes)) * TILE;
}

/**
 * So many of the tokens are multiplied in tiles. Those that remain come first, one by one and straight from the packed
 * weights, which that brings into the cache. A single tile is not worth unpacking for.
 */
@inline
export function wholeTiles(tokens: i32): i32 {
  return tokens > TILE ? tokens - tokens % TILE : 0;
}

/** Bytes of one token's block: 32 i8 values, f32 scale, 2 i16 -8 sum of every other pair of values, i32 -128 sum of all. */
export const TOKEN_BLOCK: usize = 44;

/** Bytes of `tokens` prepared tokens of `blocks` blocks. */
@inline
export function activationBytes(tokens: i32, blocks: i32): usize {
  return <usize>tokens * <usize>blocks * TOKEN_BLOCK;
}

/**
 * x [tokens, cols] f32 at stride xStride -> dst: tiles of min(3, rest) tokens; in a tile, block after block, the tokens'
 * blocks of 44 bytes. The sums are for weights that are stored 8, 16 or 128 too high, or have a minimum.
 * scale = amax / 127, value = nearest(x * 127 / amax), as llama.cpp's quantize_row_q8_0: the
 * scale is rounded to what an f16 holds (a scale beyond f16's range stays as it is).
 */
export function quantize_q8(x: usize, xStride: i32, tokens: i32, cols: i32, dst: usize): void {
  const blocks = cols >> 5;
  for (let t = 0; t < tokens; t++) {
    const first = (t / TILE) * TILE;
    const tile = <usize>min(TILE, tokens - first);
    const lane = <usize>(t - first);
    let p = x + (((<usize>t) * (<usize>xStride)) << 2);
    let o = dst + activationBytes(first, blocks);
    for (let b = 0; b < blocks; b++) {
      quantizeBlock(p, o + lane * TOKEN_BLOCK);
      p += 128;
      o += tile * TOKEN_BLOCK;
    }
  }
}

@inline
function quantizeBlock(p: usize, q: usize): void {
  const v0 = v128.load(p, 0), v1 = v128.load(p, 16), v2 = v128.load(p, 32), v3 = v128.load(p, 48);
  const v4 = v128.load(p, 64), v5 = v128.load(p, 80), v6 = v128.load(p, 96), v7 = v128.load(p, 112);
  const m01 = f32x4.pmax(f32x4.abs(v0), f32x4.abs(v1)), m23 = f32x4.pmax(f32x4.abs(v2), f32x4.abs(v3));
  const m45 = f32x4.pmax(f32x4.abs(v4), f32x4.abs(v5)), m67 = f32x4.pmax(f32x4.abs(v6), f32x4.abs(v7));
  let m = f32x4.pmax(f32x4.pmax(m01, m23), f32x4.pmax(m45, m67));
  m = f32x4.pmax(m, i8x16.shuffle(m, m, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  m = f32x4.pmax(m, i8x16.shuffle(m, m, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  const amax = f32x4.extract_lane(m, 0);
  // below 1e-35 the reciprocal would overflow; such a block is zero beside anything it is added to
  const inverse = f32x4.splat(amax > 1e-35 ? <f32>127.0 / amax : <f32>0.0);
  const a = i16x8.narrow_i32x4_s(round4(v0, inverse), round4(v1, inverse));
  const b = i16x8.narrow_i32x4_s(round4(v2, inverse), round4(v3, inverse));
  const c = i16x8.narrow_i32x4_s(round4(v4, inverse), round4(v5, inverse));
  const d = i16x8.narrow_i32x4_s(round4(v6, inverse), round4(v7, inverse));
  v128.store(q, i8x16.narrow_i16x8_s(a, b), 0);
  v128.store(q, i8x16.narrow_i16x8_s(c, d), 16);
  let s = i32x4.extadd_pairwise_i16x8_s(i16x8.add(i16x8.add(a, b), i16x8.add(c, d)));
  s = i32x4.add(s, i8x16.shuffle(s, s, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  const even = i32x4.extract_lane(s, 0), odd = i32x4.extract_lane(s, 1);
  store<f32>(q, amax > 1e-35 ? roundToHalf(amax / <f32>127.0) : <f32>0.0, 32);
  store<i32>(q, ((-8 * even) & 0xffff) | ((-8 * odd) << 16), 36);
  store<i32>(q, -128 * (even + odd), 40);
}

@inline
function round4(v: v128, inverse: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v, inverse)));
}

/** The nearest value of an f16: 11 bits by Veltkamp's splitting, or multiples of 2^-24 below 2^-14. */
@inline
function roundToHalf(scale: f32): f32 {
  if (scale < <f32>0.00006103515625) return scale + <f32>0.5 - <f32>0.5;
  const spread = scale * <f32>8193.0;
  return spread - (spread - scale);
}
