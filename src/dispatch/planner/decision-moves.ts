// The steps "may" and "should": what licences permit, and people against a model.
import type { JsonSchema } from "../../json.ts";
import type { NamedLicence } from "../../licences/find-names.ts";
import { readWords } from "../../licences/read-words.ts";
import { currencies } from "../../plan/quantity/units.ts";
import { type Draft, from, grown, type Move, next, object, type Ref, refTo } from "./draft.ts";
import type { RequestWords } from "./words.ts";

/** What a return is counted from, with what may be said. */
const OPTIONS: Readonly<Record<string, (value: number) => boolean>> = {
  tasksPerMonth: (value) => value > 0,
  minutesPerTask: (value) => value > 0,
  hourlyWage: (value) => value > 0,
  modelCostPerTask: (value) => value >= 0,
  acceptance: (value) => value >= 0 && value <= 1,
  reviewMinutes: (value) => value >= 0,
  errorRate: (value) => value >= 0 && value <= 1,
  errorCost: (value) => value >= 0,
};
/** What it gives, with the unit in the plan's money. */
const RESULTS: Readonly<Record<string, (currency: string) => string>> = {
  people: (currency) => `${currency} a month`,
  model: (currency) => `${currency} a month`,
  saving: (currency) => `${currency} a task`,
  breakEven: () => "tasks a month",
  headcount: () => "people",
  net: (currency) => `${currency} a month`,
};

export function decisionMoves(
  { refs }: Draft,
  words: RequestWords,
  licences: readonly NamedLicence[],
): Move[] {
  const isNamed = readWords(words.request, licences).named.length > 0;
  const values = refs.filter(({ isNumber, isList }) => isNumber && !isList).map(({ name }) => name);
  const options = Object.entries(OPTIONS).map(([name, fits]): [string, JsonSchema] => [
    name,
    { enum: [null, ...words.numbers.filter(fits), ...values] },
  ]);
  const currency: JsonSchema = { enum: [...currencies] };
  return [
    ...(isNamed ? [{ name: "may", schema: object({}), add: addMay(words.request) }] : []),
    {
      name: "should a model do it",
      schema: object(Object.fromEntries([...options, ["currency", currency]])),
      add: addReturn,
    },
  ];
}

const addMay =
  (question: string): Move["add"] =>
  (before) => {
    const node = next(before, "may", { question });
    const refs = ["verdict", "conditions", "asks", "clauses"].map((name) =>
      refTo(node, `/${name}`, name, { isList: name !== "verdict", isNumber: false }),
    );
    return grown(before, node, refs);
  };

const addReturn: Move["add"] = (before, { currency, ...given }) => {
  const work = Object.entries(given)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, from(before, value)]);
  const options = { work: [Object.fromEntries(work)], currency };
  const node = next(before, "plan", { plan: "roi", options });
  const results = Object.entries(RESULTS).map(([name, unitIn]): Ref => {
    const ref = refTo(node, `/results/${name}`, name, { isList: false, isNumber: true });
    return Object.assign(ref, { unit: unitIn(String(currency)) });
  });
  return grown(before, node, [
    refTo(node, "/verdict", "verdict", { isList: false, isNumber: false }),
    ...results,
  ]);
};
