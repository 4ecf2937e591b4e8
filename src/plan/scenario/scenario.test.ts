// Scenarios as links, what is refused of them, and quantities while one input moves.
import assert from "node:assert/strict";
import { it } from "node:test";
import { BaimoError } from "../../errors.ts";
import { mayI } from "../../licences/may.ts";
import { sweep } from "../quantity/sweep.ts";
import { readLink, writeLink } from "./link.ts";
import { answerScenario, type CountedScenario, type Scenario } from "./scenario.ts";

const work = {
  name: "信件",
  tasksPerMonth: { value: 20000, low: 15000, high: 26000 },
  minutesPerTask: 6,
  hourlyWage: 60,
  overhead: 1.4,
  modelCostPerTask: 0.12,
  acceptance: 0.9,
  reviewMinutes: 1,
  errorRate: 0.01,
  errorCost: 50,
};
const roi: CountedScenario = {
  plan: "roi",
  options: { work: [work], fixedPerMonth: 40000, currency: "USD" },
};
const none = { families: [], licences: {} };

it("a link gives back what was written, and fits an address", () => {
  const scenarios: Scenario[] = [
    roi,
    { plan: "train", model: { parameters: 7e9 }, options: { tokens: 2e12 } },
    { plan: "may", question: { uses: ["Apache-2.0"], action: "use", facts: { name: "百灵" } } },
  ];
  for (const scenario of scenarios) {
    const link = writeLink(scenario);
    assert.match(link, /^[\w-]+$/);
    assert.deepEqual(readLink(link), scenario);
    assert.deepEqual(readLink(`http://127.0.0.1:8080/#/costs/${link}`), scenario);
  }
});

it("what is no scenario is refused", () => {
  const written = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const wrong = ["", "%%%", "abc", written([1]), written({ plan: "fly", options: {} }), "A".repeat(20_000)];
  wrong.push(
    written({ plan: "roi" }),
    written({ plan: "train", options: {} }),
    written({ plan: "roi", options: {}, extra: 1 }),
    written({ plan: "may", question: { uses: ["MIT"], verdict: "yes" } }),
  );
  for (const link of wrong)
    assert.throws(
      () => readLink(link),
      (error) => error instanceof BaimoError && error.code === "request",
    );
  const questions: [question: object, text: RegExp][] = [
    [{}, /uses is missing/],
    [{ uses: "MIT" }, /uses is "MIT" \(a string\); allowed: a list/],
    [{ uses: [{}], action: "use" }, /uses\[0\] is an object/],
    [{ uses: ["MIT"], action: ["use"] }, /action is an array/],
    [{ uses: ["MIT"], action: "use", facts: [1] }, /facts is an array/],
    [{ uses: ["MIT"], action: "use", unread: [7] }, /unread\[0\] is 7/],
  ];
  for (const [question, text] of questions) {
    const read = readLink(written({ plan: "may", question })) as Extract<Scenario, { plan: "may" }>;
    assert.throws(
      () => mayI(read.question, new Map()),
      (error) => error instanceof BaimoError && error.code === "request" && text.test(error.message),
    );
  }
  const unknown = readLink(written({ plan: "roi", options: { work: [{}], currency: "USD", colour: 1 } }));
  assert.throws(() => answerScenario(unknown as CountedScenario, none), /colour/);
});

it("while one input moves, the verdict turns where break-even says", () => {
  const scenario = answerScenario(roi, none);
  assert.ok(scenario.plan === "roi");
  const { people, model, breakEven } = scenario.answer.results;
  const tasks = [Math.floor(breakEven.value!), Math.ceil(breakEven.value!)];
  const [byPeople, byModel] = [people, model].map((each) => sweep(each, "tasks a month", tasks));
  assert.ok(byModel[0]! > byPeople[0]! && byModel[1]! < byPeople[1]!);
  assert.deepEqual(sweep(breakEven, "acceptance", [0]), [null], "a task that saves nothing has no volume");
  for (const [at, kind] of ["people", "model"].entries()) {
    const sure: CountedScenario = {
      plan: "roi",
      options: {
        work: [{ ...work, tasksPerMonth: tasks[at] }],
        fixedPerMonth: 40000,
        currency: "USD",
      },
    };
    const { answer } = answerScenario(sure, none) as Extract<typeof scenario, { plan: "roi" }>;
    assert.equal(answer.verdict.kind, kind);
  }
});
