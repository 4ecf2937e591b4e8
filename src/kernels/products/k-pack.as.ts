// Packs K-quants and reads single rows of them.
import {
  blockBytes, chunkBytes, hasMinimums, hasScalesOf16, halvesAt, lowBits, moreBits, secondAt, unitBytes, unpackUnit,
} from "./k-weights.as";
import { transpose } from "./matmul-q4_0.as";
import { halfAt } from "../module/simd.as";
import { normalizeScales } from "./subnormal.as";

/** A unit's words: of four rows where they are packed, of eight where they are unpacked. */
let words: usize = memory.data(256, 16);

/** Has a unit's words lie at 256 bytes of the caller's, where threads share this memory. */
export function choose_words(at: usize): void {
  words = at;
}

/** Bytes of a block in a file. */
@inline
function fileBytes<T>(): usize {
  if (offsetof<T>() == 2) return 84;
  if (offsetof<T>() == 3) return 110;
  if (offsetof<T>() == 4) return 144;
  return offsetof<T>() == 5 ? 176 : 210;
}

/** Where d and dmin stand in a file's block. */
@inline
function fileHead<T>(): usize {
  if (offsetof<T>() == 2) return 80;
  if (offsetof<T>() == 3) return 108;
  return offsetof<T>() == 6 ? 208 : 0;
}

/** src: 8 * rowGroups file rows of cols / 256 blocks (layouts: ggml-common.h of llama.cpp) -> dst, packed. */
export function packRows<T>(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  const blocks = <usize>(cols >> 8);
  const row = blocks * fileBytes<T>();
  for (let g = 0; g < rowGroups; g++) {
    packSide<T>(src, row, dst, 0);
    packSide<T>(src + 4 * row, row, dst, 1);
    src += 8 * row;
    dst += blocks * blockBytes<T>();
  }
}

/** Four file rows -> the first (0) or second (1) vectors of a row group. */
function packSide<T>(src: usize, row: usize, dst: usize, side: usize): void {
  for (const end = src + row; src < end; src += fileBytes<T>()) {
    for (let r: usize = 0; r < 4; r++) {
      const p = src + r * row, o = dst + 8 * side + 2 * r;
      store<u16>(o, load<u16>(p, fileHead<T>()), halvesAt<T>());
      if (hasMinimums<T>()) store<u16>(o, load<u16>(p, fileHead<T>() + 2), halvesAt<T>() + 16);
      packScales<T>(p, o + unitBytes<T>());
    }
    for (let unit: usize = 0; unit < 8; unit++) {
      unitWords<T>(src, row, unit);
      packUnit<T>(dst + 16 * side + chunkBytes<T>() * (unit >> 1) + secondAt<T>() * (unit & 1));
    }
    dst += blockBytes<T>();
  }
}

/** A row's scales in its block at `p` -> their places in packed chunks, o being the row's in the first. */
@inline
function packScales<T>(p: usize, o: usize): void {
  if (!hasScalesOf16<T>()) {
    for (let i: usize = 0; i < 8; i++) {
      const at = p + 4 + (i & 3);
      const low = <u32>load<u8>(at), middle = <u32>load<u8>(at, 4), high = <u32>load<u8>(at, 8);
      const to = o + chunkBytes<T>() * (i >> 1) + (i & 1);
      store<u8>(to, i < 4 ? middle & 63 : (high >> 4) | ((middle >> 2) & 48));
      store<u8>(to, i < 4 ? low & 63 : (high & 15) | ((low >> 2) & 48), 16);
    }
    return;
  }
  for (let i: usize = 0; i < 16; i++) {
    const to = o + chunkBytes<T>() * (i >> 2) + 16 * (i & 1) + ((i >> 1) & 1);
    if (offsetof<T>() == 2) store<u8>(to, load<u8>(p + i));
    if (offsetof<T>() == 3) {
      const low = (<u32>load<u8>(p + (i & 7), 96) >> (i >> 3 << 2)) & 15;
      const high = (<u32>load<u8>(p + (i & 3), 104) >> (i >> 2 << 1)) & 3;
      store<u8>(to, (low | (high << 4)) - 32);
    }
    if (offsetof<T>() == 6) store<u8>(to, load<u8>(p + i, 192));
  }
}

