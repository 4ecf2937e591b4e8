// Lists files below a folder, sorted, leaving out what is installed or built.
import { readdirSync } from "node:fs";
import { join } from "node:path";

const skipped = new Set(["node_modules", "dist", ".git", "data", "golden"]);

/** Paths of the files whose name passes `wanted`. */
export function listFiles(folder, wanted) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return skipped.has(entry.name) ? [] : listFiles(path, wanted);
      return wanted(entry.name) ? [path] : [];
    });
}
