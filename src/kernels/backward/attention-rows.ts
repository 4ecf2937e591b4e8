// The softmax of rows of scores and its backward pass: plain references, cost, test cases.

export interface ScoreShape {
  readonly rows: number;
  readonly cols: number;
  /** The column at which the first row stands. */
  readonly at: number;
  readonly window: number;
  readonly scale: number;
  readonly softcap: number;
  readonly sink?: number;
}

/** The score of a raw product, and its derivative. */
function bend(raw: number, { scale, softcap }: ScoreShape): { score: number; slope: number } {
  if (softcap <= 0) return { score: scale * raw, slope: scale };
  const t = Math.tanh((scale * raw) / softcap);
  return { score: softcap * t, slope: scale * (1 - t * t) };
}

const firstOf = (row: number, { at, window }: ScoreShape) =>
  window > 0 ? Math.max(0, at + row - window + 1) : 0;

/**
 * Probabilities [rows, cols] of raw products: softmax of their scores over the columns that a row sees, 0 elsewhere.
 *
 * sinks  [rows] the probability of the sink, where there is one
 */
export function attentionSoftmax(
  raw: Float32Array,
  out: Float32Array,
  sinks: Float32Array,
  shape: ScoreShape,
): void {
  const { rows, cols, at, sink } = shape;
  for (let r = 0; r < rows; r++) {
    const columns = Array.from({ length: cols }, (_, c) => c).filter(
      (c) => c >= firstOf(r, shape) && c <= at + r,
    );
    const scores = columns.map((c) => bend(raw[r * cols + c], shape).score);
    const top = Math.max(...scores, sink ?? Number.NEGATIVE_INFINITY);
    const ofSink = sink === undefined ? 0 : Math.exp(sink - top);
    const total = scores.reduce((sum, score) => sum + Math.exp(score - top), ofSink);
    out.fill(0, r * cols, (r + 1) * cols);
    columns.forEach((c, i) => {
      out[r * cols + c] = Math.exp(scores[i] - top) / total;
    });
    sinks[r] = ofSink / total;
  }
}

/** Gradients of raw products from those of probabilities. sums [rows]: of probability times gradient. */
export function attentionSoftmaxBackward(
  { raw, probabilities, d }: { raw: Float32Array; probabilities: Float32Array; d: Float32Array },
  out: Float32Array,
  sums: Float32Array,
  shape: ScoreShape,
): void {
  const { rows, cols } = shape;
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    for (let i = r * cols; i < (r + 1) * cols; i++) sum += probabilities[i] * d[i];
    sums[r] = sum;
    for (let i = r * cols; i < (r + 1) * cols; i++)
      out[i] = probabilities[i] * (d[i] - sum) * bend(raw[i], shape).slope;
  }
}

export function cost({ rows, cols }: ScoreShape): { flops: number; bytes: number } {
  return { flops: 20 * rows * cols, bytes: 12 * rows * cols };
}

export const cases: readonly ScoreShape[] = [
  { rows: 1, cols: 1, at: 0, window: 0, scale: 0.5, softcap: 0 },
  { rows: 7, cols: 20, at: 13, window: 0, scale: 0.3, softcap: 0 },
  { rows: 9, cols: 24, at: 15, window: 5, scale: 0.3, softcap: 2, sink: 0.7 },
];
