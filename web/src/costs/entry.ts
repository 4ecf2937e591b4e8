// Numbers as people write them: 0.9 or 90%, 20K, and ranges as low..likely..high.
import type { Field, Spread } from "./fields.ts";

const factors: Readonly<Record<string, number>> = {
  "": 1,
  K: 1e3,
  M: 1e6,
  B: 1e9,
  T: 1e12,
  "%": 0.01,
  万: 1e4,
  亿: 1e8,
};

const short = (value: number) => String(Number(value.toPrecision(6)));

function writeOne(value: number, unit: string): string {
  if (unit === "ratio") return `${short(value * 100)}%`;
  for (const letter of ["T", "B", "M", "K"])
    if (value >= factors[letter] * (letter === "K" ? 10 : 1)) return short(value / factors[letter]) + letter;
  return short(value);
}

/** An input as text: "6" or "4..6..9". */
export function writeEntry({ low, value, high }: Spread, { unit }: Field): string {
  const parts = low === high ? [value] : [low, value, high];
  return parts.map((each) => writeOne(each, unit)).join("..");
}

function readOne(text: string): number {
  const [, digits, letter = ""] = /^([\d.,]+(?:e[+-]?\d+)?)\s*([KMBT%万亿]?)$/i.exec(text.trim()) ?? [];
  return digits === undefined
    ? Number.NaN
    : Number(digits.replaceAll(",", "")) * factors[letter.toUpperCase()];
}

/** What a text says; undefined for one that says nothing of use: other than one, two or three numbers in order. */
export function readEntry(text: string, { whole, ranged }: Field): Spread | undefined {
  const numbers = text.split("..").map(readOne);
  if (numbers.some((each) => !Number.isFinite(each)) || numbers.length > (ranged ? 3 : 1)) return undefined;
  const [low, high] = [numbers[0], numbers[numbers.length - 1]];
  const value = numbers.length === 3 ? numbers[1] : (low + high) / 2;
  if (!(low <= value && value <= high) || (whole && !Number.isInteger(value))) return undefined;
  return { low, value, high };
}
