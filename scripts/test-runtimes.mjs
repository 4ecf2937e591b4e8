// Runs the engine's tests under Deno and Bun (downloads both; not part of npm test).
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const tests = ["engine", "exactness", "golden-families", "golden-gguf"].map(
  (name) => `./dist/test/${name}.test.js`,
);
const runtimes = {
  "deno@2": ["test", "--allow-all", "--no-check", "--node-modules-dir=manual"],
  "bun@1": ["test", "--timeout", "120000"],
};

let failed = 0;
for (const [runtime, args] of Object.entries(runtimes)) {
  const { status } = spawnSync("npx", ["--yes", runtime, ...args, ...tests], { cwd: root, stdio: "inherit" });
  console.log(`${runtime}: ${status === 0 ? "passes" : `exit status ${status}`}`);
  if (status !== 0) failed++;
}
process.exit(failed);
