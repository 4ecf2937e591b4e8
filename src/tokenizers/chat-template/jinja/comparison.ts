// Python's comparisons: equality, order, membership, sorting.

import { Complex } from "./complex.ts";
import { Dict, DictView, keyToken, PySet } from "./dict.ts";
import { typeError, valueError } from "./errors.ts";
import { type Int, intOf } from "./numbers.ts";
import type { Runtime } from "./runtime.ts";
import { findText } from "./search.ts";
import { compareText } from "./text.ts";
import {
  Bytes,
  Float,
  iterate,
  PyObject,
  Range,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from "./values.ts";

/** Whether a value is a set, or a view that behaves as one. */
export function isSetLike(value: Value): value is PySet | DictView {
  return value instanceof PySet || (value instanceof DictView && value.kind !== "values");
}

/** left == right. */
export function equals(left: Value, right: Value, runtime: Runtime): boolean {
  runtime.budget.step();
  if (runtime.strict) for (const side of [left, right]) if (side instanceof Undefined) side.fail();
  const a = textOf(left);
  const b = textOf(right);
  if (a !== undefined || b !== undefined) {
    if (a === undefined || b === undefined || a.length !== b.length) return false;
    runtime.budget.read(a.length);
    return a === b;
  }
  if (left === right) return true;
  if (left === null || right === null) return false;
  const x = intOf(left) ?? (left instanceof Float ? left.value : undefined);
  const y = intOf(right) ?? (right instanceof Float ? right.value : undefined);
  // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number are compared by value
  if (x !== undefined && y !== undefined) return x == y;
  if (left instanceof Complex || right instanceof Complex) {
    const [p, q] = [Complex.of(left), Complex.of(right)];
    return p !== undefined && q !== undefined && p.real === q.real && p.imaginary === q.imaginary;
  }
  if (Array.isArray(left)) return Array.isArray(right) && equalItems(left, right, runtime);
  if (left instanceof Tuple) return right instanceof Tuple && equalItems(left.items, right.items, runtime);
  if (left instanceof Dict) return right instanceof Dict && equalDicts(left, right, runtime);
  if (left instanceof Undefined) return right instanceof Undefined;
  if (left instanceof Range) return right instanceof Range && keyToken(left) === keyToken(right);
  if (left instanceof Bytes) return right instanceof Bytes && equalBytes(left.data, right.data, runtime);
  if (isSetLike(left) && isSetLike(right))
    return left.size() === right.size() && isSubset(left, right, runtime);
  return false;
}

function equalBytes(a: Uint8Array, b: Uint8Array, runtime: Runtime): boolean {
  if (a.length !== b.length) return false;
  runtime.budget.make(a.length);
  return a.every((byte, i) => byte === b[i]);
}

function equalItems(a: readonly Value[], b: readonly Value[], runtime: Runtime): boolean {
  return a.length === b.length && a.every((item, i) => equals(item, b[i], runtime));
}

function equalDicts(a: Dict, b: Dict, runtime: Runtime): boolean {
  if (a.size() !== b.size()) return false;
  for (const [key, value] of a.entries()) {
    const other = b.get(key);
    if (other === undefined || !equals(value, other, runtime)) return false;
  }
  return true;
}

function isSubset(a: PySet | DictView, b: PySet | DictView, runtime: Runtime): boolean {
  for (const item of a.iterate()) if (!contains(b, item, runtime)) return false;
  return true;
}

export type Order = "<" | "<=" | ">" | ">=";

const holds = (operator: Order, difference: number): boolean => {
  if (operator === "<") return difference < 0;
  if (operator === "<=") return difference <= 0;
  return operator === ">" ? difference > 0 : difference >= 0;
};

/** left < right, and so on. */
export function compare(operator: Order, left: Value, right: Value, runtime: Runtime): boolean {
  if (typeof left === "number" && typeof right === "number") return holds(operator, left - right);
  if (left instanceof Undefined) return left.fail();
  if (right instanceof Undefined) return right.fail();
  runtime.budget.step();
  const a = textOf(left);
  const b = textOf(right);
  if (a !== undefined && b !== undefined) {
    runtime.budget.read(Math.min(a.length, b.length));
    return holds(operator, compareText(a, b));
  }
  const x = intOf(left) ?? (left instanceof Float ? left.value : undefined);
  const y = intOf(right) ?? (right instanceof Float ? right.value : undefined);
  if (x !== undefined && y !== undefined) return compareNumbers(operator, x, y);
  if (Array.isArray(left) && Array.isArray(right)) return compareItems(operator, left, right, runtime);
  if (left instanceof Tuple && right instanceof Tuple) {
    return compareItems(operator, left.items, right.items, runtime);
  }
  if (left instanceof Bytes && right instanceof Bytes) {
    return compareItems(operator, [...left.data], [...right.data], runtime);
  }
  if (isSetLike(left) && isSetLike(right)) return compareSets(operator, left, right, runtime);
  throw typeError(
    `'${operator}' not supported between instances of '${typeName(left)}' and '${typeName(right)}'`,
  );
}

function compareNumbers(operator: Order, a: Int, b: Int): boolean {
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}

function compareItems(operator: Order, a: readonly Value[], b: readonly Value[], runtime: Runtime): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (!equals(a[i], b[i], runtime)) return compare(operator, a[i], b[i], runtime);
  }
  return holds(operator, a.length - b.length);
}

