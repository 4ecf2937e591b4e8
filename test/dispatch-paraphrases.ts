// Right sentences about the fixtures' facts: free ones of a file, and ones made by units.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Fact } from "../src/dispatch/evidence.ts";
import { roundTo } from "../src/dispatch/report/follow-figure.ts";
import type { Language } from "../src/dispatch/report/report.ts";
import { root } from "./places.ts";

/** A request, the facts that a sentence cites, and the sentence. */
export type Paraphrase = readonly [request: string, cites: string, text: string];

/** One a line: request|facts|sentence. */
export const paraphrases: readonly Paraphrase[] = readFileSync(
  join(root, "test", "golden", "dispatch-sentences.txt"),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line): Paraphrase => {
    const [request, cites, text] = line.split("|");
    return [request, cites, text];
  });

const grouped = (value: number, decimals = 0): string =>
  value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
const rounded = (value: number, decimals: number): string => roundTo(value, decimals).toFixed(decimals);
/** So many leading digits, the others 0; down, up or to the nearest. */
function leading(value: number, digits: number, to: (value: number) => number = Math.round): number {
  const grain = 10 ** (Math.floor(Math.log10(value)) + 1 - digits);
  const found = to(value / grain) * grain;
  return found === value && to !== Math.round ? found + (to === Math.floor ? -grain : grain) : found;
}

/** What one value may be called. */
type Write = (value: number) => readonly string[];

/** Ways to say an amount of money, in fen. */
const money: Readonly<Record<Language, Write>> = {
  zh: (fen) => [
    `金额为${grouped(fen / 100, 2)}元。`,
    `金额约${rounded(fen / 1e6, 2)}万元。`,
    `合人民币${(fen / 100).toFixed(2)}元。`,
    `这一项是¥${grouped(fen / 100, 2)}。`,
    `大约是${leading(fen / 100, 3)}元。`,
    `超过${leading(fen / 100, 2, Math.floor)}元。`,
    `近${leading(fen / 100, 2, Math.ceil)}元。`,
    `折合${rounded(fen / 1e10, 4)}亿元左右。`,
  ],
  en: (fen) => [
    `It comes to ${grouped(fen / 100, 2)} yuan.`,
    `The amount is CNY ${grouped(roundTo(fen / 100, 0))}.`,
    `About ${rounded(fen / 1e8, 5)} million yuan is meant.`,
    `That is ¥${(fen / 100).toFixed(2)} in all.`,
    `More than ${grouped(leading(fen / 100, 2, Math.floor))} yuan is at stake.`,
    `It is nearly ${grouped(leading(fen / 100, 2, Math.ceil))} yuan.`,
    `Roughly ${rounded(fen / 1e5, 1)} thousand yuan.`,
    `We count RMB ${rounded(fen / 1e8, 4)}m.`,
  ],
};

/** Ways to say a share. */
const share: Readonly<Record<Language, Write>> = {
  zh: (value) => [
    `比例为${rounded(100 * value, 2)}%。`,
    `约占百分之${rounded(100 * value, 1)}。`,
    `这一比例达到${rounded(100 * value, 1)}％。`,
    `换算为${rounded(1e4 * value, 0)}个基点。`,
    `也就是${rounded(value, 4)}。`,
    `超过${Math.floor(100 * value)}%。`,
    `在${rounded(100 * value, 0)}%左右。`,
  ],
  en: (value) => [
    `It is ${rounded(100 * value, 2)}%.`,
    `The figure stands at ${rounded(100 * value, 1)} per cent.`,
    `That equals ${rounded(1e4 * value, 0)} basis points.`,
    `As a ratio it is ${rounded(value, 4)}.`,
    `It is about ${rounded(100 * value, 0)} percent.`,
    `It exceeds ${Math.floor(100 * value)}%.`,
    `Just under ${Math.ceil(100 * value)}% were found.`,
  ],
};

const count: Readonly<Record<Language, Write>> = {
  zh: (value) => [`一共${value}个。`, `数量为${value}。`, `总数是${grouped(value)}。`],
  en: (value) => [
    `There are ${grouped(value)} of them.`,
    `The number is ${value}.`,
    `We found ${value} in total.`,
  ],
};

/** Sentences about each fact that is one amount, share or count. */
export function made(id: string, facts: readonly Fact[], language: Language): Paraphrase[] {
  return facts.flatMap(({ key, value, unit }) => {
    if (typeof value !== "number" || value <= 0) return [];
    const write = /^fen/.test(unit)
      ? money
      : /^(?:ratio|probability)$/.test(unit)
        ? share
        : Number.isInteger(value) && !/ id|day|^g$|fen/.test(unit)
          ? count
          : undefined;
    return (write?.[language](value) ?? []).map((text): Paraphrase => [id, key, text]);
  });
}
