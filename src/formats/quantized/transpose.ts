// A matrix of 32-bit values turned: rows become columns.

/** Rows and columns that change places together, so that what is read stays in the processor's cache. */
const TILE = 16;

/** [rows, cols] as [cols, rows], a tile after another. */
export function transpose(words: Uint32Array, rows: number, cols: number): Uint32Array {
  const turned = new Uint32Array(words.length);
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(rows, top + TILE);
    for (let left = 0; left < cols; left += TILE) {
      const right = Math.min(cols, left + TILE);
      for (let c = left; c < right; c++)
        for (let r = top; r < bottom; r++) turned[c * rows + r] = words[r * cols + c];
    }
  }
  return turned;
}
