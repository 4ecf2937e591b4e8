// Every figure of every plan leads to formulas and sources; what was assumed is listed.
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Answer } from "./answer.ts";
import { chineseError } from "./errors-zh.ts";
import { accelerator } from "./hardware/accelerators.ts";
import { type ShapeOptions, shapeOfNumbers, withNumbers } from "./model/shape.ts";
import { planReturn } from "./money/plan-return.ts";
import { chineseName } from "./names-zh.ts";
import { chineseNote, chineseWarning } from "./notes-zh.ts";
import { everyQuantity, findBare, flatten } from "./quantity/explain.ts";
import { add, compute, formulaOf, given, type Quantity } from "./quantity/quantity.ts";
import { planScaling } from "./scaling/plan-scaling.ts";
import { judgeRun } from "./scaling/stop.ts";
import { answerScenario } from "./scenario/scenario.ts";
import { planServing } from "./serving/plan-serving.ts";
import { planTraining, type TrainingAnswer } from "./training/plan-training.ts";
import { countRun, publishedRuns, shapeOfRun } from "./training/published-runs.ts";

const model = shapeOfNumbers({
  name: "a mixture",
  parameters: 46.7e9,
  activeParameters: 12.9e9,
  numLayers: 32,
  hiddenSize: 4096,
  numHeads: 32,
  numKvHeads: 8,
  numExperts: 8,
  numExpertsPerToken: 2,
  expertParameters: 45.1e9,
});
const work = {
  tasksPerMonth: { value: 20000, low: 15000, high: 26000 },
  minutesPerTask: 6,
  hourlyWage: 60,
  modelCostPerTask: 0.12,
  acceptance: 0.9,
  reviewMinutes: 1,
  errorRate: 0.01,
  errorCost: 50,
};
const price = { value: 2.5, source: "an example", date: "2026-01-01" };
const answers: Record<string, Answer> = {
  train: planTraining(model, {
    tokens: 2e12,
    accelerator: "H100-SXM",
    gpus: 64,
    price,
    currency: "USD",
    today: "2026-11-28",
  }),
  "train unknown": planTraining(shapeOfRun(publishedRuns.find(({ name }) => name === "Grok-1")!)),
  "train rumour": planTraining(shapeOfRun(publishedRuns.find(({ name }) => name === "GPT-4")!)),
  serve: planServing(model, {
    accelerator: "H800",
    requestsPerSecond: 3,
    batch: 8,
    price,
    currency: "EUR",
    api: 0.9,
  }),
  scale: planScaling({ flops: 1e24, parameters: 7e9, tokens: 1e12, loss: 2.1, inferenceTokens: 1e12 }),
  return: planReturn({ work: [work], fixedPerMonth: 40000, currency: "CNY" }),
};

it("machines are enough for prompts and answers together, whatever the batch", () => {
  for (const batch of [1, 8, 128, 256]) {
    const { results } = planServing(model, { accelerator: "H100-SXM", requestsPerSecond: 20, batch });
    const { machines, firstToken, speed, queueUtilisation } = results;
    const answer = 256; // the tokens that are assumed
    const busy = 20 * (firstToken.value! + answer / speed.value!);
    assert.ok(machines.value! > busy, `${batch} at once: ${machines.value} machines for the work of ${busy}`);
    assert.ok(Math.abs(queueUtilisation.value! - busy / machines.value!) < 1e-9);
  }
});

