// Writes keys and values into the cache of one KV head.
//
// Position p is slot p & 31 of the page that the sequence's table names for p >> 5. A page of keys is [dim][32], one of values [32][dim rounded up to 4], the
// rest zeros. Elements are f32; or f16 clamped to +-65504 with subnormals made zero, so that no reader ever meets one;
// or i8 with 32 f32 scales at the end of the page, one a position.

/** Bytes of a page of keys; T: f32, u16 (f16) or i8. */
@inline
export function keyPageBytes<T>(dim: i32): usize {
  return (<usize>dim << 5) * sizeof<T>() + (sizeof<T>() == 1 ? 128 : 0);
}

/** The page that a sequence's table names for its positions from 32 * i on. */
@inline
export function pageOf(pages: usize, i: i32): usize {
  return <usize>load<u32>(pages + (<usize>i << 2));
}

/** Floats, halves or bytes from one position's values to the next. */
@inline
export function valueStep(dim: i32): usize {
  return <usize>((dim + 3) & ~3);
}

/** Bytes of a page of values. */
@inline
export function valuePageBytes<T>(dim: i32): usize {
  return (valueStep(dim) << 5) * sizeof<T>() + (sizeof<T>() == 1 ? 128 : 0);
}

export function store_k_f32(src: usize, srcStride: i32, tokens: i32, dim: i32, k: usize, pages: usize, position: i32): void {
  storeKeys<f32>(src, srcStride, tokens, dim, k, pages, position);
}

export function store_k_f16(src: usize, srcStride: i32, tokens: i32, dim: i32, k: usize, pages: usize, position: i32): void {
  storeKeys<u16>(src, srcStride, tokens, dim, k, pages, position);
}

export function store_k_q8(src: usize, srcStride: i32, tokens: i32, dim: i32, k: usize, pages: usize, position: i32): void {
  storeKeys<i8>(src, srcStride, tokens, dim, k, pages, position);
}

export function store_v_f32(src: usize, srcStride: i32, tokens: i32, dim: i32, v: usize, pages: usize, position: i32): void {
  storeValues<f32>(src, srcStride, tokens, dim, v, pages, position);
}

export function store_v_f16(src: usize, srcStride: i32, tokens: i32, dim: i32, v: usize, pages: usize, position: i32): void {
  storeValues<u16>(src, srcStride, tokens, dim, v, pages, position);
}

export function store_v_q8(src: usize, srcStride: i32, tokens: i32, dim: i32, v: usize, pages: usize, position: i32): void {
  storeValues<i8>(src, srcStride, tokens, dim, v, pages, position);
}

function storeKeys<T>(src: usize, srcStride: i32, tokens: i32, dim: i32, k: usize, pages: usize, position: i32): void {
  const bytes = <usize>dim << 2;
  for (let t = 0; t < tokens; t++) {
    const page = k + pageOf(pages, (position + t) >> 5) * keyPageBytes<T>(dim);
    const slot = <usize>((position + t) & 31);
    const inverse = sizeof<T>() == 1 ? storeScale(src, dim, page + (<usize>dim << 5) + (slot << 2)) : <f32>0.0;
    let o = page + slot * sizeof<T>();
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) {
      const e = toElements<T>(v128.load(src + i), inverse);
      put<T>(o, i32x4.extract_lane(e, 0), 0);
      put<T>(o, i32x4.extract_lane(e, 1), 32 * sizeof<T>());
      put<T>(o, i32x4.extract_lane(e, 2), 64 * sizeof<T>());
      put<T>(o, i32x4.extract_lane(e, 3), 96 * sizeof<T>());
      o += 128 * sizeof<T>();
    }
    for (; i < bytes; i += 4) {
      put<T>(o, i32x4.extract_lane(toElements<T>(v128.load32_zero(src + i), inverse), 0), 0);
      o += 32 * sizeof<T>();
    }
    src += <usize>srcStride << 2;
  }
}

function storeValues<T>(src: usize, srcStride: i32, tokens: i32, dim: i32, v: usize, pages: usize, position: i32): void {
  const bytes = <usize>dim << 2;
  const step = valueStep(dim) * sizeof<T>();
  for (let t = 0; t < tokens; t++) {
    const page = v + pageOf(pages, (position + t) >> 5) * valuePageBytes<T>(dim);
    const slot = <usize>((position + t) & 31);
    const inverse = sizeof<T>() == 1 ? storeScale(src, dim, page + 32 * step + (slot << 2)) : <f32>0.0;
    let o = page + slot * step;
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16, o += 4 * sizeof<T>()) putFour<T>(o, toElements<T>(v128.load(src + i), inverse));
    if (i < bytes) {
      let rest = v128.load32_zero(src + i);
      if (i + 4 < bytes) rest = v128.load32_lane(src + i + 4, rest, 1);
      if (i + 8 < bytes) rest = v128.load32_lane(src + i + 8, rest, 2);
      putFour<T>(o, toElements<T>(rest, inverse));
    }
    src += <usize>srcStride << 2;
  }
}

/** Stores amax / 127 and returns 127 / amax, which is 0 where amax is too small to have an inverse. */
function storeScale(src: usize, dim: i32, to: usize): f32 {
  let most = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 16 <= <usize>dim << 2; i += 16) most = f32x4.pmax(most, f32x4.abs(v128.load(src + i)));
  for (; i < <usize>dim << 2; i += 4) most = f32x4.pmax(most, f32x4.abs(v128.load32_zero(src + i)));
  const amax = max(
    max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
  );
  const usable = amax > <f32>1e-35;
  store<f32>(to, usable ? amax / <f32>127.0 : <f32>0.0);
  return usable ? <f32>127.0 / amax : <f32>0.0;
}

/** Four floats -> four elements in the low bits of each lane. */
@inline
function toElements<T>(v: v128, inverse: f32): v128 {
  if (sizeof<T>() == 4) return v;
  if (sizeof<T>() == 2) return toHalves(v);
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v, f32x4.splat(inverse))));
}

@inline
function put<T>(o: usize, bits: i32, offset: usize): void {
  if (sizeof<T>() == 4) store<i32>(o + offset, bits);
  else if (sizeof<T>() == 2) store<u16>(o + offset, <u16>bits);
  else store<i8>(o + offset, <i8>bits);
}

@inline
function putFour<T>(o: usize, e: v128): void {
  if (sizeof<T>() == 4) {
    v128.store(o, e);
  } else if (sizeof<T>() == 2) {
    v128.store64_lane(o, i16x8.narrow_i32x4_u(e, e), 0);
  } else {
    const words = i16x8.narrow_i32x4_s(e, e);
    v128.store32_lane(o, i8x16.narrow_i16x8_s(words, words), 0);
  }
}

/** Four floats -> the bits of four halves, to nearest even. */
@inline
function toHalves(v: v128): v128 {
  const sign = v128.and(i32x4.shr_u(v, 16), i32x4.splat(0x8000));
  let bits = v128.and(v, i32x4.splat(0x7fffffff));
  bits = i32x4.min_s(bits, i32x4.splat(0x477fe000)); // 65504
  const odd = v128.and(i32x4.shr_u(bits, 13), i32x4.splat(1));
  const rounded = i32x4.shr_u(i32x4.add(i32x4.add(bits, i32x4.splat(0xfff)), odd), 13);
  const half = i32x4.sub(rounded, i32x4.splat(112 << 10));
  const normal = i32x4.gt_s(half, i32x4.splat(0x3ff));
  return v128.or(v128.and(half, normal), sign);
}
