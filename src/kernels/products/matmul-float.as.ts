// F32, F16 and BF16 weights: packing, products and row lookup.
//
// Packed: row group after row group (8 rows), word after word of 32 bits: the 8 rows' words as the file has them. A word is
// a column of F32, or two of F16 and BF16, the even one below; an odd last column of these follows as 8 halves.
// An element of the result is two partial sums, of the even and of the odd columns, each in order, added at the end.
// T stands for the element: f32; u16 for f16; i16 for bf16.
//
// Halves are multiplied as they widen, 2^-112 of their value, by 2^56 of the activations; what is 2^-56 too small is put right
// at the end. All of it is exact, between sums of 2^-46 and activations of 2^71.
import { floatAt, halfMask, madd, storeRows, upperHalves, zeros } from "../module/simd.as";
import { transpose } from "./matmul-q4_0.as";
import { chunkOf, TILE, wholeTiles } from "./quantize-activations.as";
import { normalizeScales } from "./subnormal.as";
import { streamGroups } from "./streams.as";

/** What activations of F16 weights are multiplied by, and their products: 2^56. */
const LIFT: f32 = reinterpret<f32>(0x5b800000);

export function pack_f32(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  pack<f32>(src, dst, rowGroups, cols);
}

export function pack_f16(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  pack<u16>(src, dst, rowGroups, cols);
}

export function pack_bf16(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  pack<u16>(src, dst, rowGroups, cols);
}

/** Bytes of a row group. */
@inline
function groupBytes<T>(cols: i32): usize {
  return <usize>cols * 8 * sizeof<T>();
}

/** Words of 32 bits in a row. */
@inline
function wordsOf<T>(cols: i32): i32 {
  return isFloat<T>() ? cols : cols >> 1;
}

/** src: 8 * rowGroups file rows -> dst, packed. */
function pack<T>(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  const row = <usize>cols * sizeof<T>(), words = wordsOf<T>(cols);
  for (let g = 0; g < rowGroups; g++) {
    packSide(src, row, words, dst);
    packSide(src + 4 * row, row, words, dst + 16);
    if (!isFloat<T>() && (cols & 1) != 0) {
      const last = src + row - 2, to = dst + groupBytes<T>(cols) - 16;
      for (let r: usize = 0; r < 8; r++) store<u16>(to + 2 * r, load<u16>(last + r * row));
    }
    src += 8 * row;
    dst += groupBytes<T>(cols);
  }
}

/** Words of 4 rows -> every other vector from `dst` on. */
export function packSide(a: usize, row: usize, words: i32, dst: usize): void {
  const b = a + row, c = b + row, d = c + row;
  const whole = words & ~3;
  let at: usize = 0;
  for (let k = 0; k < whole; k += 4) {
    const va = v128.load(a + at), vb = v128.load(b + at), vc = v128.load(c + at), vd = v128.load(d + at);
    transpose(va, vb, vc, vd, dst, 32);
    at += 16;
    dst += 128;
  }
  for (let k = whole; k < words; k++) {
    store<u32>(dst, load<u32>(a + at), 0);
    store<u32>(dst, load<u32>(b + at), 4);
    store<u32>(dst, load<u32>(c + at), 8);
    store<u32>(dst, load<u32>(d + at), 12);
    at += 4;
    dst += 32;
  }
}

/** See normalizeScales; every weight counts. */
export function normalize_f16(w: usize, rowGroups: i32, cols: i32): i32 {
  return normalizeScales(w, rowGroups * cols, 16, 8);
}

export function unpack_row_f32(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  unpackRow<f32>(w, cols, row, out, scale);
}

export function unpack_row_f16(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  unpackRow<u16>(w, cols, row, out, scale);
}

export function unpack_row_bf16(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  unpackRow<i16>(w, cols, row, out, scale);
}

@inline
function unpackRow<T>(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  const group = w + <usize>(row >> 3) * groupBytes<T>(cols), lane = <usize>(row & 7);
  const words = wordsOf<T>(cols);
  let p = group + 4 * lane;
  for (let k = 0; k < words; k++) {
    store<f32>(out, floatAt<T>(p) * scale);
    if (!isFloat<T>()) {
      out += 4;
      store<f32>(out, floatAt<T>(p + 2) * scale);
    }
    p += 32;
    out += 4;
  }
  if (!isFloat<T>() && (cols & 1) != 0) store<f32>(out, floatAt<T>(p - 2 * lane) * scale);
}

export function matmul_f32(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  product<f32>(w, rowGroups, cols, x, xStride, tokens, y, yStride, scale, scratch);
}

export function matmul_f16(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  product<u16>(w, rowGroups, cols, x, xStride, tokens, y, yStride, scale * LIFT, scratch);
}

