// Runs every built test, or those whose paths hold one of the words given.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { listFiles } from "./list-files.mjs";
import { softwareGpu } from "./software-gpu.mjs";
import { findStale } from "./stale.mjs";

/** Processes that the tests beside sources share. */
const UNIT_PROCESSES = 4;
const root = resolve(import.meta.dirname, "..");
const fromSource = process.argv.includes("--source");
const wanted = process.argv.slice(2).filter((word) => word !== "--source");

/** Ends with a message that says what to do. */
function refuse(message) {
  console.error(`test: ${message}`);
  process.exit(1);
}

if (fromSource && !process.features.typescript) {
  refuse(
    `running TypeScript as it is needs Node 22.18 or later, and this is ${process.version}; npm test runs the built tests`,
  );
}
if (!existsSync(join(root, "dist/src/kernels"))) refuse("the kernels are not built; run npm run build");
for (const { step, file } of findStale(root)) {
  if (fromSource && step === "types") continue;
  console.log(`test: ${file} is newer than what was built of it; building the ${step}`);
  const steps = step === "types" ? ["types", "workers"] : [step];
  const { status } = spawnSync(process.execPath, ["scripts/build.mjs", ...steps], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) refuse(`npm run build -- ${step} failed`);
}

const files = ["src", "test"]
  .flatMap((folder) => listFiles(join(root, folder), (name) => name.endsWith(".test.ts")))
  .map((path) => relative(root, path))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part.replace(/\.js$/, ""))));
const built = (name) => (fromSource ? name : join("dist", name.replace(/\.ts$/, ".js")));

/**
 * What the runner gives a process each: tests of whole models as they are, units beside their sources many together, since
 * a process of their own would mostly start and read the same modules again (163 -> 118 s of processor time).
 */
function toProcesses(names) {
  const units = names.filter((name) => name.startsWith("src"));
  if (units.length <= UNIT_PROCESSES) return names.map(built);
  const folder = join(root, "dist/test-processes");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const processes = Array.from({ length: UNIT_PROCESSES }, (_, at) => {
    const own = units.filter((_, i) => i % UNIT_PROCESSES === at);
    const path = join(folder, `units-${at + 1}.mjs`);
    writeFileSync(path, own.map((name) => `import "${pathToFileURL(join(root, built(name)))}";\n`).join(""));
    return relative(root, path);
  });
  return [...processes, ...names.filter((name) => !name.startsWith("src")).map(built)];
}

if (files.length === 0) refuse(`no test file's name has ${wanted.join(" or ")} in it`);

const run = spawnSync(
  process.execPath,
  [
    "--test",
    "--test-concurrency=2",
    // For what hangs, and no measure: Node 20 counts a whole file, however busy the machine is.
    "--test-timeout=1800000",
    "--test-reporter=./scripts/test-report.mjs",
    ...toProcesses(files),
  ],
  { cwd: root, stdio: "inherit", env: { ...process.env, ...softwareGpu(root) } },
);
process.exit(run.status ?? 1);
