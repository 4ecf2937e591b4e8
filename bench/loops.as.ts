// The ceilings for bench/kernels.mjs: a plain read of memory, unrolled products in registers.

/** Reads `bytes` bytes, 64 at a time. */
export function read(p: usize, bytes: usize): i32 {
  let a = i32x4.splat(0), b = a, c = a, d = a;
  for (const end = p + bytes; p < end; p += 64) {
    a = v128.or(a, v128.load(p, 0));
    b = v128.or(b, v128.load(p, 16));
    c = v128.or(c, v128.load(p, 32));
    d = v128.or(d, v128.load(p, 48));
  }
  return i32x4.extract_lane(v128.or(v128.or(a, b), v128.or(c, d)), 0);
}

/** `steps` times 8 multiply-adds of 4 floats (64 FLOP a step), without touching memory. */
export function multiply(steps: i32): f32 {
  let a = f32x4.splat(1), b = f32x4.splat(2), c = f32x4.splat(3), d = f32x4.splat(4);
  let e = f32x4.splat(5), f = f32x4.splat(6), g = f32x4.splat(7), h = f32x4.splat(8);
  const x = v128.load(64), y = v128.load(80); // a literal would be built anew at every use
  for (let i = 0; i < steps; i++) {
    a = madd(a, x, y);
    b = madd(b, x, y);
    c = madd(c, x, y);
    d = madd(d, x, y);
    e = madd(e, x, y);
    f = madd(f, x, y);
    g = madd(g, x, y);
    h = madd(h, x, y);
  }
  return f32x4.extract_lane(f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(f32x4.add(e, f), f32x4.add(g, h))), 0);
}

/** `steps` times 8 products of 16 bytes, added up in i32 lanes (256 OP a step), without touching memory. */
export function dot(steps: i32): i32 {
  const x = v128.load(64), w = v128.and(v128.load(80), i8x16.splat(15));
  let a = i32x4.splat(0), b = i32x4.splat(1), c = i32x4.splat(2), d = i32x4.splat(3);
  let e = i32x4.splat(4), f = i32x4.splat(5), g = i32x4.splat(6), h = i32x4.splat(7);
  for (let i = 0; i < steps; i++) {
    a = product(x, w, a);
    b = product(x, w, b);
    c = product(x, w, c);
    d = product(x, w, d);
    e = product(x, w, e);
    f = product(x, w, f);
    g = product(x, w, g);
    h = product(x, w, h);
  }
  return i32x4.extract_lane(i32x4.add(i32x4.add(i32x4.add(a, b), i32x4.add(c, d)), i32x4.add(i32x4.add(e, f), i32x4.add(g, h))), 0);
}

// @ts-ignore: decorator
@inline
function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// @ts-ignore: decorator
@inline
function product(x: v128, w: v128, acc: v128): v128 {
  // x varies with the sum, so that nothing moves out of the loop
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.xor(x, acc), w, acc);
  const even = i32x4.dot_i16x8_s(v128.xor(x, acc), w);
  return i32x4.add(acc, i32x4.add(even, i32x4.dot_i16x8_s(v128.xor(w, acc), x)));
}
