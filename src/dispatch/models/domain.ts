// Where a model may be used: bounds of features, and features that must be there.
import { BaimoError } from "../../errors.ts";
import { isRecord, listOf, numberOf, recordOf } from "../../json.ts";
import { show } from "../../options.ts";
import type { Features, OutOfDomain } from "./model.ts";

/** Lowest and highest value by feature. */
export type Domain = ReadonlyMap<string, readonly [number, number]>;

/** Reads `{"age": [18, 75]}`; nothing means everywhere. */
export function readDomain(value: unknown, where: string): Domain {
  const entries = Object.entries(recordOf(value ?? {}, where)).map(([feature, bounds]) => {
    const [low, high] = numbersOf(bounds, `${where}.${feature}`, 2);
    return [feature, [low, high]] as const;
  });
  return new Map(entries);
}

/** What is wrong with a row's number, if anything. */
export function outside(domain: Domain, feature: string, value: unknown): OutOfDomain | undefined {
  const [low, high] = domain.get(feature) ?? [-Infinity, Infinity];
  if (typeof value === "number" && value >= low && value <= high && Number.isFinite(value)) return undefined;
  const bounded = domain.has(feature) ? `a number from ${low} to ${high}` : "a number";
  return { feature, found: show(value), allowed: bounded };
}

/** The first fault of a row in the features that are numbers; features of the domain alone are looked at, too. */
export function firstOutside(
  domain: Domain,
  features: readonly string[],
  row: Features,
): OutOfDomain | undefined {
  for (const feature of new Set([...features, ...domain.keys()])) {
    const fault = outside(domain, feature, row[feature]);
    if (fault) return fault;
  }
  return undefined;
}

/** A row by name. @throws {BaimoError} `request` for something else */
export function featuresOf(row: unknown): Features {
  if (isRecord(row)) return row;
  throw new BaimoError("request", `a row of features must be an object but is ${show(row)}`);
}

/** Finite numbers, `length` of them where it is given. */
export function numbersOf(value: unknown, where: string, length?: number): number[] {
  const items = listOf(value, where);
  if (length !== undefined && items.length !== length) {
    throw new BaimoError("format", `${where} must have ${length} numbers but has ${items.length}`);
  }
  return items.map((item, at) => numberOf(item, `${where}[${at}]`));
}

/** The first name of `output`, or a name that says as little as the file does. */
export const outputName = (model: Record<string, unknown>): string =>
  Object.keys(recordOf(model.output ?? {}, "output"))[0] ?? "value";