it("no figure is bare, and every formula gives what stands beside it", () => {
  for (const [name, answer] of Object.entries(answers)) {
    const plans = "plans" in answer ? ((answer as TrainingAnswer).plans?.feasible ?? []) : [];
    const shown = plans.slice(0, 5).flatMap(({ memory, bubble, time }) => [memory, bubble, time]);
    const roots = [...Object.values(answer.results), ...shown.filter((each) => each !== null)];
    assert.deepEqual(findBare(roots), [], name);
    for (const quantity of everyQuantity(roots)) {
      if (quantity.origin !== "computed") continue;
      assert.doesNotMatch(
        quantity.formula.replace(/\b[01]\b/g, ""),
        /(?<![A-Za-z])\d/,
        "no number but 0 and 1",
      );
      const values = Object.values(quantity.inputs).map(({ value }) => value);
      if (values.includes(null)) assert.equal(quantity.value, null, `${name}: ${quantity.name}`);
      else if (quantity.value !== null)
        assert.equal(formulaOf(quantity)(values as number[]), quantity.value, `${name}: ${quantity.name}`);
    }
  }
});

it("what was assumed or is missing below a result is listed in the answer", () => {
  for (const [name, answer] of Object.entries(answers)) {
    const plan = name === "train" ? [(answer as TrainingAnswer).plans!.feasible[0].memory] : [];
    const all = everyQuantity([...Object.values(answer.results), ...plan]);
    const names = (origin: string) =>
      new Set(all.filter((each) => each.origin === origin).map((each) => each.name));
    assert.deepEqual(new Set(answer.assumed.map((each) => each.name)), names("assumed"), name);
    assert.deepEqual(new Set(answer.missing.map((each) => each.name)), names("unknown"), name);
  }
  assert.ok(
    answers.serve.assumed.some((each) => each.note?.includes("H100-SXM's")),
    "H800's figures are assumed",
  );
});

it("every quantity has a name in Chinese", () => {
  for (const answer of Object.values(answers))
    for (const { name } of everyQuantity(Object.values(answer.results)))
      assert.match(chineseName(name) ?? "", /./, `src/plan/names-zh.ts has no name for "${name}"`);
  assert.equal(chineseName("bytes of activations a layer (full)"), "每层激活字节 (full)");
});

it("every reason, definition and warning of a plan has a text in Chinese", () => {
  const han = /\p{Script=Han}/u;
  for (const { results, warnings } of Object.values(answers)) {
    for (const { note, origin, source } of everyQuantity(Object.values(results))) {
      // What others published is named as they name it.
      if (note && origin !== "published" && origin !== "rumour") assert.match(chineseNote(note), han, note);
      if (source && origin === "defined" && !source.url)
        assert.match(chineseNote(source.title), han, source.title);
    }
    for (const text of warnings) assert.match(chineseWarning(text, chineseName), han, text);
  }
});

it("what a plan refuses is said in Chinese, with the option's name and what is allowed", () => {
  const none = { families: [], licences: {} };
  const refused: [options: object, text: RegExp][] = [
    [{ work: [{ acceptance: 2 }], currency: "USD" }, /^采纳率为 2；可为：0 至 1 的数$/],
    [
      { work: [{ tasksPerMonth: 0 }], currency: "USD" },
      /^每月任务为 0；可为：大于 0 至 1,000,000,000,000,000 的数$/,
    ],
    [{ work: [{ wage: 1 }], currency: "USD" }, /^不认识选项 work\[0\]\.wage/],
    [{ work: [], currency: "USD" }, /^工作为 空；可为：1 至 50 个$/],
    [{ work: [{}] }, /^缺少货币；可为："USD"、/],
    [{ work: [{}], currency: "USD", draws: 5 }, /^抽样次数为 5；可为：100 至 1,000,000 的整数$/],
  ];
  for (const [options, text] of refused)
    assert.throws(
      () => planReturn(options as Parameters<typeof planReturn>[0]),
      (error: Error) => text.test(chineseError(error.message)),
    );
  const model = { plan: "serve", model: "xyz", options: {} } as const;
  assert.throws(
    () => answerScenario(model, none),
    (error: Error) => chineseError(error.message) === '图鉴里没有 "xyz"；请从列表中选择',
  );
  assert.match(chineseError("Cannot read properties of undefined"), /^所给的内容算不出/);
});

