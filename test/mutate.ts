// A program: damages files by a seed and demands a BaimoError or an answer, and no hang.
//
// Run it after a build: node dist/test/mutate.js [--seed N] [--count N] [--only KIND] [--case N]
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { BaimoError } from "../src/errors.ts";
import { createRandom } from "../src/random.ts";
import { type Damage, damages } from "./mutate-kinds.ts";
import { processorMs } from "./processor-time.ts";

/** A case that takes longer hangs. Wall-clock time, since what waits for ever uses no processor. */
const HANG_MS = 120_000;
/** Of processor time; what is quadratic takes minutes. */
const LONGEST_MS = 10_000;

/** What one kind of damage came to. */
interface Report {
  kind: string;
  cases: number;
  opened: number;
  refused: number;
  failures: string[];
  slowestMs: number;
  slowest: number;
}

interface Settings {
  kind: string;
  seed: number;
  first: number;
  count: number;
  /** The number of the case in work. */
  progress: SharedArrayBuffer;
}

function readArguments() {
  const given = (name: string) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? undefined : process.argv[at + 1];
  };
  const whole = (name: string) => {
    const value = given(name);
    if (value === undefined || /^\d+$/.test(value)) return value === undefined ? undefined : Number(value);
    throw new Error(`--${name} takes a whole number, not ${value}`);
  };
  const only = given("only");
  if (only !== undefined && !(only in damages))
    throw new Error(`--only takes ${Object.keys(damages).join(", ")}`);
  const seed = whole("seed") ?? Math.floor(Date.now() / 1000);
  return { seed, count: whole("count") ?? 20_000, only, one: whole("case") };
}

/** Runs the cases of one kind in a thread, which is ended when it hangs. */
function run(settings: Settings): Promise<Report> {
  const worker = new Worker(new URL(import.meta.url), { workerData: settings });
  const at = new Int32Array(settings.progress);
  let [last, since] = [-1, Date.now()];
  return new Promise((resolve, reject) => {
    const watch = setInterval(() => {
      if (at[0] !== last) [last, since] = [at[0], Date.now()];
      else if (Date.now() - since > HANG_MS) reject(new Error(`${settings.kind}, case ${last}: hangs`));
    }, 1000);
    worker.once("message", resolve);
    worker.once("error", (error) => reject(new Error(`${settings.kind}, case ${at[0]}: ${error.stack}`)));
    worker.once("exit", () => clearInterval(watch));
  });
}

async function attempt(report: Report, n: number, work: () => Promise<void>): Promise<void> {
  const begun = processorMs();
  try {
    await work();
    report.opened++;
  } catch (error) {
    report.refused++;
    const plain = error instanceof BaimoError && error.message.length > 20 && error.message.length < 2000;
    if (!plain) report.failures.push(`case ${n}: ${error instanceof Error ? error.stack : error}`);
  }
  const took = processorMs() - begun;
  if (took > LONGEST_MS) report.failures.push(`case ${n}: took ${took.toFixed(0)} ms of processor time`);
  if (took > report.slowestMs) [report.slowestMs, report.slowest] = [took, n];
}

async function work({ kind, seed, first, count, progress }: Settings): Promise<Report> {
  const at = new Int32Array(progress);
  const report: Report = {
    kind,
    cases: count,
    opened: 0,
    refused: 0,
    failures: [],
    slowestMs: 0,
    slowest: 0,
  };
  const damage: Damage = await damages[kind].prepare();
  for (let n = first; n < first + count; n++) {
    at[0] = n;
    // A seed for each case, so that one alone can be run again.
    await attempt(report, n, () => damage.one(createRandom(seed * 1_000_003 + n), n));
  }
  await damage.end?.();
  return report;
}

async function main(): Promise<void> {
  const { seed, count, only, one } = readArguments();
  console.log(`seed ${seed}`);
  let failed = 0;
  for (const [kind, { share }] of Object.entries(damages)) {
    if (only !== undefined && only !== kind) continue;
    const cases = one === undefined ? Math.ceil(share * count) : 1;
    const begun = processorMs();
    const { opened, refused, failures, slowestMs, slowest } = await run({
      kind,
      seed,
      first: one ?? 0,
      count: cases,
      progress: new SharedArrayBuffer(4),
    });
    const seconds = ((processorMs() - begun) / 1000).toFixed(0);
    console.log(
      `${kind}: ${cases} cases, ${opened} opened, ${refused} refused, ${failures.length} failures, ` +
        `slowest ${slowestMs.toFixed(0)} ms (case ${slowest}), ${seconds} s of processor time`,
    );
    for (const failure of failures.slice(0, 10)) console.log(`  ${failure.slice(0, 1000)}`);
    failed += failures.length;
  }
  process.exit(failed === 0 ? 0 : 1);
}

if (isMainThread) await main();
else parentPort?.postMessage(await work(workerData as Settings));
