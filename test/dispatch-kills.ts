// Kills runs of 20 steps at random moments, and says what was done twice.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
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
  const wrong: string[] = [];
  let [struck, runs, isOpen] = [0, 0, false];
  while (struck < kills || isOpen) {
    const killAfter = struck < kills ? random.integer(20 * STEP_MS * 1.2) : undefined;
    const end = await attempt(folder, killAfter);
    isOpen = end === undefined;
    if (isOpen) struck++;
    else {
      runs++;
      if (end !== '{"state":"done","facts":[19,1]}') wrong.push(String(end));
    }
  }
  const steps = readFileSync(join(folder, "steps.log"), "utf8").trim().split("\n").length;
  const after = await open(join(folder, "shop.db"));
  const [{ quantity }] = after.prepare("SELECT quantity FROM stock").all<{ quantity: number }>();
  after.close();
  rmSync(folder, { recursive: true });
  return { kills, runs, repeated: steps - runs * LOGGED, written: 1000 - quantity, wrong };
}

/** What the program says at its end; nothing where it was killed before. */
async function attempt(folder: string, killAfter: number | undefined): Promise<string | undefined> {
  const program = import.meta.url.replace(/dispatch-kills(\.[jt]s)$/, "dispatch-killed-run$1");
  const child = spawn(process.execPath, [new URL(program).pathname, folder, String(STEP_MS)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let end: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "go" && killAfter !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfter);
    if (line.startsWith("done ")) end = line.slice(5);
  }
  await ended;
  return end;
}
