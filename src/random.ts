// Seeded random numbers, the same on every machine.

/** A stream of random numbers fixed by its seed. */
export interface Random {
  /** The next number, uniform in [0, 1), with 32 random bits. */
  uniform(): number;
  /** The next number, normal with mean 0 and variance 1. */
  normal(): number;
  /** The next integer, uniform in [0, limit). */
  integer(limit: number): number;
}

/**
 * Makes a generator from a seed (sfc32 seeded through splitmix32; Doty-Humphrey, PractRand).
 *
 * seed  any finite number; its 53-bit integer part counts
 */
export function createRandom(seed: number): Random {
  const whole = Math.trunc(Math.abs(seed));
  let mix =
    (whole % 0x1_0000_0000) ^ Math.imul(Math.floor(whole / 0x1_0000_0000) + (seed < 0 ? 1 : 0), 0x9e3779b9);
  const next32 = () => {
    mix = (mix + 0x9e3779b9) | 0;
    let t = mix ^ (mix >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return t ^ (t >>> 15);
  };
  let a = next32();
  let b = next32();
  let c = next32();
  let d = 1;
  const bits = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) bits();
  const uniform = () => bits() / 0x1_0000_0000;
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    integer: (limit) => Math.floor(uniform() * limit),
  };
}
