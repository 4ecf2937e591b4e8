// Comparisons within lists and kinds of facts: the largest, from the least to the most, a rise.

import type { Rule } from "./comparison-rule.ts";
import { comparisonsIn } from "./comparisons.ts";
import { isOfKind } from "./known.ts";

interface Place {
  readonly at: number;
  readonly end: number;
}

/** Whether no sentence ends between two places. */
const isNear = (word: Place, figure: Place, text: string): boolean =>
  !/[。；;]|[.!?](?:\s|$)/u.test(text.slice(Math.min(word.end, figure.end), Math.max(word.at, figure.at)));

/** Several facts of one kind, `business_rate` and `mortgage_rate`: the figure at hand is the largest of them. */
export const byKind: Rule = ({ relation, at, end }, { matched, text, all }) => {
  const near = matched.filter(
    ({ figure, known }) =>
      known !== undefined && all.some(({ key }) => key === known.from) && isNear({ at, end }, figure, text),
  );
  const known = (near.find(({ figure }) => figure.at >= at) ?? near.at(-1))?.known;
  const kind =
    known && all.filter((fact) => isOfKind(fact, known.facts[0]) && typeof fact.value === "number");
  if (!known || !kind || kind.length < 3) return undefined;
  const values = kind.map(({ value }) => Number(value));
  const extreme = relation === "most" ? Math.max(...values) : Math.min(...values);
  return {
    holds: extreme === known.value,
    from: kind.map(({ key }) => key).join(", "),
    step: `the ${relation}`,
  };
};

/** "Between the highest and the lowest": their difference. */
export const byRange: Rule = (_, { matched, text }) => {
  const relations = new Set(comparisonsIn(text).map(({ relation }) => relation));
  const known = matched.find(({ known }) =>
    known?.parts?.every(({ from }) => from.startsWith("item(")),
  )?.known;
  const list = known?.facts[0]?.value;
  if (!known?.parts || known.facts.length > 1 || !Array.isArray(list)) return undefined;
  const [a, b] = known.parts.map(({ value }) => value);
  return {
    holds:
      relations.has("most") && relations.has("least") && a === Math.max(...list) && b === Math.min(...list),
    from: known.from,
    step: "from the least to the most",
  };
};

/** In a list each item is compared with the one before it: "drops to". */
export const byOrder: Rule = ({ relation, end, isChange: becomes }, { matched, text }) => {
  const next = matched.find(
    ({ figure, known }) =>
      figure.kind === "number" &&
      figure.at >= end &&
      known?.from.startsWith("item(") &&
      /^\s*(?:to|到|至)?\s*$/iu.test(text.slice(end, figure.at)),
  )?.known;
  const list = next?.facts[0]?.value;
  const [, place] = /, (\d+)\)$/.exec(next?.from ?? "") ?? [];
  if (!becomes || !next || !Array.isArray(list) || Number(place) < 2) return undefined;
  const before = list[Number(place) - 2];
  return {
    holds: relation === "more" ? Number(next.value) > before : Number(next.value) < before,
    from: next.from,
    step: `against the item before it, ${before}`,
  };
};

/** The figure at hand is the largest, or smallest, of a cited list. */
export const byPlace: Rule = ({ relation, at, end }, { matched, text }) => {
  const near = matched.filter(
    (each) =>
      each.known?.from.startsWith("item(") &&
      each.known.parts === undefined &&
      each.known.unit.kind !== "id" &&
      isNear({ at, end }, each.figure, text),
  );
  const known = (
    near.find(({ figure }) => figure.end === at || figure.at >= at) ??
    near.findLast(({ figure }) => figure.end <= at)
  )?.known;
  const list = known?.facts[0]?.value;
  if (!known || !Array.isArray(list) || typeof known.value !== "number") return undefined;
  const extreme =
    relation === "most" ? Math.max(...list) : relation === "least" ? Math.min(...list) : undefined;
  if (extreme === undefined) return undefined;
  return {
    holds: extreme === known.value,
    from: known.from,
    step: `the ${relation} of ${known.facts[0].key}`,
  };
};
