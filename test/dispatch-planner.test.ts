// The planner: random plans are valid, names are looked up, what is invalid goes back once.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { asking, candidatesOf, type OpenTools, planRequest, runPlan } from "../src/dispatch/index.ts";
import type { Ask } from "../src/dispatch/planner/ask.ts";
import type { Catalogue } from "../src/dispatch/planner/catalogue.ts";
import { writePlan } from "../src/dispatch/planner/plan-request.ts";
import { wordsOfRequest } from "../src/dispatch/planner/words.ts";
import { load } from "../src/index.ts";
import { createRandom } from "../src/random.ts";
import { faultOf } from "./dispatch-judge.ts";
import { rightPlan } from "./dispatch-right-plans.ts";
import { open, partner, requests, skipSql } from "./dispatch-world.ts";
import { root } from "./places.ts";
import { randomPlanner, scriptedPlanner } from "./random-planner.ts";

describe("the planner", { skip: skipSql }, () => {
  let opened: OpenTools;
  let catalogue: Catalogue;
  const asker = { role: "analyst" };
  before(async () => {
    opened = await open(partner);
    catalogue = await opened.describe("analyst");
  });
  after(() => opened.close());
  const plan = (request: string, ask: Ask, budgetFen?: number) =>
    planRequest(request, { ask, tools: opened.tools, catalogue, asker, today: "2026-06-30", budgetFen });

  it("of 100 plans made at random each is valid at once", async () => {
    const random = createRandom(18);
    const verdicts = new Map<string, number>();
    for (let n = 0; n < 100; n++) {
      const { text } = requests[random.integer(requests.length)];
      let calls = 0;
      const ask = randomPlanner(random);
      const counted: Ask = (question, schema) => {
        calls++;
        assert.ok(!question.state.includes("not valid"), question.state);
        return ask(question, schema);
      };
      const { verdict } = await plan(text, counted);
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      assert.ok(calls <= 30);
    }
    assert.equal(verdicts.size, 3);
  });

  it("a model that was never taught to plan gives valid plans", async () => {
    const model = await load(join(root, "assets", "poet.gguf"), { threads: 1 });
    try {
      const small = {
        databases: [{ name: "hospital", tables: catalogue.databases[2].tables.slice(0, 2) }],
        predictors: [],
        forecasters: [],
        operations: [],
        remoteTools: [],
        writes: [],
      };
      for (let seed = 0; seed < 3; seed++) {
        const ask = asking(model, { seed, temperature: 1, topP: 1, onFull: "shift" });
        const asked: Ask = (question, schema) =>
          ask({ system: "", request: question.request, state: "" }, schema);
        const planned = await planRequest("2026年5月内科有多少预约？", {
          ask: asked,
          tools: opened.tools,
          catalogue: small,
          asker,
          today: "2026-06-30",
        });
        assert.ok(["plan", "clarify", "refuse"].includes(planned.verdict));
      }
    } finally {
      await model.dispose();
    }
  });

  it("a right plan gives the fixture's facts", async () => {
    const asked: string[] = [];
    const columns = { customer: "customers.region_id", item: "qty", price: "unit_price_fen" };
    const ask = scriptedPlanner(
      [
        { verdict: "plan" },
        { next: "query trade.order_items" },
        {
          select: [{ fn: "sum", column: columns.item, times: columns.price }],
          where: [
            { column: "orders.status", op: "<>", value: "cancelled" },
            { column: columns.customer, op: "=", value: 1 },
            { column: "orders.ordered_on", op: "starts", value: "2026-03" },
          ],
          order: "none",
          limit: 1,
        },
        { next: "done" },
        { facts: ["n1 sum_qty_unit_price_fen"] },
      ],
      asked,
    );
    const [request] = requests.filter(({ id }) => id === "region-month.zh");
    const planned = await plan(request.text, ask);
    assert.ok(planned.verdict === "plan");
    const { facts } = await runPlan(planned.plan, opened.tools, asker);
    assert.deepEqual(
      facts.map(({ value, unit }) => [value, unit]),
      [[request.expected.answers.sales_fen, "fen"]],
    );
    assert.ok(!asked.some((text) => text.includes("恒昌")), "no row is in what the planner reads");
  });

  it("the steps admit a right plan of 46 of the 54 golden requests", async () => {
    const wrong: string[] = [];
    for (const request of requests) {
      const answers = rightPlan(request.id, request.text);
      const fault = answers ? await faultOf(request, scriptedPlanner(answers), opened) : "no such steps";
      if (fault) wrong.push(`${request.id}: ${fault}`);
    }
    assert.deepEqual(
      wrong,
      ["overdue", "reorder", "ageing", "no-show-risk"].flatMap((kind) =>
        ["zh", "en"].map((lang) => `${kind}.${lang}: no such steps`),
      ),
    );
  });

  it("a model that was taught is told the columns of the table that it chose, once", async () => {
    const prompts: string[] = [];
    const answers = rightPlan("npl.en", "Ximen Branch") ?? [];
    const ask = scriptedPlanner(answers, prompts);
    const context = { ask, catalogue, asker, today: "2026-06-30", isBrief: true };
    const written = await writePlan("Ximen Branch, more than 90 days", context);
    assert.equal(written.verdict, "plan");
    const columns = /^loans: id, .*; branches: id, name_zh, name_en; /m;
    assert.equal(
      prompts.findIndex((prompt) => columns.test(prompt)),
      2,
    );
    assert.equal(prompts.at(-1)?.split("loans: id,").length, 2);
    assert.ok(prompts.every((prompt) => !prompt.includes("You plan")));
  });

  it("a name ends before a full stop, a word in small letters may be one, 70% is 0.7", () => {
    const { texts, numbers } = wordsOfRequest("Over 70% for honey of Denkang Textiles.", "2026-06-30");
    for (const name of ["Denkang Textiles", "honey"]) assert.ok(texts.includes(name), name);
    assert.ok(numbers.includes(0.7));
  });

  it("an unclear name is looked up, not guessed", async () => {
    const [request] = requests.filter(({ id }) => id === "ambiguous.zh");
    const planned = await plan(
      request.text,
      scriptedPlanner([
        { verdict: "clarify" },
        { missing: "customer" },
        { column: "trade.customers.name_zh", text: "恒昌" },
      ]),
    );
    assert.ok(planned.verdict === "clarify" && planned.lookup);
    const rows = await candidatesOf(planned.lookup, opened.tools, asker);
    assert.deepEqual(
      rows.map(({ id, name_zh, name_en }) => [id, name_zh, name_en]),
      request.expected.candidates,
    );
  });

  it("what is invalid goes back once, then to the person", async () => {
    const refusal = [{ verdict: "refuse" }, { reason: "out-of-scope" }];
    assert.deepEqual(await plan("?", scriptedPlanner(["no JSON", ...refusal])), {
      verdict: "refuse",
      reason: "out-of-scope",
    });
    await assert.rejects(
      plan("?", scriptedPlanner(["no JSON", { verdict: "perhaps" }])),
      /does not hold to its form: \/verdict/,
    );
    const call = [
      { verdict: "plan" },
      { next: "call partner.getBureau" },
      { params: { clientId: 42 } },
      { next: "done" },
      { facts: ["n1 worstStatus"] },
    ];
    await assert.rejects(plan("client 42", scriptedPlanner([...call, ...call]), 100), /may cost 200 fen/);
  });
});
