// Reads options by a table that declares each once; a wrong one is refused by its name.
import { BaimoError } from "./errors.ts";
import type { JsonSchema } from "./json.ts";
import { nearestName } from "./nearest.ts";
import { writePythonJson } from "./python-json.ts";

/** What is wrong with a value. */
export interface Refusal {
  /** The option as who wrote it knows it: "threads", "stop[3]", "hub.offline". */
  readonly name: string;
  readonly fault: "unknown" | "missing" | "type" | "value";
  /** What was found and what is allowed, to follow the name: `is "2" (a string); allowed: true or false`. */
  readonly text: string;
}

/** Where options come in: how a refusal is put there. */
export interface Door {
  refuse(refusal: Refusal): Error;
  /** As in JSON, where null stands for what is not given. */
  readonly nullIsAbsent?: boolean;
}

/** A kind of value. */
export interface Kind<T> {
  /** Its name, and what is allowed in words. */
  readonly kind: string;
  readonly allowed: string;
  /** The same for programs, where it can be a value of JSON. */
  readonly schema?: JsonSchema;
  /** The value, its lists and records copied; throws what the door makes of a refusal. */
  read(value: unknown, name: string, door: Door): T;
  /** What an option is that is not given. */
  readonly default?: T;
  readonly required?: boolean;
  /** Of a choice: what there is to choose. */
  readonly words?: readonly string[];
  /** Of options within an option: they. */
  readonly table?: Table;
  /** Of a list: what each of its values is. */
  readonly item?: Kind<unknown>;
}

/** Options by name. */
export type Table = Readonly<Record<string, Kind<unknown>>>;
/** The table that an interface of options needs: every one of them, and of its type. */
export type TableOf<O> = { readonly [K in keyof O]-?: Kind<Exclude<O[K], undefined>> };
/** What `readOptions` makes of a table. */
export type OptionsOf<T extends Table> = {
  -readonly [K in keyof T]: T[K] extends Kind<infer V>
    ? T[K] extends { default: unknown } | { required: true }
      ? V
      : V | undefined
    : never;
};

/** The door of a public function; its refusals begin with the function's name. */
export const call = (where: string): Door => ({
  refuse({ name, fault, text }) {
    const message = fault === "unknown" ? `${where}: option ${name} ${text}` : `${where}: ${name} ${text}`;
    return new BaimoError("request", message, { option: name });
  },
});

/**
 * Reads an object of options: each is looked at once, and what the table does not have is refused.
 * @throws what the door makes of a refusal
 */
export function readOptions<T extends Table>(given: unknown, table: T, door: Door): OptionsOf<T> {
  return readFields(given === undefined ? {} : given, table, { name: "options", prefix: "" }, door);
}

/** The same at a place of its own: `prefix` goes before the names. */
export function readFields<T extends Table>(
  given: unknown,
  table: T,
  { name, prefix }: { name: string; prefix: string },
  door: Door,
): OptionsOf<T> {
  const names = Object.keys(table);
  if (!isPlain(given)) throw refusal("type", name, given, `an object of ${names.join(", ")}`, door);
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(table, key)) continue;
    const near = nearestName(key, names);
    const text = near
      ? `is not known; did you mean ${prefix}${near}?`
      : `is not known; known: ${cut(names.join(", "), 200)}`;
    throw door.refuse({ name: prefix + cut(key), fault: "unknown", text });
  }
  const options: Record<string, unknown> = {};
  for (const key of names) {
    const kind = table[key];
    const value = Object.hasOwn(given, key) ? given[key] : undefined;
    if (value !== undefined && !(value === null && door.nullIsAbsent)) {
      options[key] = kind.read(value, prefix + key, door);
    } else if (kind.required) {
      const text = `is missing; it must be ${kind.allowed}`;
      throw door.refuse({ name: prefix + key, fault: "missing", text });
    } else options[key] = kind.default;
  }
  return options as OptionsOf<T>; // each came from the kind of its name
}

/** A refusal of a value in the door's words. */
export function refusal(
  fault: Refusal["fault"],
  name: string,
  value: unknown,
  allowed: string,
  door: Door,
): Error {
  return door.refuse({ name, fault, text: `is ${show(value)}; allowed: ${allowed}` });
}

/** An object literal's or JSON's object, of whatever realm: no list, no Map, no instance of a class. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The beginning of a text that may be huge. */
export const cut = (text: string, length = 60): string =>
  text.length > length ? `${text.slice(0, length)}…` : text;

/** What a value is, with its type; nothing of an object is read. */
export function show(value: unknown): string {
  if (typeof value === "string") return `${JSON.stringify(cut(value))} (a string)`;
  if (typeof value === "bigint") return `${cut(String(value))} (a bigint)`;
  if (typeof value === "symbol" || typeof value === "function") return `a ${typeof value}`;
  if (value instanceof Number) return writePythonJson(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : `an array of ${value.length}`;
  const type = Object.prototype.toString.call(value).slice(8, -1);
  return type === "Object" ? "an object" : `an object (${cut(type)})`;
}
