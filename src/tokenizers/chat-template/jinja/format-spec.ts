// Python's format specifications: format(value, ">10,.2f").

import { Complex } from "./complex.ts";
import { TemplateError, typeError, valueError } from "./errors.ts";
import { floatText } from "./number-text.ts";
import { doubleOf, fixedDigits, type Int, intOf, significantDigits } from "./numbers.ts";
import { str } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { lengthOf, substring } from "./text.ts";
import { Float, textOf, typeName, type Value } from "./values.ts";

interface Spec {
  fill: string;
  align: string;
  sign: string;
  noNegativeZero: boolean;
  alternate: boolean;
  width: number;
  grouping: string;
  precision: number | undefined;
  type: string;
}

const FORM = /^(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?(.)?$/su;

/** The widest and most precise that is made. */
const MAX_SIZE = 2 ** 31 - 1;

/** format(value, spec). */
export function formatValue(value: Value, spec: string, runtime: Runtime): string {
  if (spec === "") return str(value, runtime);
  const text = textOf(value);
  const int = intOf(value);
  if (value instanceof Complex) return formatComplex(value, spec, runtime);
  if (text === undefined && int === undefined && !(value instanceof Float)) {
    throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
  }
  const parsed = parseSpec(spec, text === undefined, typeName(value));
  runtime.budget.make(parsed.width + (parsed.precision ?? 0));
  if (text !== undefined) return formatText(text, parsed);
  if (int !== undefined && !"eEfFgG%".includes(parsed.type || "d"))
    return formatInt(int, parsed, typeName(value));
  return formatFloat(doubleOf(value) as number, parsed, typeName(value));
}

function parseSpec(spec: string, isNumber: boolean, type: string): Spec {
  const match = FORM.exec(spec);
  if (!match) {
    if (/\.(?!\d)/.test(spec)) throw valueError("Format specifier missing precision");
    if (/,_|_,/.test(spec)) throw valueError("Cannot specify both ',' and '_'.");
    throw valueError(`Invalid format specifier '${spec}' for object of type '${type}'`);
  }
  const [, fill, align, sign = "", z, hash, zero, width, grouping = "", precision, code = ""] = match;
  if (Number(width) > MAX_SIZE || Number(precision) > MAX_SIZE) {
    throw valueError("Too many decimal digits in format string");
  }
  const zeroFill = zero !== undefined && fill === undefined;
  return {
    fill: fill ?? (zeroFill ? "0" : " "),
    align: align ?? (isNumber ? (zero !== undefined ? "=" : ">") : "<"),
    sign,
    noNegativeZero: z !== undefined,
    alternate: hash !== undefined,
    width: Number(width ?? 0),
    grouping,
    precision: precision === undefined ? undefined : Number(precision),
    type: code,
  };
}

function unknownCode(code: string, type: string): never {
  throw valueError(`Unknown format code '${code}' for object of type '${type}'`);
}

function formatText(text: string, spec: Spec): string {
  if (spec.sign) throw valueError("Sign not allowed in string format specifier");
  if (spec.noNegativeZero) {
    throw valueError("Negative zero coercion (z) not allowed in string format specifier");
  }
  if (spec.alternate) throw valueError("Alternate form (#) not allowed in string format specifier");
  if (spec.align === "=") throw valueError("'=' alignment not allowed in string format specifier");
  if (spec.type !== "" && spec.type !== "s") unknownCode(spec.type, "str");
  if (spec.grouping) throw valueError(`Cannot specify '${spec.grouping}' with 's'.`);
  const cut =
    spec.precision === undefined ? text : substring(text, 0, Math.min(spec.precision, lengthOf(text)));
  return align("", cut, spec);
}

/** Text in its field; the sign or prefix stays before zeros. */
function align(prefix: string, body: string, spec: Spec): string {
  const blanks = spec.width - lengthOf(prefix) - lengthOf(body);
  if (blanks <= 0) return prefix + body;
  if (spec.align === "=") return prefix + spec.fill.repeat(blanks) + body;
  const left = spec.align === ">" ? blanks : spec.align === "^" ? blanks >> 1 : 0;
  return spec.fill.repeat(left) + prefix + body + spec.fill.repeat(blanks - left);
}

const BASES: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16 };

function formatInt(int: Int, spec: Spec, type: string): string {
  const code = spec.type || "d";
  if (!"bcdoxXn".includes(code)) unknownCode(code, type);
  if (spec.precision !== undefined) throw valueError("Precision not allowed in integer format specifier");
  if (spec.noNegativeZero) {
    throw valueError(
      "Negative zero coercion (z) not allowed in format specifier with integer presentation type",
    );
  }
  if (code === "c") return formatCharacter(int, spec);
  if (spec.grouping && (code === "n" || (spec.grouping === "," && code !== "d"))) {
    throw valueError(`Cannot specify '${spec.grouping}' with '${code}'.`);
  }
  const base = BASES[code] ?? 10;
  let digits = (int < 0 ? -int : int).toString(base);
  if (code === "X") digits = digits.toUpperCase();
  const prefix = spec.alternate && base !== 10 ? `0${code}` : "";
  return numeric(int < 0, prefix, digits, "", base === 10 ? 3 : 4, spec);
}

function formatCharacter(int: Int, spec: Spec): string {
  if (spec.sign) throw valueError("Sign not allowed with integer format specifier 'c'");
  if (spec.alternate) throw valueError("Alternate form (#) not allowed with integer format specifier 'c'");
  if (spec.grouping) throw valueError(`Cannot specify '${spec.grouping}' with 'c'.`);
  if (int < 0 || int > 0x10ffff) throw new TemplateError("OverflowError", "%c arg not in range(0x110000)");
  return align("", String.fromCodePoint(Number(int)), spec);
}

