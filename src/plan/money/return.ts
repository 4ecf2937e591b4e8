// People against model: cost a month, saving a task, break-even, return, and the plain verdict.
import { minutesPerHour, workingHoursPerMonth } from "../constants.ts";
import { type Computed, compute, type Quantity, subtract } from "../quantity/quantity.ts";
import type { Currency, Per } from "../quantity/units.ts";

/** A kind of work, and what people and a model take for it. */
export interface Work<C extends Currency> {
  readonly tasks: Quantity<"task/month">;
  readonly minutes: Quantity<"minute/task">;
  readonly wage: Quantity<Per<C, "hour">>;
  /** What an hour costs beyond the wage: 1.4 times it. */
  readonly overhead: Quantity<"ratio">;
  readonly modelCost: Quantity<Per<C, "task">>;
  /** The share of answers that a reviewer takes. */
  readonly acceptance: Quantity<"ratio">;
  readonly review: Quantity<"minute/task">;
  /** The share of accepted answers that are wrong. */
  readonly errorRate: Quantity<"ratio">;
  readonly errorCost: Quantity<Per<C, "task">>;
  readonly fixed: Quantity<Per<C, "month">>;
}

/** What comes of it. */
export interface Return<C extends Currency> {
  readonly people: Computed<Per<C, "month">>;
  readonly model: Computed<Per<C, "month">>;
  readonly saving: Computed<Per<C, "task">>;
  /** Null where a task saves nothing: then no volume helps. */
  readonly breakEven: Computed<"task/month">;
  readonly headcount: Computed<"person">;
  /** (people - model) / model. */
  readonly roi: Computed<"ratio">;
  readonly verdict: "model" | "people" | "unknown";
}

/** What of an hour a task's minutes cost. */
function costOfMinutes<C extends Currency>(
  name: string,
  minutes: Quantity<"minute/task">,
  { wage, overhead }: Pick<Work<C>, "wage" | "overhead">,
  currency: C,
): Computed<Per<C, "task">> {
  return compute(name, `${currency}/task`, "minutes * wage * overhead / minutesPerHour", {
    minutes,
    wage,
    overhead,
    minutesPerHour,
  });
}

/** Compares what people and a model cost a month for the same tasks. */
export function compareWork<C extends Currency>(work: Work<C>): Return<C> {
  const { tasks, minutes, modelCost, acceptance, review, errorRate, errorCost, fixed } = work;
  const currency = work.wage.unit.slice(0, 3) as C; // a wage's unit begins with its currency
  const human = costOfMinutes("a task by people", minutes, work, currency);
  const reviewing = costOfMinutes("review of a task", review, work, currency);
  const variable: Computed<Per<C, "task">> = compute(
    "a task by the model",
    `${currency}/task`,
    "modelCost + reviewing + (1 - acceptance) * human + acceptance * errorRate * errorCost",
    { modelCost, reviewing, acceptance, human, errorRate, errorCost },
    { note: "what is not accepted is done again by people; wrong answers that were accepted cost" },
  );
  const people: Computed<Per<C, "month">> = compute("people", `${currency}/month`, "tasks * human", {
    tasks,
    human,
  });
  const model: Computed<Per<C, "month">> = compute("model", `${currency}/month`, "tasks * variable + fixed", {
    tasks,
    variable,
    fixed,
  });
  const saving = subtract("saving a task", human, variable);
  const breakEven = compute(
    "tasks a month from which the model pays",
    "task/month",
    "fixed / positive(saving)",
    { fixed, saving },
    { note: "none where a task saves nothing: then no volume helps, and people should do it" },
  );
  const headcount = compute("people at work", "person", "tasks * minutes / minutesPerHour / workingHours", {
    tasks,
    minutes,
    minutesPerHour,
    workingHours: workingHoursPerMonth,
  });
  const roi = compute("return", "ratio", "(people - model) / model", { people, model });
  const verdict = roi.value === null ? "unknown" : roi.value > 0 ? "model" : "people";
  return { people, model, saving, breakEven, headcount, roi, verdict };
}
