// Journals of dispatch: kill -9 at random moments, cost of a step, 10,000 runs opened, growth.
//
// Run it after a build: node bench/dispatch-runs.mjs [kills]. Where Postgres and the packages @dbos-inc/dbos-sdk and pg
// are installed, runs over two machines are measured, too.
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJournal } from "../dist/src/dispatch/index.js";
import { drivers } from "../dist/src/store/open-database.js";
import { killMachines, killRuns } from "../dist/test/dispatch-kills.js";
import { startPostgres, whyNoPostgres } from "../dist/test/postgres.js";

const SEED = 20261128;
const kills = Number(process.argv[2] ?? 50);
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
let isKilled = false;

for (const driver of drivers) {
  const folder = mkdtempSync(join(tmpdir(), "baimo-bench-"));
  try {
    const journal = await openJournal(folder, { driver });
    console.log(process.version, driver.name);
    await costOfStep(journal);
    await growth(journal, () => sizeOf(folder));
    await journal.close();
    await opening(() => openJournal(folder, { driver }));
    if (isKilled) continue; // the program takes the first driver that is there
    isKilled = true;
    console.log(`kill -9: ${JSON.stringify(await killRuns(kills, SEED))}`);
  } catch (error) {
    console.log(`${driver.name}: ${error.message}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const reason = whyNoPostgres();
if (reason === undefined) {
  const postgres = await startPostgres();
  try {
    console.log(process.version, "DBOS on Postgres");
    const place = await postgres.database("steps");
    const journal = await openJournal(place);
    await costOfStep(journal);
    await journal.close();
    await opening(() => openJournal(place));
    const { takenOver, ...found } = await killMachines(kills, SEED, await postgres.database("kills"));
    const times = `${median(takenOver).toFixed(0)} ms, the slowest ${Math.max(...takenOver).toFixed(0)}`;
    console.log(`kill -9 of one of two machines: ${JSON.stringify(found)}`);
    console.log(`${takenOver.length} struck a run under way; another machine went on after ${times}`);
  } finally {
    await postgres.close();
  }
} else console.log(`DBOS on Postgres: ${reason}`);

async function costOfStep(journal) {
  const took = [];
  const run = await journal.begin(await journal.payloads.put({}));
  const work = async (_run, steps) => {
    for (let n = 0; n < 1000; n++) {
      const begun = performance.now();
      await steps.step(`s${n}`, () => steps.queue("none", 4, async () => ({ value: n })));
      took.push(performance.now() - begun);
    }
    return "done";
  };
  await journal.work(run, { work, approvalMs: 0 });
  console.log(
    `a step: median ${median(took).toFixed(2)} ms, of 1,000 the slowest ${took.at(-1).toFixed(1)} ms`,
  );
}

async function growth(journal, size) {
  const work = async (run, steps) => {
    for (const name of ["n1", "n2", "n3"]) await steps.step(name, async () => `${run} ${name}`);
    return Math.random() < 0.99 ? "done" : "waiting";
  };
  let made = 1;
  for (const count of [2500, 5000, 10_000]) {
    for (; made < count; made++) {
      await journal.work(await journal.begin(await journal.payloads.put({})), { work, approvalMs: 0 });
    }
    console.log(`${count} runs of 3 steps: ${(size() / 1e6).toFixed(1)} MB`);
  }
}

async function opening(open) {
  const opened = [];
  for (let n = 0; n < 9; n++) {
    const begun = performance.now();
    const again = await open();
    const unfinished = (await again.open()).length;
    const newest = (await again.runs(50)).length;
    opened.push(performance.now() - begun);
    await again.close();
    if (n === 0)
      console.log(`opened first in ${opened[0].toFixed(1)} ms: ${unfinished} open, ${newest} listed`);
  }
  console.log(`opened: median ${median(opened).toFixed(1)} ms`);
}

/** Bytes of the database. */
function sizeOf(folder) {
  return readdirSync(folder)
    .filter((name) => name.startsWith("runs.db"))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
