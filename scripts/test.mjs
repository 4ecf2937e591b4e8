// Runs every built test, or those whose paths hold one of the words given.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { listFiles } from "./list-files.mjs";
import { softwareGpu } from "./software-gpu.mjs";
import { findStale } from "./stale.mjs";

/**
 * How many processes tests of a kind share: a process of their own would mostly start and read the same modules again. The
 * first are begun first: those that take long, or wait much.
 */
const SHARED = [
  { kind: "gpu", processes: 1, has: (name) => /webgpu\/operations|\/(golden-)?webgpu\.test/.test(name) },
  { kind: "pages", processes: 2, has: (name) => name.startsWith("test/page") },
  { kind: "models", processes: 4, has: (name) => name.startsWith("test/") && !isAlone(name) },
  { kind: "units", processes: 4, has: (name) => name.startsWith("src/") },
];
/** What a test needs for which it has a process to itself: command lines, a GPU, measures of the process, hooks of the root. */
const ALONE = /"\.\/baimo\.ts"|processor-time|memoryUsage|[wW]ebgpu|^(before|beforeEach|afterEach)\(/m;
/** Tests of a process of their own that are begun before all others, since they take long. */
const SLOW = /\/(package|docs-examples|cli-talk|webgpu-page)\.test/;
/** So many files are begun as they are. */
const FEW = 12;
/** More than two, since some of them wait: for a browser, an installation, a process of their own. */
const CONCURRENCY = 3;
const root = resolve(import.meta.dirname, "..");
const fromSource = process.argv.includes("--source");
/** What the long run tries beyond the sample that each run tries. */
const LONG = {
  BAIMO_LONG: "1",
  BAIMO_EVALUATION: "all",
  BAIMO_KILLS: "50",
  BAIMO_REQUESTS: "5000",
};
const more = process.argv.includes("--long") ? LONG : {};
const wanted = process.argv.slice(2).filter((word) => word !== "--source" && word !== "--long");

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

/** Whether a file of whole models has a process to itself. */
function isAlone(name) {
  return ALONE.test(readFileSync(join(root, name), "utf8"));
}

/** What the runner gives a process each. It begins them in the order of their names, to which numbers are put. */
function toProcesses(names) {
  if (names.length <= FEW) return names.map(built);
  const folder = join(root, "dist/a-test-processes");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const left = new Set(names);
  /** Names of those that are still left, which it takes. */
  const take = (has) => {
    const taken = [...left].filter(has);
    for (const name of taken) left.delete(name);
    return taken;
  };
  const alone = (own) => own.map((name) => ({ kind: basename(name, ".test.ts"), own: [name] }));
  const shared = SHARED.flatMap(({ kind, processes, has }) => {
    const own = take(has);
    return Array.from({ length: Math.min(processes, own.length) }, (_, at) => ({
      kind,
      own: own.filter((_, i) => i % processes === at),
    }));
  });
  return [...alone(take((name) => SLOW.test(name))), ...shared, ...alone([...left])].map(
    ({ kind, own }, i) => {
      const path = join(folder, `${String(i).padStart(2, "0")}-${kind}.mjs`);
      writeFileSync(
        path,
        own.map((name) => `import "${pathToFileURL(join(root, built(name)))}";\n`).join(""),
      );
      return relative(root, path);
    },
  );
}

if (files.length === 0) refuse(`no test file's name has ${wanted.join(" or ")} in it`);

const run = spawnSync(
  process.execPath,
  [
    "--test",
    `--test-concurrency=${CONCURRENCY}`,
    // For what hangs, and no measure: Node 20 counts a whole file, however busy the machine is.
    "--test-timeout=1800000",
    "--test-reporter=./scripts/test-report.mjs",
    ...toProcesses(files),
  ],
  { cwd: root, stdio: "inherit", env: { ...more, ...process.env, ...softwareGpu(root) } },
);
process.exit(run.status ?? 1);
