// How Python writes numbers: str() of an int and repr() of a float.

import { valueError } from "./errors.ts";

/** int() and str() of more digits are refused, as Python refuses them. */
export const MAX_DIGITS = 4300;

/** str(int). */
export function intText(value: number | bigint): string {
  if (typeof value === "number") return String(value);
  if (value.toString(16).length > MAX_DIGITS) throwTooLong();
  const text = value.toString();
  if (text.length - (value < 0n ? 1 : 0) > MAX_DIGITS) throwTooLong();
  return text;
}

function throwTooLong(): never {
  throw valueError(
    `Exceeds the limit (${MAX_DIGITS} digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit`,
  );
}

/** repr() of a float: the shortest digits that read back as it. */
export function floatText(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x < 0 ? "-inf" : "inf";
  if (Object.is(x, -0)) return "-0.0";
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) return x.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  const text = String(x);
  return text.includes(".") ? text : `${text}.0`;
}
