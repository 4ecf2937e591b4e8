// 8-bit weights times tiles of tokens in 16-bit words, where no 8-bit dot is exact.
//
// A panel is a row group unpacked: for each 4 columns a pair of vectors (8 rows) of the even columns' words, then one of the
// odd columns', a lane a row; after 32 columns the rows' scales. Two panels meet three tokens: a broadcast serves 16 rows.
import { lowBytes } from "./dot8.as";
import { activationBytes, chunkOf, TILE, TOKEN_BLOCK } from "./quantize-activations.as";
import { addBlock, storeGroups, zeros } from "../module/simd.as";

/** Bytes of a block of a panel. */
export const WORDS_BLOCK: usize = 544;
/** Where its scales begin. */
export const WORDS_SCALES: usize = 512;
/** Bytes of a token's block: 16 even columns' words, 16 odd ones', an f32 scale. */
const TOKEN_WORDS: usize = 68;

/** Two vectors of bytes -> their even bytes as words at `o`, then their odd ones. */
@inline
export function storeWords(v: v128, u: v128, o: usize): void {
  v128.store(o, lowBytes(v), 0);
  v128.store(o, lowBytes(u), 16);
  v128.store(o, i16x8.shr_s(v, 8), 32);
  v128.store(o, i16x8.shr_s(u, 8), 48);
}

/** Bytes of a tile of tokens' words. */
@inline
function tileWords(blocks: i32): usize {
  return <usize>blocks * TOKEN_WORDS * <usize>TILE;
}

/** Tokens that a pass over the matrix takes: whole tiles. */
@inline
export function chunkOfWords(blocks: i32): i32 {
  return chunkOf(tileWords(blocks));
}

/** Tokens [t, end) of what quantize_q8 wrote, whole tiles -> tiles of words at `o`. */
export function widenTokens(x: usize, blocks: i32, t: i32, end: i32, o: usize): void {
  for (; t < end; t += TILE) {
    widen(x + activationBytes(t, blocks), blocks * TILE, o);
    o += tileWords(blocks);
  }
}

/** `count` prepared blocks of tokens -> their words. */
function widen(x: usize, count: i32, o: usize): void {
  for (let i = 0; i < count; i++) {
    const v = v128.load(x), u = v128.load(x, 16);
    storeWords(v, u, o);
    store<f32>(o, load<f32>(x, 32), 64);
    x += TOKEN_BLOCK;
    o += TOKEN_WORDS;
  }
}

/** A panel, and the next one if there are both, times `tokens` tokens in whole tiles at `tiles` -> y. */
export function multiplyWords(
  panel: usize, both: bool, blocks: i32, tiles: usize, tokens: i32, y: usize, yStep: usize, scale: f32,
): void {
  const next = both ? <usize>blocks * WORDS_BLOCK : 0, rows: usize = both ? 32 : 0;
  for (let t = 0; t < tokens; t += TILE) {
    tile4x3(panel, next, blocks, tiles, y + <usize>t * yStep, rows, yStep, scale);
    tiles += tileWords(blocks);
  }
}

/**
 * A panel and the next one, `panel` bytes on, whose rows are `rows` bytes on in y, times a tile of tokens. A second panel
 * that is missing is the first once more, which writes the same again.
 */
