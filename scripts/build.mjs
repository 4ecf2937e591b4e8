// Builds what the commands need: TypeScript, kernels, workers, the package for pages, page and app.
//
// `npm install` in a clone runs it, as a script of the web workspace: the package itself has no install script.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const only = process.argv.slice(2);

/** Runs one step, or stops the build with the step's own status. */
function step(name, script, args, cwd = root) {
  if (only.length > 0 && !only.includes(name)) return;
  const started = performance.now();
  const run = spawnSync(process.execPath, [script, ...args], { cwd, stdio: "inherit" });
  if (run.status !== 0) {
    console.error(`build: ${name} failed`);
    process.exit(run.status ?? 1);
  }
  console.log(`build: ${name} ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** The script behind a development dependency's command. */
const tool = (path) => join(root, "node_modules", path);

if (!existsSync(tool("typescript"))) {
  console.log("build: skipped, development dependencies are not installed");
  process.exit(0);
}
// What was built from files that are gone would still be tested.
if (only.length === 0) rmSync(join(root, "dist"), { recursive: true, force: true });
step("types", tool("typescript/bin/tsc"), ["-p", "tsconfig.json"]);
step("kernels", join(root, "scripts/build-kernels.mjs"), []);
step("workers", join(root, "scripts/build-workers.mjs"), []);
step("browser", join(root, "scripts/build-browser.mjs"), []);
step("page", tool("vite/bin/vite.js"), ["build", "--logLevel", "warn"], join(root, "web"));
step("app", join(root, "scripts/build-app.mjs"), []);
