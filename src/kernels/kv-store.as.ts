// Writes keys and values into the cache of one KV head; leans on nothing.
//
// K is [block][headDim][32], V is [block][32][headDim]; position p is slot p & 31 of block p >> 5. Elements are f32, or
// f16 clamped to +-65504 with subnormals made zero, so that no reader ever meets one.

export function store_k_f32(src: usize, srcStride: i32, tokens: i32, headDim: i32, k: usize, position: i32): void {
  for (let t = 0; t < tokens; t++) {
    let o = k + ((<usize>((position + t) >> 5) * <usize>headDim) << 7) + (<usize>((position + t) & 31) << 2);
    for (let i: usize = 0; i < <usize>headDim << 2; i += 4, o += 128) store<f32>(o, load<f32>(src + i));
    src += <usize>srcStride << 2;
  }
}

export function store_k_f16(src: usize, srcStride: i32, tokens: i32, headDim: i32, k: usize, position: i32): void {
  for (let t = 0; t < tokens; t++) {
    let o = k + ((<usize>((position + t) >> 5) * <usize>headDim) << 6) + (<usize>((position + t) & 31) << 1);
    for (let i: usize = 0; i < <usize>headDim << 2; i += 16) {
      const h = toHalves(v128.load(src + i));
      store<u16>(o, <u16>i32x4.extract_lane(h, 0), 0);
      store<u16>(o, <u16>i32x4.extract_lane(h, 1), 64);
      store<u16>(o, <u16>i32x4.extract_lane(h, 2), 128);
      store<u16>(o, <u16>i32x4.extract_lane(h, 3), 192);
      o += 256;
    }
    src += <usize>srcStride << 2;
  }
}

export function store_v_f32(src: usize, srcStride: i32, tokens: i32, headDim: i32, v: usize, position: i32): void {
  const row = <usize>headDim << 2;
  for (let t = 0; t < tokens; t++) {
    memory.copy(v + <usize>(position + t) * row, src, row);
    src += <usize>srcStride << 2;
  }
}

export function store_v_f16(src: usize, srcStride: i32, tokens: i32, headDim: i32, v: usize, position: i32): void {
  const row = <usize>headDim << 1;
  for (let t = 0; t < tokens; t++) {
    let o = v + <usize>(position + t) * row;
    for (let i: usize = 0; i < <usize>headDim << 2; i += 16, o += 8) {
      const h = toHalves(v128.load(src + i));
      v128.store64_lane(o, i16x8.narrow_i32x4_u(h, h), 0);
    }
    src += <usize>srcStride << 2;
  }
}

/** Four floats -> the bits of four halves, to nearest even. */
// @ts-ignore: decorator
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
