// Holds the table of layers: which folder of src may import which. Imports go downward only.
import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { listFiles } from "./list-files.mjs";

/** Folders by layer; a file may import its own folder, lower layers, and the files of the bottom. */
const layers = {
  tensor: 1,
  catalogue: 1,
  kernels: 2,
  formats: 2,
  tokenizers: 2,
  backends: 3,
  models: 4,
  generate: 5,
  serve: 6,
  evaluate: 6,
  dispatch: 6,
  plan: 6,
  train: 6,
  cli: 7,
};
/** Files directly under src that everyone may import; index.ts, the public door, may import everything. */
const bottom = new Set(["errors.ts", "random.ts"]);
/** The door to tokenizers in files must read files; nothing below the command line imports it. */
const exceptions = new Map([["tokenizers/files/open.ts", new Set(["formats"])]]);
/** Only the command line may import the public door. */
const mayImportDoor = new Set(["cli"]);

/** Problems as lines of text; empty when the table holds. */
export function checkLayers(root) {
  const problems = [];
  const src = join(root, "src");
  for (const file of listFiles(src, (name) => name.endsWith(".ts") && !name.endsWith(".as.ts"))) {
    const name = relative(src, file);
    if (name === "index.ts" || name.endsWith(".test.ts")) continue;
    const folder = name.includes("/") ? name.split("/")[0] : "";
    if (folder && !(folder in layers))
      problems.push(`src/${folder} is in no layer; add it to scripts/layers.mjs`);
    const text = readFileSync(file, "utf8");
    for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
      const target = relative(src, resolve(dirname(file), specifier));
      if (target.startsWith("..")) {
        problems.push(`src/${name} imports ${specifier}, outside src`);
        continue;
      }
      const to = target.includes("/") ? target.split("/")[0] : "";
      if (to === "" && (bottom.has(target) || (target === "index.ts" && mayImportDoor.has(folder)))) continue;
      if (to === folder || exceptions.get(name)?.has(to)) continue;
      if (to === "" || layers[to] >= layers[folder] || folder === "") {
        problems.push(
          `src/${name} imports src/${target}: ${folder || "the root"} may not lean on ${to || target}`,
        );
      }
    }
  }
  return problems;
}
