// F32, F16 and BF16 weights: packing, products and row lookup; leans on the SIMD pieces.
//
// Packed: row group after row group (4 rows), column after column: the 4 rows' elements as the file has them.
// An element of the result is two partial sums, of the even and of the odd columns, each in order, added at the end.
// T stands for the element: f32; u16 for f16; i16 for bf16.
import { floatAt, HALF_MASK, HALF_SCALE, loadFour, madd } from "./simd.as";
import { normalizeScales } from "./subnormal.as";
import { streamGroups } from "./streams.as";

const TILE: i32 = 3;
/** Bytes of activations copied at a time, beside the panels, to stay in the second-level cache. */
const CHUNK_BYTES: usize = 384 << 10;

export function pack_f32(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  const row = <usize>cols << 2;
  for (let g = 0; g < rowGroups; g++) {
    let a = src, b = src + row, c = src + 2 * row, d = src + 3 * row;
    let k = 0;
    for (; k + 4 <= cols; k += 4) {
      const va = v128.load(a), vb = v128.load(b), vc = v128.load(c), vd = v128.load(d);
      const ab0 = v128.shuffle<i32>(va, vb, 0, 4, 1, 5), ab1 = v128.shuffle<i32>(va, vb, 2, 6, 3, 7);
      const cd0 = v128.shuffle<i32>(vc, vd, 0, 4, 1, 5), cd1 = v128.shuffle<i32>(vc, vd, 2, 6, 3, 7);
      v128.store(dst, v128.shuffle<i64>(ab0, cd0, 0, 2), 0);
      v128.store(dst, v128.shuffle<i64>(ab0, cd0, 1, 3), 16);
      v128.store(dst, v128.shuffle<i64>(ab1, cd1, 0, 2), 32);
      v128.store(dst, v128.shuffle<i64>(ab1, cd1, 1, 3), 48);
      a += 16;
      b += 16;
      c += 16;
      d += 16;
      dst += 64;
    }
    for (; k < cols; k++) {
      store<u32>(dst, load<u32>(a), 0);
      store<u32>(dst, load<u32>(b), 4);
      store<u32>(dst, load<u32>(c), 8);
      store<u32>(dst, load<u32>(d), 12);
      a += 4;
      b += 4;
      c += 4;
      d += 4;
      dst += 16;
    }
    src += 4 * row;
  }
}

export function pack_f16(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  packHalves(src, dst, rowGroups, cols);
}

export function pack_bf16(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  packHalves(src, dst, rowGroups, cols);
}

function packHalves(src: usize, dst: usize, rowGroups: i32, cols: i32): void {
  const row = <usize>cols << 1;
  for (let g = 0; g < rowGroups; g++) {
    let a = src, b = src + row, c = src + 2 * row, d = src + 3 * row;
    let k = 0;
    for (; k + 8 <= cols; k += 8) {
      const va = v128.load(a), vb = v128.load(b), vc = v128.load(c), vd = v128.load(d);
      const ab0 = v128.shuffle<i16>(va, vb, 0, 8, 1, 9, 2, 10, 3, 11);
      const ab1 = v128.shuffle<i16>(va, vb, 4, 12, 5, 13, 6, 14, 7, 15);
      const cd0 = v128.shuffle<i16>(vc, vd, 0, 8, 1, 9, 2, 10, 3, 11);
      const cd1 = v128.shuffle<i16>(vc, vd, 4, 12, 5, 13, 6, 14, 7, 15);
      v128.store(dst, v128.shuffle<i32>(ab0, cd0, 0, 4, 1, 5), 0);
      v128.store(dst, v128.shuffle<i32>(ab0, cd0, 2, 6, 3, 7), 16);
      v128.store(dst, v128.shuffle<i32>(ab1, cd1, 0, 4, 1, 5), 32);
      v128.store(dst, v128.shuffle<i32>(ab1, cd1, 2, 6, 3, 7), 48);
      a += 16;
      b += 16;
      c += 16;
      d += 16;
      dst += 64;
    }
    for (; k < cols; k++) {
      store<u16>(dst, load<u16>(a), 0);
      store<u16>(dst, load<u16>(b), 2);
      store<u16>(dst, load<u16>(c), 4);
      store<u16>(dst, load<u16>(d), 6);
      a += 2;
      b += 2;
      c += 2;
      d += 2;
      dst += 8;
    }
    src += 4 * row;
  }
}