/** A sign, a prefix, digits in groups and the rest, in its field. */
function numeric(
  negative: boolean,
  prefix: string,
  digits: string,
  rest: string,
  group: number,
  spec: Spec,
): string {
  const sign = negative ? "-" : spec.sign === "+" || spec.sign === " " ? spec.sign : "";
  const before = sign + prefix;
  if (!spec.grouping) return align(before, digits + rest, spec);
  // Zeros that fill a field are grouped with the digits.
  const least = spec.fill === "0" && spec.align === "=" ? spec.width - before.length - rest.length : 0;
  let padded = digits;
  const groupedLength = (length: number) => length + Math.floor((length - 1) / group);
  if (groupedLength(padded.length) < least) {
    let length = padded.length;
    while (groupedLength(length) < least) length++;
    padded = padded.padStart(length, "0");
  }
  return align(before, groupDigits(padded, spec.grouping, group) + rest, spec);
}

function groupDigits(digits: string, separator: string, size: number): string {
  const parts: string[] = [];
  for (let end = digits.length; end > 0; end -= size) parts.push(digits.slice(Math.max(0, end - size), end));
  return parts.reverse().join(separator);
}

function formatFloat(x: number, spec: Spec, type: string): string {
  const code = spec.type;
  if (!"eEfFgGn%".includes(code)) unknownCode(code, type);
  if (spec.grouping && code === "n") throw valueError(`Cannot specify '${spec.grouping}' with 'n'.`);
  let text = floatDigits(Math.abs(x), code, spec.precision, spec.alternate);
  if (code === "E" || code === "F" || code === "G") text = text.toUpperCase();
  let negative = x < 0 || Object.is(x, -0);
  if (spec.noNegativeZero && !/[1-9a-z]/i.test(text.replace(/e.*$/i, ""))) negative = false;
  const [digits] = /^\d*/.exec(text) as RegExpExecArray;
  if (digits === "") return numeric(negative, "", text, "", 3, { ...spec, grouping: "" });
  return numeric(negative, "", digits, text.slice(digits.length), 3, spec);
}

/** The digits of a number that is not negative, in the presentation of a code. */
export function floatDigits(
  x: number,
  code: string,
  precision: number | undefined,
  alternate: boolean,
): string {
  const percent = code === "%" ? "%" : "";
  if (!Number.isFinite(x)) return (Number.isNaN(x) ? "nan" : "inf") + percent;
  switch (code.toLowerCase()) {
    case "e": {
      const [digits, exponent] = significantDigits(x, (precision ?? 6) + 1);
      return exponential(digits, exponent, alternate);
    }
    case "f":
      return fixed(x, precision ?? 6, alternate);
    case "%":
      return `${fixed(x * 100, precision ?? 6, alternate)}%`;
    case "":
      if (precision === undefined) return alternate ? floatText(x).replace(/^(\d)e/, "$1.e") : floatText(x);
      return general(x, precision || 1, alternate, true);
    default:
      return general(x, precision === 0 ? 1 : (precision ?? 6), alternate, false);
  }
}

function fixed(x: number, places: number, alternate: boolean): string {
  const digits = fixedDigits(x, places);
  return alternate && places === 0 ? `${digits}.` : digits;
}

function exponential(digits: string, exponent: number, point: boolean): string {
  const mantissa = digits.length > 1 || point ? `${digits[0]}.${digits.slice(1)}` : digits;
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** %g; with `repr`, as a float without a code is: at least one digit behind the point. */
function general(x: number, precision: number, alternate: boolean, repr: boolean): string {
  let [digits, exponent] = significantDigits(x, precision);
  const scientific = exponent < -4 || exponent >= precision - (repr ? 1 : 0);
  if (!alternate) digits = digits.replace(/0+$/, "") || "0";
  if (scientific) return exponential(digits, exponent, alternate);
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const rest = digits.slice(exponent + 1);
  if (rest !== "") return `${whole}.${rest}`;
  return repr ? `${whole}.0` : alternate ? `${whole}.` : whole;
}

/** A complex number: both parts by the code, in brackets where none is given, and aligned as text. */
function formatComplex({ real, imaginary }: Complex, spec: string, runtime: Runtime): string {
  const parsed = parseSpec(spec, true, "complex");
  runtime.budget.make(parsed.width + 2 * (parsed.precision ?? 0));
  const { type: code, grouping } = parsed;
  if (!"eEfFgGn".includes(code)) {
    if (grouping && !"%d".includes(code)) throw valueError(`Cannot specify '${grouping}' with '${code}'.`);
    unknownCode(code, "complex");
  }
  if (grouping && code === "n") throw valueError(`Cannot specify '${grouping}' with 'n'.`);
  if (parsed.fill === "0") throw valueError("Zero padding is not allowed in complex format specifier");
  if (parsed.align === "=") throw valueError("'=' alignment flag is not allowed in complex format specifier");
  const shortest = code === "" && parsed.precision === undefined;
  const bare: Spec = { ...parsed, width: 0, type: code === "" && !shortest ? "g" : code };
  const part = (x: number, sign: string) => {
    const text = formatFloat(x, { ...bare, sign }, "complex");
    return shortest ? text.replace(/\.0$/, "") : text;
  };
  const second = `${part(imaginary, "+")}j`;
  let text =
    code === "" && Object.is(real, 0) ? part(imaginary, parsed.sign) + "j" : part(real, parsed.sign) + second;
  if (code === "" && !Object.is(real, 0)) text = `(${text})`;
  return align("", text, parsed);
}
