// What tokens of a model cost that is paid for by them: a price with its source and date.
import { number, required, text } from "../option-kinds.ts";
import type { TableOf } from "../options.ts";

/** What a million tokens cost. */
export interface Price {
  /** "USD". */
  readonly currency: string;
  readonly input: number;
  readonly output: number;
  /** Of the input, what the endpoint still had. Default: as all of it. */
  readonly cachedInput?: number;
  /** Where it stands, and since when. */
  readonly source?: string;
  readonly date?: string;
}

/** An amount of money. */
export interface Money {
  readonly amount: number;
  readonly currency: string;
}

/** Tokens that were read and written. */
export interface TokenCounts {
  readonly prompt: number;
  /** Of the prompt, what was still known. */
  readonly cached?: number;
  readonly completion?: number;
}

const money = number({ min: 0 });
export const priceTable = {
  currency: required(text({ least: 3, most: 3 })),
  input: required(money),
  output: required(money),
  cachedInput: money,
  source: text(),
  date: text({ most: 32 }),
} satisfies TableOf<Price>;

/** What tokens cost, in the price's currency. */
export function costOf({ prompt, cached = 0, completion = 0 }: TokenCounts, price: Price): number {
  const { input, output, cachedInput = input } = price;
  return ((prompt - cached) * input + cached * cachedInput + completion * output) / 1e6;
}
