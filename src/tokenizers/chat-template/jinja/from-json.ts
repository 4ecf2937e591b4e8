// Values of JavaScript as values of a template: what JSON can say, and nothing of their prototypes.

import { Dict } from "./dict.ts";
import { typeError } from "./errors.ts";
import { Float, toInt, type Value } from "./values.ts";

/** Makes a value of one of JavaScript; integers are ints, other numbers and `Number` objects floats. */
export function fromJson(value: unknown): Value {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isInteger(value) ? toInt(value + 0) : new Float(value);
    case "bigint":
      return toInt(value);
    case "undefined":
      return null;
    case "object":
      break;
    default:
      throw typeError(`a ${typeof value} cannot be given to a template`);
  }
  if (value === null) return null;
  if (value instanceof Number) return new Float(value.valueOf());
  if (Array.isArray(value)) return value.map(fromJson);
  const dict = new Dict();
  const entries = value instanceof Map ? value.entries() : Object.entries(value);
  for (const [key, item] of entries) if (item !== undefined) dict.set(fromJson(key), fromJson(item));
  return dict;
}
