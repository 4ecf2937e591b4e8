// exp for softmax, fast and identical in every JavaScript engine; log-sum-exp.

const STEP_BITS = 10;
const STEPS = 1 << STEP_BITS;
const PER_STEP = Math.LN2 / STEPS;
const STEPS_PER_UNIT = STEPS / Math.LN2;
/** 2^(i/1024): only square roots and products, which every engine rounds alike. */
const FRACTIONS = fractions();
/** 2^-i, exact. */
const POWERS = Float64Array.from({ length: 1024 }, (_, i) => 2 ** -i);

function fractions(): Float64Array {
  const roots: number[] = []; // 2^(512/1024), 2^(256/1024), … 2^(1/1024)
  for (let root = Math.SQRT2; roots.length < STEP_BITS; root = Math.sqrt(root)) roots.push(root);
  return Float64Array.from({ length: STEPS }, (_, i) =>
    roots.reduce((product, root, bit) => (i & (STEPS >> (bit + 1)) ? product * root : product), 1),
  );
}

/**
 * e to the power of x, for x <= 0; relative error below 1e-11, 0 below -700. `Math.exp` takes three to four times as
 * long and may differ between engines in the last bit.
 */
export function expNegative(x: number): number {
  if (!(x > -700)) return 0;
  const step = (x * STEPS_PER_UNIT - 0.5) | 0;
  const rest = x - step * PER_STEP;
  return FRACTIONS[step & (STEPS - 1)] * POWERS[-(step >> STEP_BITS)] * (1 + rest * (1 + rest * 0.5));
}

/**
 * The logarithm of the sum of exponentials, added in double in the order of the index.
 *
 * max  the largest of the logits, finite
 */
export function logSumExp(logits: Float32Array, max: number): number {
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += expNegative(logits[i] - max);
  return max + Math.log(sum);
}
