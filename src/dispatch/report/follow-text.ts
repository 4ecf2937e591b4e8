// Whether a figure follows: in a claim from what that claims, else from what is cited.
import { comparisonsIn, isNegated } from "./comparisons.ts";
import { type DateParts, dateOf, follows, showDate } from "./dates.ts";
import { derivedOf } from "./derived.ts";
import { type Figure, figuresIn, type NumberFigure } from "./figures.ts";
import { isTurned } from "./follow-difference.ts";
import { followNumber, type Hedge, roundTo } from "./follow-figure.ts";
import type { Known } from "./known.ts";
import type { Problem } from "./report.ts";
import { type Asked, type PlacedClaim, relationAt, type Sources } from "./sources.ts";
import type { Unit } from "./units.ts";

interface Followed {
  readonly step: string;
  readonly known?: Known;
}

const fault = (figure: Figure, reason: string): Problem => ({ found: figure.text, reason });

/** A figure that a claim has. */
export function followClaim(figure: Figure, { known }: PlacedClaim, text: string): Followed | Problem {
  if (figure.kind === "date") {
    const date = dateOf(known.value);
    if (date && follows(figure, date)) return { step: "the date", known };
  }
  if (figure.kind === "number") {
    const step = followEither(figure, known, text);
    if (step !== undefined) return { step, known };
  }
  return fault(figure, `it does not follow from ${known.from}`);
}

/** A figure outside of claims. */
export function followPlain(figure: Figure, sources: Sources, text: string): Followed | Problem {
  switch (figure.kind) {
    case "date":
      if (sources.dates.some((date) => follows(figure, date))) return { step: "the date" };
      return fault(figure, `the date ${showDate(figure)} is in no cited fact`);
    case "code":
      if (sources.texts.some((each) => each === figure.text) || sources.request.includes(figure.text))
        return { step: "as it is" };
      return fault(figure, "no cited fact has it");
    case "ordinal":
      return (
        followOrdinal(figure.value, sources, text, figure.at) ?? fault(figure, "no cited list has this place")
      );
    case "number":
      return figure.own ? either(figure, figure.own) : followPlainNumber(figure, sources, text);
  }

  function either(first: NumberFigure, second: NumberFigure): Followed | Problem {
    const found = followPlainNumber(first, sources, text);
    return "reason" in found ? followPlainNumber(second, sources, text) : found;
  }
}

function followPlainNumber(figure: NumberFigure, sources: Sources, text: string): Followed | Problem {
  for (const known of sources.known) {
    if (figure.isFraction && known.from.startsWith("item(") && !isSaid(known, text)) continue;
    const step =
      known.from.startsWith("count(") && !figure.hasUnit && !figure.isWord
        ? undefined
        : followEither(figure, known, text);
    if (step !== undefined) return { step, known };
  }
  const year = { year: figure.mantissa };
  const isSince = /(?:since|自)\s?$/iu.test(text.slice(0, figure.at));
  if (isSince && sources.dates.some((date) => Number(date.year) < figure.mantissa))
    return fault(figure, "it began before");
  if (!figure.hasUnit && /^\d{4}$/.test(figure.text) && sources.dates.some((date) => follows(year, date))) {
    return { step: "the year" };
  }
  if (spanOf(sources.dates) === figure.mantissa && figure.units.some(isYears))
    return { step: "between the dates" };
  const relation = relationAt(text, figure);
  const isCode = /^0\d/.test(figure.text);
  const hit = sources.asked.find(
    (each) => !isCode && isAsked(figure, each) && (relation === undefined || each.relation === relation),
  );
  if (hit && ((hit.figure && (figure.units.length > 0 || figure.isWord)) || isNamed(figure, text)))
    return { step: "as it was asked" };
  if (relation === "less" && figure.mantissa === LEVEL && sources.known.some(isSignificant))
    return { step: `below ${LEVEL}` };
  if (
    figure.isWord &&
    figure.hasUnit &&
    !figure.units.some(isRatio) &&
    figure.mantissa > 1 &&
    figure.mantissa === sources.known.length
  )
    return { step: "as many as are cited" };
  for (const { known, fits } of derivedOf(sources.known, text)) {
    if (figure.isFraction && known.from.endsWith(" - 1")) continue;
    if ((fits && !fits(figure)) || isTurned(known, text)) continue;
    const step = followEither(figure, known, text);
    if (step !== undefined) return { step: [known.from, step].join(", "), known };
  }
  return fault(figure, "it follows from no cited fact");
}

/** The level of significance in use. */
const LEVEL = 0.05;
const isSignificant = ({ from, value }: Known): boolean =>
  /^p$|p_?value/i.test(from) && typeof value === "number" && value < LEVEL;

