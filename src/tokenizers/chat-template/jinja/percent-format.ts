// Python's "%s %05.1f" % values.

import { asciiRepr } from "./brace-format.ts";
import { Dict } from "./dict.ts";
import { TemplateError, typeError, valueError } from "./errors.ts";
import { floatDigits } from "./format-spec.ts";
import { intText } from "./number-text.ts";
import { doubleOf, doubleToInt, type Int, intOf, toDouble, toInteger } from "./numbers.ts";
import { escapeText, repr, str } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { subscript } from "./subscript.ts";
import { isPlain, lengthOf, substring } from "./text.ts";
import { Float, Markup, PyObject, Tuple, textOf, typeName, Undefined, type Value } from "./values.ts";

const CONVERSION = /%(?:\(((?:[^()]|\([^()]*\))*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?[hlL]?([\s\S]?)/uy;

/** Values as they are taken, one after the other. */
class Supply {
  readonly #values: readonly Value[];
  readonly #mapping: Value | undefined;
  #next = 0;

  constructor(given: Value, single = false) {
    this.#mapping = isMapping(given) ? given : undefined;
    this.#values = given instanceof Tuple && !single ? given.items : [given];
  }

  byKey(key: string, runtime: Runtime): Value {
    if (this.#mapping === undefined) throw typeError("format requires a mapping");
    return subscript(this.#mapping, key, runtime);
  }

  next(): Value {
    if (this.#next >= this.#values.length) throw typeError("not enough arguments for format string");
    return this.#values[this.#next++];
  }

  /** Refuses values that nothing took. */
  end(): void {
    if (this.#mapping === undefined && this.#next < this.#values.length) {
      throw typeError("not all arguments converted during string formatting");
    }
  }
}

function isMapping(value: Value): boolean {
  if (Array.isArray(value) || value instanceof Dict || value instanceof Undefined) return true;
  return value instanceof PyObject && ["range", "bytes", "TemplateReference"].includes(value.typeName);
}

/** format % given. With `markup`, what is filled in is escaped. */
export function percentFormat(format: string, given: Value, runtime: Runtime, markup: boolean): string {
  const supply = new Supply(given);
  let out = "";
  let from = 0;
  for (let at = format.indexOf("%"); at >= 0; at = format.indexOf("%", from)) {
    out += format.slice(from, at);
    CONVERSION.lastIndex = at;
    const match = CONVERSION.exec(format) as RegExpExecArray;
    const [whole, key, flags, width, precision, code] = match;
    if (format[at + 1] === "(" && key === undefined) throw valueError("incomplete format key");
    if (code === "") throw valueError("incomplete format");
    from = at + whole.length;
    if (whole === "%%") {
      out += "%";
      continue;
    }
    runtime.budget.step();
    // What a key gives is taken once, be it by "*".
    const keyed = key === undefined ? undefined : new Supply(supply.byKey(key, runtime), true);
    const next = () => (keyed ?? supply).next();
    const star = () => {
      const value = next();
      const int = intOf(value);
      if (int === undefined) throw typeError("* wants int");
      return Number(int);
    };
    const wide = width === "*" ? star() : Number(width ?? 0);
    const spec = {
      left: flags.includes("-") || wide < 0,
      zero: flags.includes("0"),
      sign: flags.includes("+") ? "+" : flags.includes(" ") ? " " : "",
      alternate: flags.includes("#"),
      width: Math.abs(wide),
      precision:
        precision === undefined
          ? undefined
          : Math.max(0, precision === "*" ? star() : Number(precision || 0)),
    };
    runtime.budget.make(Math.min(spec.width, 2 ** 31) + (spec.precision ?? 0));
    const value = next();
    if (!"diouxXeEfFgGcrsa".includes(code)) {
      const hex = (code.codePointAt(0) as number).toString(16);
      const index = lengthOf(format.slice(0, from)) - 1;
      throw valueError(`unsupported format character '${code}' (0x${hex}) at index ${index}`);
    }
    out += convert(value, code, spec, runtime, markup);
  }
  supply.end();
  out += format.slice(from);
  runtime.budget.make(out.length);
  return out;
}

interface Conversion {
  left: boolean;
  zero: boolean;
  sign: string;
  alternate: boolean;
  width: number;
  precision: number | undefined;
}

function convert(value: Value, code: string, spec: Conversion, runtime: Runtime, markup: boolean): string {
  if ("sra".includes(code)) {
    let text =
      code === "s" ? str(value, runtime) : code === "r" ? repr(value, runtime) : asciiRepr(value, runtime);
    if (markup && !(code === "s" && value instanceof Markup)) text = escapeText(text);
    const { precision } = spec;
    const cut = precision === undefined ? text : substring(text, 0, Math.min(precision, lengthOf(text)));
    return field("", cut, { ...spec, zero: false });
  }
  if (code === "c") return field("", character(value, markup), { ...spec, zero: false });
  if ("diouxX".includes(code)) return convertInt(value, code, spec, markup);
  const number = markup ? toDouble(value) : realOf(value);
  let text = floatDigits(Math.abs(number), code, spec.precision, spec.alternate);
  if (code === "E" || code === "F" || code === "G") text = text.toUpperCase();
  return field(number < 0 || Object.is(number, -0) ? "-" : spec.sign, text, spec);
}

function realOf(value: Value): number {
  if (value instanceof Undefined) return value.fail();
  const double = doubleOf(value);
  if (double === undefined) throw typeError(`must be real number, not ${typeName(value)}`);
  return double;
}

function convertInt(value: Value, code: string, spec: Conversion, markup: boolean): string {
  const int = integerOf(value, code, markup);
  const base = code === "o" ? 8 : code === "x" || code === "X" ? 16 : 10;
  const size = int < 0 ? -int : int;
  let digits = base === 10 ? intText(size) : size.toString(base);
  if (spec.precision !== undefined) digits = digits.padStart(spec.precision, "0");
  let prefix = int < 0 ? "-" : spec.sign;
  if (spec.alternate && base !== 10) prefix += `0${code}`;
  return field(prefix, code === "X" ? digits.toUpperCase() : digits, spec);
}

function integerOf(value: Value, code: string, markup: boolean): Int {
  const decimal = "diu".includes(code);
  if (markup) {
    if (decimal) return toInteger(value);
    throw typeError(`%${code} format: an integer is required, not _MarkupEscapeHelper`);
  }
  const int = intOf(value);
  if (int !== undefined) return int;
  if (decimal) {
    if (value instanceof Undefined) return value.fail();
    if (value instanceof Float) return doubleToInt(value.value);
    throw typeError(`%${code} format: a real number is required, not ${typeName(value)}`);
  }
  throw typeError(`%${code} format: an integer is required, not ${typeName(value)}`);
}

function character(value: Value, markup: boolean): string {
  const text = textOf(value);
  const int = intOf(value);
  if (!markup && text !== undefined && (text.length === 1 || (lengthOf(text) === 1 && !isPlain(text))))
    return text;
  if (markup || int === undefined) throw typeError("%c requires int or char");
  if (int < 0 || int > 0x10ffff) throw new TemplateError("OverflowError", "%c arg not in range(0x110000)");
  return String.fromCodePoint(Number(int));
}

function field(prefix: string, body: string, spec: Conversion): string {
  const blanks = spec.width - lengthOf(prefix) - lengthOf(body);
  if (blanks <= 0) return prefix + body;
  if (spec.left) return prefix + body + " ".repeat(blanks);
  return spec.zero ? prefix + "0".repeat(blanks) + body : " ".repeat(blanks) + prefix + body;
}
