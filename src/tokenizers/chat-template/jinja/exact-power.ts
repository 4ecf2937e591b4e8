// Powers of floats with whole exponents, rounded once; JavaScript's are less exact.

/** The longest product in bits that is worked out exactly. */
const MAX_BITS = 20_000;

/** About as many characters could be made in the time of a power. */
export function powerCost(exponent: number): number {
  return 64 + (Number.isInteger(exponent) ? Math.min(Math.abs(exponent) * 53, MAX_BITS) >> 3 : 0);
}

/** a ** b; where the exponent is whole and the product not too long, the nearest double. */
export function exactPower(a: number, b: number): number {
  if (b === 0.5 && a > 0) return Math.sqrt(a);
  if (!Number.isInteger(b) || !Number.isFinite(a) || a === 0 || Math.abs(b) > MAX_BITS) return a ** b;
  const [mantissa, exponent] = partsOf(Math.abs(a));
  const times = Math.abs(b);
  if (bitLength(mantissa) * times > MAX_BITS) return a ** b;
  const product = mantissa ** BigInt(times);
  const size = b > 0 ? scaled(product, exponent * times) : reciprocal(product, exponent * times);
  return a < 0 && times % 2 === 1 ? -size : size;
}

/** A positive double as an odd integer and a power of two. */
function partsOf(x: number): [mantissa: bigint, exponent: number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const word = view.getBigUint64(0);
  const biased = Number(word >> 52n);
  let mantissa = (word & 0xfffffffffffffn) | (biased === 0 ? 0n : 1n << 52n);
  let exponent = Math.max(biased, 1) - 1075;
  while (mantissa % 2n === 0n) {
    mantissa /= 2n;
    exponent++;
  }
  return [mantissa, exponent];
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

/** 1 / (value * 2 ** exponent), rounded once. */
function reciprocal(value: bigint, exponent: number): number {
  const shift = bitLength(value) + 70;
  const one = 1n << BigInt(shift);
  // The last bit tells of a remainder, so that what lies between two doubles is rounded to the right side.
  const quotient = ((one / value) << 1n) | (one % value === 0n ? 0n : 1n);
  return scaled(quotient, -exponent - shift - 1);
}

/** mantissa * 2 ** exponent as the nearest double, ties to even. */
export function scaled(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const top = bitLength(mantissa) + exponent;
  if (top > 1024) return Number.POSITIVE_INFINITY;
  if (top < -1074) return 0;
  // The exponent of the last bit that a double of this size has.
  const last = Math.max(top - 53, -1074);
  const drop = BigInt(last - exponent);
  if (drop <= 0n) return Number(mantissa << -drop) * 2 ** last;
  const kept = mantissa >> drop;
  const rest = mantissa - (kept << drop);
  const half = 1n << (drop - 1n);
  const up = rest > half || (rest === half && kept % 2n === 1n) ? 1n : 0n;
  return Number(kept + up) * 2 ** last;
}
