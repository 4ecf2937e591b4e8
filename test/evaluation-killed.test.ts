// An evaluation killed at random: nothing answered is asked again, and its files end the same.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createRandom } from "../src/random.ts";

const BATCH = 4;
const DOCUMENTS = 60;
/** Kills; 50 where all is asked for. */
const KILLS = process.env.BAIMO_EVALUATION === "all" ? 50 : 2;
const folder = mkdtempSync(join(tmpdir(), "baimo-killed-"));
after(() => rmSync(folder, { recursive: true }));
const rows = Array.from({ length: DOCUMENTS }, (_, i) => ({ q: `question ${i}`, a: i % 2 }));
writeFileSync(join(folder, "rows.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
writeFileSync(
  join(folder, "killed.yaml"),
  JSON.stringify({
    task: "killed",
    dataset_path: "json",
    dataset_kwargs: { data_files: { test: "rows.jsonl" } },
    test_split: "test",
    output_type: "multiple_choice",
    doc_to_text: "{{q}}",
    doc_to_choice: ["one", "three"],
    doc_to_target: "a",
  }),
);

const start = (name: string): ChildProcess =>
  spawn(
    process.execPath,
    [
      join(import.meta.dirname, "evaluation-killed-run.js"),
      folder,
      join(folder, name),
      join(folder, `${name}.asked`),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );

/** Every file below a folder but the journal, by name, times apart. */
function filesOf(name: string): Map<string, string> {
  const below = readdirSync(join(folder, name), { recursive: true, withFileTypes: true });
  const files = below.filter((entry) => entry.isFile() && entry.name !== "journal.jsonl");
  const place = (parent: string) => parent.slice(join(folder, name).length);
  return new Map(
    files
      .map((entry): [string, string] => [
        join(place(entry.parentPath), entry.name),
        readFileSync(join(entry.parentPath, entry.name), "utf8").replace(/"seconds": [\d.e-]+/g, ""),
      ])
      .sort(),
  );
}

test(`a run that is killed ${KILLS} times`, async () => {
  const [code] = await once(start("whole"), "exit");
  assert.equal(code, 0);
  const seed = Date.now() % 2 ** 31;
  const random = createRandom(seed);
  let kills = 0;
  for (let isDone = false; !isDone; ) {
    const child = start("killed");
    const ended = once(child, "exit");
    await once(child.stdout!, "data");
    // Of about 120 ms of asking.
    if (kills < KILLS) {
      await sleep(random.integer(KILLS > 10 ? 25 : 60));
      child.kill("SIGKILL");
    }
    const [status] = await ended;
    isDone = status === 0;
    if (!isDone) {
      assert.equal(status, null, `seed ${seed}: it ended by itself with ${status}`);
      kills++;
    }
  }
  const asked = readFileSync(join(folder, "killed.asked"), "utf8").trimEnd().split("\n");
  const different = new Set(asked).size;
  assert.equal(different, 2 * DOCUMENTS);
  // Those in flight at a kill may be asked again.
  assert.ok(
    asked.length <= different + kills * BATCH,
    `seed ${seed}: ${asked.length} asked after ${kills} kills`,
  );
  assert.deepEqual(filesOf("killed"), filesOf("whole"), `seed ${seed}`);
});
