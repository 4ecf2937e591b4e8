// Indexing, slices and lengths of Python's sequences and dicts.

import { Dict } from "./dict.ts";
import { TemplateError, typeError, valueError } from "./errors.ts";
import { intOf } from "./numbers.ts";
import { repr } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { characters, isPlain, lengthOf, substring } from "./text.ts";
import { Bytes, itemsOf, Markup, PyObject, Range, Tuple, textOf, typeName, type Value } from "./values.ts";

/** A slice of a sequence: `value[start:stop:step]`. */
export class Slice extends PyObject {
  readonly typeName = "slice";
  readonly start: Value;
  readonly stop: Value;
  readonly step: Value;
  constructor(start: Value, stop: Value, step: Value) {
    super();
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
  override repr(runtime: Runtime): string {
    return `slice(${[this.start, this.stop, this.step].map((part) => repr(part, runtime)).join(", ")})`;
  }
}

const MAX_STEP = Number.MAX_SAFE_INTEGER;

/** object[key]; errors are Python's TypeError, IndexError and KeyError. */
export function subscript(object: Value, key: Value, runtime: Runtime): Value {
  const text = textOf(object);
  if (text !== undefined) return subscriptText(object, text, key, runtime);
  const items = itemsOf(object);
  if (items) {
    if (key instanceof Slice) {
      const positions = slicePositions(key, items.length, runtime);
      const sliced = positions.map((i) => items[i]);
      return Array.isArray(object) ? sliced : new Tuple(sliced);
    }
    const kind = Array.isArray(object) ? "list" : "tuple";
    return items[position(key, items.length, kind, `${kind} indices must be integers or slices`)];
  }
  if (object instanceof Dict) {
    if (key instanceof Slice) throw typeError("unhashable type: 'slice'");
    const value = object.get(key);
    if (value === undefined) throw new TemplateError("KeyError", repr(key, runtime));
    return value;
  }
  if (object instanceof Range) return subscriptRange(object, key, runtime);
  if (object instanceof Bytes) {
    if (key instanceof Slice) {
      return new Bytes(
        new Uint8Array(slicePositions(key, object.data.length, runtime).map((i) => object.data[i])),
      );
    }
    return object.data[position(key, object.data.length, "index", "byte indices must be integers or slices")];
  }
  if (object instanceof PyObject && object.item) return object.item(key);
  throw typeError(`'${typeName(object)}' object is not subscriptable`);
}

function subscriptText(object: Value, text: string, key: Value, runtime: Runtime): Value {
  const wrap = (part: string): Value => (object instanceof Markup ? new Markup(part) : part);
  // Characters of two units are found by counting.
  if (isPlain(text)) runtime.budget.read(text.length);
  else runtime.budget.make(text.length);
  const length = lengthOf(text);
  if (key instanceof Slice) {
    const [start, stop, step] = sliceBounds(key, length);
    if (step === 1) {
      runtime.budget.make(Math.max(0, stop - start));
      return wrap(substring(text, start, stop));
    }
    const points = characters(text);
    return wrap(
      slicePositions(key, length, runtime)
        .map((i) => points[i])
        .join(""),
    );
  }
  const at = position(key, length, "string", "string indices must be integers");
  if (isPlain(text)) return wrap(text[at]);
  return wrap(substring(text, at, at + 1));
}

function subscriptRange(range: Range, key: Value, runtime: Runtime): Value {
  if (key instanceof Slice) {
    const [start, stop, step] = sliceBounds(key, range.length);
    runtime.budget.step();
    // A step beyond the end is as good as any.
    return new Range(
      range.at(start),
      range.at(stop),
      Math.max(-MAX_STEP, Math.min(MAX_STEP, range.step * step)),
    );
  }
  return range.at(position(key, range.length, "range object", "range indices must be integers or slices"));
}

/** A position from the start, of one that may count from the end. */
function position(key: Value, length: number, kind: string, message: string): number {
  const index = intOf(key);
  if (index === undefined) throw typeError(`${message}, not ${typeName(key)}`);
  const at = index < 0 ? Number(index) + length : Number(index);
  if (at < 0 || at >= length) {
    throw new TemplateError(
      "IndexError",
      kind === "index" ? "index out of range" : `${kind} index out of range`,
    );
  }
  return at;
}

/** Start, stop and step of a slice within a length, as Python clips them. */
function sliceBounds(slice: Slice, length: number): [start: number, stop: number, step: number] {
  const part = (value: Value, missing: number): number => {
    if (value === null) return missing;
    const int = intOf(value);
    if (int === undefined) {
      throw typeError("slice indices must be integers or None or have an __index__ method");
    }
    return Number(int);
  };
  const step = part(slice.step, 1);
  if (step === 0) throw valueError("slice step cannot be zero");
  const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1];
  const clip = (at: number) => Math.max(lowest, Math.min(highest, at < 0 ? at + length : at));
  const start = slice.start === null ? (step > 0 ? lowest : highest) : clip(part(slice.start, 0));
  const stop = slice.stop === null ? (step > 0 ? highest : lowest) : clip(part(slice.stop, 0));
  return [start, stop, step];
}

function slicePositions(slice: Slice, length: number, runtime: Runtime): number[] {
  const [start, stop, step] = sliceBounds(slice, length);
  const count = Math.max(0, Math.ceil((stop - start) / step));
  runtime.budget.hold(count);
  return Array.from({ length: count }, (_, i) => start + i * step);
}

/** len(value). */
export function len(value: Value): number {
  const text = textOf(value);
  if (text !== undefined) return lengthOf(text);
  if (Array.isArray(value)) return value.length;
  if (value instanceof PyObject && value.size) return value.size();
  throw typeError(`object of type '${typeName(value)}' has no len()`);
}