/** See normalizeScales; every weight counts. */
export function normalize_f16(w: usize, rowGroups: i32, cols: i32): i32 {
  return normalizeScales(w, rowGroups * cols, 8);
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

// @ts-ignore: decorator
@inline
function unpackRow<T>(w: usize, cols: i32, row: i32, out: usize, scale: f32): void {
  let p = w + (<usize>(row >> 2) * <usize>cols * 4 + <usize>(row & 3)) * sizeof<T>();
  for (let k = 0; k < cols; k++) {
    store<f32>(out, floatAt<T>(p) * scale);
    p += 4 * sizeof<T>();
    out += 4;
  }
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
  product<u16>(w, rowGroups, cols, x, xStride, tokens, y, yStride, scale, scratch);
}

export function matmul_bf16(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  product<i16>(w, rowGroups, cols, x, xStride, tokens, y, yStride, scale, scratch);
}

/** scratch: cols * 32 bytes for a panel (two row groups, vector beside vector, see panel.as.ts), then max(CHUNK_BYTES, cols * 12) for activations. */
function product<T>(
  w: usize, rowGroups: i32, cols: i32, x: usize, xStride: i32, tokens: i32, y: usize, yStride: i32, scale: f32,
  scratch: usize,
): void {
  const group = <usize>cols * 4 * sizeof<T>();
  const xStep = <usize>xStride << 2, yStep = <usize>yStride << 2;
  if (tokens < 3) {
    for (let t = 0; t < tokens; t++) {
      oneToken<T>(w, rowGroups, cols, x, y, scale);
      x += xStep;
      y += yStep;
    }
    return;
  }
  const tiles = scratch + (<usize>cols << 5);
  const tileBytes = <usize>cols * 12;
  const chunk = max<i32>(1, <i32>(CHUNK_BYTES / tileBytes)) * TILE;
  for (let t0 = 0; t0 < tokens; t0 += chunk) {
    const end = min(tokens, t0 + chunk);
    for (let t = t0, o = tiles; t < end; t += TILE, o += tileBytes) {
      packTile(x + <usize>t * xStep, xStep, cols, min(TILE, end - t), o);
    }
    for (let g = 0; g < rowGroups; g += 2) {
      const p = w + <usize>g * group;
      const both = g + 1 < rowGroups;
      widen<T>(p, cols, scratch);
      if (both) widen<T>(p + group, cols, scratch + 16);
      for (let t = t0, o = tiles; t < end; t += TILE, o += tileBytes) {
        const to = y + <usize>t * yStep + (<usize>g << 4);
        if (both) tile2x3(scratch, cols, o, min(TILE, end - t), to, yStep, scale);
        else tile3(scratch, cols, o, min(TILE, end - t), to, yStep, scale);
      }
    }
  }
}

/** A packed row group -> one half of an f32 panel. */
function widen<T>(p: usize, cols: i32, o: usize): void {
  const mask = HALF_MASK, size = HALF_SCALE;
  for (let k = 0; k < cols; k++) {
    v128.store(o, loadFour<T>(p, mask, size));
    p += 4 * sizeof<T>();
    o += 32;
  }
}

/** Up to 3 rows of activations -> column after column of 3; missing tokens are zero. */
function packTile(x: usize, xStep: usize, cols: i32, tile: i32, o: usize): void {
  if (tile < TILE) memory.fill(o, 0, <usize>cols * 12);
  for (let t = 0; t < tile; t++) {
    for (let k = 0, p = x, q = o; k < cols; k++, p += 4, q += 12) store<f32>(q, load<f32>(p));
    x += xStep;
    o += 4;
  }
}

/** A panel times three tokens: a broadcast of an activation serves both. a, c: even columns; b, d: odd ones. */
function tile2x3(w: usize, cols: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32): void {
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, b0 = a0, b1 = a0, b2 = a0;
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
  if (tile > 1) putBoth(y + yStep, a1, b1, c1, d1, scale);
  if (tile > 2) putBoth(y + 2 * yStep, a2, b2, c2, d2, scale);
}

/** The same for the first half alone. */
function tile3(w: usize, cols: i32, x: usize, tile: i32, y: usize, yStep: usize, scale: f32): void {
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, b0 = a0, b1 = a0, b2 = a0;
  let k = 0;
  for (; k + 2 <= cols; k += 2) {
    const v = v128.load(w), u = v128.load(w, 32);
    a0 = madd(v, v128.load32_splat(x, 0), a0);
    a1 = madd(v, v128.load32_splat(x, 4), a1);
    a2 = madd(v, v128.load32_splat(x, 8), a2);
    b0 = madd(u, v128.load32_splat(x, 12), b0);
    b1 = madd(u, v128.load32_splat(x, 16), b1);
    b2 = madd(u, v128.load32_splat(x, 20), b2);
    w += 64;
    x += 24;
  }
  if (k < cols) {
    const v = v128.load(w);
    a0 = madd(v, v128.load32_splat(x, 0), a0);
    a1 = madd(v, v128.load32_splat(x, 4), a1);
    a2 = madd(v, v128.load32_splat(x, 8), a2);
  }
  put(y, a0, b0, scale);
  if (tile > 1) put(y + yStep, a1, b1, scale);
  if (tile > 2) put(y + 2 * yStep, a2, b2, scale);
}

// @ts-ignore: decorator
@inline
function put(y: usize, even: v128, odd: v128, scale: f32): void {
  v128.store(y, f32x4.mul(f32x4.add(even, odd), f32x4.splat(scale)));
}

// @ts-ignore: decorator
@inline
function putBoth(y: usize, even: v128, odd: v128, even2: v128, odd2: v128, scale: f32): void {
  const by = f32x4.splat(scale);
  v128.store(y, f32x4.mul(f32x4.add(even, odd), by), 0);
  v128.store(y, f32x4.mul(f32x4.add(even2, odd2), by), 16);
}

/** A matrix times one token, from four distant row groups at once. */
function oneToken<T>(w: usize, rowGroups: i32, cols: i32, x: usize, y: usize, scale: f32): void {
  const group = <usize>cols * 4 * sizeof<T>();
  const part = streamGroups(rowGroups, group);
  const stride = <usize>part * group;
  const yPart = <usize>part << 4;
  for (let g = 0; g < part; g++) {
    fourGroups<T>(w, stride, cols, x, y, yPart, scale);
    w += group;
    y += 16;
  }
  w += 3 * stride;
  y += 3 * yPart;
  for (let g = part << 2; g < rowGroups; g++) {
    oneGroup<T>(w, cols, x, y, scale);
    w += group;
    y += 16;
  }
}

// @ts-ignore: decorator
@inline
function fourGroups<T>(p0: usize, stride: usize, cols: i32, x: usize, y: usize, yPart: usize, scale: f32): void {
  let p1 = p0 + stride, p2 = p1 + stride, p3 = p2 + stride;
  const mask = HALF_MASK, size = HALF_SCALE;
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  const next = 4 * sizeof<T>();
  let k = 0;
  for (; k + 4 <= cols; k += 4) {
    let s = v128.load32_splat(x, 0);
    a0 = madd(loadFour<T>(p0, mask, size), s, a0);
    a1 = madd(loadFour<T>(p1, mask, size), s, a1);
    a2 = madd(loadFour<T>(p2, mask, size), s, a2);
    a3 = madd(loadFour<T>(p3, mask, size), s, a3);
    s = v128.load32_splat(x, 4);
    b0 = madd(loadFour<T>(p0 + next, mask, size), s, b0);
    b1 = madd(loadFour<T>(p1 + next, mask, size), s, b1);
    b2 = madd(loadFour<T>(p2 + next, mask, size), s, b2);
    b3 = madd(loadFour<T>(p3 + next, mask, size), s, b3);
    s = v128.load32_splat(x, 8);
    a0 = madd(loadFour<T>(p0 + 2 * next, mask, size), s, a0);
    a1 = madd(loadFour<T>(p1 + 2 * next, mask, size), s, a1);
    a2 = madd(loadFour<T>(p2 + 2 * next, mask, size), s, a2);
    a3 = madd(loadFour<T>(p3 + 2 * next, mask, size), s, a3);
    s = v128.load32_splat(x, 12);
    b0 = madd(loadFour<T>(p0 + 3 * next, mask, size), s, b0);
    b1 = madd(loadFour<T>(p1 + 3 * next, mask, size), s, b1);
    b2 = madd(loadFour<T>(p2 + 3 * next, mask, size), s, b2);
    b3 = madd(loadFour<T>(p3 + 3 * next, mask, size), s, b3);
    p0 += 4 * next;
    p1 += 4 * next;
    p2 += 4 * next;
    p3 += 4 * next;
    x += 16;
  }
  for (; k < cols; k++) {
    const s = v128.load32_splat(x);
    if ((k & 1) == 0) {
      a0 = madd(loadFour<T>(p0, mask, size), s, a0);
      a1 = madd(loadFour<T>(p1, mask, size), s, a1);
      a2 = madd(loadFour<T>(p2, mask, size), s, a2);
      a3 = madd(loadFour<T>(p3, mask, size), s, a3);
    } else {
      b0 = madd(loadFour<T>(p0, mask, size), s, b0);
      b1 = madd(loadFour<T>(p1, mask, size), s, b1);
      b2 = madd(loadFour<T>(p2, mask, size), s, b2);
      b3 = madd(loadFour<T>(p3, mask, size), s, b3);
    }
    p0 += next;
    p1 += next;
    p2 += next;
    p3 += next;
    x += 4;
  }
  put(y, a0, b0, scale);
  put(y + yPart, a1, b1, scale);
  put(y + 2 * yPart, a2, b2, scale);
  put(y + 3 * yPart, a3, b3, scale);
}

// @ts-ignore: decorator
@inline
function oneGroup<T>(p: usize, cols: i32, x: usize, y: usize, scale: f32): void {
  const mask = HALF_MASK, size = HALF_SCALE;
  let a = f32x4.splat(0), b = a;
  for (let k = 0; k < cols; k++) {
    const s = v128.load32_splat(x);
    if ((k & 1) == 0) a = madd(loadFour<T>(p, mask, size), s, a);
    else b = madd(loadFour<T>(p, mask, size), s, b);
    p += 4 * sizeof<T>();
    x += 4;
  }
  put(y, a, b, scale);
}