it("what does not fit, or is longer than the context, is told of", () => {
  const options = { accelerator: "H100-SXM", price: 2, api: 1, currency: "USD" } as const;
  const crowded = planServing(model, { ...options, gpus: 1, batch: 4 });
  assert.deepEqual(crowded.verdict, { kind: "does-not-fit", held: 0, asked: 4 });
  assert.notEqual(planServing(model, options).verdict?.kind, "does-not-fit");
  const short = planServing({ ...model, context: 2048 }, { ...options, promptTokens: 4096 });
  assert.equal(short.warnings[0], "a request of 4,352 tokens is longer than the context of a mixture, 2,048");
});

it("an answer as JSON is a list whose places lead everywhere", () => {
  for (const answer of Object.values(answers)) {
    const { results, quantities } = flatten(Object.values(answer.results));
    assert.equal(results.length, Object.keys(answer.results).length);
    for (const [at, each] of quantities.entries())
      if (each.origin === "computed") for (const place of Object.values(each.inputs)) assert.ok(place < at);
    assert.deepEqual(JSON.parse(JSON.stringify(quantities)).length, quantities.length);
  }
});

it("unknown stays unknown, and a rumour is called one", () => {
  assert.equal(answers["train unknown"].results.flops.value, null);
  assert.ok(answers["train unknown"].missing.some((each) => each.name === "tokens of training"));
  assert.ok(answers["train rumour"].warnings.includes("FLOPs of training rests on a rumour"));
  for (const run of publishedRuns.filter(
    ({ flops }) => flops.value !== null && flops.origin === "published",
  )) {
    const { flops, published } = countRun(run);
    const tolerance = run.name === "Gopher 280B" ? 0.22 : 0.03;
    assert.ok(Math.abs(flops.value! / published.value! - 1) < tolerance, run.name);
  }
});

