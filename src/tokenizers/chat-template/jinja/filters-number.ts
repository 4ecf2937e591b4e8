// Jinja2's filters on numbers.

import { type Definition, define } from "./arguments.ts";
import { Complex } from "./complex.ts";
import { isError, TemplateError, typeError } from "./errors.ts";
import { doubleToInt, fixedDigits, indexOf, intOf, roundNumber, toDouble, toInteger } from "./numbers.ts";
import { binary } from "./operators.ts";
import type { Runtime } from "./runtime.ts";
import { Float, textOf, toInt, typeName, Undefined, type Value } from "./values.ts";

function absolute([value]: Value[]): Value {
  const int = intOf(value);
  if (int !== undefined) return int < 0 ? toInt(-int) : int;
  if (value instanceof Float) return new Float(Math.abs(value.value));
  if (value instanceof Complex) return new Float(Math.hypot(value.real, value.imaginary));
  if (value instanceof Undefined) {
    throw typeError("bad operand type for abs(): 'Undefined'");
  }
  throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
}

function toIntFilter([value, fallback, base]: Value[]): Value {
  try {
    if (textOf(value) === undefined) return toInteger(value);
    return toInteger(value, indexOf(base));
  } catch (error) {
    if (!isError(error, "TypeError", "ValueError")) throw error;
  }
  try {
    return doubleToInt(toDouble(value));
  } catch (error) {
    if (isError(error, "TypeError", "ValueError", "OverflowError")) return fallback;
    throw error;
  }
}

function toFloatFilter([value, fallback]: Value[]): Value {
  try {
    return new Float(toDouble(value));
  } catch (error) {
    if (isError(error, "TypeError", "ValueError")) return fallback;
    throw error;
  }
}

function round([value, precision, method]: Value[], runtime: Runtime): Value {
  const how = textOf(method);
  if (how !== "common" && how !== "ceil" && how !== "floor") {
    throw new TemplateError("FilterArgumentError", "method must be common, ceil or floor");
  }
  if (how === "common") {
    const places = precision === null ? 0 : indexOf(precision);
    runtime.budget.make(64 + 4 * Math.min(5000, Math.abs(places)));
    return roundNumber(value, places);
  }
  const scale = binary("**", 10, precision, runtime);
  const scaled = binary("*", value, scale, runtime);
  const int = intOf(scaled);
  if (int === undefined && !(scaled instanceof Float)) {
    throw typeError(`must be real number, not ${typeName(scaled)}`);
  }
  const whole = int ?? doubleToInt(Math[how]((scaled as Float).value));
  return binary("/", whole, scale, runtime);
}

const UNITS = ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];

function fileSize([value, binaryUnits]: Value[]): Value {
  const bytes = toDouble(value);
  const isBinary = binaryUnits !== false && binaryUnits !== null && binaryUnits !== 0 && binaryUnits !== "";
  const base = isBinary ? 1024 : 1000;
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${doubleToInt(bytes)} Bytes`;
  let size = base;
  for (let i = 0; ; i++) {
    const name = isBinary ? UNITS[i].replace(/^k/, "K").replace("B", "iB") : UNITS[i];
    const unit = size * base;
    if (bytes < unit || i === UNITS.length - 1) {
      const amount = (base * bytes) / unit;
      return `${Number.isFinite(amount) ? fixedDigits(amount, 1) : Number.isNaN(amount) ? "nan" : "inf"} ${name}`;
    }
    size = unit;
  }
}

/** The filters, by name. */
export const numberFilters: Readonly<Record<string, Definition>> = {
  abs: define("x, /", absolute),
  filesizeformat: define("value, binary=False", fileSize),
  float: define("value, default=0.0", toFloatFilter),
  int: define("value, default=0, base=10", toIntFilter),
  round: define("value, precision=0, method='common'", round),
};