function compareSets(operator: Order, a: PySet | DictView, b: PySet | DictView, runtime: Runtime): boolean {
  const [small, large] = operator.startsWith("<") ? [a, b] : [b, a];
  const fits = operator.length === 2 ? small.size() <= large.size() : small.size() < large.size();
  return fits && isSubset(small, large, runtime);
}

/** item in container. */
export function contains(container: Value, item: Value, runtime: Runtime): boolean {
  const text = textOf(container);
  if (text !== undefined) {
    const wanted = textOf(item);
    if (wanted === undefined) {
      throw typeError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    }
    runtime.budget.read(text.length);
    return findText(text, wanted) >= 0;
  }
  if (container instanceof Dict) return container.has(item);
  if (container instanceof PySet) return container.has(item);
  if (container instanceof DictView && container.kind === "keys") return container.dict.has(item);
  if (container instanceof Bytes) {
    runtime.budget.make(container.size());
    return bytesContain(container, item);
  }
  if (!Array.isArray(container) && !(container instanceof PyObject && container.iterate)) {
    throw typeError(`argument of type '${typeName(container)}' is not iterable`);
  }
  for (const each of iterate(container)) {
    runtime.budget.step();
    if (equals(each, item, runtime)) return true;
  }
  return false;
}

/** Bytes as text, one character each. */
function textOfBytes({ data }: Bytes): string {
  return Array.from(data, (byte) => String.fromCharCode(byte)).join("");
}

function bytesContain(bytes: Bytes, item: Value): boolean {
  if (item instanceof Bytes) return findText(textOfBytes(bytes), textOfBytes(item)) >= 0;
  const byte = intOf(item);
  if (byte === undefined) throw typeError(`a bytes-like object is required, not '${typeName(item)}'`);
  if (byte < 0 || byte > 255) throw valueError("byte must be in range(0, 256)");
  return bytes.data.includes(Number(byte));
}

/** sorted(), stable, by keys that < must go with. */
export function sortBy(
  values: readonly Value[],
  key: (value: Value) => Value,
  reverse: boolean,
  runtime: Runtime,
): Value[] {
  runtime.budget.hold(values.length);
  const keyed = values.map((value) => ({ value, key: key(value) }));
  keyed.sort((a, b) => {
    const [first, second] = reverse ? [b, a] : [a, b];
    if (compare("<", first.key, second.key, runtime)) return -1;
    return compare("<", second.key, first.key, runtime) ? 1 : 0;
  });
  return keyed.map(({ value }) => value);
}