export function matmul_bf16(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  product<i16>(w, rowGroups, cols, x, xStride, tokens, y, yStride, scale, scratch);
}

/** scratch: cols * 32 bytes for a panel (f32, 8 rows a column), then a chunk of activations, at least cols * 12. */
function product<T>(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  const xStep = <usize>xStride << 2, yStep = <usize>yStride << 2, whole = wholeTiles(tokens);
  for (let t = whole, at = x + <usize>whole * xStep; t < tokens; t++, at += xStep) {
    if (isHalf<T>()) lift(at, cols, scratch);
    oneToken<T>(w, rowGroups, cols, isHalf<T>() ? scratch : at, y + <usize>t * yStep, scale);
  }
  const tiles = scratch + (<usize>cols << 5);
  const tileBytes = <usize>cols * 12;
  const chunk = chunkOf(tileBytes);
  for (let t0 = 0; t0 < whole; t0 += chunk) {
    const end = min(whole, t0 + chunk);
    for (let t = t0, o = tiles; t < end; t += TILE, o += tileBytes) {
      packTile(x + <usize>t * xStep, xStep, cols, isHalf<T>() ? LIFT : 1, o);
    }
    for (let g = 0; g < rowGroups; g++) {
      widen<T>(w + <usize>g * groupBytes<T>(cols), cols, scratch);
      for (let t = t0, o = tiles; t < end; t += TILE, o += tileBytes) {
        tile2x3(scratch, cols, o, y + <usize>t * yStep + (<usize>g << 5), yStep, scale);
      }
    }
  }
}

@inline
function isHalf<T>(): bool {
  return !isFloat<T>() && !isSigned<T>();
}

/** A row of activations, times LIFT. */
function lift(x: usize, cols: i32, o: usize): void {
  const by = f32x4.splat(LIFT);
  for (const end = x + ((<usize>cols & ~3) << 2); x < end; x += 16, o += 16) v128.store(o, f32x4.mul(v128.load(x), by));
  for (let k = cols & 3; k > 0; k--, x += 4, o += 4) store<f32>(o, load<f32>(x) * LIFT);
}

/** The even columns of words (the only ones of F32); halves 2^-112 of their value. */
@inline
function even<T>(words: v128, mask: v128): v128 {
  if (isFloat<T>()) return words;
  const upper = i32x4.shl(words, 16);
  return isSigned<T>() ? upper : v128.and(i32x4.shr_s(upper, 3), mask);
}

/** The odd columns. */
@inline
function odd<T>(words: v128, mask: v128): v128 {
  return v128.and(isSigned<T>() ? words : i32x4.shr_s(words, 3), mask);
}

/** The bits that remain of a column in the upper half of a word. */
@inline
function maskOf<T>(): v128 {
  return isSigned<T>() ? upperHalves() : halfMask();
}

/** A packed row group -> an f32 panel. */
function widen<T>(p: usize, cols: i32, o: usize): void {
  const mask = maskOf<T>(), words = wordsOf<T>(cols);
  for (let k = 0; k < words; k++) {
    const v = v128.load(p, 0), u = v128.load(p, 16);
    v128.store(o, even<T>(v, mask), 0);
    v128.store(o, even<T>(u, mask), 16);
    if (!isFloat<T>()) {
      o += 32;
      v128.store(o, odd<T>(v, mask), 0);
      v128.store(o, odd<T>(u, mask), 16);
    }
    p += 32;
    o += 32;
  }
  if (!isFloat<T>() && (cols & 1) != 0) {
    v128.store(o, even<T>(v128.load16x4_u(p, 0), mask), 0);
    v128.store(o, even<T>(v128.load16x4_u(p, 8), mask), 16);
  }
}

/** 3 rows of activations, times `by` -> column after column of 3. */
export function packTile(x: usize, xStep: usize, cols: i32, by: f32, o: usize): void {
  for (let t = 0; t < TILE; t++) {
    for (let k = 0, p = x, q = o; k < cols; k++, p += 4, q += 12) store<f32>(q, load<f32>(p) * by);
    x += xStep;
    o += 4;
  }
}

