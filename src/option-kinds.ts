// Kinds of options: numbers, texts, choices, lists, records, callbacks, options within options.
import type { JsonSchema } from "./json.ts";
import { cut, isPlain, type Kind, type OptionsOf, readFields, refusal, type Table } from "./options.ts";

/** A kind by a test of the type, and one of the value. */
export function kindOf<T>(
  kind: string,
  allowed: string,
  is: (value: unknown) => value is T,
  fits: (value: T) => boolean = () => true,
  schema?: JsonSchema,
): Kind<T> {
  return {
    kind,
    allowed,
    schema,
    read(value, name, door) {
      if (!is(value)) throw refusal("type", name, value, allowed, door);
      if (!fits(value)) throw refusal("value", name, value, allowed, door);
      return value;
    },
  };
}

/** The same kind with a default. */
export const withDefault = <T>(kind: Kind<T>, value: NoInfer<T>): Kind<T> & { readonly default: T } => ({
  ...kind,
  default: value,
});
/** The same kind, but it must be given. */
export const required = <T>(kind: Kind<T>): Kind<T> & { readonly required: true } => ({
  ...kind,
  required: true,
});

/** Bounds of a number; `above`: the lower one itself is not allowed. */
export interface Range {
  readonly min?: number;
  readonly max?: number;
  readonly above?: boolean;
}

const within = (value: number, { min = -Infinity, max = Infinity, above }: Range) =>
  value <= max && (above ? value > min : value >= min);

function inWords(what: string, { min, max, above }: Range): string {
  const upper = max === undefined ? "" : ` ${min === undefined ? "up " : ""}to ${max.toLocaleString("en")}`;
  return `${what}${min === undefined ? "" : ` ${above ? "above" : "from"} ${min.toLocaleString("en")}`}${upper}`;
}

const ofNumbers = (type: string, { min, max, above }: Range): JsonSchema => ({
  type,
  [above ? "exclusiveMinimum" : "minimum"]: min,
  maximum: max,
});

const isNumber = (value: unknown): value is number => typeof value === "number";
const isText = (value: unknown): value is string => typeof value === "string";

/** A number within a range, never NaN. */
export const number = (range: Range = {}): Kind<number> =>
  kindOf(
    "number",
    inWords("a number", range),
    isNumber,
    (value) => within(value, range),
    ofNumbers("number", range),
  );
/** A whole number that a double holds exactly. */
export const whole = (range: Range = {}): Kind<number> =>
  kindOf(
    "whole",
    inWords("a whole number", range),
    isNumber,
    (value) => Number.isSafeInteger(value) && within(value, range),
    ofNumbers("integer", range),
  );
export const flag: Kind<boolean> = kindOf(
  "flag",
  "true or false",
  (value) => typeof value === "boolean",
  () => true,
  { type: "boolean" },
);
/** A string of `least` to `most` characters. */
export const text = ({ least = 1, most = 4096 } = {}): Kind<string> =>
  kindOf(
    "text",
    most === Infinity
      ? `a string${least === 0 ? "" : " that is not empty"}`
      : `a string of ${least === 0 ? "at most" : `${least} to`} ${most.toLocaleString("en")} characters`,
    isText,
    (value) => value.length >= least && value.length <= most,
    { type: "string", minLength: least, maxLength: most === Infinity ? undefined : most },
  );
/** One of some words. */
export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  const { kind, allowed, read } = kindOf("choice", listed(words), isText, (value) =>
    words.includes(value as T),
  );
  return {
    kind,
    allowed,
    words,
    schema: { type: "string", enum: words },
    read: (value, name, door) => read(value, name, door) as T, // one of `words`
  };
}
export const signal: Kind<AbortSignal> = instance("an AbortSignal", AbortSignal);
/** The table of those who take nothing else. */
export const signalTable = { signal };
/** A function of the caller's. */
export const callback = <F extends (...args: never[]) => unknown>(): Kind<F> =>
  kindOf("callback", "a function", (value): value is F => typeof value === "function");
/** An object of a class. */
export function instance<T>(allowed: string, type: abstract new (...args: never[]) => T): Kind<T> {
  return kindOf("instance", allowed, (value): value is T => value instanceof type);
}
/** Whatever its reader will say of it. */
export const anything: Kind<unknown> = kindOf(
  "anything",
  "anything",
  (_value): _value is unknown => true,
  () => true,
  {},
);

/** An object with whatever in it. */
export const plain: Kind<Record<string, unknown>> = kindOf("plain", "an object", isPlain, () => true, {
  type: "object",
});

/** Whether a value is an array or a typed array. */
export const isArrayLike = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);

