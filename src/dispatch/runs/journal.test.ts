// Opening journals: of the version before, and where packages are not installed.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openAny } from "../../store/open-database.ts";
import { loadDbos } from "./dbos/load-dbos.ts";
import { openJournal } from "./open-journal.ts";

const driver = await openAny(":memory:").catch((error: Error) => error);
if (!(driver instanceof Error)) driver.close();

test("schema 1", { skip: driver instanceof Error ? driver.message : false }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-journal-"));
  const before = await openAny(join(folder, "runs.db"));
  before.exec(
    "CREATE TABLE runs (id TEXT PRIMARY KEY, payload TEXT NOT NULL, state TEXT NOT NULL, owner TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL) WITHOUT ROWID; INSERT INTO runs VALUES ('a', 'p', 'done', NULL, 1, 1); PRAGMA user_version = 1",
  );
  before.close();
  const journal = await openJournal(folder);
  try {
    const mine = await journal.begin("q", "li");
    assert.equal((await journal.run("a")).person, null);
    assert.deepEqual(
      (await journal.runsOf("li")).map(({ id }) => id),
      [mine],
    );
  } finally {
    await journal.close();
    rmSync(folder, { recursive: true });
  }
});

const packages = await loadDbos().then(
  () => "they are installed",
  () => false,
);

test("Postgres without its packages", { skip: packages }, async () => {
  await assert.rejects(openJournal("postgres://localhost/runs"), /needs the package .* npm install it/);
});