/** A panel times three tokens: a broadcast of an activation serves both. a, c: even columns; b, d: odd ones. */
export function tile2x3(w: usize, cols: i32, x: usize, y: usize, yStep: usize, scale: f32): void {
  let a0 = zeros(), a1 = a0, a2 = a0, b0 = a0, b1 = a0, b2 = a0;
  let c0 = a0, c1 = a0, c2 = a0, d0 = a0, d1 = a0, d2 = a0;
  let v = a0, u = a0, s = a0;
  let k = 0;
  for (; k + 2 <= cols; k += 2) {
    v = v128.load(w, 0);
    u = v128.load(w, 16);
    s = v128.load32_splat(x, 0);
    a0 = madd(v, s, a0);
    c0 = madd(u, s, c0);
    s = v128.load32_splat(x, 4);
    a1 = madd(v, s, a1);
    c1 = madd(u, s, c1);
    s = v128.load32_splat(x, 8);
    a2 = madd(v, s, a2);
    c2 = madd(u, s, c2);
    v = v128.load(w, 32);
    u = v128.load(w, 48);
    s = v128.load32_splat(x, 12);
    b0 = madd(v, s, b0);
    d0 = madd(u, s, d0);
    s = v128.load32_splat(x, 16);
    b1 = madd(v, s, b1);
    d1 = madd(u, s, d1);
    s = v128.load32_splat(x, 20);
    b2 = madd(v, s, b2);
    d2 = madd(u, s, d2);
    w += 64;
    x += 24;
  }
  if (k < cols) {
    v = v128.load(w, 0);
    u = v128.load(w, 16);
    s = v128.load32_splat(x, 0);
    a0 = madd(v, s, a0);
    c0 = madd(u, s, c0);
    s = v128.load32_splat(x, 4);
    a1 = madd(v, s, a1);
    c1 = madd(u, s, c1);
    s = v128.load32_splat(x, 8);
    a2 = madd(v, s, a2);
    c2 = madd(u, s, c2);
  }
  putBoth(y, a0, b0, c0, d0, scale);
  putBoth(y + yStep, a1, b1, c1, d1, scale);
  putBoth(y + 2 * yStep, a2, b2, c2, d2, scale);
}

@inline
export function putBoth(y: usize, even: v128, odd: v128, even2: v128, odd2: v128, scale: f32): void {
  const by = f32x4.splat(scale);
  storeRows(y, f32x4.add(even, odd), f32x4.add(even2, odd2), by);
}

/** A matrix times one token, from two distant row groups at once. */
function oneToken<T>(w: usize, rowGroups: i32, cols: i32, x: usize, y: usize, scale: f32): void {
  const group = groupBytes<T>(cols);
  const part = streamGroups(rowGroups, group);
  const apart = <usize>(rowGroups - part);
  for (let g = 0; g < part; g++) {
    twoGroups<T>(w, apart * group, cols, x, y, apart << 5, scale);
    w += group;
    y += 32;
  }
}

/** Two row groups, `stride` bytes apart, times a token -> y, `yStride` bytes apart. a, b: the sides of the first, even and odd columns; c, d: of the second. */
@inline
function twoGroups<T>(p: usize, stride: usize, cols: i32, x: usize, y: usize, yStride: usize, scale: f32): void {
  let q = p + stride;
  const mask = maskOf<T>();
  let a0 = zeros(), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
  const pairs = cols >> 1;
  for (let k = 0; k < pairs; k++) {
    let s = v128.load32_splat(x, 0);
    let v = v128.load(p, 0), u = v128.load(p, 16);
    a0 = madd(even<T>(v, mask), s, a0);
    a1 = madd(even<T>(u, mask), s, a1);
    let r = v128.load(q, 0), t = v128.load(q, 16);
    c0 = madd(even<T>(r, mask), s, c0);
    c1 = madd(even<T>(t, mask), s, c1);
    s = v128.load32_splat(x, 4);
    if (isFloat<T>()) {
      v = v128.load(p, 32);
      u = v128.load(p, 48);
      r = v128.load(q, 32);
      t = v128.load(q, 48);
      b0 = madd(v, s, b0);
      b1 = madd(u, s, b1);
      d0 = madd(r, s, d0);
      d1 = madd(t, s, d1);
    } else {
      b0 = madd(odd<T>(v, mask), s, b0);
      b1 = madd(odd<T>(u, mask), s, b1);
      d0 = madd(odd<T>(r, mask), s, d0);
      d1 = madd(odd<T>(t, mask), s, d1);
    }
    p += isFloat<T>() ? 64 : 32;
    q += isFloat<T>() ? 64 : 32;
    x += 8;
  }
  if ((cols & 1) != 0) {
    const s = v128.load32_splat(x, 0);
    a0 = madd(even<T>(last<T>(p, 0), mask), s, a0);
    a1 = madd(even<T>(last<T>(p, 1), mask), s, a1);
    c0 = madd(even<T>(last<T>(q, 0), mask), s, c0);
    c1 = madd(even<T>(last<T>(q, 1), mask), s, c1);
  }
  putBoth(y, a0, b0, a1, b1, scale);
  putBoth(y + yStride, c0, d0, c1, d1, scale);
}

/** An odd last column of a side of a row group. */
@inline
function last<T>(p: usize, side: usize): v128 {
  return isFloat<T>() ? v128.load(p + 16 * side) : v128.load16x4_u(p + 8 * side);
}
