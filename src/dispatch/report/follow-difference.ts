// Which of two facts a sentence compares with the other: by figures, dates and words around.
import type { Comparison } from "./comparisons.ts";
import { type DateParts, dateOf, follows } from "./dates.ts";
import { conditionsOf, type Known, type Matched } from "./known.ts";

/** What is above the other, by the words around; nothing where they do not say it. */
export function subjectOf(
  { at, end, isChange }: Comparison,
  [a, b]: readonly [Known, Known],
  { text, matched }: { readonly text: string; readonly matched: readonly Matched[] },
): Known | undefined {
  const places = (known: Known, other: Known) => placesOf(known, other, text, matched);
  const [placesOfA, placesOfB] = [places(a, b), places(b, a)];
  const isWith = (each: number) => {
    const bi = text.lastIndexOf("比", end);
    return bi >= 0 && each > bi && each < Math.max(end, bi) && !/[，。；,;]/u.test(text.slice(bi, at));
  };
  const than = /[^.,;，。；]*?\bthan\b/iu.exec(text.slice(at));
  const isAfterThan = (each: number) => than !== null && each >= at + than[0].length;
  const isBehind = (each: number) => each >= at;
  for (const isReference of isChange ? [isWith] : [isWith, isAfterThan, isBehind]) {
    const [hasA, hasB] = [placesOfA.some(isReference), placesOfB.some(isReference)];
    if (hasA !== hasB) return hasA ? b : a;
  }
  if (!isChange) return undefined;
  const [dateOfA, dateOfB] = [lastDate(a), lastDate(b)];
  if (dateOfA === undefined || dateOfB === undefined || dateOfA === dateOfB) return undefined;
  return dateOfA > dateOfB ? a : b;
}

/** Whether a ratio's words have its parts the other way round: "2023 is 1.5 times 2025". */
export function isTurned({ from, value, parts }: Known, text: string): boolean {
  if (!parts || !from.includes(" / ") || from.endsWith(" - 1") || Number(value) <= 1) return false;
  const [of, to] = parts.map((part, at) => placesOf(part, parts[1 - at], text, []));
  if (of.length === 0) return to.length !== 1; // of one alone, or of neither, it may be said
  return to.length > 0 && Math.min(...to) < Math.min(...of);
}

/** Where a sentence speaks of one of two: by its figure, its date, or a word of its key. */
function placesOf(known: Known, other: Known, text: string, matched: readonly Matched[]): number[] {
  const dates = datesOf(known).filter((date) => !datesOf(other).some((each) => follows(date, each)));
  const said = matched.flatMap(({ figure, known: from }) => {
    if (from?.from === known.from) return [figure.at];
    const isOwn = figure.kind === "date" && dates.some((date) => follows(figure, date));
    const isOthers = figure.kind === "date" && datesOf(other).some((date) => follows(figure, date));
    return isOwn && !isOthers ? [figure.at] : [];
  });
  const own = wordsOf(known).filter((word) => !wordsOf(other).includes(word));
  const years = Array.from(text.matchAll(/(?<!\d)\d{4}(?!\d)/g)).filter(
    ({ 0: year }) =>
      dates.some((date) => date.year === Number(year)) &&
      !datesOf(other).some((date) => date.year === Number(year)),
  );
  const words = own.flatMap((word) =>
    Array.from(text.matchAll(new RegExp(`(?<!\\p{L})${word}`, "giu")), ({ index }) => index),
  );
  return [...said, ...words, ...years.map(({ index }) => index)];
}

const wordsOf = ({ facts, from }: Known): string[] =>
  from.startsWith("item(")
    ? []
    : facts.flatMap(({ key }) => key.split("_").filter((word) => /^\p{L}{3,}$/u.test(word)));

const datesOf = ({ facts }: Known): DateParts[] =>
  facts.flatMap(conditionsOf).flatMap(({ value }) => dateOf(value) ?? []);

/** As a number that grows with time. */
function lastDate(known: Known): number | undefined {
  const all = datesOf(known).map(({ year = 0, month = 0, day = 0 }) => year * 10_000 + month * 100 + day);
  return all.length > 0 ? Math.max(...all) : undefined;
}
