// The tool mcp.call: listed tools alone are called, fields outside the schema are dropped.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type OpenTools, openTools, readTask, runPlan, validate } from "../src/dispatch/index.ts";
import { planRequest } from "../src/dispatch/planner/plan-request.ts";

const program = fileURLToPath(import.meta.url.replace("dispatch-mcp.test", "tool-server"));
const letters = { type: "object", required: ["letters"], properties: { letters: { type: "integer" } } };
const asker = { role: "clerk" };
let opened: OpenTools;
before(async () => {
  const server = { kind: "command" as const, target: `"${process.execPath}" "${program}"` };
  const tools = { measure: letters, fail: letters };
  opened = await openTools({ mcp: { desk: { server, roles: ["clerk"], tools } } });
});
after(() => opened.close());
const taskOf = (tool: string, input: object) =>
  readTask({
    nodes: [{ id: "n1", tool: "mcp.call", args: { server: "desk", tool, input }, after: [] }],
    facts: [{ key: "letters", node: "n1", path: "/letters" }],
  });

it("gives what its schema has", async () => {
  const plan = await validate(taskOf("measure", { text: "four" }), opened.tools, asker);
  const { facts, dropped, flagged } = await runPlan(plan, opened.tools, asker);
  assert.deepEqual([facts[0].value, dropped, flagged], [4, [{ node: "n1", pointer: "/note" }], []]);
});

it("is refused before it runs: a tool that is not listed, another role, an input that does not fit", async () => {
  await assert.rejects(
    validate(taskOf("count", { text: "a" }), opened.tools, asker),
    /there is no tool count/,
  );
  await assert.rejects(validate(taskOf("measure", {}), opened.tools, asker), /input.*text/);
  const guest = validate(taskOf("measure", { text: "a" }), opened.tools, { role: "guest" });
  await assert.rejects(guest, /the role guest may not call desk/);
});

it("a tool that fails gives no figure", async () => {
  const plan = await validate(taskOf("fail", { text: "a" }), opened.tools, asker);
  const { failures, missing } = await runPlan(plan, opened.tools, asker);
  assert.deepEqual([failures.length, missing], [1, ["letters"]]);
});

it("is a step that a planner may take, for roles that may call it", async () => {
  const answers = [
    { verdict: "plan" },
    { next: "call desk.measure" },
    { input: { text: "four" } },
    { next: "done" },
    { facts: ["n1 letters"] },
  ];
  const planned = await planRequest('How long is "four"?', {
    ask: async () => JSON.stringify(answers.shift()),
    tools: opened.tools,
    catalogue: await opened.describe("clerk"),
    asker,
    today: "2026-06-30",
  });
  assert.ok(planned.verdict === "plan");
  const { facts } = await runPlan(planned.plan, opened.tools, asker);
  assert.deepEqual([facts[0].key, facts[0].value], ["letters", 4]);
  assert.deepEqual((await opened.describe("guest")).remoteTools, []);
});
