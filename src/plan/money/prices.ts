// Prices: in which currency, from where, and how old. None is built in.
import { BaimoError } from "../../errors.ts";
import { choice, text } from "../../option-kinds.ts";
import { NO_SOURCE } from "../quantity/estimate.ts";
import type { Estimate } from "../quantity/quantity.ts";
import { type Currency, currencies } from "../quantity/units.ts";

/** Days after which a price is called old. */
export const STALE_AFTER = 90;

/** The options that go with prices. */
export const moneyTable = {
  /** Of every price in the plan: no rate of exchange is built in. */
  currency: choice(...currencies),
  /** The day by which the age of prices counts, as 2026-11-28. */
  today: text({ most: 10 }),
};

/**
 * A price needs a currency.
 * @throws {BaimoError} `request` where one is given without
 */
export function checkCurrency(
  where: string,
  currency: Currency | undefined,
  prices: Readonly<Record<string, Estimate | undefined>>,
): void {
  const priced = Object.keys(prices).find((name) => prices[name] !== undefined);
  if (currency !== undefined || priced === undefined) return;
  const text = `currency is missing, and ${priced} is an amount of it; it must be ${currencies.join(", ")}`;
  throw new BaimoError("request", `${where}: ${text}`, { option: "currency" });
}

/** What is to be said of a price: that it is old, or that nobody knows from where and when it is. */
export function doubtOf(
  name: string,
  price: Estimate | undefined,
  today: string | undefined,
): string | undefined {
  if (price === undefined) return undefined;
  const { source } = price;
  if (!source) return `${name}: no source and no date; say both, or nobody can tell whether it still holds`;
  if (source.date === undefined) return `${name}: no date; say it, or nobody can tell whether it still holds`;
  if (source.title === NO_SOURCE) return `${name}: no source; say where it was read`;
  const days = daysBetween(source.date, today);
  if (days === undefined) return today === undefined ? undefined : `${name}: ${source.date} is no day`;
  if (days < 0) return `${name}: of ${source.date}, which is yet to come`;
  return days > STALE_AFTER ? `${name}: ${days} days old (${source.date}); look it up again` : undefined;
}

/** A day; of a month or a year, the first. */
function daysBetween(from: string, to: string | undefined): number | undefined {
  const at = (day: string) => Date.parse(`${`${day}-01-01`.slice(0, 10)}T00:00:00Z`);
  const days = to === undefined ? Number.NaN : Math.floor((at(to) - at(from)) / 86_400_000);
  return Number.isNaN(days) ? undefined : days;
}
