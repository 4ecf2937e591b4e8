// Standard errors by bootstrap, as lm-evaluation-harness makes them.
import { sampleDeviation } from "../../statistics/moments.ts";
import { PythonRandom } from "./python-random.ts";

/** Resamples a chunk draws from one generator; the chunk's number is its seed. */
const CHUNK = 1000;

/** The deviation of a statistic over resamples of the items. */
export function bootstrapError<T>(
  statistic: (items: readonly T[]) => number,
  items: readonly T[],
  resamples: number,
): number {
  const size = Math.min(CHUNK, resamples);
  const values: number[] = [];
  for (let chunk = 0; chunk < Math.floor(resamples / size); chunk++) {
    const random = new PythonRandom(chunk);
    for (let i = 0; i < size; i++) values.push(statistic(random.choices(items, items.length)));
  }
  return sampleDeviation(values);
}
