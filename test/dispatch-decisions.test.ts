// "Should we?" and "may we?" by dispatch: verdicts, figures, and what they rest on.
import assert from "node:assert/strict";
import { it } from "node:test";
import { loadCatalogue, loadTerms } from "../src/cli/load-catalogue.ts";
import { openTools, planRequest, readTask, runPlan, validate, writeReport } from "../src/dispatch/index.ts";
import { scriptedPlanner } from "./random-planner.ts";

const grounds = () => ({ catalogue: loadCatalogue(), terms: loadTerms() });
const opened = await openTools({ grounds });
const asker = { role: "anyone" };

it("a request in words: may we, and should we", async () => {
  const request =
    "May we use Qwen2.5-7B in a product, and should it answer our 20000 mails a month at 5 minutes each?";
  const work = { tasksPerMonth: 20000, minutesPerTask: 5, hourlyWage: null, modelCostPerTask: null };
  const rest = { acceptance: null, reviewMinutes: null, errorRate: null, errorCost: null, currency: "USD" };
  const ask = scriptedPlanner([
    { verdict: "plan" },
    { next: "may" },
    {},
    { next: "should a model do it" },
    Object.assign(work, rest),
    { next: "done" },
    { facts: ["n1 verdict", "n1 clauses", "n2 verdict"] },
  ]);
  const catalogue = await opened.describe(asker.role);
  const context = { ask, tools: opened.tools, catalogue, asker, today: "2026-06-30" };
  const planned = await planRequest(request, context);
  assert.ok(planned.verdict === "plan");
  const result = await runPlan(planned.plan, opened.tools, asker);
  const [permitted, clauses, should] = result.facts;
  assert.equal(permitted.value, "yes");
  assert.ok(Array.isArray(clauses.value) && clauses.value.length > 0);
  assert.equal(should.value, "cannot-tell");
  const [evidence] = permitted.evidence;
  assert.ok(evidence.kind === "step" && evidence.citations?.every(({ says, source }) => says && source));
  assert.deepEqual(writeReport(planned.task, result, { language: "en", request }).blocked, []);
});

it("a saved task: the figures of a return, each with its formula", async () => {
  const work = {
    tasksPerMonth: 1000,
    minutesPerTask: 6,
    hourlyWage: 20,
    overhead: 1.4,
    modelCostPerTask: 0.1,
    acceptance: 0.9,
    reviewMinutes: 1,
    errorRate: 0.01,
    errorCost: 5,
  };
  const options = { work: [work], fixedPerMonth: 500, currency: "USD" };
  const nodes = [{ id: "n1", tool: "plan", args: { plan: "roi", options }, after: [] }];
  const facts = [
    { key: "verdict", node: "n1", path: "/verdict" },
    { key: "people_usd", node: "n1", path: "/results/people", unit: "USD a month" },
  ];
  const task = readTask({ nodes, facts });
  const result = await runPlan(await validate(task, opened.tools, asker), opened.tools, asker);
  assert.deepEqual(
    result.facts.map(({ value }) => value),
    ["model", 2800],
  );
  const [evidence] = result.facts[1].evidence;
  assert.ok(evidence.kind === "step" && evidence.citations?.some(({ says }) => says.includes("=")));
  const report = writeReport(task, result, { language: "en" });
  assert.deepEqual([report.blocked, report.sentences.length], [[], 2]);
  const wrong = {
    nodes: [{ id: "n1", tool: "plan", args: { plan: "roi", options: { work: [{ wage: 3 }] } }, after: [] }],
    facts: [],
  };
  await assert.rejects(validate(readTask(wrong), opened.tools, asker), /node n1: .*wage/);
});

it("a question that names no model is refused before it runs", async () => {
  const nodes = [{ id: "n1", tool: "may", args: { question: "May we?" }, after: [] }];
  await assert.rejects(
    validate(readTask({ nodes, facts: [] }), opened.tools, asker),
    /names no model or licence/,
  );
});
