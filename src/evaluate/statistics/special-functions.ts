// Quantiles and tails of the distributions that boards use: binomial, beta, normal, Student's, χ².
import { bothTailsOfT, erfc, incompleteBeta, logGamma } from "../../statistics/special-functions.ts";

/** log of the number of ways to choose k of n. */
export const logChoose = (n: number, k: number): number =>
  logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);

/** The x with I_x(a, b) = p. */
export function inverseIncompleteBeta(p: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 200 && high - low > low * 1e-16; i++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, 1 - middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(Z > z) of a standard normal. */
export const normalTail = (z: number): number => erfc(z / Math.SQRT2) / 2;

/** The z with P(Z <= z) = p. */
export function normalQuantile(p: number): number {
  let low = -40;
  let high = 40;
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > 1 - p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The t that so large a share of Student's distribution lies within, on both sides of 0. */
export function studentQuantile(share: number, freedom: number): number {
  const height = Math.exp(logGamma((freedom + 1) / 2) - logGamma(freedom / 2)) / Math.sqrt(freedom * Math.PI);
  let t = normalQuantile((1 + share) / 2);
  // Newton's steps from below: the tails are convex there.
  for (let i = 0; i < 100; i++) {
    const density = height * (1 + (t * t) / freedom) ** (-(freedom + 1) / 2);
    const step = (bothTailsOfT(t, freedom) - (1 - share)) / (2 * density);
    t += step;
    if (Math.abs(step) <= 1e-14 * t) break;
  }
  return t;
}

/** P(X > x) of χ² with one degree of freedom. */
export const chiSquareTail = (x: number): number => erfc(Math.sqrt(x / 2));

/** P(X <= k) of a binomial with n draws of chance a half; and P(X = k). */
export function fairBinomial(k: number, n: number): { atMost: number; exactly: number } {
  let atMost = 0;
  let exactly = 0;
  for (let i = 0; i <= k; i++) {
    exactly = Math.exp(logChoose(n, i) - n * Math.LN2);
    atMost += exactly;
  }
  return { atMost, exactly };
}
