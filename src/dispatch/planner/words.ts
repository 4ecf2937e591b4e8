// What a plan may copy from a request: names, numbers and dates, and the dates of today.
import { type DateParts, dateOf } from "../report/dates.ts";
import { figuresIn } from "../report/figures.ts";

/** Values that a condition may have. */
export interface RequestWords {
  /** As it stands. */
  readonly request: string;
  /** YYYY-MM-DD. */
  readonly today: string;
  readonly texts: readonly string[];
  readonly numbers: readonly number[];
  readonly dates: readonly string[];
}

/** 70% is 0.7, not 0.7000000000000001. */
const MOST_DIGITS = 15;
const MOST_TEXTS = 400;
/** Letters of a small word that may be a name: "tea". */
const SHORTEST_WORD = 3;
/** Numbers that conditions need without anybody saying them. */
const PLAIN_NUMBERS = [0, 1, 2];

/** `today`: YYYY-MM-DD. */
export function wordsOfRequest(request: string, today: string): RequestWords {
  const figures = figuresIn(request);
  const numbers = figures.flatMap((figure) => {
    if (figure.kind !== "number") return figure.kind === "ordinal" ? [figure.value] : [];
    const value = figure.mantissa * figure.multiplier;
    const ratios = figure.units
      .filter(({ dimension }) => dimension === "ratio")
      .map(({ factor }) => Number((value * factor).toPrecision(MOST_DIGITS)));
    return [value, ...ratios];
  });
  const years = numbers.filter((value) => Number.isInteger(value) && value >= 1900 && value < 2200);
  const dates = figures.flatMap((figure) => (figure.kind === "date" ? writtenDates(figure, today) : []));
  return {
    request,
    today,
    texts: textsIn(request).slice(0, MOST_TEXTS),
    numbers: [...new Set([...numbers, ...PLAIN_NUMBERS])],
    dates: [...new Set([...dates, ...years.map(String), ...relativeDates(today)])],
  };
}

/** As databases keep it; a month without a year is this year's or the last. */
function writtenDates({ year, month, day, quarter }: DateParts, today: string): string[] {
  const years = year === undefined ? [Number(today.slice(0, 4)), Number(today.slice(0, 4)) - 1] : [year];
  const two = (value: number) => String(value).padStart(2, "0");
  return years.flatMap((each): string[] => {
    if (quarter !== undefined) return [1, 2, 3].map((at) => `${each}-${two(3 * (quarter - 1) + at)}`);
    if (month === undefined) return [String(each)];
    return [day === undefined ? `${each}-${two(month)}` : `${each}-${two(month)}-${two(day)}`];
  });
}

function relativeDates(today: string): string[] {
  const { year = 0, month = 1 } = dateOf(today) ?? {};
  const before = month === 1 ? `${year - 1}-12` : `${year}-${String(month - 1).padStart(2, "0")}`;
  return [today, today.slice(0, 7), before, String(year), String(year - 1)];
}

/** Words, some words together, and parts of Chinese text: whatever may be a name. */
function textsIn(request: string): string[] {
  const found = new Set<string>();
  for (const [, quoted] of request.matchAll(/["“「'『]([^"”」'』]{1,60})["”」'』]/gu)) found.add(quoted);
  const words =
    request.match(/[\p{Script=Latin}\p{N}](?:[\p{Script=Latin}\p{N}_.-]*[\p{Script=Latin}\p{N}])?/gu) ?? [];
  for (let length = 3; length >= 1; length--) {
    for (let at = 0; at + length <= words.length; at++) {
      const text = words.slice(at, at + length).join(" ");
      const isName = /^\p{Lu}|\d/u.test(text) || (length === 1 && text.length >= SHORTEST_WORD);
      if (request.includes(text) && isName) found.add(text);
    }
  }
  for (const [run] of request.matchAll(/\p{Script=Han}{2,}/gu)) {
    for (let length = Math.min(6, run.length); length >= 2; length--) {
      for (let at = 0; at + length <= run.length; at++) found.add(run.slice(at, at + length));
    }
  }
  return [...found];
}