it("an old price is warned of, one without a source or yet to come too; a day that is none is refused", () => {
  const priced = (date: string) => {
    const price = { value: 2, source: "an example", date };
    return planTraining(model, { price, currency: "USD", today: "2026-11-28" }).warnings;
  };
  assert.deepEqual(priced("2027-01-01"), ["price of a GPU-hour: of 2027-01-01, which is yet to come"]);
  for (const date of ["2026-13-45", "2026-02-31", "soon"])
    assert.throws(() => priced(date), /price\.date is ".*; allowed: a day that there is/, date);
  assert.ok(answers.train.warnings.some((text) => text.includes("331 days old (2026-01-01)")));
  assert.ok(
    answers.serve.warnings.some((text) => /^price of the API: no source and no date; say both/.test(text)),
  );
});

it("sizes that do not go together are refused, with the option at fault", () => {
  const sizes = { parameters: 7e9, numLayers: 32, hiddenSize: 4096, numHeads: 32 };
  const wrong: [Partial<ShapeOptions>, RegExp][] = [
    [{ activeParameters: 9e9 }, /cannot meet 9,000,000,000 parameters of a model of 7,000,000,000/],
    [{ numHeads: 30 }, /hidden size of 4,096 is no multiple of 30 heads; .* \(--head-dim\)/],
    [{ numKvHeads: 5 }, /32 heads are no multiple of 5 KV heads/],
    [{ numExperts: 4, numExpertsPerToken: 8, expertParameters: 1e9 }, /8 of 4 experts/],
    [{ numExperts: 8, numExpertsPerToken: 2, expertParameters: 9e9 }, /more than the model's/],
  ];
  for (const [change, message] of wrong) {
    assert.throws(() => shapeOfNumbers({ ...sizes, ...change }), message);
    assert.throws(() => withNumbers(shapeOfNumbers(sizes), change), message);
  }
  assert.equal(shapeOfNumbers({ ...sizes, numHeads: 30, headDim: 128 }).heads.value, 30);
  for (const target of [-4, 0, Number.NaN])
    assert.throws(() => judgeRun({ steps: 10, loss: [3, 2] }, target), /a loss is a number above 0/);
});

it("units that differ cannot be added, by type and at run time", () => {
  const hour: Quantity<"USD/GPU-hour"> = given("an hour", 2, "USD/GPU-hour");
  const million: Quantity<"USD/million tokens"> = given("a million", 1, "USD/million tokens");
  // @ts-expect-error: dollars a GPU-hour are no dollars a million tokens
  assert.throws(() => add("both", hour, million), /USD\/GPU-hour and a million in USD\/million tokens/);
  // @ts-expect-error: "USD/GPU-hours" is no unit
  assert.ok(given("an hour", 2, "USD/GPU-hours"));
  assert.equal(add("both", hour, given("another", 3, "USD/GPU-hour")).value, 5);
});

it("a formula with a number in it, or one that names what is not there, is refused", () => {
  const x = given("x", 2, "count");
  assert.throws(() => compute("y", "count", "2 * x", { x }), /expected a name, 0, 1/);
  assert.throws(() => compute("y", "count", "x * z", { x }), /expected one of x, found z/);
  assert.throws(() => compute("y", "count", "1 + 1", { x }), /has no x/);
});

it("a peak with sparsity is refused", () => {
  assert.throws(() => accelerator({ name: "H100", tflops: 1978.9 }), /2:4 sparsity/);
  assert.throws(() => accelerator({ name: "mine", tflops: 500, sparse: true }), /half of it/);
});

it("verdicts: people where a task saves nothing, both where kinds of work differ, measure first in doubt", () => {
  const verdict = (options: Partial<typeof work>, fixed: number) =>
    planReturn({ work: [{ ...work, ...options }], fixedPerMonth: fixed, currency: "USD" }).verdict;
  assert.equal(verdict({}, 40000).kind, "model");
  assert.deepEqual(verdict({ reviewMinutes: 7 }, 0), {
    kind: "people",
    why: "a task done by the model saves nothing, so that no volume helps",
  });
  assert.equal(verdict({}, 1e6).kind, "people");
  const doubtful = verdict({}, 112_000);
  assert.ok(doubtful.kind === "cannot-tell" && doubtful.measure !== "", JSON.stringify(doubtful));
  const both = planReturn({
    work: [
      { ...work, name: "letters" },
      { ...work, name: "contracts", reviewMinutes: 9 },
    ],
    fixedPerMonth: 10000,
    currency: "USD",
  });
  assert.deepEqual(both.verdict, { kind: "both", model: ["letters"], people: ["contracts"] });
});

it("without a range there is no distribution", () => {
  const answer = planTraining(model, { tokens: 1e12, accelerator: "H200", mfu: 0.4, goodput: 1 });
  assert.equal(answer.distribution, undefined);
  assert.equal(answer.results.billed.value, answer.results.hours.value);
});

it("a seed gives these numbers, to the last bit, on every runtime", () => {
  const uncertain = {
    ...work,
    overhead: 1.4,
    minutesPerTask: { value: 6, low: 4, high: 9 },
    acceptance: { value: 0.9, low: 0.75, high: 0.96 },
  };
  const options = { work: [uncertain], fixedPerMonth: 40000, currency: "USD", seed: 3, draws: 1000 } as const;
  const scenario = JSON.parse(JSON.stringify(options));
  const { distribution } = planReturn(scenario);
  assert.deepEqual(distribution?.quantiles, {
    "0.05": 0.33550634676415303,
    "0.25": 0.5625117583625803,
    "0.5": 0.7229428599518974,
    "0.75": 0.9179149730821473,
    "0.95": 1.2615835792880568,
  });
});

it("options are refused by their names", () => {
  assert.throws(() => planTraining(model, { gpu: "H100" } as object), /option gpu is not known/);
  assert.throws(() => planTraining(model, { accelerator: "H101-SXM" }), /did you mean H100-SXM/);
  assert.throws(() => planReturn({ work: [], currency: "USD" }), /work/);
});
