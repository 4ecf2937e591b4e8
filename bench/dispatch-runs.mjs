// The journal of dispatch: kill -9 at random moments, cost of a step, 10,000 runs opened, growth.
//
// Run it after a build: node bench/dispatch-runs.mjs [kills]
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJournal } from "../dist/src/dispatch/index.js";
import { JournalSteps } from "../dist/src/dispatch/runs/journal-steps.js";
import { Turns } from "../dist/src/dispatch/runs/turns.js";
import { drivers } from "../dist/src/store/open-database.js";
import { killRuns } from "../dist/test/dispatch-kills.js";

const kills = Number(process.argv[2] ?? 50);
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
let isKilled = false;

for (const driver of drivers) {
  const folder = mkdtempSync(join(tmpdir(), "baimo-bench-"));
  try {
    const journal = await openJournal(folder, driver);
    console.log(process.version, driver.name);
    const run = journal.begin(await journal.payloads.put({}));
    const steps = new JournalSteps(journal, run, { approvalMs: 0, turns: new Turns() });
    const took = [];
    for (let n = 0; n < 1000; n++) {
      const begun = performance.now();
      await steps.step(`s${n}`, async () => ({ value: n }));
      took.push(performance.now() - begun);
    }
    console.log(
      `a step: median ${median(took).toFixed(2)} ms, of 1,000 the slowest ${took.at(-1).toFixed(1)} ms`,
    );
    let made = 1;
    for (const count of [2500, 5000, 10_000]) {
      for (; made < count; made++) {
        const id = journal.begin(await journal.payloads.put({ run: Math.random() }));
        for (const name of ["n1", "n2", "n3"]) {
          journal.beginStep(id, name);
          journal.endStep(id, name, "done", "0".repeat(64));
        }
        if (Math.random() < 0.99) journal.end(id, "done");
      }
      console.log(`${count} runs of 3 steps: ${(sizeOf(folder) / 1e6).toFixed(1)} MB`);
    }
    journal.close();
    const opened = [];
    for (let n = 0; n < 9; n++) {
      const begun = performance.now();
      const again = await openJournal(folder, driver);
      const open = again.open().length;
      const newest = again.runs(50).length;
      opened.push(performance.now() - begun);
      again.close();
      if (n === 0) console.log(`opened first in ${opened[0].toFixed(1)} ms: ${open} open, ${newest} listed`);
    }
    console.log(`opened: median ${median(opened).toFixed(1)} ms`);
    if (isKilled) continue; // the program takes the first driver that is there
    isKilled = true;
    console.log(`kill -9: ${JSON.stringify(await killRuns(kills, 20261128))}`);
  } catch (error) {
    console.log(`${driver.name}: ${error.message}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Bytes of the database. */
function sizeOf(folder) {
  return readdirSync(folder)
    .filter((name) => name.startsWith("runs.db"))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
