// Huber's loss: square near 0, straight beyond, so that outliers pull no more than others.

/** Delta as Hoffmann et al. have it (arXiv 2203.15556, appendix D.2). */
export const DELTA = 1e-3;

/** The loss of a residual, and its derivative. */
export function huber(residual: number): { loss: number; pull: number } {
  const size = Math.abs(residual);
  if (size <= DELTA) return { loss: residual ** 2 / 2, pull: residual };
  return { loss: DELTA * (size - DELTA / 2), pull: DELTA * Math.sign(residual) };
}
