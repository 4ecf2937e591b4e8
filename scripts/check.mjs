// npm run check: types, lint, the layer table and the file map. `--fix` rewrites the file map from the files.
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { checkFileMap } from "./file-map.mjs";
import { checkLayers } from "./layers.mjs";

const root = resolve(import.meta.dirname, "..");
const fix = process.argv.includes("--fix");
let failed = 0;

function report(name, problems) {
  for (const problem of problems) console.error(`${name}: ${problem}`);
  console.log(`check: ${name} ${problems.length === 0 ? "ok" : `has ${problems.length} problems`}`);
  failed += problems.length;
}

function run(name, script, args) {
  const { status } = spawnSync(process.execPath, [join(root, "node_modules", script), ...args], {
    cwd: root,
    stdio: "inherit",
  });
  report(name, status === 0 ? [] : [`exit status ${status}`]);
}

run("types", "typescript/bin/tsc", ["-p", "tsconfig.json", "--noEmit"]);
run("the page's types", "typescript/bin/tsc", ["-p", "web/tsconfig.json"]);
run("lint", "@biomejs/biome/bin/biome", ["check", "--error-on-warnings", "--max-diagnostics=50"]);
report("layers", checkLayers(root));
report("file map", checkFileMap(root, { fix }));
process.exit(failed === 0 ? 0 : 1);
