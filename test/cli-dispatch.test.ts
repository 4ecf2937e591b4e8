// `baimo dispatch`: a saved task over a small database, its plan, its facts, what is refused.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { openAny } from "../src/store/open-database.ts";
import { baimo, folder } from "./baimo.ts";

const file = (name: string) => join(folder, name);
const made = await openAny(":memory:").catch((error: Error) => error);
if (!(made instanceof Error)) made.close();

const rows = { $from: "n1", path: "/rows" };
const nodes = (sql: string) => [
  { id: "n1", tool: "sql.query", args: { db: "shop", sql, params: [{ $parameter: "year" }] }, after: [] },
  { id: "n2", tool: "calc", args: { expr: "total = sum(fen); share = fen / total", rows }, after: [] },
];
const facts = [
  { key: "total", node: "n2", path: "/total", unit: "fen" },
  { key: "best", node: "n1", path: "/rows/0/name" },
];
const save = (name: string, sql: string) => {
  const parameters = { year: { type: "integer", minimum: 2000, maximum: 2100 } };
  writeFileSync(file(name), JSON.stringify({ parameters, nodes: nodes(sql), facts }));
};

describe("baimo dispatch", { skip: made instanceof Error ? made.message : false }, () => {
  before(async () => {
    const database = await openAny(file("shop.db"));
    database.exec(
      "CREATE TABLE sales (name TEXT, year INTEGER, fen INTEGER); CREATE TABLE wages (fen INTEGER)",
    );
    database.exec("INSERT INTO sales VALUES ('茶', 2025, 300), ('rice', 2025, 100), ('rice', 2024, 900)");
    database.close();
    const shop = { path: "shop.db", tables: ["sales"] };
    writeFileSync(
      file("tools.json"),
      JSON.stringify({ roles: { clerk: ["shop"], guest: [] }, databases: { shop } }),
    );
    save("task.json", "select name, fen from sales where year = ? order by fen desc");
    save("wages.json", "select fen, 'x' as name from wages where fen > ?");
  });
  const run = (task: string, ...flags: string[]) =>
    baimo(["dispatch", file(task), "--tools", file("tools.json"), ...flags]);

  it("gives facts that lead to their rows", async () => {
    const { status, stdout, stderr } = await run("task.json", "--role", "clerk", "--set", "year=2025");
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^total {2}400 fen {2}n1 shop: 2 rows, [0-9a-f]{12}; n2 total = sum\(fen\)/m);
    assert.match(stdout, /^best {3}茶/m);
    const { stdout: json } = await run("task.json", "--role", "clerk", "--set", "year=2024", "--json");
    const [total] = JSON.parse(json).report.facts;
    assert.deepEqual([total.value, total.evidence[0].parameters, total.evidence[0].rows], [900, [2024], 1]);
  });

  it("says what would run", async () => {
    const { stdout } = await run("task.json", "--role", "clerk", "--set", "year=2025", "--plan-only");
    assert.match(stdout, /^n1 {2}sql\.query\nn2 {2}calc\ncosts at most 0 fen; writes: none$/m);
  });

  it("shows what a write would change, writes it once when that was allowed, and replays", async () => {
    const sql = "update sales set fen = ? where name = ?";
    const tools = { roles: { clerk: ["shop"] }, databases: { shop: { path: "shop.db", writes: [sql] } } };
    writeFileSync(file("writing.json"), JSON.stringify(tools));
    const task = {
      nodes: [
        {
          id: "n1",
          tool: "db.write",
          args: { db: "shop", sql, params: [350, "茶"] },
          after: [],
          needsApproval: true,
        },
      ],
      facts: [{ key: "changed", node: "n1", path: "/changed" }],
    };
    writeFileSync(file("write.json"), JSON.stringify(task));
    const flags = ["--tools", file("writing.json"), "--journal", file("journal")];
    const price = async () => {
      const database = await openAny(file("shop.db"));
      const [{ fen }] = database.prepare("SELECT fen FROM sales WHERE name = '茶'").all<{ fen: number }>();
      database.close();
      return fen;
    };
    const asked = await baimo(["dispatch", file("write.json"), "--role", "clerk", ...flags]);
    assert.match(
      asked.stdout,
      /rows that would change: 1\n {4}\{"name":"茶","year":2025,"fen":300,"fen after":350\}/,
    );
    const [, approval] = /--approve (\S+)/.exec(asked.stdout) ?? [];
    assert.equal(await price(), 300);
    const wrong = await baimo(["dispatch", "--approve", `${approval.slice(0, -4)}0000`, ...flags]);
    assert.match(wrong.stderr, /names no step that waits/);
    assert.equal(await price(), 300);
    const approved = await baimo(["dispatch", "--approve", approval, ...flags]);
    assert.match(approved.stdout, /^changed {2}1 /m, approved.stderr);
    assert.equal(await price(), 350);
    const run = approval.split(":")[0];
    const reports = [file("a.html"), file("b.html")];
    for (const report of reports) {
      const { stdout } = await baimo([
        "dispatch",
        "--replay",
        run,
        "--journal",
        file("journal"),
        "--report",
        report,
      ]);
      assert.match(stdout, /^changed {2}1 /m);
    }
    assert.equal(readFileSync(reports[0], "utf8"), readFileSync(reports[1], "utf8"));
    assert.match(
      (await baimo(["dispatch", "--runs", "--journal", file("journal")])).stdout,
      new RegExp(`^${run} +done`),
    );
  });

  it("has a model plan a request in words", async () => {
    const { status, stdout, stderr } = await baimo([
      "dispatch",
      "How much rice was sold in 2025?",
      "--model",
      "poet",
      "--plan-only",
      "--role",
      "clerk",
      "--tools",
      file("tools.json"),
    ]);
    // the poem model's context is small, and it was never taught to plan
    if (status === 0) assert.match(stdout, /costs at most 0 fen|^refused: |^which .* is meant\?/m);
    else assert.match(stderr, /the plan is not whole JSON/);
  });

  it("refuses what does not fit, before anything runs", async () => {
    const year = ["--set", "year=2025"];
    const refusals: [string, string[], RegExp][] = [
      ["task.json", ["--role", "clerk"], /parameter year is missing/],
      ["task.json", ["--role", "clerk", "--set", "year=soon"], /parameter year is "soon"/],
      ["task.json", ["--role", "guest", ...year], /permission: the role guest may not read shop/],
      ["wages.json", ["--role", "clerk", ...year], /reads wages; allowed: sales/],
    ];
    for (const [task, flags, message] of refusals) {
      const { status, stderr } = await run(task, ...flags);
      assert.equal(status, 1);
      assert.match(stderr, message);
    }
    assert.equal((await run("task.json", "--role", "clerk", "--set", "year")).status, 2);
  });
});
