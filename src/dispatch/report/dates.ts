// Dates in a text, as far as they are written out: 2026年3月, March 2026, 2026-03-31, Q2 2026.
import { HAN, readHan } from "./numerals.ts";

/** What a date says; what it leaves out is not there. */
export interface DateParts {
  readonly year?: number;
  readonly month?: number;
  readonly day?: number;
  readonly quarter?: number;
}

const MONTHS = "January February March April May June July August September October November December".split(
  " ",
);
const MONTH = `(${MONTHS.map((name) => `${name}|${name.slice(0, 3)}\\.?`).join("|")}|Sept\\.?)(?![\\p{L}])`;
const NUMBER = `(?:\\d{1,2}|${HAN}{1,3})`;
const DAY = "(\\d{1,2})(?:st|nd|rd|th)?(?!\\d)";

/** Patterns with the parts that their groups give, the longest first. */
const FORMS: readonly (readonly [pattern: string, ...parts: (keyof DateParts)[]])[] = [
  ["(\\d{4})[-/.](\\d{1,2})[-/.](\\d{1,2})(?!\\d)", "year", "month", "day"],
  ["(\\d{4})-(\\d{2})(?![\\d.%])", "year", "month"],
  [`(\\d{4}|${HAN}{4})\\s?年\\s?(${NUMBER})\\s?月\\s?(${NUMBER})\\s?[日号]`, "year", "month", "day"],
  [`(\\d{4}|${HAN}{4})\\s?年\\s?(${NUMBER})\\s?月`, "year", "month"],
  [`(\\d{4}|${HAN}{4})\\s?年第?([1-4一二三四])季度?`, "year", "quarter"],
  [`(\\d{4}|[一二〇零]${HAN}{3})\\s?年(?!期)`, "year"],
  [`(${NUMBER})\\s?月\\s?(${NUMBER})\\s?[日号]`, "month", "day"],
  [`(${NUMBER})\\s?月(?:份|(?!龄|饼|\\p{Script=Latin}))`, "month"],
  ["第?([1-4一二三四])季度", "quarter"],
  [`${MONTH}\\s${DAY},?\\s(\\d{4})`, "month", "day", "year"],
  [`${DAY}\\s${MONTH},?\\s(\\d{4})`, "day", "month", "year"],
  [`${MONTH},?\\s(\\d{4})`, "month", "year"],
  [`${MONTH}\\s${DAY}(?![,.]?\\d)`, "month", "day"],
  [`${DAY}\\s${MONTH}`, "day", "month"],
  [MONTH, "month"],
  ["Q([1-4])\\s(\\d{4})", "quarter", "year"],
  ["(\\d{4})\\s?Q([1-4])", "year", "quarter"],
  ["Q([1-4])(?!\\d)", "quarter"],
];
const compiled = FORMS.map(([pattern, ...parts]) => ({ pattern: new RegExp(`^(?:${pattern})`, "u"), parts }));

/** The date at the beginning of a text. */
export function readDate(text: string): (DateParts & { readonly length: number }) | undefined {
  for (const { pattern, parts } of compiled) {
    const match = pattern.exec(text);
    if (!match) continue;
    const values = parts.map((part, at) => [part, numberOf(match[at + 1])] as const);
    const date: DateParts = Object.fromEntries(values);
    if (isDate(date))
      return {
        year: date.year,
        month: date.month,
        day: date.day,
        quarter: date.quarter,
        length: match[0].length,
      };
  }
  return undefined;
}

function numberOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const month = MONTHS.findIndex((name) => name.slice(0, 3) === text.slice(0, 3));
  return month >= 0 ? month + 1 : (readHan(text) ?? Number.NaN);
}

const isDate = ({ year = 2000, month = 1, day = 1, quarter = 1 }: DateParts): boolean =>
  year >= 1000 && year < 3000 && month >= 1 && month <= 12 && day >= 1 && day <= 31 && quarter >= 1;

/** A value that is a date as databases keep it: 2026, 2026-03, 2026-03-31. */
export function dateOf(value: unknown): DateParts | undefined {
  const match = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:[T ]|$)/.exec(typeof value === "string" ? value : "");
  if (!match) return undefined;
  const [year, month, day] = match.slice(1).map((part) => (part === undefined ? undefined : Number(part)));
  const date = { year, month, day, quarter: month === undefined ? undefined : Math.ceil(month / 3) };
  return isDate(date) ? date : undefined;
}

/** Whether a date says nothing that another does not. */
export const follows = (said: DateParts, known: DateParts): boolean =>
  (["year", "month", "day", "quarter"] as const).every(
    (part) => said[part] === undefined || said[part] === known[part],
  );

/** In words, for messages. */
export const showDate = ({ year, month, day, quarter }: DateParts): string =>
  [year, month ?? (quarter === undefined ? undefined : `Q${quarter}`), day]
    .filter((part) => part !== undefined)
    .join("-");