/** 16 columns, from 16 i on, of the file's block at `p`. */
@inline
function columns<T>(p: usize, i: usize): v128 {
  const last = (i & 1) << 4, quarter = <i32>(i >> 1) & 3, half = i >> 3;
  if (offsetof<T>() == 2) {
    return v128.and(i16x8.shr_u(v128.load(p + 32 * half + last, 16), 2 * quarter), i8x16.splat(3));
  }
  if (offsetof<T>() == 3) {
    const low = v128.and(i16x8.shr_u(v128.load(p + 32 * half + last, 32), 2 * quarter), i8x16.splat(3));
    const high = v128.and(i16x8.shr_u(v128.load(p + last), <i32>(i >> 1)), i8x16.splat(1));
    return v128.or(low, i16x8.shl(high, 2));
  }
  if (offsetof<T>() == 6) {
    const from = p + 64 * half + 32 * <usize>(quarter & 1) + last;
    const low = v128.and(i16x8.shr_u(v128.load(from), quarter >> 1 << 2), i8x16.splat(15));
    const high = v128.and(i16x8.shr_u(v128.load(p + 32 * half + last, 128), 2 * quarter), i8x16.splat(3));
    return v128.or(low, i16x8.shl(high, 4));
  }
  const from = p + 32 * (i >> 2) + last + (offsetof<T>() == 4 ? 16 : 48);
  const low = v128.and(i16x8.shr_u(v128.load(from), <i32>(i & 2) << 1), i8x16.splat(15));
  if (offsetof<T>() == 4) return low;
  const high = v128.and(i16x8.shr_u(v128.load(p + last, 16), <i32>(i >> 1)), i8x16.splat(1));
  return v128.or(low, i16x8.shl(high, 4));
}

/** The words of unit `unit` of four rows' blocks -> `words`. */
@inline
function unitWords<T>(p: usize, row: usize, unit: usize): void {
  const i = 4 * (unit >> 1) + (unit & 1);
  const a0 = columns<T>(p, i), b0 = columns<T>(p, i + 2);
  const a1 = columns<T>(p + row, i), b1 = columns<T>(p + row, i + 2);
  const a2 = columns<T>(p + 2 * row, i), b2 = columns<T>(p + 2 * row, i + 2);
  const a3 = columns<T>(p + 3 * row, i), b3 = columns<T>(p + 3 * row, i + 2);
  transpose(zipLow(a0, b0), zipLow(a1, b1), zipLow(a2, b2), zipLow(a3, b3), words);
  transpose(zipHigh(a0, b0), zipHigh(a1, b1), zipHigh(a2, b2), zipHigh(a3, b3), words + 64);
}

