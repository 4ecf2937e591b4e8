// Self-hosted or API: money a million tokens, break-even volume and utilisation.
import { hoursPerMonth, secondsPerHour, tokensPerMillion } from "../constants.ts";
import { type Computed, compute, type Quantity } from "../quantity/quantity.ts";
import type { Currency, Per } from "../quantity/units.ts";

/** A machine of one's own. */
export interface Machine<C extends Currency> {
  readonly price: Quantity<Per<C, "hour">>;
  readonly power: Quantity<"kilowatt">;
  readonly tariff: Quantity<Per<C, "kilowatt-hour">>;
  /** At full load. */
  readonly speed: Quantity<"token/second">;
  /** The share of that speed that the machine works at, over the month: what calculators leave out. */
  readonly utilisation: Quantity<"ratio">;
}

export interface SelfOrApi<C extends Currency> {
  readonly hourly: Computed<Per<C, "hour">>;
  readonly own: Computed<Per<C, "million tokens">>;
  readonly breakEvenTokens: Computed<"token/month">;
  readonly mostTokens: Computed<"token/month">;
  readonly breakEvenUtilisation: Computed<"ratio">;
  /** Whether the machine can make as many tokens as break-even needs. */
  readonly reachable: boolean | null;
  readonly cheaper: "self" | "api" | "unknown";
}

/** Compares a machine with an API's price. */
export function selfOrApi<C extends Currency>(
  { price, power, tariff, speed, utilisation }: Machine<C>,
  api: Quantity<Per<C, "million tokens">>,
): SelfOrApi<C> {
  const currency = price.unit.slice(0, 3) as C; // a price's unit begins with its currency
  const hourly: Computed<Per<C, "hour">> = compute(
    "an hour of the machine",
    `${currency}/hour`,
    "price + power * tariff",
    { price, power, tariff },
  );
  const own: Computed<Per<C, "million tokens">> = compute(
    "a million tokens of one's own",
    `${currency}/million tokens`,
    "hourly * million / (speed * secondsPerHour * utilisation)",
    { hourly, million: tokensPerMillion, speed, secondsPerHour, utilisation },
  );
  const breakEvenTokens = compute(
    "tokens a month from which the machine is cheaper",
    "token/month",
    "hourly * hoursPerMonth / api * million",
    { hourly, hoursPerMonth, api, million: tokensPerMillion },
  );
  const mostTokens = compute("most tokens a month", "token/month", "speed * secondsPerHour * hoursPerMonth", {
    speed,
    secondsPerHour,
    hoursPerMonth,
  });
  const breakEvenUtilisation = compute(
    "utilisation from which the machine is cheaper",
    "ratio",
    "breakEvenTokens / mostTokens",
    { breakEvenTokens, mostTokens },
    { note: "above 100%: not reachable, whatever the volume" },
  );
  const needed = breakEvenUtilisation.value;
  return {
    hourly,
    own,
    breakEvenTokens,
    mostTokens,
    breakEvenUtilisation,
    reachable: needed === null ? null : needed <= 1,
    cheaper: own.value === null || api.value === null ? "unknown" : own.value < api.value ? "self" : "api",
  };
}
