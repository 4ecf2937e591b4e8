// Reads the fields of a JSON object with their bounds; a failure names the field, unread ones too.
import { isRecord } from "../json.ts";
import { badParameter } from "./problem.ts";

/** A JSON object whose fields nobody has looked at yet. */
export type Fields = Readonly<Record<string, unknown>>;

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

/** The failure for what a client must send and did not. */
export function missing(name: string) {
  return badParameter(name, "missing_required_parameter", `'${name}' is missing, and it is required`);
}

/** Bounds of a number, both inclusive. */
export interface Range {
  min: number;
  max: number;
  integer?: boolean;
}

/** Reads the fields of one object by name, all of them optional, with null read as absent, as OpenAI does. */
export interface FieldReader {
  number(name: string, range: Range): number | undefined;
  boolean(name: string): boolean | undefined;
  string(name: string): string | undefined;
  object(name: string): Fields | undefined;
  array(name: string): readonly unknown[] | undefined;
  /** A field of any kind. */
  any(name: string): unknown;
  /**
   * Refuses the first field that was neither read nor is among those without effect: to ignore it would answer another
   * question.
   */
  finish(withoutEffect: ReadonlySet<string>): void;
}

/** A reader of an object's fields. `path` goes before their names in messages. */
export function createFieldReader(fields: Fields, path = ""): FieldReader {
  const seen = new Set<string>();
  const any = (name: string): unknown => {
    seen.add(name);
    return Object.hasOwn(fields, name) ? (fields[name] ?? undefined) : undefined;
  };
  const read =
    <T>(expected: string, is: (value: unknown) => value is T) =>
    (name: string): T | undefined => {
      const value = any(name);
      if (value === undefined || is(value)) return value;
      throw wrongType(path + name, expected, value);
    };
  return {
    any,
    boolean: read("true or false", (value) => typeof value === "boolean"),
    string: read("a string", (value) => typeof value === "string"),
    object: read("an object", isRecord),
    array: read("an array", (value): value is unknown[] => Array.isArray(value)),
    number(name, { min, max, integer }) {
      const value = any(name);
      if (value === undefined) return undefined;
      const param = path + name;
      const kind = integer ? "an integer" : "a number";
      if (typeof value !== "number" || (integer && !Number.isInteger(value))) {
        throw wrongType(param, kind, value);
      }
      if (value >= min && value <= max) return value;
      const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
      throw badParameter(param, "invalid_value", `'${param}' must be ${kind} ${bounds}, but is ${value}`);
    },
    finish(withoutEffect) {
      for (const name of Object.keys(fields)) {
        if (seen.has(name) || withoutEffect.has(name)) continue;
        throw badParameter(
          path + name,
          "unknown_parameter",
          `'${(path + name).slice(0, 80)}' is not a parameter that this server knows`,
        );
      }
    },
  };
}
