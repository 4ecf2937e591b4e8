// Reads single fields of a JSON object with their bounds; a failure names the field.
import { badParameter } from "./problem.ts";

/** A JSON object whose fields nobody has looked at yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a JSON value is an object (not an array, not null). */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A JSON value's kind in words, for messages: "an array", "null", "the number 3". */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  if (typeof value === "string") return value.length > 40 ? "a long string" : `"${value}"`;
  if (typeof value === "object") return "an object";
  return `the ${typeof value} ${String(value)}`;
}

/** The failure "expected this, got that". */
export function wrongType(param: string, expected: string, value: unknown) {
  return badParameter(param, "invalid_type", `'${param}' must be ${expected}, but is ${describe(value)}`);
}

/** The value of a field, with null read as absent, as OpenAI does. */
function fieldOf(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? (fields[name] ?? undefined) : undefined;
}

/** Bounds of a number, both inclusive. */
export interface Range {
  min: number;
  max: number;
  integer?: boolean;
}

/** An optional number within bounds. */
export function readNumber(fields: Fields, name: string, { min, max, integer }: Range): number | undefined {
  const value = fieldOf(fields, name);
  if (value === undefined) return undefined;
  const kind = integer ? "an integer" : "a number";
  if (typeof value !== "number" || (integer && !Number.isInteger(value))) throw wrongType(name, kind, value);
  if (!(value >= min && value <= max)) {
    const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw badParameter(name, "invalid_value", `'${name}' must be ${kind} ${bounds}, but is ${value}`);
  }
  return value;
}

/** An optional boolean. */
export function readBoolean(fields: Fields, name: string): boolean | undefined {
  const value = fieldOf(fields, name);
  if (value === undefined || typeof value === "boolean") return value;
  throw wrongType(name, "true or false", value);
}

/** An optional string. */
export function readString(fields: Fields, name: string): string | undefined {
  const value = fieldOf(fields, name);
  if (value === undefined || typeof value === "string") return value;
  throw wrongType(name, "a string", value);
}

/** An optional object. */
export function readFields(fields: Fields, name: string): Fields | undefined {
  const value = fieldOf(fields, name);
  if (value === undefined || isFields(value)) return value;
  throw wrongType(name, "an object", value);
}

/** An optional array. */
export function readArray(fields: Fields, name: string): readonly unknown[] | undefined {
  const value = fieldOf(fields, name);
  if (value === undefined || Array.isArray(value)) return value;
  throw wrongType(name, "an array", value);
}

/** The error for what a client must send and did not. */
export function missing(name: string) {
  return badParameter(name, "missing_required_parameter", `'${name}' is missing, and it is required`);
}
