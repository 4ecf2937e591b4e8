// Kills runs of 20 steps at random moments, and says what was done twice.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { type Journal, openJournal, replayRun } from "../src/dispatch/index.ts";
import { createRandom, type Random } from "../src/random.ts";
import { type Driver, openAny } from "../src/store/open-database.ts";

const STEP_MS = 10;
/** When a machine is dead; of several. */
const DEAD_MS = 1000;
/** No test waits longer for another machine. */
const PATIENCE_MS = 30_000;

export interface Kills {
  readonly kills: number;
  readonly runs: number;
  /** Steps that were done again, over all kills; at most one a kill. */
  readonly repeated: number;
  /** What the writes took away: one a run. */
  readonly written: number;
  /** Runs that ended otherwise than they should. */
  readonly wrong: readonly string[];
}

/** Runs on one machine and kills until so many kills have struck; every run is then brought to its end. */
export async function killRuns(kills: number, seed: number, open: Driver = openAny): Promise<Kills> {
  const folder = await makeFolder(open);
  const place = join(folder, "journal");
  writeFileSync(join(folder, "stop"), ""); // after each run
  const random = createRandom(seed);
  let struck = 0;
  for (let isOpen = false; struck < kills || isOpen; ) {
    // longer than a run: the machine may be busy
    const killAfter = struck < kills ? random.integer(4 * 20 * STEP_MS) : undefined;
    const { child, ended } = start({ folder, place, row: 7 }, () => {
      if (killAfter !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfter);
    });
    isOpen = !(await ended);
    if (isOpen) struck++;
  }
  const journal = await openJournal(place, { driver: open });
  return countUp(folder, journal, kills);
}

/** How long it took until another machine went on, in milliseconds, for each kill that struck a run. */
export interface MachineKills extends Kills {
  readonly takenOver: readonly number[];
}

/** Runs on two machines over one database of Postgres; each time kills the one that has a run in hand. */
export async function killMachines(kills: number, seed: number, place: string): Promise<MachineKills> {
  const folder = await makeFolder(openAny);
  const journal = await openJournal(place);
  const random = createRandom(seed);
  const machines = [7, 8].map((row) => start({ folder, place, row }));
  const takenOver: number[] = [];
  try {
    for (let struck = 0; struck < kills; ) {
      const killed = await killOne(folder, machines, random);
      if (!killed) continue;
      struck++;
      const took = await untilTakenOver(folder, journal, killed);
      if (took !== undefined) takenOver.push(took);
      machines[machines.indexOf(killed.machine)] = start(killed.machine.program);
    }
    writeFileSync(join(folder, "stop"), "");
    await Promise.all(machines.map(({ ended }) => ended));
  } finally {
    for (const { child } of machines) child.kill("SIGKILL");
  }
  return Object.assign(await countUp(folder, journal, kills), { takenOver });
}

async function makeFolder(open: Driver): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "baimo-dispatch-"));
  const database = await open(join(folder, "shop.db"));
  database.exec(
    "CREATE TABLE stock (id INTEGER PRIMARY KEY, quantity INTEGER); INSERT INTO stock VALUES (7, 1000), (8, 1000)",
  );
  database.close();
  return folder;
}

/** What the program's runs came to. */
async function countUp(folder: string, journal: Journal, kills: number): Promise<Kills> {
  const steps = stepsOf(folder).map(({ key }) => key);
  const after = await openAny(join(folder, "shop.db"));
  const [{ quantity }] = after
    .prepare("SELECT sum(quantity) AS quantity FROM stock")
    .all<{ quantity: number }>();
  after.close();
  const runs = await journal.runs(1000);
  const wrong: string[] = [];
  for (const { id } of runs) {
    const { state, report, result } = await replayRun(journal, id);
    const end = JSON.stringify({
      state,
      facts: report.facts.map(({ value }) => value),
      failures: result.failures,
    });
    if (end !== '{"state":"done","facts":[19,1],"failures":[]}') wrong.push(end);
  }
  await journal.close();
  rmSync(folder, { recursive: true });
  return {
    kills,
    runs: runs.length,
    repeated: steps.length - new Set(steps).size,
    written: 2000 - quantity,
    wrong,
  };
}

/** Steps that were begun: the idempotency key of each, and the process. */
function stepsOf(folder: string): { readonly key: string; readonly pid: number }[] {
  const path = join(folder, "steps.log");
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return lines.map((line) => {
    const [key, pid] = line.split(" ");
    return { key, pid: Number(pid) };
  });
}

interface Program {
  readonly folder: string;
  /** Of the journal. */
  readonly place: string;
  /** What its runs write; of two runs at once one would find another row than was approved. */
  readonly row: number;
}

interface Machine {
  readonly program: Program;
  readonly child: ChildProcess;
  /** Whether the program came to its end before it was killed. */
  readonly ended: Promise<boolean>;
}

function start(program: Program, onGo?: () => void): Machine {
  const { folder, place, row } = program;
  const path = import.meta.url.replace(/dispatch-kills(\.[jt]s)$/, "dispatch-killed-run$1");
  const values = [STEP_MS, place, DEAD_MS, row].map(String);
  const child = spawn(process.execPath, [new URL(path).pathname, folder, ...values], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const read = async () => {
    let isEnded = false;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === "go") onGo?.();
      if (line === "done") isEnded = true;
    }
    await closed;
    return isEnded;
  };
  return { program, child, ended: read() };
}

interface Killed {
  readonly machine: Machine;
  readonly run: string;
  readonly at: number;
}

/** Kills the machine that did the newest step, at a random moment. */
async function killOne(
  folder: string,
  machines: readonly Machine[],
  random: Random,
): Promise<Killed | undefined> {
  await wait(random.integer(2 * 20 * STEP_MS));
  const newest = stepsOf(folder).at(-1);
  const machine = machines.find(({ child }) => child.pid === newest?.pid);
  if (!newest || !machine) return undefined;
  machine.child.kill("SIGKILL");
  return { machine, run: newest.key.split("/")[0], at: performance.now() };
}

/** How long until another machine did a step of the run; nothing where it did not run. */
async function untilTakenOver(
  folder: string,
  journal: Journal,
  { machine, run, at }: Killed,
): Promise<number | undefined> {
  while (performance.now() - at < PATIENCE_MS) {
    const steps = stepsOf(folder).filter(({ key }) => key.startsWith(`${run}/`));
    if (steps.at(-1)?.pid !== machine.child.pid) return performance.now() - at;
    const { state } = await journal.run(run);
    if (state !== "running") return undefined;
    await wait(10);
  }
  throw new Error(`no machine took over run ${run}`);
}