/** A list of `least` to `most` values of one kind. */
export function list<T>(item: Kind<T>, { least = 0, most = 65_536 } = {}): Kind<T[]> {
  const count = `${least === 0 ? "at most" : `${least} to`} ${most.toLocaleString("en")}`;
  const allowed = `a list of ${count} values, each ${item.allowed}`;
  const lists = kindOf("list", allowed, (value) => Array.isArray(value), fits);
  function fits({ length }: readonly unknown[]): boolean {
    return length >= least && length <= most;
  }
  return {
    kind: "list",
    allowed,
    item,
    schema: { type: "array", items: item.schema, minItems: least, maxItems: most },
    read: (value, name, door) =>
      Array.from(lists.read(value, name, door), (each: unknown, i) => item.read(each, `${name}[${i}]`, door)),
  };
}

/** Most ids of a vocabulary that nobody has named. */
export const MOST_IDS = 2 ** 31;

/** Token ids of a vocabulary, as a list or a typed array; a copy. */
export function tokenIds(vocabSize = MOST_IDS): Kind<number[]> {
  const size = vocabSize < MOST_IDS ? ` (the vocabulary has ${vocabSize.toLocaleString("en")})` : "";
  const id = `${whole({ min: 0, max: vocabSize - 1 }).allowed}${size}`;
  const allowed = `a list of token ids, each ${id}`;
  return {
    kind: "tokens",
    allowed,
    schema: { type: "array", items: { type: "integer", minimum: 0, maximum: vocabSize - 1 } },
    read(value, name, door) {
      if (!isArrayLike(value)) throw refusal("type", name, value, allowed, door);
      return Array.from(value, (each, i) => {
        if (typeof each !== "number") throw refusal("type", `${name}[${i}]`, each, id, door);
        if (Number.isInteger(each) && each >= 0 && each < vocabSize) return each;
        throw refusal("value", `${name}[${i}]`, each, id, door);
      });
    },
  };
}

/** One value of a kind alone, or a list of them. */
export function oneOrMore<T>(item: Kind<T>, most: number): Kind<T[]> {
  const many = list(item, { most });
  return {
    kind: "list",
    allowed: `${item.allowed}, or ${many.allowed}`,
    schema: { anyOf: [item.schema ?? {}, many.schema ?? {}] },
    read: (value, name, door) =>
      Array.isArray(value) ? many.read(value, name, door) : [item.read(value, name, door)],
  };
}

/** What the keys of a record may be. */
interface Keys {
  readonly allowed: string;
  fits(key: string): boolean;
}
const anyKey: Keys = { allowed: "names of up to 1,024 characters", fits: (key) => key.length <= 1024 };

/** An object from keys of the caller's to values of one kind. */
export function record<T>(item: Kind<T>, keys = anyKey): Kind<Record<string, T>> {
  const allowed = `an object of ${keys.allowed}, each with ${item.allowed}`;
  return {
    kind: "record",
    allowed,
    schema: { type: "object", additionalProperties: item.schema },
    read(value, name, door) {
      if (!isPlain(value)) throw refusal("type", name, value, allowed, door);
      const entries = Object.entries(value).map(([key, given]) => {
        if (keys.fits(key)) return [key, item.read(given, `${name}[${key}]`, door)] as const;
        const text = `has the key ${JSON.stringify(cut(key))}; allowed: ${keys.allowed}`;
        throw door.refuse({ name, fault: "value", text });
      });
      return Object.fromEntries(entries);
    },
  };
}

/** Options within an option. */
export function fields<T extends Table>(table: T): Kind<OptionsOf<T>> {
  const read: Kind<OptionsOf<T>>["read"] = (value, name, door) =>
    readFields(value, table, { name, prefix: `${name}.` }, door);
  const allowed = `an object of ${Object.keys(table).join(", ")}`;
  return { kind: "fields", allowed, schema: schemaOf(table), table, read };
}

/** What a table says of a JSON object; null stands for what is not given. */
export function schemaOf(table: Table): JsonSchema {
  const kinds = Object.entries(table);
  const properties = kinds.map(([name, { schema = {}, required, default: value }]) => {
    const known = value === undefined ? schema : { ...schema, default: value };
    return [
      name,
      required || Object.keys(schema).length === 0 ? known : { anyOf: [known, { type: "null" }] },
    ];
  });
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: kinds.flatMap(([name, { required }]) => (required ? [name] : [])),
    additionalProperties: false,
  };
}

/** Words as a reader takes them in: "a", "b" or "c". */
export function listed(words: readonly string[]): string {
  const quoted = words.map((word) => JSON.stringify(word));
  return quoted.length < 2 ? quoted.join() : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}