const isRatio = ({ dimension }: Unit): boolean => dimension === "ratio";
const isYears = ({ dimension, factor }: Unit): boolean => dimension === "months" && factor === 12;

/** Years from the first to the last date; nothing for one. */
function spanOf(dates: readonly DateParts[]): number | undefined {
  const years = dates.flatMap(({ year }) => year ?? []);
  return Math.max(...years) - Math.min(...years) || undefined;
}

/** As it stands, or as the amount of what fell. */
function followEither(figure: NumberFigure, known: Known, text: string): string | undefined {
  const hedge = hedgeAt(text, figure);
  const step = followNumber(figure, known, { hedge });
  if (step !== undefined || typeof known.value !== "number" || known.value >= 0) return step;
  const fell = comparisonsIn(text).some(
    (each) => each.relation === "less" && each.at < figure.end && !isNegated(text, each.at),
  );
  const flipped = fell ? followNumber(figure, known, { hedge, flipped: true }) : undefined;
  return flipped === undefined ? undefined : `× -1, ${flipped}`;
}

const ABOUT =
  /(?:约|大约|大概|近似|估计|about|approximately|roughly|around|some|circa|~|≈)[是为有达占]?\s?$/iu;
const UNDER = /(?:近|将近|接近|不到|不足|低于|less than|below|nearly|almost|just under|close to)\s?$/iu;
const OVER =
  /(?:超过?|逾|多于|超出|高于|(?<!turn(?:s|ed)? )over|more than|above|just over|well over|exceeds?)\s?$/iu;

function hedgeAt(text: string, { at, end }: NumberFigure): Hedge {
  const before = text.slice(Math.max(0, at - 16), at);
  if (ABOUT.test(before) || /^\s?(?:左右|上下|or so)/u.test(text.slice(end))) return "about";
  if (UNDER.test(before)) return "under";
  const isOver =
    OVER.test(before) ||
    /^\s?(?:多|余|有余)/u.test(text.slice(end)) ||
    /[多余]\p{L}+$/u.test(text.slice(at, end));
  return isOver ? "over" : undefined;
}

/** The place of an item of a list that is named in the same sentence. */
function followOrdinal(value: number, { known }: Sources, text: string, at: number): Followed | undefined {
  const rest = text.slice(at);
  const item = known.find((each) => {
    if (!each.from.endsWith(`, ${value})`)) return false;
    return (typeof each.value === "string" && rest.includes(each.value)) || isSaid(each, text);
  });
  return item && { step: `the place ${value} of the list`, known: item };
}

/** Whether a figure of the text is that item, to the digit. */
const isSaid = (item: Known, text: string): boolean =>
  figuresIn(text).some(
    (figure) => figure.kind === "number" && !figure.isFraction && followNumber(figure, item) !== undefined,
  );

/** Words before a figure that say that it was asked with: order 10500, top 5, the next 3. */
const NAMING =
  /(?:号|前|第|近|未来|最近|编号|订单|客户|申请|贷款|患者|top|first|last|next|order|client|customer|application|loan|patient|number|no\.|#|of|between|from|than|within|least|most|above|below|over|under|超过|大于|小于|不足|不超过|高于|低于)\s?$/iu;

const isNamed = ({ at, end }: NumberFigure, text: string): boolean =>
  NAMING.test(text.slice(Math.max(0, at - 16), at)) || /^号/.test(text.slice(end));

function isAsked(figure: NumberFigure, { figure: other, condition }: Asked): boolean {
  const value = figure.mantissa * figure.multiplier;
  if (other) {
    return (
      isAlike(figure, other) && Math.abs(other.mantissa * other.multiplier - value) <= 1e-9 * Math.abs(value)
    );
  }
  if (typeof condition?.value !== "number") return false;
  const isRatio = figure.units.some(({ dimension }) => dimension === "ratio");
  const [factor = 1] = figure.units
    .filter(({ dimension }) => dimension === "ratio")
    .map((unit) => unit.factor);
  return (
    (!figure.hasUnit || isRatio || figure.units.length === 0) &&
    roundTo(value * factor, 12) === roundTo(condition.value, 12)
  );
}

/** Of one unit, or both mere counts. */
function isAlike(a: NumberFigure, b: NumberFigure): boolean {
  if (isCount(a) || isCount(b)) {
    return isCount(a) && isCount(b) && (!a.hasUnit || !b.hasUnit || measureOf(a) === measureOf(b));
  }
  return a.units.some((unit) =>
    b.units.some((other) => unit.dimension === other.dimension && unit.factor === other.factor),
  );
}

/** What is counted, as it is written: 三个 and 3个 are alike, 3次 is not. */
const measureOf = ({ text }: NumberFigure): string => text.slice(-1);

const isCount = ({ units }: NumberFigure): boolean =>
  units.every(({ dimension }) => dimension.startsWith("count"));
