// An evaluation killed at random: nothing answered is asked again, and its files end the same.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { BaimoError } from "../src/errors.ts";
import { prepareRun } from "../src/evaluate/prepare-run.ts";
import { runInFolder } from "../src/evaluate/run-in-folder.ts";
import type { Subject } from "../src/evaluate/subjects/subject.ts";
import { createRandom } from "../src/random.ts";
import { startPostgres, whyNoPostgres } from "./postgres.ts";
import { until } from "./until.ts";

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

const start = (name: string, asked = name, ...more: readonly string[]): ChildProcess => {
  const program = join(import.meta.dirname, "evaluation-killed-run.js");
  const places = [folder, join(folder, name), join(folder, `${asked}.asked`)];
  return spawn(process.execPath, [program, ...places, ...more], { stdio: ["ignore", "pipe", "inherit"] });
};

/** What was asked, a line a question. */
const askedBy = (asked: string): string[] => {
  const path = join(folder, `${asked}.asked`);
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
};

/** Every file below a folder, by name, times apart; `without` those of a name. */
function filesOf(name: string, without?: string): Map<string, string> {
  const below = readdirSync(join(folder, name), { recursive: true, withFileTypes: true });
  const files = below.filter((entry) => entry.isFile() && entry.name !== without);
  const place = (parent: string) => parent.slice(join(folder, name).length);
  return new Map(
    files
      .map((entry): [string, string] => [
        join(place(entry.parentPath), entry.name),
        readFileSync(join(entry.parentPath, entry.name), "utf8").replace(/"seconds": ?[\d.e-]+/g, ""),
      ])
      .sort(),
  );
}

before(async () => {
  const [code] = await once(start("whole"), "exit");
  assert.equal(code, 0);
});

test(`a run that is killed ${KILLS} times`, async () => {
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
  const asked = askedBy("killed");
  const different = new Set(asked).size;
  assert.equal(different, 2 * DOCUMENTS);
  // Those in flight at a kill may be asked again.
  assert.ok(
    asked.length <= different + kills * BATCH,
    `seed ${seed}: ${asked.length} asked after ${kills} kills`,
  );
  const journal = "journal.jsonl"; // its lines are in the order in which they were asked
  assert.deepEqual(filesOf("killed", journal), filesOf("whole", journal), `seed ${seed}`);
});

test("a run that two machines share, one of them killed", { skip: whyNoPostgres() ?? false }, async () => {
  const postgres = await startPostgres();
  try {
    const address = await postgres.database("shared");
    const first = start("first", "first", address, "3");
    await until(() => askedBy("first").length === 3 * BATCH); // and it has one of them in hand
    const second = start("second", "second", address);
    const ended = once(second, "exit");
    await until(() => askedBy("second").length > 0);
    first.kill("SIGKILL");
    assert.deepEqual(await ended, [0, null]);
    const asked = [...askedBy("first"), ...askedBy("second")];
    assert.equal(new Set(asked).size, 2 * DOCUMENTS);
    assert.equal(asked.length, 2 * DOCUMENTS + BATCH);
    assert.deepEqual(filesOf("second"), filesOf("whole"));

    const [late] = await once(start("first", "late", address), "exit");
    assert.equal(late, 0);
    assert.deepEqual(askedBy("late"), []);
    assert.deepEqual(filesOf("first"), filesOf("whole"));

    const settings = { tasks: ["killed"], includePaths: [folder], numFewshot: 0, limit: 5 };
    const subject: Subject = { name: "another", facts: {}, countTokens: () => 1, ask: () => assert.fail() };
    const share = { address, name: "shared" };
    const options = { isChat: false, share, identity: "one", version: "0", batch: BATCH };
    const other = runInFolder(await prepareRun(settings), subject, settings, options);
    await assert.rejects(other, ({ code, message }: BaimoError) => {
      assert.equal(code, "request");
      assert.match(message, /model is "answers by length" there and "another" here/);
      assert.match(message, /limit is not set there and 5 here/);
      return true;
    });
  } finally {
    await postgres.close();
  }
});
