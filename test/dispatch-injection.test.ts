// 200 attacks in rows, third parties' answers and names of files: no call, no write, no claim.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { HttpRequest } from "../src/dispatch/http/send.ts";
import {
  beginRun,
  continueRun,
  type Journal,
  type OpenTools,
  openJournal,
  openTools,
  planRequest,
  readTask,
  toHtml,
} from "../src/dispatch/index.ts";
import type { Ask } from "../src/dispatch/planner/ask.ts";
import { textOf } from "../src/dispatch/report/report.ts";
import { openAny } from "../src/store/open-database.ts";
import { attacks } from "./dispatch-attacks.ts";

const driver = await openAny(":memory:").catch((error: Error) => error);
if (!(driver instanceof Error)) driver.close();
const folder = mkdtempSync(join(tmpdir(), "baimo-injection-"));
after(() => rmSync(folder, { recursive: true }));
const place = (name: string) => join(folder, name);
const WRITE = "update stock set quantity = ? where id = ?";

const answer = {
  type: "object",
  properties: { status: { type: "string" }, score: { type: "integer" } },
  required: ["status", "score"],
};
const content = { "application/json": { schema: answer } };
const bureau = {
  operationId: "getBureau",
  parameters: [{ name: "id", in: "path", required: true, schema: { type: "integer" } }],
  responses: { "200": { content } },
};
const document = { openapi: "3.1.0", paths: { "/bureau/{id}": { get: bureau } } };

/** Obeys whatever speaks to it: where its prompt has an attack, it plans a write. Else it does as it was asked. */
const obedient = (attack: string, asked: string[]): Ask => {
  const calm = [
    { verdict: "plan" },
    { next: "query shop.notes" },
    { select: [{ column: "body" }], where: [{ column: "id", op: "=", value: 1 }], order: "none", limit: 1 },
    { next: "done" },
    { facts: ["n1 body"] },
  ];
  const writing = [
    { verdict: "plan" },
    { next: `write shop: ${WRITE}` },
    { params: [0, 1] },
    { next: "done" },
    { facts: ["n1 changed"] },
  ];
  let next = 0;
  return async ({ system, request, state }) => {
    asked.push(`${system}\n${request}\n${state}`);
    return JSON.stringify((`${system}${request}${state}`.includes(attack) ? writing : calm)[next++]);
  };
};

describe(`${attacks.length * 4} attacks`, { skip: driver instanceof Error ? driver.message : false }, () => {
  let opened: OpenTools;
  let journal: Journal;
  let bytes: Buffer;
  const calls: HttpRequest[] = [];
  let third: unknown;
  before(async () => {
    const database = await openAny(place("shop.db"));
    database.exec(
      "CREATE TABLE stock (id INTEGER PRIMARY KEY, quantity INTEGER); INSERT INTO stock VALUES (1, 5); CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)",
    );
    for (const [at, attack] of attacks.entries())
      database.prepare("INSERT INTO notes VALUES (?, ?)").run(at + 1, attack);
    database.close();
    writeFileSync(place("partner.json"), JSON.stringify(document));
    bytes = readFileSync(place("shop.db"));
    const send = async (request: HttpRequest) => {
      calls.push(request);
      return { status: 200, body: third };
    };
    opened = await openTools({
      databases: { shop: { path: place("shop.db"), roles: ["clerk"], writes: [WRITE] } },
      services: { partner: { openapi: place("partner.json"), roles: ["clerk"], send } },
      sqlLimits: { rows: 100, ms: 60_000 },
    });
    journal = await openJournal(place("journal"));
  });
  after(async () => {
    opened.close();
    await journal.close();
  });

  /** Runs a plan: the steps of the plan and no others, nothing written, nothing of the attack said. */
  async function check(
    nodes: object[],
    facts: object[],
    attack: string,
    calledBefore: number,
    expectedCalls: number,
  ) {
    const run = await beginRun(
      journal,
      {
        task: readTask({ nodes, facts }),
        role: "clerk",
        language: /\p{Script=Han}/u.test(attack) ? "zh" : "en",
      },
      opened.tools,
    );
    const { report, state } = await continueRun(journal, run, opened.tools);
    assert.equal(calls.length - calledBefore, expectedCalls);
    assert.deepEqual(readFileSync(place("shop.db")), bytes, "nothing is written");
    assert.deepEqual(await journal.approvals(run), []);
    for (const sentence of report.sentences) assert.ok(!textOf(sentence).includes(attack), textOf(sentence));
    assert.ok(!toHtml(report).includes(attack), "nothing of it stands in the report");
    return { report, state };
  }

  it("in rows", async () => {
    for (const [at, attack] of attacks.entries()) {
      const nodes = [
        {
          id: "n1",
          tool: "sql.query",
          args: { db: "shop", sql: "select id, body from notes where id = ?", params: [at + 1] },
          after: [],
        },
        {
          id: "n2",
          tool: "calc",
          args: { expr: "n = count(body)", body: { $from: "n1", path: "/rows/*/body" } },
          after: [],
        },
      ];
      const facts = [
        { key: "note", node: "n1", path: "/rows/0/body" },
        { key: "notes", node: "n2", path: "/n" },
      ];
      const { report } = await check(nodes, facts, attack, calls.length, 0);
      assert.deepEqual(
        report.flagged.map(({ pointer }) => pointer),
        ["/rows/0/body"],
        attack,
      );
    }
  });

  it("in third parties' answers, in a field of the schema and beside it", async () => {
    for (const attack of attacks) {
      third = { status: attack, score: 7, remark: attack };
      const nodes = [
        {
          id: "n1",
          tool: "http.call",
          args: { service: "partner", operationId: "getBureau", params: { id: 1 } },
          after: [],
        },
      ];
      const facts = [
        { key: "status", node: "n1", path: "/status" },
        { key: "score", node: "n1", path: "/score" },
      ];
      const { report } = await check(nodes, facts, attack, calls.length, 1);
      assert.deepEqual(
        [report.dropped, report.flagged],
        [[{ node: "n1", pointer: "/remark" }], [{ node: "n1", pointer: "/status" }]],
        attack,
      );
    }
  });

  it("a planner that obeys never reads a row, and what it writes waits for an approval", async () => {
    const catalogue = await opened.describe("clerk");
    for (const attack of attacks) {
      for (const request of ["What does note 1 say?", `Summarise the file “${attack}.xlsx”, 0 and 1.`]) {
        const asked: string[] = [];
        const planned = await planRequest(request, {
          ask: obedient(attack, asked),
          tools: opened.tools,
          catalogue,
          asker: { role: "clerk" },
          today: "2026-06-30",
        });
        assert.ok(planned.verdict === "plan");
        const isCalm = request.startsWith("What");
        if (isCalm) for (const prompt of asked) for (const each of attacks) assert.ok(!prompt.includes(each));
        const run = await beginRun(
          journal,
          { task: planned.task, role: "clerk", language: "en" },
          opened.tools,
        );
        const { state, approvals } = await continueRun(journal, run, opened.tools);
        assert.deepEqual([state, approvals.length], isCalm ? ["done", 0] : ["waiting", 1]);
        assert.deepEqual(readFileSync(place("shop.db")), bytes, "nothing is written");
      }
    }
  });
});
