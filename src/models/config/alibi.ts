// ALiBi's slopes (arXiv:2108.12409).

/**
 * One slope a head: 2^(-max i / n) for the i-th of n heads. Where n is no power of two, the slopes of the power below
 * and then every other one of the power above, as the paper's code has it.
 *
 * max  the exponent of the last head's slope, 8 but for a few
 */
export function alibiSlopes(heads: number, max = 8): number[] {
  const below = 2 ** Math.floor(Math.log2(heads));
  return Array.from({ length: heads }, (_, h) =>
    h < below ? 2 ** ((-max * (h + 1)) / below) : 2 ** ((-max * (2 * (h - below) + 1)) / (2 * below)),
  );
}
