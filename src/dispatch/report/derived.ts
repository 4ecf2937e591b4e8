// Figures that are computed from cited facts: differences, changes, shares, sums, means.
import type { NumberFigure } from "./figures.ts";
import { isOfKind, type Known } from "./known.ts";
import type { FactUnit } from "./units.ts";

/** A value that the words of a sentence ask for, and the step that gives it. */
interface Derived {
  readonly known: Known;
  /** The words that say what is computed. */
  readonly cue: RegExp;
  /** Whether a figure may be written so. */
  readonly fits?: (figure: NumberFigure) => boolean;
}

/** Values of more facts than this are not combined: by chance some would be any figure. */
const MOST = 24;
const DIFFERENCE =
  /[差多少高低长短增减升降涨跌]|more|less|fewer|higher|lower|longer|shorter|above|below|differ|gap|increas|decreas|rise|rose|fell|drop|declin|\bup\b|\bdown\b|grew|growth|spread/iu;
const CHANGE =
  /[高低长短增减升降涨跌]|[同环]比|more|less|higher|lower|longer|shorter|increas|decreas|rise|rose|fell|drop|declin|\bup\b|\bdown\b|grew|grow|change/iu;
const SHARE = /占|份额|比[重例]|中|share|proportion|account|\bof\b|ma[dk]e up|represent/iu;
const SUM = /合计|总|共|加起来|together|total|\bsum\b|combined|in all|altogether|overall/iu;
const MEAN = /均|每|averag|mean|\bper\b|\beach\b|apiece/iu;
const REST = /其余|其他|剩|余下|\brest\b|remain|other|outside|beyond/iu;
const ANY = /(?:)/u;

const RATIO: FactUnit = { kind: "measure", dimension: "ratio", factor: 1 };
const isRatio = ({ units }: NumberFigure): boolean => units.some(({ dimension }) => dimension === "ratio");
const isTimes = ({ units }: NumberFigure): boolean =>
  units.some(({ dimension, factor }) => dimension === "ratio" && factor === 1);
const isShare = (figure: NumberFigure): boolean => isRatio(figure) && !isTimes(figure);

/** What may be computed from what is cited, as the sentence's words allow. */
export function derivedOf(known: readonly Known[], text: string): readonly Pick<Derived, "known" | "fits">[] {
  const numbers = known.filter(
    ({ value, unit, from }) => typeof value === "number" && unit.kind !== "id" && !from.startsWith("count("),
  );
  const counts = known.filter(({ value, unit }) => isCount(unit) && Number(value) > 1);
  if (numbers.length > MOST) return [];
  const found: Derived[] = [...sums(numbers), ...numbers.flatMap(rest)];
  for (const a of numbers) {
    for (const b of numbers) if (a !== b && isAlike(a, b)) found.push(...pairs(a, b));
    if (!isCount(a.unit) || a.unit.kind === "none")
      for (const b of counts) if (a !== b) found.push({ known: combined("/", [a, b], a.unit), cue: MEAN });
  }
  return found.filter(({ cue }) => cue.test(text));
}

const isCount = (unit: FactUnit): boolean =>
  unit.kind === "none" || (unit.kind === "measure" && unit.dimension.startsWith("count"));

/** Of one measure; without one of one kind, or counts of which one may be a part of the other. */
function isAlike(a: Known, b: Known): boolean {
  if (a.unit.kind === "measure" && b.unit.kind === "measure")
    return a.unit.dimension === b.unit.dimension && a.unit.factor === b.unit.factor;
  if (a.unit.kind !== "none" || b.unit.kind !== "none") return false;
  return isOfKind(a.facts[0], b.facts[0]) || [a, b].every(({ value }) => Number.isInteger(value));
}

function pairs(a: Known, b: Known): Derived[] {
  const gap: FactUnit =
    a.unit.kind === "measure" && a.unit.dimension === "ratio"
      ? { kind: "measure", dimension: "difference of ratios", factor: a.unit.factor }
      : a.unit;
  const isPart = Number(a.value) <= Number(b.value) && Number(a.value) >= 0;
  return [
    ...(Number(a.value) > Number(b.value) ? [{ known: combined("-", [a, b], gap), cue: DIFFERENCE }] : []),
    { known: combined("/", [a, b], RATIO), cue: ANY, fits: isTimes },
    ...(isPart ? [{ known: combined("/", [a, b], RATIO), cue: SHARE, fits: isShare }] : []),
    { known: combined("change", [a, b], RATIO), cue: CHANGE, fits: isShare },
  ];
}

/** All facts of one measure together, and the items of a list. */
function sums(numbers: readonly Known[]): Derived[] {
  const groups = new Map<string, Known[]>();
  for (const each of numbers) {
    const [fact] = each.facts;
    const key = each.from.startsWith("item(") ? `item of ${fact.key}` : JSON.stringify(each.unit);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .flatMap((group) => [
      { known: combined("+", group, group[0].unit), cue: SUM },
      { known: combined("mean", group, group[0].unit), cue: MEAN },
    ]);
}

/** What is left of a whole. */
function rest(known: Known): Derived[] {
  const { value, unit, from, facts } = known;
  if (unit.kind !== "measure" || unit.dimension !== "ratio") return [];
  return [{ known: { from: `1 - ${from}`, value: 1 / unit.factor - Number(value), unit, facts }, cue: REST }];
}

const nameOf = (sign: string, names: readonly string[]): string =>
  sign === "mean"
    ? `mean of ${names.join(", ")}`
    : sign === "change"
      ? `${names.join(" / ")} - 1`
      : names.join(` ${sign} `);

/** Not of a mean, whose parts are of two measures. */
const isOfMeasure = (unit: FactUnit, [a, b]: readonly Known[]): boolean =>
  unit !== a.unit || JSON.stringify(a.unit) === JSON.stringify(b.unit);

/** `parts`: what a difference, a change or a ratio is of, and what it is compared with. */
function combined(sign: "+" | "-" | "/" | "change" | "mean", all: readonly Known[], unit: FactUnit): Known {
  const values = all.map(({ value }) => Number(value));
  const [a, b] = values;
  const names = all.map(({ from }) => from);
  const results = {
    "+": () => values.reduce((sum, each) => sum + each, 0),
    mean: () => values.reduce((sum, each) => sum + each, 0) / values.length,
    "-": () => a - b,
    "/": () => a / b,
    change: () => a / b - 1,
  };
  return {
    from: nameOf(sign, names),
    value: results[sign](),
    unit,
    facts: [...new Set(all.flatMap(({ facts }) => facts))],
    parts: sign === "+" || sign === "mean" || !isOfMeasure(unit, all) ? undefined : [all[0], all[1]],
  };
}
