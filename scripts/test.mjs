// Runs every built test with the runtime's own test runner, and passes its exit status on.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const wanted = process.argv.slice(2);
const files = readdirSync(join(root, "dist"), { recursive: true })
  .filter((name) => name.endsWith(".test.js"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .map((name) => join("dist", name))
  .sort();
if (files.length === 0) {
  console.error(`no built test matches ${wanted.join(" ") || "dist/**/*.test.js"}; run npm run build first`);
  process.exit(1);
}
const run = spawnSync(process.execPath, ["--test", "--test-concurrency=2", ...files], {
  cwd: root,
  stdio: "inherit",
});
process.exit(run.status ?? 1);
