// The attributes and methods of int and float.

import { boundMethod, type Definition, define } from "./arguments.ts";
import { TemplateError, typeError, valueError } from "./errors.ts";
import { scaled } from "./exact-power.ts";
import { type Int, indexOf, intOf, needText } from "./numbers.ts";
import type { Runtime } from "./runtime.ts";
import { Bytes, Float, listOf, Tuple, toInt, truth, typeName, type Value } from "./values.ts";

const overflow = (message: string) => new TemplateError("OverflowError", message);

/** The most bytes that an int is written in. */
const MAX_BYTES = 100_000;

function binaryDigits(self: Value, runtime: Runtime): string {
  const value = intOf(self) as Int;
  const digits = (value < 0 ? -value : value).toString(2);
  runtime.budget.make(digits.length);
  return digits;
}

function isLittle(order: Value): boolean {
  const text = needText(order, (type) => `byteorder must be str, not ${type}`);
  if (text !== "little" && text !== "big") throw valueError("byteorder must be either 'little' or 'big'");
  return text === "little";
}

function toBytes([self, length, order, signed]: Value[], runtime: Runtime): Value {
  const size = indexOf(length);
  const little = isLittle(order);
  if (size < 0) throw valueError("length argument must be non-negative");
  if (size > MAX_BYTES) throw overflow(`int of ${size} bytes is too long (at most ${MAX_BYTES})`);
  runtime.budget.make(size * 4);
  const value = BigInt(intOf(self) as Int);
  if (value < 0n && !truth(signed)) throw overflow("can't convert negative int to unsigned");
  const bits = size * 8;
  const wrapped = BigInt.asUintN(bits, value);
  if ((truth(signed) ? BigInt.asIntN(bits, value) : wrapped) !== value)
    throw overflow("int too big to convert");
  const hex = size === 0 ? "" : wrapped.toString(16).padStart(size * 2, "0");
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return new Bytes(little ? bytes.reverse() : bytes);
}

function fromBytes([, source, order, signed]: Value[], runtime: Runtime): Value {
  const little = isLittle(order);
  if (typeof source === "string" || intOf(source) !== undefined) {
    throw typeError(`cannot convert '${typeName(source)}' object to bytes`);
  }
  const bytes = listOf(source, runtime).map((item) => indexOf(item));
  if (bytes.some((byte) => byte < 0 || byte > 255)) throw valueError("bytes must be in range(0, 256)");
  if (bytes.length > MAX_BYTES) throw overflow(`${bytes.length} bytes are too many (at most ${MAX_BYTES})`);
  const ordered = little ? bytes.reverse() : bytes;
  const hex = ordered.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const value = BigInt(`0x${hex === "" ? "0" : hex}`);
  return toInt(truth(signed) ? BigInt.asIntN(bytes.length * 8, value) : value);
}

const INT_METHODS: Readonly<Record<string, Definition>> = {
  as_integer_ratio: define("self, /", ([self]) => new Tuple([intOf(self) as Int, 1])),
  bit_count: define("self, /", ([self], runtime) => binaryDigits(self, runtime).replaceAll("0", "").length),
  bit_length: define("self, /", ([self], runtime) => (truth(self) ? binaryDigits(self, runtime).length : 0)),
  conjugate: define("self, /", ([self]) => intOf(self) as Int),
  from_bytes: define("self, bytes, byteorder='big', signed=False", fromBytes),
  to_bytes: define("self, length=1, byteorder='big', signed=False", toBytes),
};

/** An attribute of an int or a bool, or undefined. */
export function intAttribute(value: Int | boolean, name: string): Value | undefined {
  if (name === "real" || name === "numerator") return intOf(value) as Int;
  if (name === "imag") return 0;
  if (name === "denominator") return 1;
  return Object.hasOwn(INT_METHODS, name) ? boundMethod(name, INT_METHODS[name], value) : undefined;
}

const doubleIn = (self: Value) => (self as Float).value;

const FLOAT_METHODS: Readonly<Record<string, Definition>> = {
  as_integer_ratio: define("self, /", ([self]) => ratio(doubleIn(self))),
  conjugate: define("self, /", ([self]) => self),
  fromhex: define("self, string, /", fromHex),
  hex: define("self, /", ([self]) => hexFloat(doubleIn(self))),
  is_integer: define("self, /", ([self]) => Number.isInteger(doubleIn(self))),
};

/** An attribute of a float, or undefined. */
export function floatAttribute(float: Float, name: string): Value | undefined {
  if (name === "real") return float;
  if (name === "imag") return new Float(0);
  return Object.hasOwn(FLOAT_METHODS, name) ? boundMethod(name, FLOAT_METHODS[name], float) : undefined;
}

function ratio(value: number): Value {
  if (Number.isNaN(value)) throw valueError("cannot convert NaN to integer ratio");
  if (!Number.isFinite(value)) throw overflow("cannot convert Infinity to integer ratio");
  let exponent = 0n;
  let mantissa = value;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    exponent++;
  }
  return new Tuple([toInt(BigInt(mantissa)), toInt(1n << exponent)]);
}

function hexFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  if (value === 0) return `${sign}0x0.0p+0`;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const word = view.getBigUint64(0);
  const biased = Number(word >> 52n);
  const exponent = Math.max(biased, 1) - 1023;
  const digits = (word & 0xfffffffffffffn).toString(16).padStart(13, "0");
  return `${sign}0x${biased === 0 ? 0 : 1}.${digits}p${exponent < 0 ? "-" : "+"}${Math.abs(exponent)}`;
}

const HEX_FLOAT = /^([-+]?)(?:0x)?([0-9a-f]*)(?:\.([0-9a-f]*))?(?:p([-+]?\d{1,9}))?$/;
const HEX_WORD = /^([-+]?)(inf|infinity|nan)$/;

/** float.fromhex; digits beyond the precision of a float are rounded to even. */
function fromHex([, string]: Value[], runtime: Runtime): Value {
  const text = needText(string, (type) => `bad argument type for built-in operation: ${type}`)
    .trim()
    .toLowerCase();
  runtime.budget.make(text.length * 8);
  const word = HEX_WORD.exec(text);
  if (word) return new Float(word[2] === "nan" ? Number.NaN : word[1] === "-" ? -Infinity : Infinity);
  const match = HEX_FLOAT.exec(text);
  const [, sign, whole, fraction = "", power = "0"] = match ?? ["", "", ""];
  if (whole + fraction === "") throw valueError("invalid hexadecimal floating-point string");
  const size = scaled(BigInt(`0x${whole}${fraction}`), Number(power) - 4 * fraction.length);
  if (!Number.isFinite(size)) throw overflow("hexadecimal value too large to represent as a float");
  return new Float(sign === "-" ? -size : size);
}
