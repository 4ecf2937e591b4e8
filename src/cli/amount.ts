// Amounts on the command line: 7B, 1e24, 35%, 87/100, 0.3..0.4..0.5, 2.50 @ source date.
import { InvalidArgumentError } from "commander";
import type { EstimateFields } from "../plan/quantity/estimate.ts";
import { countedShare } from "../plan/quantity/share.ts";
import { type Currency, currencies } from "../plan/quantity/units.ts";

const units: Readonly<Record<string, number>> = { "": 1, K: 1e3, M: 1e6, B: 1e9, T: 1e12 };
const SHAPE =
  "a number such as 7B, 1e24 or 35%; 3..5..9 for low, likely and high; 87/100 for counts; a source and its date after @; money with its currency: 2.50 USD";

/** One number with its unit: 7B, 1.5e12, 35%. */
function readFigure(text: string): number {
  const [, digits, unit] =
    /^([+-]?[\d.]+(?:e[+-]?\d+)?)\s*([KMBT%]?)$/i.exec(text.trim().replaceAll(",", "")) ?? [];
  const number = Number(digits); // NaN where there are none
  const value = unit === "%" ? number / 100 : number * units[(unit ?? "").toUpperCase()];
  if (!Number.isFinite(value)) throw new InvalidArgumentError(`Allowed: ${SHAPE}.`);
  return value;
}

/** A plain number with its unit. */
export const readNumber = (text: string): number => readFigure(text);

/** An amount with its range, and its source after "@". */
export function readAmount(text: string): EstimateFields {
  const [body, ...rest] = text.split("@");
  const about = readSource(rest.join("@").trim());
  const counted = /^\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(body);
  if (counted) return { ...shareFields(Number(counted[1]), Number(counted[2])), ...about };
  const parts = body.split("..").map(readFigure);
  if (parts.length === 1) return { value: parts[0], ...about };
  if (parts.length > 3) throw new InvalidArgumentError(`Allowed: ${SHAPE}.`);
  const [low, high] = [parts[0], parts[parts.length - 1]];
  return { value: parts.length === 3 ? parts[1] : (low + high) / 2, low, high, ...about };
}

/** An amount of money, with its currency where it is written. */
export interface Price {
  readonly amount: EstimateFields;
  readonly currency?: Currency;
}

/** Reads "2.50", "2.50 USD" or "2..3..4 EUR @ source date". */
export function readPrice(text: string): Price {
  const [body, ...source] = text.split("@");
  const [, amount, after] = /^(.*?)\s*(?:(?<=[\d.%\s]|\d[KMBT]|^)([a-z]{3})\s*)?$/i.exec(body) ?? [];
  if (after === undefined) return { amount: readAmount(text) };
  const currency = currencies.find((code) => code === after.toUpperCase());
  if (currency === undefined)
    throw new InvalidArgumentError(`"${after}" is no currency; known: ${currencies.join(", ")}.`);
  return { amount: readAmount([amount, ...source].join("@")), currency };
}

/** "provider.example 2026-11-01": what, and when. */
function readSource(text: string): Pick<EstimateFields, "source" | "date"> {
  if (text === "") return {};
  const [, source, date] = /^(.*?)[\s,]*(\d{4}(?:-\d{2}){0,2})?$/.exec(text) ?? [];
  return { source: source || undefined, date };
}

/** Counted: so many of so many, with Wilson's 95% interval. */
export function shareFields(hits: number, trials: number, title = "counted"): EstimateFields {
  if (!(trials >= 1 && hits <= trials))
    throw new InvalidArgumentError("Counts are written hits/trials: 87/100.");
  return { ...countedShare(hits, trials), source: `${title}: ${hits} of ${trials}, Wilson's 95% interval` };
}
