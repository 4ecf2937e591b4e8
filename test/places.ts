// Where tests find things: the repository's root, golden data, larger data beside it.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The repository's root, seen from the built test. */
export const root = resolve(import.meta.dirname, "..", "..");

/** A path below test/golden. */
export const golden = (...parts: string[]): string => join(root, "test", "golden", ...parts);

/** Golden data that may not be copied into the repository; it lies beside the checkout where there is any. */
const shared = resolve(root, "..", "shared", "fixtures");

/** A path of the data beside the checkout. */
export const beside = (...parts: string[]): string => join(shared, ...parts);

/** What a test's `skip` takes: false where the data is there, else the reason. */
export function unlessBeside(...parts: string[]): string | false {
  return existsSync(beside(...parts)) ? false : `golden data "${join(...parts)}" is not beside the checkout`;
}

/** A JSON file. Its shape is the golden data's own, which the tests know. */
// biome-ignore lint/suspicious/noExplicitAny: golden files are read as they are written
export const readJson = (path: string): any => JSON.parse(readFileSync(path, "utf8"));

/** The largest absolute difference. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}
