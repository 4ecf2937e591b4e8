// The largest values of a row by plain loops: NaN and infinity first, ties to the lowest columns.
import type { Largest } from "../../tensor/backend.ts";

/**
 * Finds the `count` largest values of a row, and what all values weigh.
 *
 * row     [width] f32
 * factor  a value weighs exp(factor * (value - largest)), which is added in double
 */
export function findLargestOf(row: Float32Array, count: number, factor: number): Largest {
  const rank = (value: number) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value);
  const order = Array.from(row, (_, column) => column).sort((a, b) => {
    const [first, second] = [rank(row[a]), rank(row[b])];
    return first === second ? a - b : first < second ? 1 : -1;
  });
  const columns = Int32Array.from(order.slice(0, count)).sort();
  const top = row[order[0]];
  const mass = row.reduce((sum, value) => sum + Math.exp(factor * (value - top)), 0);
  return { columns, values: Float32Array.from(columns, (column) => row[column]), mass };
}