/** Pairs of bytes in turn, from the low halves of a and b. */
@inline
function zipLow(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

/** Pairs of bytes in turn, from the high halves of a and b. */
@inline
function zipHigh(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** a's bytes, and some bits of b's, shifted left. */
@inline
function put(a: v128, b: v128, mask: i8, shift: i32): v128 {
  return v128.or(a, i16x8.shl(v128.and(b, i8x16.splat(mask)), shift));
}

/** `words` -> the vectors of a unit for four rows at o, o + 32 …: what unpackUnit undoes. */
@inline
function packUnit<T>(o: usize): void {
  const w0 = v128.load(words, 0), w1 = v128.load(words, 16), w2 = v128.load(words, 32), w3 = v128.load(words, 48);
  const w4 = v128.load(words, 64), w5 = v128.load(words, 80), w6 = v128.load(words, 96), w7 = v128.load(words, 112);
  if (offsetof<T>() == 2) {
    v128.store(o, put(put(put(w0, w1, 3, 2), w2, 3, 4), w3, 3, 6), 0);
    v128.store(o, put(put(put(w4, w5, 3, 2), w6, 3, 4), w7, 3, 6), 32);
  } else if (offsetof<T>() == 3) {
    const rest = put(w6, w7, 7, 3);
    v128.store(o, put(put(w0, w1, 7, 3), rest, 3, 6), 0);
    v128.store(o, put(put(w2, w3, 7, 3), i16x8.shr_u(rest, 2), 3, 6), 32);
    v128.store(o, put(put(w4, w5, 7, 3), i16x8.shr_u(rest, 4), 3, 6), 64);
  } else if (offsetof<T>() == 4) {
    v128.store(o, put(w0, w4, 15, 4), 0);
    v128.store(o, put(w1, w5, 15, 4), 32);
    v128.store(o, put(w2, w6, 15, 4), 64);
    v128.store(o, put(w3, w7, 15, 4), 96);
  } else if (offsetof<T>() == 5) {
    const high = i16x8.shr_u(w7, 3);
    v128.store(o, put(w0, w5, 7, 5), 0);
    v128.store(o, put(put(w1, i16x8.shr_u(w5, 3), 3, 5), high, 1, 7), 32);
    v128.store(o, put(w2, w6, 7, 5), 64);
    v128.store(o, put(put(w3, i16x8.shr_u(w6, 3), 3, 5), i16x8.shr_u(high, 1), 1, 7), 96);
    v128.store(o, put(w4, w7, 7, 5), 128);
  } else {
    v128.store(o, put(w0, w3, 3, 6), 0);
    v128.store(o, put(w1, i16x8.shr_u(w3, 2), 3, 6), 32);
    v128.store(o, put(w2, i16x8.shr_u(w3, 4), 3, 6), 64);
    v128.store(o, put(w4, w7, 3, 6), 96);
    v128.store(o, put(w5, i16x8.shr_u(w7, 2), 3, 6), 128);
    v128.store(o, put(w6, i16x8.shr_u(w7, 4), 3, 6), 160);
  }
}

/** See normalizeScales. */
@inline
export function normalizeBlocks<T>(w: usize, rowGroups: i32, cols: i32): i32 {
  return normalizeScales(w, rowGroups * (cols >> 8), blockBytes<T>(), hasMinimums<T>() ? 16 : 8, halvesAt<T>());
}

/** Row `row` of w, times scale -> out [cols] f32. */
export function unpackRow<T>(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  const blocks = <usize>(cols >> 8);
  const r = <usize>(row & 7);
  const m = lowBits<T>(), n = moreBits<T>();
  let p = w + <usize>(row >> 3) * blocks * blockBytes<T>();
  for (const end = p + blocks * blockBytes<T>(); p < end; p += blockBytes<T>()) {
    const head = p + halvesAt<T>() + 2 * r;
    const d = halfAt(head) * scale, dmin = hasMinimums<T>() ? halfAt(head + 16) * scale : <f32>0.0;
    for (let chunk = p; chunk < p + halvesAt<T>(); chunk += chunkBytes<T>()) {
      for (let u: usize = 0; u < 2; u++) {
        unpackUnit<T>(chunk + secondAt<T>() * u, words, m, n);
        rowOfUnit<T>(chunk + unitBytes<T>() + 2 * r, 16 * u, words + 4 * r, out + 64 * u, d, dmin);
      }
      out += 256;
    }
  }
}

/**
 * A row's words of a unit, from w on, times its scales, from p on, -> 16 columns of A at `out`, and of B. unit: 0, or 16
 * for the second.
 */
@inline
function rowOfUnit<T>(p: usize, unit: usize, w: usize, out: usize, d: f32, dmin: f32): void {
  for (let part: usize = 0; part < 2; part++) {
    let scale: f32, minimum: f32;
    if (!hasScalesOf16<T>()) {
      scale = d * <f32>load<u8>(p + part, 16);
      minimum = dmin * <f32>load<u8>(p + part);
    } else if (hasMinimums<T>()) {
      const byte = <u32>load<u8>(p + part + unit);
      scale = d * <f32>(byte & 15);
      minimum = dmin * <f32>(byte >> 4);
    } else {
      scale = d * <f32>load<i8>(p + part + unit);
      minimum = 0;
    }
    for (let i: usize = 0; i < 16; i++) {
      const q = <i32>load<u8>(w + 32 * (i >> 1) + 2 * part + (i & 1)) - (hasMinimums<T>() ? 0 : offsetof<T>() == 3 ? 4 : 32);
      store<f32>(out + 128 * part + 4 * i, scale * <f32>q - minimum);
    }
  }
}
