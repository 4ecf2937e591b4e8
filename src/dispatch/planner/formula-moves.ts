// The steps that are a formula: shares of the largest, an instalment, how many serve a queue.
import type { JsonSchema } from "../../json.ts";
import { type Draft, from, grown, type Move, next, object, refTo } from "./draft.ts";
import type { RequestWords } from "./words.ts";

const MOST_FIRST = 100;

/** How much the largest have of the whole, and the Herfindahl index. */
export const shareMove = (list: JsonSchema): Move => ({
  name: "shares of the largest",
  schema: object({ values: list, first: { type: "integer", minimum: 1, maximum: MOST_FIRST } }),
  add: (before, { values, first }) =>
    formula(
      before,
      "total = sum(a); share = a / total; top_share = sum(largest(share, share, b)); hhi = sum(share ^ 2)",
      { a: from(before, values), b: first },
      ["total", "top_share", "hhi"],
    ),
});

export function formulaMoves(values: readonly string[], { numbers }: RequestWords): Move[] {
  const value: JsonSchema = { enum: values };
  const either: JsonSchema = { enum: [...values, ...numbers] };
  return [
    {
      name: "instalment",
      schema: object({ principal: value, rate: value, months: either }),
      add: (before, { principal, rate, months }) =>
        formula(
          before,
          `i = r / ${/_bp(?:_|$)/.test(String(rate)) ? 10_000 : 1} / 12; payment = a * i / (1 - (1 + i)^-n); rounded = round(payment); interest = payment * n - a`,
          { a: from(before, principal), r: from(before, rate), n: from(before, months) },
          ["payment", "rounded", "interest"],
        ),
    },
    {
      name: "servers of a queue",
      schema: object({
        arrivals: value,
        days: either,
        times: { enum: numbers },
        hoursADay: { enum: numbers },
        serviceMin: value,
        targetWaitMin: { enum: numbers.filter((number) => number > 0) },
      }),
      add: (before, { arrivals, days, times, hoursADay, serviceMin, targetWaitMin }) => {
        const rate = next(before, "calc", {
          expr: "t * a / d / h",
          t: times,
          a: from(before, arrivals),
          d: from(before, days),
          h: hoursADay,
        });
        const between = grown(before, rate, []);
        const node = next(between, "stats.queue", {
          arrivalsPerHour: { $from: rate.id, path: "/value" },
          serviceMin: from(before, serviceMin),
          targetWaitMin,
        });
        const names = ["arrivalsPerHour", "servers", "meanWaitMin", "load"];
        return grown(
          between,
          node,
          names.map((name) => refTo(node, `/${name}`, name, SCALAR)),
        );
      },
    },
  ];
}

const SCALAR = { isList: false, isNumber: true };

function formula(
  before: Draft,
  expr: string,
  bound: Record<string, unknown>,
  results: readonly string[],
): Draft {
  const node = next(before, "calc", Object.assign({ expr }, bound));
  return grown(
    before,
    node,
    results.map((name) => refTo(node, `/${name}`, name, SCALAR)),
  );
}
