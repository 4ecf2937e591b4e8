// Chooses the examples before a question: the first ones, or by Python's generator.
import { BaimoError } from "../../errors.ts";
import { pythonEquals } from "../python/values.ts";
import { PythonRandom } from "../statistics/python-random.ts";
import type { Document } from "./document.ts";

/** Draws examples, one draw for each document in order. */
export interface FewshotSampler {
  /**
   * @param evaluated  the document that is asked, where it may stand in the pool
   * @throws {BaimoError} `request` when the pool is too small
   */
  sample(count: number, evaluated: Document | null): readonly Document[];
}

/** Creates a task's sampler over its pool. */
export function createSampler(
  kind: string,
  pool: readonly Document[],
  { seed, where }: { seed: number; where: string },
): FewshotSampler {
  const random = new PythonRandom(seed);
  const without = (documents: readonly Document[], left: Document) =>
    documents.filter((document) => !pythonEquals(document, left));

  function enough(count: number, needed: number, size: number): void {
    if (needed <= size) return;
    const reason = needed > count ? " where the document itself is left out" : "";
    throw new BaimoError(
      "request",
      `${where}: ${count} shots need ${needed} documents${reason}, and the pool has ${size}`,
    );
  }

  return {
    sample(count, evaluated) {
      if (count === 0) return [];
      if (kind === "first_n") {
        const first: Document[] = [];
        for (let i = 0; i < pool.length && first.length < count; i++)
          if (!evaluated || !pythonEquals(pool[i], evaluated)) first.push(pool[i]);
        enough(count, count, first.length);
        return first;
      }
      if (!evaluated) {
        enough(count, count, pool.length);
        return random.sample(pool, count);
      }
      enough(count, count + 1, pool.length);
      const drawn = without(random.sample(pool, count + 1), evaluated).slice(0, count);
      if (drawn.length === count) return drawn;
      // Copies of the document were drawn, too.
      const rest = without(pool, evaluated);
      enough(count, count, rest.length);
      return random.sample(rest, count);
    },
  };
}
