// Python's numbers: arithmetic, reading, rounding, and exact decimal digits.

import { Complex } from "./complex.ts";
import { TemplateError, typeError, valueError } from "./errors.ts";
import { exactPower, powerCost } from "./exact-power.ts";
import { MAX_DIGITS } from "./number-text.ts";
import type { Runtime } from "./runtime.ts";
import { SPACE_CLASS } from "./text.ts";
import { Float, textOf, toInt, typeName, Undefined, type Value } from "./values.ts";

export type Int = number | bigint;

/** An int or a bool as an int, anything else as undefined. */
export function intOf(value: Value): Int | undefined {
  if (typeof value === "number" || typeof value === "bigint") return value;
  return typeof value === "boolean" ? Number(value) : undefined;
}

/** An int where one is needed, as a number of JavaScript: beyond 2^53 it is not exact, only large. */
export function indexOf(value: Value): number {
  const int = intOf(value);
  if (int === undefined) throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
  return Number(int);
}

/** An int as a double. */
export function intToDouble(int: Int): number {
  const double = Number(int);
  if (!Number.isFinite(double)) throw new TemplateError("OverflowError", "int too large to convert to float");
  return double;
}

/** An int, a bool or a float as a double, anything else as undefined. */
export function doubleOf(value: Value): number | undefined {
  if (value instanceof Float) return value.value;
  const int = intOf(value);
  return int === undefined ? undefined : intToDouble(int);
}

/** The largest integers. */
const MAX_BITS = 1_000_000;

const divideByZero = (message: string) => new TemplateError("ZeroDivisionError", message);

/** a op b where both are numbers; undefined where one is not. */
export function arithmetic(operator: string, a: Value, b: Value, runtime: Runtime): Value | undefined {
  if (a instanceof Complex || b instanceof Complex) return Complex.arithmetic(operator, a, b);
  const left = intOf(a);
  const right = intOf(b);
  if (left !== undefined && right !== undefined) return intArithmetic(operator, left, right, runtime);
  if ((left === undefined && !(a instanceof Float)) || (right === undefined && !(b instanceof Float))) {
    return undefined;
  }
  return floatArithmetic(operator, doubleOf(a) as number, doubleOf(b) as number, runtime);
}

function intArithmetic(operator: string, a: Int, b: Int, runtime: Runtime): Value {
  switch (operator) {
    case "+":
    case "-": {
      const quick = operator === "+" ? Number(a) + Number(b) : Number(a) - Number(b);
      if (Number.isSafeInteger(quick) && typeof a === "number" && typeof b === "number") return quick;
      runtime.budget.read(checkedBits(a, b));
      return toInt(operator === "+" ? BigInt(a) + BigInt(b) : BigInt(a) - BigInt(b));
    }
    case "*": {
      const quick = Number(a) * Number(b);
      if (Number.isSafeInteger(quick) && typeof a === "number" && typeof b === "number") return quick + 0;
      runtime.budget.make(checkedBits(a, b));
      return toInt(BigInt(a) * BigInt(b));
    }
    case "/":
      if (typeof a !== "number" || typeof b !== "number") runtime.budget.make(checkedBits(a, b));
      return trueDivision(a, b);
    case "//":
    case "%": {
      if (Number(b) === 0) throw divideByZero("integer division or modulo by zero");
      if (typeof a === "number" && typeof b === "number") {
        const rest = a % b;
        const remainder = rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
        // Plus zero, so that there is no negative one.
        if (Number.isSafeInteger(a - remainder)) {
          return (operator === "//" ? (a - remainder) / b : remainder) + 0;
        }
      }
      runtime.budget.make(checkedBits(a, b));
      const [quotient, remainder] = divmod(BigInt(a), BigInt(b));
      return toInt(operator === "//" ? quotient : remainder);
    }
    default:
      return intPower(a, b, runtime);
  }
}

function divmod(a: bigint, b: bigint): [bigint, bigint] {
  const remainder = a % b;
  if (remainder !== 0n && remainder < 0n !== b < 0n) return [a / b - 1n, remainder + b];
  return [a / b, remainder];
}

/** About how many bits an int has. */
function bits(value: Int): number {
  return typeof value === "number" ? 53 : value.toString(16).length * 4;
}

