// Python's arithmetic operators on values: + - * / // % **.

import { isSetLike } from "./comparison.ts";
import { PySet } from "./dict.ts";
import { TemplateError, typeError } from "./errors.ts";
import { arithmetic, intOf } from "./numbers.ts";
import { percentFormat } from "./percent-format.ts";
import { toMarkup } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { Bytes, itemsOf, iterate, Markup, Tuple, textOf, typeName, Undefined, type Value } from "./values.ts";

/** left op right. */
export function binary(operator: string, left: Value, right: Value, runtime: Runtime): Value {
  const number = arithmetic(operator, left, right, runtime);
  if (number !== undefined) return number;
  if (operator === "%") {
    const text = textOf(left);
    if (text !== undefined) return percent(left, text, right, runtime);
  }
  if (left instanceof Undefined) return left.fail();
  if (right instanceof Undefined) return right.fail();
  const result =
    operator === "+"
      ? add(left, right, runtime)
      : operator === "*"
        ? (repeat(left, right, runtime) ?? repeat(right, left, runtime))
        : operator === "-"
          ? subtract(left, right)
          : undefined;
  if (result !== undefined) return result;
  const name = operator === "**" ? "** or pow()" : operator;
  throw typeError(`unsupported operand type(s) for ${name}: '${typeName(left)}' and '${typeName(right)}'`);
}

function percent(left: Value, format: string, right: Value, runtime: Runtime): Value {
  if (left instanceof Markup) return new Markup(percentFormat(format, right, runtime, true));
  return percentFormat(format, right, runtime, false);
}

function add(left: Value, right: Value, runtime: Runtime): Value | undefined {
  const a = textOf(left);
  const b = textOf(right);
  if (a !== undefined && b !== undefined) {
    if (left instanceof Markup || right instanceof Markup) {
      return new Markup(concat(toMarkup(left, runtime).value, toMarkup(right, runtime).value, runtime));
    }
    return concat(a, b, runtime);
  }
  if (a !== undefined) throw typeError(`can only concatenate str (not "${typeName(right)}") to str`);
  if (Array.isArray(left)) {
    if (!Array.isArray(right)) {
      throw typeError(`can only concatenate list (not "${typeName(right)}") to list`);
    }
    runtime.budget.hold(left.length + right.length);
    return [...left, ...right];
  }
  if (left instanceof Tuple) {
    if (!(right instanceof Tuple)) {
      throw typeError(`can only concatenate tuple (not "${typeName(right)}") to tuple`);
    }
    runtime.budget.hold(left.items.length + right.items.length);
    return new Tuple([...left.items, ...right.items]);
  }
  if (left instanceof Bytes && right instanceof Bytes) {
    runtime.budget.make(left.data.length + right.data.length);
    return new Bytes(new Uint8Array([...left.data, ...right.data]));
  }
  return undefined;
}

/** Two texts as one. It costs the shorter one: the engine keeps the longer where it is. */
export function concat(a: string, b: string, runtime: Runtime): string {
  runtime.budget.make(Math.min(a.length, b.length));
  if (a.length + b.length > MAX_TEXT) runtime.budget.make(Number.POSITIVE_INFINITY);
  return a + b;
}

/** The longest text that one value may be. */
const MAX_TEXT = 64 * 2 ** 20;

function repeat(sequence: Value, times: Value, runtime: Runtime): Value | undefined {
  const count = intOf(times);
  const text = textOf(sequence);
  const items = itemsOf(sequence);
  if (text === undefined && !items && !(sequence instanceof Bytes)) return undefined;
  if (count === undefined) {
    throw typeError(`can't multiply sequence by non-int of type '${typeName(times)}'`);
  }
  if (typeof count === "bigint") {
    throw new TemplateError("OverflowError", "cannot fit 'int' into an index-sized integer");
  }
  const n = Math.max(0, count);
  const size = text?.length ?? items?.length ?? (sequence as Bytes).data.length;
  runtime.budget.make(size === 0 ? 0 : size * n * (text === undefined ? 16 : 1));
  if (text !== undefined) {
    const repeated = size === 0 ? "" : text.repeat(n);
    return sequence instanceof Markup ? new Markup(repeated) : repeated;
  }
  const out: Value[] = [];
  const source = items ?? [...(sequence as Bytes).data];
  if (size > 0) for (let i = 0; i < n; i++) for (const item of source) out.push(item);
  if (Array.isArray(sequence)) return out;
  return sequence instanceof Bytes ? new Bytes(new Uint8Array(out as number[])) : new Tuple(out);
}

/** A set without what stands in another, which views of dicts have too. */
function subtract(left: Value, right: Value): Value | undefined {
  if (!isSetLike(left) && !isSetLike(right)) return undefined;
  if (left instanceof PySet && !isSetLike(right)) return undefined;
  if (right instanceof PySet && !isSetLike(left)) return undefined;
  const removed = new PySet(iterate(right));
  return new PySet([...iterate(left)].filter((item) => !removed.has(item)));
}
