// Python's complex numbers, which powers of negative floats give.

import { TemplateError } from "./errors.ts";
import { floatText } from "./number-text.ts";
import { Float, PyObject, type Value } from "./values.ts";

/** real + imaginary j. */
export class Complex extends PyObject {
  readonly typeName = "complex";
  readonly real: number;
  readonly imaginary: number;

  constructor(real: number, imaginary: number) {
    super();
    this.real = real;
    this.imaginary = imaginary;
  }

  /** A number as a complex one, or undefined. */
  static of(value: Value): Complex | undefined {
    if (value instanceof Complex) return value;
    if (value instanceof Float) return new Complex(value.value, 0);
    if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
      return new Complex(Number(value), 0);
    }
    return undefined;
  }

  /** A negative base to a power that is no integer. */
  static power(base: number, exponent: number): Complex {
    return power(new Complex(base, 0), new Complex(exponent, 0));
  }

  /** a op b, or undefined where one is no number. */
  static arithmetic(operator: string, a: Value, b: Value): Value | undefined {
    const left = Complex.of(a);
    const right = Complex.of(b);
    if (!left || !right) return undefined;
    switch (operator) {
      case "+":
        return new Complex(left.real + right.real, left.imaginary + right.imaginary);
      case "-":
        return new Complex(left.real - right.real, left.imaginary - right.imaginary);
      case "*":
        return multiply(left, right);
      case "/":
        return divide(left, right);
      case "**":
        return power(left, right);
      default:
        return undefined;
    }
  }

  override repr(): string {
    const part = (x: number) => floatText(x).replace(/\.0$/, "");
    if (this.real === 0 && !Object.is(this.real, -0)) return `${part(this.imaginary)}j`;
    const sign = this.imaginary < 0 || Object.is(this.imaginary, -0) ? "" : "+";
    return `(${part(this.real)}${sign}${part(this.imaginary)}j)`;
  }

  override attribute(name: string): Value | undefined {
    if (name === "real") return new Float(this.real);
    return name === "imag" ? new Float(this.imaginary) : undefined;
  }
}

function multiply(a: Complex, b: Complex): Complex {
  return new Complex(
    a.real * b.real - a.imaginary * b.imaginary,
    a.real * b.imaginary + a.imaginary * b.real,
  );
}

/** Smith's method, as CPython divides. */
function divide(a: Complex, b: Complex): Complex {
  if (b.real === 0 && b.imaginary === 0) {
    throw new TemplateError("ZeroDivisionError", "complex division by zero");
  }
  if (Math.abs(b.real) >= Math.abs(b.imaginary)) {
    const ratio = b.imaginary / b.real;
    const denominator = b.real + b.imaginary * ratio;
    return new Complex(
      (a.real + a.imaginary * ratio) / denominator,
      (a.imaginary - a.real * ratio) / denominator,
    );
  }
  const ratio = b.real / b.imaginary;
  const denominator = b.real * ratio + b.imaginary;
  return new Complex(
    (a.real * ratio + a.imaginary) / denominator,
    (a.imaginary * ratio - a.real) / denominator,
  );
}

function power(a: Complex, b: Complex): Complex {
  if (b.imaginary === 0 && Number.isInteger(b.real) && Math.abs(b.real) <= 100)
    return integerPower(a, b.real);
  if (a.real === 0 && a.imaginary === 0) {
    if (b.real < 0 || b.imaginary !== 0) {
      throw new TemplateError("ZeroDivisionError", "0.0 to a negative or complex power");
    }
    return new Complex(b.real === 0 ? 1 : 0, 0);
  }
  const size = Math.hypot(a.real, a.imaginary);
  const angle = Math.atan2(a.imaginary, a.real);
  let length = size ** b.real;
  let phase = angle * b.real;
  if (b.imaginary !== 0) {
    length *= Math.exp(-angle * b.imaginary);
    phase += b.imaginary * Math.log(size);
  }
  return new Complex(length * Math.cos(phase), length * Math.sin(phase));
}

function integerPower(a: Complex, n: number): Complex {
  let result = new Complex(1, 0);
  let square = a;
  for (let mask = 1; mask <= Math.abs(n); mask *= 2) {
    if (Math.abs(n) & mask) result = multiply(result, square);
    square = multiply(square, square);
  }
  return n < 0 ? divide(new Complex(1, 0), result) : result;
}
