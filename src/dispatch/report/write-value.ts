// Writes a fact's value for people: money in yuan, shares in percent, in Chinese or English.
import { roundTo } from "./follow-figure.ts";
import type { Language } from "./report.ts";
import { type FactUnit, readUnit } from "./units.ts";

/** A way to write a measure: what the value is multiplied with, how many decimals, and the words after it. */
interface Form {
  readonly factor: number;
  readonly decimals: number;
  readonly zh: string;
  readonly en: string;
}

const FORMS: Readonly<Record<string, Form>> = {
  CNY: { factor: 0.01, decimals: 2, zh: " 元", en: " yuan" },
  ratio: { factor: 100, decimals: 2, zh: "%", en: "%" },
  "difference of ratios": { factor: 100, decimals: 2, zh: " 个百分点", en: " percentage points" },
  time: { factor: 1 / 60, decimals: 2, zh: " 分钟", en: " minutes" },
  mass: { factor: 1, decimals: 0, zh: " 克", en: " g" },
  months: { factor: 1, decimals: 0, zh: " 个月", en: " months" },
  points: { factor: 1, decimals: 2, zh: " 分", en: " points" },
  rate: { factor: 1 / 24, decimals: 2, zh: " 每小时", en: " per hour" },
};

/** What a template may ask for by name: `{sales_fen:万元}`. */
const ASKED: Readonly<Record<string, Form>> = {
  元: { factor: 0.01, decimals: 2, zh: " 元", en: " yuan" },
  万元: { factor: 1e-6, decimals: 2, zh: " 万元", en: "" },
  亿元: { factor: 1e-10, decimals: 2, zh: " 亿元", en: "" },
  yuan: { factor: 0.01, decimals: 2, zh: " 元", en: " yuan" },
  "million yuan": { factor: 1e-8, decimals: 2, zh: "", en: " million yuan" },
  "%": { factor: 100, decimals: 2, zh: "%", en: "%" },
  ratio: { factor: 1, decimals: 4, zh: "", en: "" },
  bp: { factor: 10_000, decimals: 1, zh: " 个基点", en: " basis points" },
  kg: { factor: 0.001, decimals: 3, zh: " 公斤", en: " kg" },
};

const PERIODS: readonly (readonly [pattern: RegExp, zh: string, en: string])[] = [
  [/ (?:a|per) month/, "（每月）", " a month"],
  [/ (?:a|per) year/, "（每年）", " a year"],
];

/** `as`: one of the ways that a template may ask for. */
export function writeValue(value: unknown, words: string, language: Language, as?: string): string {
  if (typeof value === "boolean") return language === "zh" ? (value ? "是" : "否") : value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  const unit = readUnit(words);
  if (unit.kind === "id") return String(value);
  const asked = as === undefined ? undefined : ASKED[as];
  if (asked) return decimal(value * baseOf(unit) * asked.factor, asked.decimals) + asked[language];
  const [, ...period] = PERIODS.find(([pattern]) => pattern.test(words)) ?? [];
  return plainly(value, unit, words, language) + (period[language === "zh" ? 0 : 1] ?? "");
}

function plainly(value: number, unit: FactUnit, words: string, language: Language): string {
  if (unit.kind !== "measure")
    return number(value) + (unit.kind === "none" && unit.word ? ` ${unit.word}` : "");
  const form = FORMS[unit.dimension];
  if (/^[A-Z]{3}$/.test(unit.dimension) && unit.dimension !== "CNY") {
    const [head] = words.split(/,|\(/);
    return `${/ per /.test(head) ? number(value) : decimal(value, 2)} ${head.trim()}`;
  }
  if (unit.dimension === "time" && unit.factor >= 86_400) {
    return `${number((value * unit.factor) / 86_400)}${language === "zh" ? " 天" : " days"}`;
  }
  if (unit.dimension === "ratio" && unit.factor === 0.0001) {
    return `${decimal(value, 2)}${language === "zh" ? " 个基点" : " basis points"}`;
  }
  if (!form) return number(value) + nounAfter(words, language);
  return decimal(value * unit.factor * form.factor, form.decimals) + form[language];
}

/** "orders" after their number; in Chinese the number alone, the label says of what. */
const nounAfter = (words: string, language: Language): string =>
  language === "zh" ? "" : ` ${words.split(/,|\(/)[0].trim()}`;

const baseOf = (unit: FactUnit): number => (unit.kind === "measure" ? unit.factor : 1);

/** With fixed decimals, or by its exponent where nothing would be left. */
function decimal(value: number, decimals: number): string {
  const isLost = value !== 0 && Math.abs(value) < 0.5 * 10 ** -decimals;
  return isLost ? value.toExponential(2) : grouped(roundTo(value, decimals), decimals);
}

function number(value: number): string {
  if (Number.isInteger(value)) return grouped(value, 0);
  if (Math.abs(value) < 0.001) return value.toExponential(2);
  return Math.abs(value) < 10 ? grouped(roundTo(value, 4), 4) : grouped(roundTo(value, 2), 2);
}

const grouped = (value: number, decimals: number): string =>
  value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
