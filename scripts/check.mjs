// `npm run check`: types, lint, layers, circles, first comments, READMEs, links; --fix.
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { checkCircles } from "./circles.mjs";
import { checkLayers } from "./layers.mjs";
import { checkLinks } from "./links.mjs";
import { checkReadmes } from "./readmes.mjs";
import { readSources } from "./sources.mjs";
import { checkFirstComments, checkSpreads } from "./words.mjs";

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
const sources = readSources(root);
report("layers", checkLayers(sources));
report("circles", checkCircles(sources));
report("first comments", checkFirstComments(sources));
report("spreads", checkSpreads(sources));
report("folder READMEs", checkReadmes(root, sources, { fix }));
report("links", checkLinks(root));
process.exit(failed === 0 ? 0 : 1);
