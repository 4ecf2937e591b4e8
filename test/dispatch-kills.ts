// Kills runs of 20 steps at random moments, and says what was done twice.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openJournal, replayRun } from "../src/dispatch/index.ts";
import { createRandom } from "../src/random.ts";
import { type Driver, openAny } from "../src/store/open-database.ts";

const STEP_MS = 10;
/** Steps that the log counts: all but the write. */
const LOGGED = 19;

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

/** Runs and kills until so many kills have struck; every run is then brought to its end. */
export async function killRuns(kills: number, seed: number, open: Driver = openAny): Promise<Kills> {
  const folder = mkdtempSync(join(tmpdir(), "baimo-dispatch-"));
  const database = await open(join(folder, "shop.db"));
  database.exec(
    "CREATE TABLE stock (id INTEGER PRIMARY KEY, quantity INTEGER); INSERT INTO stock VALUES (7, 1000)",
  );
  database.close();
  const random = createRandom(seed);
  let struck = 0;
  for (let isOpen = false; struck < kills || isOpen; ) {
    // longer than a run: the machine may be busy
    const killAfter = struck < kills ? random.integer(4 * 20 * STEP_MS) : undefined;
    isOpen = !(await attempt(folder, killAfter));
    if (isOpen) struck++;
  }
  const steps = readFileSync(join(folder, "steps.log"), "utf8").trim().split("\n").length;
  const after = await open(join(folder, "shop.db"));
  const [{ quantity }] = after.prepare("SELECT quantity FROM stock").all<{ quantity: number }>();
  after.close();
  const journal = await openJournal(join(folder, "journal"), open);
  const runs = journal.runs(1000);
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
  journal.close();
  rmSync(folder, { recursive: true });
  return {
    kills,
    runs: runs.length,
    repeated: steps - runs.length * LOGGED,
    written: 1000 - quantity,
    wrong,
  };
}

/** Whether the program came to its end before it was killed. */
async function attempt(folder: string, killAfter: number | undefined): Promise<boolean> {
  const program = import.meta.url.replace(/dispatch-kills(\.[jt]s)$/, "dispatch-killed-run$1");
  const child = spawn(process.execPath, [new URL(program).pathname, folder, String(STEP_MS)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let ended = false;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "go" && killAfter !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfter);
    if (line === "done") ended = true;
  }
  await closed;
  return ended;
}
