// Runs killed at random moments; what is asked, shown, rejected, expired and replayed.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  beginRun,
  continueRun,
  openJournal,
  openTools,
  readTask,
  replayRun,
  toHtml,
} from "../src/dispatch/index.ts";
import { loadPostgres } from "../src/machines/load-postgres.ts";
import { openAny } from "../src/store/open-database.ts";
import { type Kills, killMachines, killRuns } from "./dispatch-kills.ts";
import { type Postgres, startPostgres, whyNoPostgres } from "./postgres.ts";

const driver = await openAny(":memory:").catch((error: Error) => error);
if (!(driver instanceof Error)) driver.close();
const noSqlite = driver instanceof Error ? driver.message : undefined;
const folder = mkdtempSync(join(tmpdir(), "baimo-dispatch-runs-"));
after(() => rmSync(folder, { recursive: true }));

describe("runs with a journal in SQLite", { skip: noSqlite ?? false }, () => {
  const KILLS = Number(process.env.BAIMO_KILLS ?? 4);
  it(`kill -9, ${KILLS} times: finished, at most one step done again a kill, written once`, async () =>
    checkKills(await killRuns(KILLS, 18)));

  behaviour({
    placeOf: async (name) => join(folder, name),
    async spoil(place, payload) {
      const path = join(place, "payloads", payload.slice(0, 2), `${payload}.json`);
      writeFileSync(path, readFileSync(path, "utf8").replace("clerk", "chief"));
    },
  });
});

describe("runs with a journal in Postgres, over DBOS", {
  skip: noSqlite ?? whyNoPostgres("@dbos-inc/dbos-sdk") ?? false,
}, () => {
  let postgres: Postgres;
  let shared: string;
  before(async () => {
    postgres = await startPostgres();
    shared = await postgres.database("shared");
  });
  after(() => postgres.close());

  it("kill -9 of one machine of two, twice: the other goes on, nothing is written twice", async () =>
    checkKills(await killMachines(2, 18, await postgres.database("killed"))));

  behaviour({
    placeOf: async () => shared,
    async spoil(place, payload) {
      const { Pool } = await loadPostgres();
      const pool = new Pool({ connectionString: place });
      await pool.query("UPDATE baimo.payloads SET json = replace(json, 'clerk', 'chief') WHERE hash = $1", [
        payload,
      ]);
      await pool.end();
    },
  });
});

function checkKills({ kills, runs, repeated, written, wrong }: Kills): void {
  assert.deepEqual(wrong, []);
  assert.ok(repeated <= kills, `${repeated} steps were done again after ${kills} kills`);
  assert.equal(written, runs);
}

/** Where runs are kept. */
interface Keeping {
  placeOf(name: string): Promise<string>;
  /** Changes a payload. */
  spoil(place: string, payload: string): Promise<void>;
}

/** What holds wherever they are kept. */
function behaviour({ placeOf, spoil }: Keeping): void {
  const sql = "update stock set quantity = ? where id <= ?";
  const place = (name: string) => join(folder, name);
  const fresh = async () => {
    const database = await openAny(place("shop.db"));
    database.exec(
      "DROP TABLE IF EXISTS stock; CREATE TABLE stock (id INTEGER PRIMARY KEY, quantity INTEGER); INSERT INTO stock VALUES (1, 5), (2, 6), (3, 7)",
    );
    database.close();
  };
  const quantities = async () => {
    const database = await openAny(place("shop.db"));
    const rows = database.prepare("SELECT quantity FROM stock").all<{ quantity: number }>();
    database.close();
    return rows.map(({ quantity }) => quantity);
  };
  const task = readTask({
    nodes: [
      {
        id: "n1",
        tool: "sql.query",
        args: { db: "shop", sql: "select max(quantity) most from stock" },
        after: [],
      },
      {
        id: "n2",
        tool: "db.write",
        args: { db: "shop", sql, params: [{ $from: "n1", path: "/rows/0/most" }, 2] },
        after: [],
      },
    ],
    facts: [
      { key: "most", node: "n1", path: "/rows/0/most" },
      { key: "changed", node: "n2", path: "/changed" },
    ],
  });
  const work = async (name: string, test: (given: Awaited<ReturnType<typeof parts>>) => Promise<void>) => {
    await fresh();
    const given = await parts(name);
    try {
      await test(given);
    } finally {
      given.opened.close();
      await given.journal.close();
    }
  };
  async function parts(name: string) {
    const opened = await openTools({
      databases: { shop: { path: place("shop.db"), roles: ["clerk"], writes: [sql] } },
      sqlLimits: { rows: 100, ms: 60_000 },
    });
    const journal = await openJournal(await placeOf(name));
    const run = await beginRun(journal, { task, role: "clerk", language: "en" }, opened.tools);
    return { opened, journal, run };
  }

  it("an approval is of these arguments and these rows", () =>
    work("bound", async ({ opened, journal, run }) => {
      const { state, approvals } = await continueRun(journal, run, opened.tools);
      assert.equal(state, "waiting");
      const [{ node, shown, argumentsSha256 }] = approvals;
      assert.deepEqual([node, (shown as { rows: unknown[] }).rows.length], ["n2", 2]);
      await assert.rejects(
        journal.decide(run, "n2", { approve: true, by: "x", argumentsSha256: "0".repeat(64) }),
        /not what was shown/,
      );
      await journal.decide(run, "n2", { approve: true, by: "x", argumentsSha256 });
      const database = await openAny(place("shop.db"));
      database.exec("UPDATE stock SET quantity = 9 WHERE id = 1"); // after it was shown
      database.close();
      const { state: ended, result } = await continueRun(journal, run, opened.tools);
      assert.equal(ended, "failed");
      assert.match(result.failures[0].message, /others than those that were approved/);
      assert.deepEqual(await quantities(), [9, 6, 7]);
    }));

  it("an approval that comes too late, or never, writes nothing", () =>
    work("late", async ({ opened, journal, run }) => {
      await continueRun(journal, run, opened.tools, { approvalMs: -1 });
      const [{ arguments: argumentsSha256 }] = await journal.approvals(run);
      await assert.rejects(journal.decide(run, "n2", { approve: true, by: "x", argumentsSha256 }), /is over/);
      const { result } = await continueRun(journal, run, opened.tools);
      assert.match(result.failures[0].message, /not approved in time/);
      assert.deepEqual(await quantities(), [5, 6, 7]);
    }));

  it("what was rejected is not written, and a replay says the same without calls", () =>
    work("rejected", async ({ opened, journal, run }) => {
      const { approvals } = await continueRun(journal, run, opened.tools);
      await journal.decide(run, "n2", {
        approve: false,
        by: "x",
        argumentsSha256: approvals[0].argumentsSha256,
      });
      const { report, result } = await continueRun(journal, run, opened.tools);
      assert.match(result.failures[0].message, /rejected by x/);
      assert.deepEqual(await quantities(), [5, 6, 7]);
      opened.close();
      writeFileSync(place("shop.db"), "gone");
      assert.equal(toHtml((await replayRun(journal, run)).report), toHtml(report));
      rmSync(place("shop.db"));
    }));

  it("a payload that was changed is not taken for the run's", () =>
    work("changed", async ({ opened, journal, run }) => {
      await continueRun(journal, run, opened.tools);
      const { payload } = await journal.run(run);
      await spoil(await placeOf("changed"), payload);
      await assert.rejects(replayRun(journal, run), /was changed/);
    }));
}
