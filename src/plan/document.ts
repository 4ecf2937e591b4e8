// A plan's answer as a document: results as places in one list of quantities, for JSON.
import type { Answer } from "./answer.ts";
import { flatten } from "./quantity/explain.ts";

/** What `baimo plan --json` prints and the page saves. `more`: what only this plan has. */
export function documentOf(
  answer: Answer,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const { results: places, quantities } = flatten(Object.values(answer.results));
  const results = Object.fromEntries(Object.keys(answer.results).map((key, at) => [key, places[at]]));
  const { assumed, missing, warnings, distribution } = answer;
  return { results, quantities, assumed, missing, warnings, distribution, ...more };
}
