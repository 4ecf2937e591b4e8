// A dispatcher: roles by people's names, and runs that are one's own alone.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openJournal, openTools } from "../../dispatch/index.ts";
import { openAny } from "../../store/open-database.ts";
import type { Person } from "./dispatcher.ts";
import { openDispatcher } from "./open-dispatcher.ts";

const driver = await openAny(":memory:").catch((error: Error) => error);
if (!(driver instanceof Error)) driver.close();

test("each sees their own runs alone, as their role may", {
  skip: driver instanceof Error ? driver.message : false,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-dispatcher-"));
  const nodes = [{ id: "n1", tool: "calc", args: { expr: "two = 1 + 1" }, after: [] }];
  const task = { nodes, facts: [{ key: "two", node: "n1", path: "/two" }] };
  const query = { db: "shop", sql: "select 1", params: [] };
  const secret = { nodes: [{ id: "n1", tool: "sql.query", args: query, after: [] }], facts: [] };
  const path = join(folder, "shop.db");
  (await openAny(path)).close();
  const { dispatcher, close } = openDispatcher({
    opened: await openTools({ databases: { shop: { path, roles: ["owner"] } } }),
    journal: await openJournal(join(folder, "journal")),
    people: { li: "owner", wang: "guest" },
    tasks: { task, secret },
  });
  const [li, wang, other] = ["li", "wang", "other"].map((name) => ({ id: `id-${name}`, name }));
  const runsOf = async (person: Person) => {
    const runs: { id: string }[] = [];
    for await (const run of dispatcher.all(person)) runs.push(run);
    return runs;
  };
  try {
    assert.equal((await dispatcher.propose(wang, { task: "task" })).verdict, "plan");
    await assert.rejects(dispatcher.propose(wang, { task: "secret" }), /the role guest may not read shop/);
    await assert.rejects(dispatcher.propose(other, { task: "task" }), /no role here/);
    const run = await dispatcher.begin(li, { task, language: "en", request: "two" });
    let view = await dispatcher.view(li, run);
    while (view.state === "running") {
      await new Promise((resolve) => setTimeout(resolve, 5));
      view = await dispatcher.view(li, run);
    }
    assert.deepEqual([view.state, view.report?.facts[0].value, view.nodes[0].state], ["done", 2, "done"]);
    const decision = { node: "n1", argumentsSha256: "", approve: true };
    for (const ask of [
      dispatcher.view(wang, run),
      dispatcher.report(wang, run, "html"),
      dispatcher.rows(wang, run, "two", 0),
      dispatcher.decide(wang, run, decision),
    ]) {
      await assert.rejects(ask, /there is no run/);
    }
    assert.deepEqual([(await dispatcher.runs(li)).length, (await dispatcher.runs(wang)).length], [1, 0]);

    const same = await dispatcher.begin(wang, { task, language: "en" });
    const waits = await dispatcher.begin(wang, { task, language: "en" });
    await dispatcher.forget(li);
    assert.deepEqual(await runsOf(li), []);
    const kept = await runsOf(wang);
    assert.deepEqual(kept.map(({ id }) => id).toSorted(), [same, waits].toSorted());
    await dispatcher.forget(wang);
    assert.deepEqual(
      readdirSync(join(folder, "journal", "payloads"), { recursive: true, encoding: "utf8" }).filter((name) =>
        name.endsWith(".json"),
      ),
      [],
    );
  } finally {
    await close();
    rmSync(folder, { recursive: true });
  }
});
