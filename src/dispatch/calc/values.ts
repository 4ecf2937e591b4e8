// What a calculation computes with: single values, rows, and lists of either.
import { BaimoError } from "../../errors.ts";
import { isRecord } from "../../json.ts";
import { show } from "../../options.ts";

/** A row is passed on as it is. */
export type Scalar = number | string | boolean | null | Readonly<Record<string, unknown>>;
export type CalcValue = Scalar | readonly Scalar[];

export const isList = (value: CalcValue): value is readonly Scalar[] => Array.isArray(value);

/** A value from outside. @throws {BaimoError} `request` for what is no value of a calculation */
export function calcValue(value: unknown, name: string): CalcValue {
  if (Array.isArray(value)) return value.map((item, at) => scalar(item, `${name}[${at}]`));
  return scalar(value, name);
}

function scalar(value: unknown, name: string): Scalar {
  if (value === null || typeof value === "string" || typeof value === "boolean" || isRecord(value))
    return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new BaimoError(
    "request",
    `calc: ${name} is ${show(value)}; a value, a row or a list of them is needed`,
  );
}

export function numberIn(value: CalcValue, where: string): number {
  if (typeof value === "number") return value;
  throw new BaimoError("request", `calc: ${where} needs a number, not ${show(value)}`);
}

export function booleanIn(value: CalcValue, where: string): boolean {
  if (typeof value === "boolean") return value;
  throw new BaimoError("request", `calc: ${where} needs true or false, not ${show(value)}`);
}

export function listIn(value: CalcValue, where: string): readonly Scalar[] {
  if (isList(value)) return value;
  throw new BaimoError("request", `calc: ${where} needs a list, not ${show(value)}`);
}

/** A result that is a number. */
export function finite(value: number, where: string): number {
  if (Number.isFinite(value)) return value;
  throw new BaimoError("request", `calc: ${where} gives ${value}, which is no figure`);
}

/** A whole number that stands for a count. */
export function countIn(value: CalcValue, where: string): number {
  const count = numberIn(value, where);
  if (Number.isInteger(count) && count >= 0) return count;
  throw new BaimoError("request", `calc: ${where} needs a whole number from 0, not ${count}`);
}

/** Applies to each of lists of one length; single values go with every one. */
export function each(
  where: string,
  values: readonly CalcValue[],
  compute: (...values: Scalar[]) => Scalar,
): CalcValue {
  const lengths = new Set(values.filter(isList).map(({ length }) => length));
  if (lengths.size === 0) return compute(...(values as Scalar[])); // none is a list
  if (lengths.size > 1) {
    throw new BaimoError("request", `calc: ${where} has lists of ${[...lengths].join(" and ")} values`);
  }
  const [length] = lengths;
  return Array.from({ length }, (_, at) =>
    compute(...values.map((value) => (isList(value) ? value[at] : value))),
  );
}
