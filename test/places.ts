// Where tests find things: the repository's root, golden data, larger data beside it.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/** The repository's root, seen from the built test or from its source. */
export const root = resolve(import.meta.dirname, import.meta.filename.endsWith(".ts") ? ".." : "../..");

/** A path below test/golden. */
export const golden = (...parts: string[]): string => join(root, "test", "golden", ...parts);

/** More golden data, of the same forms: what BAIMO_FIXTURES names, or what lies beside the checkout where there is any. */
const fixtures = resolve(root, process.env.BAIMO_FIXTURES ?? "../shared/fixtures");

/** A path of the data beside the checkout. */
export const beside = (...parts: string[]): string => join(fixtures, ...parts);

/** What a test's `skip` takes: false where the data is there, else the reason. */
export function unlessBeside(...parts: string[]): string | false {
  return existsSync(beside(...parts)) ? false : `golden data "${join(...parts)}" is not beside the checkout`;
}

/** A file or folder of golden data. */
export interface GoldenSet {
  readonly name: string;
  readonly path: string;
}

/** What a folder of golden data holds: the copies in the repository, and what lies beside the checkout and is no copy. */
export function goldenSets(folder: string): GoldenSet[] {
  const namesIn = (path: string) => (existsSync(path) ? readdirSync(path).sort() : []);
  const copied = namesIn(golden(folder));
  return [
    ...copied.map((name) => ({ name, path: golden(folder, name) })),
    ...namesIn(beside(folder))
      .filter((name) => !copied.includes(name) || !isSame(golden(folder, name), beside(folder, name)))
      .map((name) => ({
        name: copied.includes(name) ? `${name} beside the checkout` : name,
        path: beside(folder, name),
      })),
  ];
}

/** Whether two files, or all files of two folders, are equal. */
function isSame(a: string, b: string): boolean {
  if (!statSync(a).isDirectory()) return statSync(b).isFile() && readFileSync(a).equals(readFileSync(b));
  const names = readdirSync(a).sort();
  return (
    names.join("/") === readdirSync(b).sort().join("/") &&
    names.every((name) => isSame(join(a, name), join(b, name)))
  );
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