/** Bits of the operands together; beyond a bound, where arithmetic takes long, there are none. */
function checkedBits(a: Int, b: Int): number {
  const sum = bits(a) + bits(b);
  return sum > MAX_BITS ? Number.POSITIVE_INFINITY : sum;
}

function trueDivision(a: Int, b: Int): Value {
  if (Number(b) === 0) throw divideByZero("division by zero");
  if (typeof a === "number" && typeof b === "number") return new Float(a / b);
  const [numerator, denominator] = [abs(BigInt(a)), abs(BigInt(b))];
  // Enough bits that rounding the quotient once more cannot go wrong: 66, and one that tells of a remainder.
  const shift = BigInt(Math.max(-2000, Math.min(2200, bits(denominator) - bits(numerator) + 66)));
  const scaled = shift >= 0n ? numerator << shift : numerator;
  const divisor = shift >= 0n ? denominator : denominator << -shift;
  const quotient = (scaled / divisor) | (scaled % divisor === 0n ? 0n : 1n);
  const double = Number(quotient) * 2 ** Number(-shift);
  if (!Number.isFinite(double)) {
    throw new TemplateError("OverflowError", "integer division result too large for a float");
  }
  return new Float(Number(a) < 0 !== Number(b) < 0 ? -double : double);
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function intPower(a: Int, b: Int, runtime: Runtime): Value {
  if (b < 0) {
    if (Number(a) === 0) throw divideByZero("0.0 cannot be raised to a negative power");
    return floatPower(intToDouble(a), intToDouble(b), runtime);
  }
  if (Number(a) !== 0 && Number(a) !== 1 && Number(a) !== -1) {
    const size = bits(a) === 53 ? Math.log2(Math.abs(Number(a))) * Number(b) : bits(a) * Number(b);
    runtime.budget.make(size > MAX_BITS ? Number.POSITIVE_INFINITY : size);
    return toInt(BigInt(a) ** BigInt(b));
  }
  if (Number(a) === -1) return BigInt(b) % 2n === 0n ? 1 : -1;
  return Number(a) === 0 && Number(b) === 0 ? 1 : a;
}

function floatArithmetic(operator: string, a: number, b: number, runtime: Runtime): Value {
  switch (operator) {
    case "+":
      return new Float(a + b);
    case "-":
      return new Float(a - b);
    case "*":
      return new Float(a * b);
    case "/":
      if (b === 0) throw divideByZero("float division by zero");
      return new Float(a / b);
    case "//":
    case "%": {
      if (b === 0) throw divideByZero(operator === "%" ? "float modulo" : "float floor division by zero");
      const [quotient, remainder] = floatDivmod(a, b);
      return new Float(operator === "//" ? quotient : remainder);
    }
    default:
      return floatPower(a, b, runtime);
  }
}

/** As CPython does it. */
function floatDivmod(a: number, b: number): [number, number] {
  let remainder = a % b;
  let quotient = (a - remainder) / b;
  if (remainder !== 0) {
    if (b < 0 !== remainder < 0) {
      remainder += b;
      quotient -= 1;
    }
  } else remainder = b < 0 ? -0 : 0;
  if (quotient === 0) return [a / b < 0 || Object.is(a / b, -0) ? -0 : 0, remainder];
  let floor = Math.floor(quotient);
  if (quotient - floor > 0.5) floor += 1;
  return [floor, remainder];
}

function floatPower(a: number, b: number, runtime: Runtime): Value {
  if (b === 0 || a === 1) return new Float(1);
  if (a === 0 && b < 0) throw divideByZero("0.0 cannot be raised to a negative power");
  if (a === -1 && !Number.isFinite(b) && !Number.isNaN(b)) return new Float(1);
  if (a < 0 && Number.isFinite(a) && Number.isFinite(b) && !Number.isInteger(b)) return Complex.power(a, b);
  runtime.budget.make(powerCost(b));
  const result = exactPower(a, b);
  if (!Number.isFinite(result) && Number.isFinite(a) && Number.isFinite(b)) {
    throw new TemplateError("OverflowError", "(34, 'Numerical result out of range')");
  }
  return new Float(result);
}

/** -value, +value. */
export function signed(operator: "-" | "+", value: Value): Value {
  const int = intOf(value);
  if (int !== undefined) return operator === "+" ? int : Number(int) === 0 ? 0 : toInt(-int);
  if (value instanceof Float) return operator === "+" ? value : new Float(-value.value);
  if (value instanceof Complex) return operator === "+" ? value : new Complex(-value.real, -value.imaginary);
  if (value instanceof Undefined) return value.fail();
  throw typeError(`bad operand type for unary ${operator}: '${typeName(value)}'`);
}

// ---- Reading

const EDGES = new RegExp(`^[${SPACE_CLASS}]+|[${SPACE_CLASS}]+$`, "g");

/** Text without the white space around it, and its digits as ASCII. */
function numeral(text: string): string {
  if (text.length > 100_000) throw valueError("a number of so many digits is not read");
  return text.replace(EDGES, "").replace(/(?![0-9])\p{Nd}/gu, (digit) => String(digitValue(digit)));
}

/** The value of a decimal digit of any script: they stand in runs of ten. */
export function digitValue(digit: string): number {
  const code = digit.codePointAt(0) as number;
  let start = code;
  while (code - start < 9 && /\p{Nd}/u.test(String.fromCodePoint(start - 1))) start--;
  // Runs that follow one another are told apart by where they begin: at multiples of ten from the first.
  if (code >= 0x1d7ce && code <= 0x1d7ff) return (code - 0x1d7ce) % 10;
  return code - start;
}

/** int(text, base). */
export function parseInteger(text: string, base = 10): Int {
  const invalid = () => valueError(`invalid literal for int() with base ${base}: '${text}'`);
  if (base !== 0 && (base < 2 || base > 36)) throw valueError("int() base must be >= 2 and <= 36, or 0");
  const match = /^([+-]?)(0[xXoObB])?([0-9a-zA-Z_]*)$/.exec(numeral(text));
  if (!match) throw invalid();
  let [, sign, prefix = "", digits] = match;
  const prefixBase = { x: 16, o: 8, b: 2 }[prefix.slice(1).toLowerCase()];
  let radix = base;
  if (prefixBase !== undefined && (base === 0 || base === prefixBase)) {
    radix = prefixBase;
    digits = digits.replace(/^_/, "");
  } else {
    digits = (prefix + digits) as string;
    if (base === 0) {
      radix = 10;
      if (/^0[0_]*[1-9]/.test(digits)) throw invalid();
    }
  }
  if (!/^[0-9a-z]+(?:_[0-9a-z]+)*$/i.test(digits)) throw invalid();
  digits = digits.replaceAll("_", "").toLowerCase();
  if ((radix & (radix - 1)) !== 0 && digits.length > MAX_DIGITS) {
    throw valueError(
      `Exceeds the limit (${MAX_DIGITS} digits) for integer string conversion: value has ${digits.length} digits; use sys.set_int_max_str_digits() to increase the limit`,
    );
  }
  let value = 0n;
  if (radix === 10) {
    if (/[a-z]/.test(digits)) throw invalid();
    value = BigInt(digits);
  } else {
    const values = Array.from(digits, (digit) => Number.parseInt(digit, 36));
    if (values.some((one) => one >= radix)) throw invalid();
    const width = Math.log2(radix);
    if (Number.isInteger(width))
      value = BigInt(`0b${values.map((one) => one.toString(2).padStart(width, "0")).join("")}`);
    else for (const one of values) value = value * BigInt(radix) + BigInt(one);
  }
  return toInt(sign === "-" ? -value : value);
}

/** float(text). */
export function parseFloatText(text: string): number {
  const trimmed = numeral(text);
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(trimmed);
  if (word) {
    const size = word[2].toLowerCase() === "nan" ? Number.NaN : Number.POSITIVE_INFINITY;
    return word[1] === "-" ? -size : size;
  }
  const digits = "[0-9](?:_?[0-9])*";
  const form = new RegExp(`^[+-]?(?:${digits}\\.?(?:${digits})?|\\.${digits})(?:[eE][+-]?${digits})?$`);
  if (!form.test(trimmed)) throw valueError(`could not convert string to float: '${text}'`);
  return Number(trimmed.replaceAll("_", ""));
}

/** int(value). */
export function toInteger(value: Value, base?: number): Int {
  const text = textOf(value);
  if (text !== undefined) return parseInteger(text, base);
  const int = intOf(value);
  if (int !== undefined) return int;
  if (value instanceof Float) return doubleToInt(value.value);
  if (value instanceof Undefined) return value.fail();
  throw typeError(
    `int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`,
  );
}

/** A double as an int, towards zero. */
export function doubleToInt(double: number): Int {
  if (Number.isNaN(double)) throw valueError("cannot convert float NaN to integer");
  if (!Number.isFinite(double)) {
    throw new TemplateError("OverflowError", "cannot convert float infinity to integer");
  }
  return toInt(Math.trunc(double) + 0);
}

/** float(value). */
export function toDouble(value: Value): number {
  const text = textOf(value);
  if (text !== undefined) return parseFloatText(text);
  const double = doubleOf(value);
  if (double !== undefined) return double;
  if (value instanceof Undefined) return value.fail();
  throw typeError(`float() argument must be a string or a real number, not '${typeName(value)}'`);
}

// ---- Digits

/** |x| times 10^places, rounded to an integer, half to even. */
function scaledInteger(x: number, places: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(x));
  const word = view.getBigUint64(0);
  const exponent = Number(word >> 52n);
  const mantissa = (word & 0xfffffffffffffn) | (exponent === 0 ? 0n : 1n << 52n);
  const shift = Math.max(exponent, 1) - 1075;
  let numerator = mantissa;
  let denominator = 1n;
  if (shift >= 0) numerator <<= BigInt(shift);
  else denominator <<= BigInt(-shift);
  if (places >= 0) numerator *= 10n ** BigInt(places);
  else denominator *= 10n ** BigInt(-places);
  return roundHalfEven(numerator, denominator);
}

function roundHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  if (twice > denominator || (twice === denominator && quotient % 2n === 1n)) return quotient + 1n;
  return quotient;
}

/** |x| with so many digits behind the point, exactly rounded. */
export function fixedDigits(x: number, places: number): string {
  const digits = scaledInteger(x, places)
    .toString()
    .padStart(places + 1, "0");
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** |x| as so many significant digits (at least one) and the decimal exponent of the first. */
export function significantDigits(x: number, count: number): [digits: string, exponent: number] {
  if (x === 0) return ["0".repeat(count), 0];
  let exponent = Math.floor(Math.log10(Math.abs(x)));
  // The logarithm may be off by one, and rounding may carry into another digit.
  for (;;) {
    const digits = scaledInteger(x, count - 1 - exponent).toString();
    if (digits.length === count) return [digits, exponent];
    if (
      digits.length > count &&
      /^10*$/.test(digits) &&
      scaledInteger(x, count - 2 - exponent).toString().length === count
    ) {
      return [digits.slice(0, count), exponent + 1];
    }
    exponent += digits.length > count ? 1 : -1;
  }
}

/** round(value, places), of an int or a float. */
export function roundNumber(value: Value, places: number): Value {
  const int = intOf(value);
  if (int !== undefined) {
    if (places >= 0) return int;
    if (-places > MAX_DIGITS) return 0;
    const unit = 10n ** BigInt(-places);
    const rounded = roundHalfEven(abs(BigInt(int)), unit) * unit;
    return toInt(Number(int) < 0 ? -rounded : rounded);
  }
  if (!(value instanceof Float)) {
    if (value instanceof Undefined) return value.fail();
    throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
  }
  const x = value.value;
  if (!Number.isFinite(x) || places > 323) return value;
  if (places < -308) return new Float(x < 0 || Object.is(x, -0) ? -0 : 0);
  const scaled = scaledInteger(x, places);
  const size = Number(`${scaled}e${-places}`);
  if (!Number.isFinite(size)) {
    throw new TemplateError("OverflowError", "rounded value too large to represent");
  }
  return new Float(x < 0 || Object.is(x, -0) ? -size : size);
}

/** A number of any kind: what arithmetic takes. */
export function isNumber(value: Value): boolean {
  return intOf(value) !== undefined || value instanceof Float || value instanceof Complex;
}

/** Text of a str or Markup that a method needs. */
export function needText(value: Value, message: (type: string) => string): string {
  const text = textOf(value);
  if (text !== undefined) return text;
  throw typeError(message(typeName(value)));
}