function tile4x3(
  w: usize, panel: usize, blocks: i32, x0: usize, y: usize, rows: usize, yStep: usize, scale: f32,
): void {
  let z = w + panel, x1 = x0 + TOKEN_WORDS, x2 = x1 + TOKEN_WORDS;
  const next = 3 * TOKEN_WORDS - 32;
  let e0 = zeros(), e1 = e0, e2 = e0, f0 = e0, f1 = e0, f2 = e0;
  let g0 = e0, g1 = e0, g2 = e0, h0 = e0, h1 = e0, h2 = e0;
  for (let i = 0; i < blocks; i++) {
    let a0 = zeros(), a1 = a0, a2 = a0, b0 = a0, b1 = a0, b2 = a0;
    let c0 = a0, c1 = a0, c2 = a0, d0 = a0, d1 = a0, d2 = a0;
    let v = a0, u = a0, r = a0, q = a0, s = a0;
    for (const end = w + WORDS_SCALES; w < end; w += 128) {
      v = v128.load(w, 0);
      u = v128.load(w, 16);
      r = v128.load(z, 0);
      q = v128.load(z, 16);
      s = v128.load32_splat(x0, 0);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(s, v));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(s, u));
      c0 = i32x4.add(c0, i32x4.dot_i16x8_s(s, r));
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(s, q));
      s = v128.load32_splat(x1, 0);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(s, v));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(s, u));
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(s, r));
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(s, q));
      s = v128.load32_splat(x2, 0);
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(s, v));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(s, u));
      c2 = i32x4.add(c2, i32x4.dot_i16x8_s(s, r));
      d2 = i32x4.add(d2, i32x4.dot_i16x8_s(s, q));
      v = v128.load(w, 32);
      u = v128.load(w, 48);
      r = v128.load(z, 32);
      q = v128.load(z, 48);
      s = v128.load32_splat(x0, 32);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(s, v));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(s, u));
      c0 = i32x4.add(c0, i32x4.dot_i16x8_s(s, r));
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(s, q));
      s = v128.load32_splat(x1, 32);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(s, v));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(s, u));
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(s, r));
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(s, q));
      s = v128.load32_splat(x2, 32);
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(s, v));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(s, u));
      c2 = i32x4.add(c2, i32x4.dot_i16x8_s(s, r));
      d2 = i32x4.add(d2, i32x4.dot_i16x8_s(s, q));
      v = v128.load(w, 64);
      u = v128.load(w, 80);
      r = v128.load(z, 64);
      q = v128.load(z, 80);
      s = v128.load32_splat(x0, 4);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(s, v));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(s, u));
      c0 = i32x4.add(c0, i32x4.dot_i16x8_s(s, r));
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(s, q));
      s = v128.load32_splat(x1, 4);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(s, v));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(s, u));
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(s, r));
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(s, q));
      s = v128.load32_splat(x2, 4);
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(s, v));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(s, u));
      c2 = i32x4.add(c2, i32x4.dot_i16x8_s(s, r));
      d2 = i32x4.add(d2, i32x4.dot_i16x8_s(s, q));
      v = v128.load(w, 96);
      u = v128.load(w, 112);
      r = v128.load(z, 96);
      q = v128.load(z, 112);
      s = v128.load32_splat(x0, 36);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(s, v));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(s, u));
      c0 = i32x4.add(c0, i32x4.dot_i16x8_s(s, r));
      d0 = i32x4.add(d0, i32x4.dot_i16x8_s(s, q));
      s = v128.load32_splat(x1, 36);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(s, v));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(s, u));
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(s, r));
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(s, q));
      s = v128.load32_splat(x2, 36);
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(s, v));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(s, u));
      c2 = i32x4.add(c2, i32x4.dot_i16x8_s(s, r));
      d2 = i32x4.add(d2, i32x4.dot_i16x8_s(s, q));
      z += 128;
      x0 += 8;
      x1 += 8;
      x2 += 8;
    }
    v = v128.load(w, 0);
    u = v128.load(w, 16);
    r = v128.load(z, 0);
    q = v128.load(z, 16);
    s = v128.load32_splat(x0, 32);
    e0 = addBlock(e0, v, a0, s);
    f0 = addBlock(f0, u, b0, s);
    g0 = addBlock(g0, r, c0, s);
    h0 = addBlock(h0, q, d0, s);
    s = v128.load32_splat(x1, 32);
    e1 = addBlock(e1, v, a1, s);
    f1 = addBlock(f1, u, b1, s);
    g1 = addBlock(g1, r, c1, s);
    h1 = addBlock(h1, q, d1, s);
    s = v128.load32_splat(x2, 32);
    e2 = addBlock(e2, v, a2, s);
    f2 = addBlock(f2, u, b2, s);
    g2 = addBlock(g2, r, c2, s);
    h2 = addBlock(h2, q, d2, s);
    w += WORDS_BLOCK - WORDS_SCALES;
    z += WORDS_BLOCK - WORDS_SCALES;
    x0 += next;
    x1 += next;
    x2 += next;
  }
  const by = f32x4.splat(scale);
  storeGroups(y, rows, e0, f0, g0, h0, by);
  storeGroups(y + yStep, rows, e1, f1, g1, h1, by);
  storeGroups(y + 2 * yStep, rows, e2, f2, g2, h2, by);
}
