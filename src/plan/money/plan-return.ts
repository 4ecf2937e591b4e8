// planReturn: people against a model, as a distribution and a verdict.
import { fields, list, required, text } from "../../option-kinds.ts";
import { call, type OptionsOf, readOptions } from "../../options.ts";
import { type Answer, answerOf } from "../answer.ts";
import { type EstimateOption, estimate, inputOf } from "../quantity/estimate.ts";
import { inputsOf } from "../quantity/explain.ts";
import { add, compute, type Quantity, subtract } from "../quantity/quantity.ts";
import { isUncertain, simulate, simulateTable } from "../quantity/simulate.ts";
import type { Currency, Per } from "../quantity/units.ts";
import { doubtOf, moneyTable } from "./prices.ts";
import { compareWork, type Return, type Work } from "./return.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

/** One kind of work. Money is in the plan's currency. */
export interface WorkOptions {
  name?: string;
  tasksPerMonth?: EstimateOption;
  minutesPerTask?: EstimateOption;
  hourlyWage?: EstimateOption;
  /** What an hour costs beyond the wage, as a factor. */
  overhead?: EstimateOption;
  modelCostPerTask?: EstimateOption;
  acceptance?: EstimateOption;
  reviewMinutes?: EstimateOption;
  errorRate?: EstimateOption;
  errorCost?: EstimateOption;
}

/** What is compared. */
export interface ReturnOptions {
  work: WorkOptions[];
  /** Of the model, a month, however much it does. */
  fixedPerMonth?: EstimateOption;
  currency: Currency;
  /** Of the draws. Default 1. */
  seed?: number;
  draws?: number;
  today?: string;
}

const notNegative = estimate({ min: 0 });
const positive = estimate({ min: 0, above: true });
const share = estimate({ min: 0, max: 1 });

/** The options of one kind of work, declared. */
export const workTable = {
  name: text({ most: 100 }),
  tasksPerMonth: positive,
  minutesPerTask: positive,
  hourlyWage: positive,
  overhead: estimate({ min: 1, max: 10 }),
  modelCostPerTask: notNegative,
  acceptance: share,
  reviewMinutes: notNegative,
  errorRate: share,
  errorCost: notNegative,
};

/** The same of a plan. */
export const returnTable = {
  work: required(list(fields(workTable), { least: 1, most: 50 })),
  fixedPerMonth: notNegative,
  ...moneyTable,
  currency: required(moneyTable.currency),
  ...simulateTable,
};

/** How one kind of work comes out, its part of the fixed cost by its part of the tasks left out. */
export interface WorkResult {
  readonly name: string;
  readonly saving: Quantity;
  readonly result: Return<Currency>;
}

export interface ReturnAnswer extends Answer {
  readonly verdict: Verdict;
  readonly work: readonly WorkResult[];
}

const usualOverhead = {
  value: 1.4,
  range: { low: 1.2, high: 1.6 },
  why: "social security, desk, management; yours differ",
};

/**
 * Compares people and a model. With several kinds of work the model takes those in which a task saves something, and its
 * fixed cost is shared.
 * @throws {BaimoError} `request` for an option that is unknown, missing or out of its range
 */
export function planReturn(options: ReturnOptions): ReturnAnswer {
  const read = readOptions(options, returnTable, call("planReturn"));
  const { currency } = read;
  const fixed = inputOf("fixed cost of the model", read.fixedPerMonth, `${currency}/month`);
  const work = read.work.map((each, at) => ({
    name: each.name ?? (read.work.length === 1 ? "the work" : `work ${at + 1}`),
    result: compareWork(
      workOf(each, currency, fixed, read.work.length > 1 ? (each.name ?? `work ${at + 1}`) : ""),
    ),
  }));
  const saves = work.filter(({ result }) => (result.saving.value ?? 0) > 0);
  const losing = work.filter(({ result }) => !((result.saving.value ?? 0) > 0));
  const net = netOf(
    saves.length > 0 ? saves.map(({ result }) => result) : work.map(({ result }) => result),
    fixed,
  );
  const roots = [net, ...work.map(({ result }) => result.roi)];
  const [missing] = inputsOf(roots, "unknown");
  const { seed, draws } = read;
  const target = work.length === 1 ? work[0].result.roi : net;
  const distribution =
    missing === undefined && isUncertain(target) ? simulate(target, { seed, draws }) : undefined;
  const verdict = verdictOf({
    saving: saves.map(({ name }) => name),
    losing: losing.map(({ name }) => name),
    net: net.value,
    distribution,
    missing: missing?.name,
  });
  const doubts = read.work.flatMap((each, at) => [
    doubtOf(`wage (${work[at].name})`, each.hourlyWage, read.today),
    doubtOf(`cost of the model a task (${work[at].name})`, each.modelCostPerTask, read.today),
  ]);
  const results = Object.fromEntries(
    work.flatMap(({ name, result }) => entriesOf(name, result, work.length > 1)),
  );
  return {
    ...answerOf(
      { ...results, net },
      [...doubts, doubtOf("fixed cost", read.fixedPerMonth, read.today)],
      distribution,
    ),
    verdict,
    work: work.map(({ name, result }) => ({ name, saving: result.saving, result })),
  };
}

function entriesOf(name: string, result: Return<Currency>, many: boolean): [string, Quantity][] {
  const { people, model, saving, breakEven, headcount, roi } = result;
  const all = { people, model, saving, breakEven, headcount, roi };
  return Object.entries(all).map(([key, quantity]) => [many ? `${key} (${name})` : key, quantity]);
}

function workOf<C extends Currency>(
  each: OptionsOf<typeof workTable>,
  currency: C,
  fixed: Quantity<Per<C, "month">>,
  of: string,
): Work<C> {
  const named = (name: string) => (of ? `${name} (${of})` : name);
  return {
    tasks: inputOf(named("tasks a month"), each.tasksPerMonth, "task/month"),
    minutes: inputOf(named("minutes a task"), each.minutesPerTask, "minute/task"),
    wage: inputOf(named("wage"), each.hourlyWage, `${currency}/hour`),
    overhead: inputOf(named("overhead"), each.overhead, "ratio", usualOverhead),
    modelCost: inputOf(named("cost of the model a task"), each.modelCostPerTask, `${currency}/task`),
    acceptance: inputOf(named("acceptance"), each.acceptance, "ratio"),
    review: inputOf(named("minutes of review"), each.reviewMinutes, "minute/task"),
    errorRate: inputOf(named("rate of accepted errors"), each.errorRate, "ratio"),
    errorCost: inputOf(named("price of an error"), each.errorCost, `${currency}/task`),
    fixed,
  };
}

/** What the model saves a month: tasks times saving of each kind, less the fixed cost. */
function netOf(results: readonly Return<Currency>[], fixed: Quantity<Per<Currency, "month">>): Quantity {
  const gains = results.map(({ people, model }) => {
    const variable = subtract("the model without its fixed cost", model, fixed);
    return subtract("saved by the model", people, variable);
  });
  const gross = gains.reduce((sum, gain) => add("saved by the model, together", sum, gain) as typeof gain);
  return compute("saved a month", fixed.unit, "gross - fixed", { gross, fixed });
}
