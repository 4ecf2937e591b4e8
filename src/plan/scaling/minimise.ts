// BFGS: a smooth function's minimum from a start and its gradient.

/** A value with its derivatives. */
export interface Slope {
  readonly value: number;
  readonly gradient: readonly number[];
}

/** A point with its value. */
export interface Minimum {
  readonly at: readonly number[];
  readonly value: number;
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);

/**
 * Goes downhill until nothing improves: BFGS with the inverse Hessian kept, and a backtracking line search (Nocedal and
 * Wright, algorithm 6.1). The start is answered where the function is not finite there.
 */
export function minimise(
  of: (at: readonly number[]) => Slope,
  start: readonly number[],
  steps = 400,
): Minimum {
  const n = start.length;
  const identity = (): number[][] =>
    Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => (i === j ? 1 : 0)));
  let at = start;
  let { value, gradient } = of(at);
  let inverse = identity();
  let isFresh = true;
  for (let step = 0; step < steps && Number.isFinite(value); step++) {
    let direction = inverse.map((row) => -dot(row, gradient));
    if (!(dot(direction, gradient) < 0)) {
      inverse = identity();
      direction = gradient.map((slope) => -slope);
    }
    const slope = dot(direction, gradient);
    const size = Math.sqrt(dot(direction, direction));
    if (!(slope < 0) || size < 1e-14) break;
    let length = isFresh ? Math.min(1, 1 / size) : 1;
    let next = of(at.map((x, i) => x + length * direction[i]));
    for (let halving = 0; halving < 60 && !(next.value <= value + 1e-4 * length * slope); halving++) {
      length /= 2;
      next = of(at.map((x, i) => x + length * direction[i]));
    }
    if (!(next.value < value)) {
      if (isFresh) break;
      inverse = identity(); // once more along the plain gradient
      isFresh = true;
      continue;
    }
    const moved = direction.map((x) => length * x);
    const turned = next.gradient.map((g, i) => g - gradient[i]);
    const gained = value - next.value;
    at = at.map((x, i) => x + moved[i]);
    ({ value, gradient } = next);
    const curvature = dot(moved, turned);
    isFresh = !(curvature > 1e-300);
    inverse = isFresh ? identity() : updated(inverse, moved, turned, curvature);
    if (gained <= 1e-15 * Math.abs(value) && step > 20) break;
  }
  return { at, value };
}

/** The inverse Hessian after a step (Nocedal and Wright, equation 6.17). */
function updated(
  inverse: readonly (readonly number[])[],
  moved: readonly number[],
  turned: readonly number[],
  curvature: number,
): number[][] {
  const through = inverse.map((row) => dot(row, turned));
  const factor = (1 + dot(turned, through) / curvature) / curvature;
  return inverse.map((row, i) =>
    row.map(
      (h, j) =>
        h + factor * moved[i] * moved[j] - (moved[i] * through[j] + through[i] * moved[j]) / curvature,
    ),
  );
}

/** The inverse of a small matrix by Gauss-Jordan; undefined where it has none. */
export function inverseOf(matrix: readonly (readonly number[])[]): number[][] | undefined {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))]);
  for (let column = 0; column < n; column++) {
    let best = column;
    for (let i = column + 1; i < n; i++)
      if (Math.abs(rows[i][column]) > Math.abs(rows[best][column])) best = i;
    const pivot = rows[best][column];
    if (!(Math.abs(pivot) > 1e-300)) return undefined;
    [rows[column], rows[best]] = [rows[best], rows[column]];
    rows[column] = rows[column].map((x) => x / pivot);
    for (let i = 0; i < n; i++) {
      const factor = rows[i][column];
      if (i !== column) rows[i] = rows[i].map((x, j) => x - factor * rows[column][j]);
    }
  }
  return rows.map((row) => row.slice(n));
}
