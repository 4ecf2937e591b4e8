// Whether a figure follows from a value: by its unit, scaled and rounded as the figure is written.

import type { Fact } from "../evidence.ts";
import type { NumberFigure } from "./figures.ts";
import type { Known } from "./known.ts";
import { countsIn, type FactUnit, readUnit, type Unit } from "./units.ts";

/** How a figure is hedged: "about 5", "over 5", "nearly 5". */
export type Hedge = "about" | "over" | "under" | undefined;

/** Conventional bounds of a probability. */
const BOUNDS = [0.001, 0.01, 0.05];

/** How far a hedged figure may be from the value, as a share of it. */
const NEAR = { about: 0.01, bound: 0.16 };

/** The step, in words, or nothing where the figure does not follow. `flipped`: "fell by 5" stands for -5. */
export function followNumber(
  figure: NumberFigure,
  { value, unit, facts }: Known,
  { hedge, flipped = false }: { readonly hedge?: Hedge; readonly flipped?: boolean } = {},
): string | undefined {
  if (typeof value !== "number") return undefined;
  if (unit.kind === "id") return isPlain(figure) && figure.mantissa === value ? "as it is" : undefined;
  const counts = () =>
    countsIn(facts.map((fact) => `${fact.key} ${fact.unit} ${JSON.stringify(fact.evidence)}`).join(" "));
  for (const factor of factorsOf(figure, unit, counts, () => unitOfColumns(facts))) {
    const isPart = isCount(unit) && unit.kind === "measure" && !Number.isInteger(value); // 1.02 visits are "about 1"
    if (isPart && figure.decimals === 0 && hedge === undefined) continue;
    const scaled = (flipped ? -value : value) * (factor / figure.multiplier);
    const step = figure.bound ? stepOfBound(figure, scaled) : stepOfRounding(figure, scaled, hedge);
    if (step !== undefined) return inWords(factor / figure.multiplier, step);
  }
  return undefined;
}

const isPlain = ({ decimals, multiplier, isGrouped, hasUnit }: NumberFigure): boolean =>
  decimals === 0 && multiplier === 1 && !isGrouped && !hasUnit;

/** What a value is multiplied with to be in the figure's unit, for each meaning of that. */
function factorsOf(
  figure: NumberFigure,
  unit: FactUnit,
  counts: () => string[],
  columns: () => Unit | undefined,
): number[] {
  if (!figure.hasUnit) {
    if (unit.kind !== "measure") return [1];
    const needsNone =
      unit.isRate ||
      unit.dimension === "ratio" ||
      unit.dimension === "points" ||
      unit.dimension.startsWith("count");
    return needsNone ? [unit.factor] : [];
  }
  if (unit.kind === "none" && unit.word === "") {
    const inferred = columns();
    const found = figure.units.filter((said) => said.dimension === inferred?.dimension);
    if (inferred && found.length > 0) return found.map(({ factor }) => inferred.factor / factor);
  }
  if (figure.units.length === 0) return unit.kind === "none" || isCount(unit) ? [1] : []; // 26笔
  return figure.units.flatMap((said): number[] => {
    if (said.dimension.startsWith("count")) return isCountOf(unit, said, counts) ? [1] : [];
    if (unit.kind !== "measure" || said.dimension !== unit.dimension) return [];
    return [unit.factor / said.factor];
  });
}

/** Where a fact has no unit: that of the columns it was computed from, `wait_min`, where it is one. */
function unitOfColumns(facts: readonly Fact[]): Unit | undefined {
  const texts = facts.flatMap(({ evidence }) =>
    evidence.map((each) => (each.kind === "sql" ? (/select(.*?)\bfrom\b/is.exec(each.sql)?.[1] ?? "") : "")),
  );
  const suffixes = texts.flatMap((text) =>
    Array.from(text.matchAll(/_(fen|bp|g|kg|min)\b/g), ([, suffix]) => suffix),
  );
  const [suffix, ...others] = new Set(suffixes);
  const unit = suffix === undefined || others.length > 0 ? undefined : readUnit(suffix);
  return unit?.kind === "measure" ? unit : undefined;
}

const isCount = (unit: FactUnit): boolean => unit.kind === "measure" && unit.dimension.startsWith("count");

/** The noun is the unit's, or where that names none it is said of the fact elsewhere. */
function isCountOf(unit: FactUnit, said: Unit, counts: () => string[]): boolean {
  if (unit.kind === "measure") return unit.dimension === said.dimension;
  return unit.kind === "none" && counts().includes(said.dimension);
}

function stepOfRounding(figure: NumberFigure, scaled: number, hedge: Hedge): string | undefined {
  const { mantissa, decimals } = figure;
  if (mantissa === 0 && scaled !== 0) return undefined; // nothing is left of it
  if (roundTo(scaled, decimals) === mantissa) {
    const isExact = Math.abs(scaled - mantissa) <= 1e-12 * Math.abs(scaled);
    return isExact ? "" : `rounded to ${decimals} ${decimals === 1 ? "decimal" : "decimals"}`;
  }
  if (hedge === undefined) return undefined;
  if (figure.isFraction) return stepOfFraction(scaled / mantissa, hedge);
  const zeros = decimals > 0 ? 0 : (/0*$/.exec(String(Math.abs(mantissa)))?.[0].length ?? 0);
  for (let places = zeros; places >= -decimals; places--) {
    const grain = 10 ** places;
    const amount = Math.abs(scaled) / grain;
    const rounded =
      hedge === "about" ? Math.round(amount) : hedge === "over" ? Math.floor(amount) : Math.ceil(amount);
    const off = Math.abs(rounded / amount - 1);
    const isTrue = hedge === "about" ? off <= NEAR.about : rounded !== amount && off <= NEAR.bound;
    const shown = roundTo(rounded * grain, decimals);
    if (isTrue && shown === Math.abs(mantissa) && Math.sign(scaled) === Math.sign(mantissa)) {
      return `${hedge} ${shown}`;
    }
  }
  return undefined;
}

/** "Nearly a third": as near as somebody says so. `share`: of the fraction. */
function stepOfFraction(share: number, hedge: Exclude<Hedge, undefined>): string | undefined {
  const [low, high] = { about: [0.9, 1.13], over: [1, 1.2], under: [0.85, 1] }[hedge];
  return share > low && share < high ? `${hedge} the fraction` : undefined;
}

/** p < 0.001: the tightest of the bounds in use. */
function stepOfBound({ bound, mantissa }: NumberFigure, scaled: number): string | undefined {
  const tightest = BOUNDS.find((each) => scaled < each);
  if (bound === "<" && scaled >= 0 && mantissa === tightest) return `below ${tightest}`;
  return undefined;
}

function inWords(factor: number, step: string): string {
  const digits = Number(factor.toPrecision(12));
  const inverse = Number((1 / factor).toPrecision(12));
  const scaling = digits === 1 ? "" : digits > 1 ? `× ${digits}` : `÷ ${inverse}`;
  return [scaling, step].filter((part) => part !== "").join(", ") || "as it is";
}

/** Half away from 0, by the shortest decimal of 15 digits: 1.005 becomes 1.01, and 0.1 × 3 is 0.3. */
export function roundTo(x: number, decimals: number): number {
  const text = Number(x.toPrecision(15)).toString();
  const [digits, exponent = "0"] = text.replace("-", "").split("e");
  const shifted = Math.round(Number(`${digits}e${Number(exponent) + decimals}`));
  return Math.sign(x) * Number(`${shifted}e${-decimals}`);
}
