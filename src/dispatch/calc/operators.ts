// The operators of a calculation, on single values.
import { BaimoError } from "../../errors.ts";
import { show } from "../../options.ts";
import { booleanIn, finite, numberIn, type Scalar } from "./values.ts";

type Operator = (a: Scalar, b: Scalar) => Scalar;

const ofNumbers =
  (sign: string, compute: (a: number, b: number) => number): Operator =>
  (a, b) =>
    finite(compute(numberIn(a, sign), numberIn(b, sign)), sign);

const comparing =
  (sign: string, holds: (a: number | string, b: number | string) => boolean): Operator =>
  (a, b) => {
    if (typeof a === "number" && typeof b === "number") return holds(a, b);
    if (typeof a === "string" && typeof b === "string") return holds(a, b);
    throw new BaimoError("request", `calc: ${sign} cannot compare ${show(a)} with ${show(b)}`);
  };

/** Of one type, and no rows. */
const equals =
  (sign: string, wanted: boolean): Operator =>
  (a, b) => {
    if (typeof a === typeof b && typeof a !== "object") return (a === b) === wanted;
    throw new BaimoError("request", `calc: ${sign} cannot compare ${show(a)} with ${show(b)}`);
  };

export const operators: Readonly<Record<string, Operator>> = {
  "+": ofNumbers("+", (a, b) => a + b),
  "-": ofNumbers("-", (a, b) => a - b),
  "*": ofNumbers("*", (a, b) => a * b),
  "/": ofNumbers("/", (a, b) => a / b),
  "%": ofNumbers("%", (a, b) => a % b),
  "^": ofNumbers("^", (a, b) => a ** b),
  "<": comparing("<", (a, b) => a < b),
  "<=": comparing("<=", (a, b) => a <= b),
  ">": comparing(">", (a, b) => a > b),
  ">=": comparing(">=", (a, b) => a >= b),
  "=": equals("=", true),
  "!=": equals("!=", false),
  "<>": equals("<>", false),
  and: (a, b) => booleanIn(a, "and") && booleanIn(b, "and"),
  or: (a, b) => booleanIn(a, "or") || booleanIn(b, "or"),
};
