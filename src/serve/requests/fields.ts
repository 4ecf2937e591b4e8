// Fields by the client's names: refused, changing no answer here, or known and not done.
import { kindOf } from "../../option-kinds.ts";
import {
  type Door,
  isPlain,
  type Kind,
  type OptionsOf,
  type Refusal,
  readOptions,
  show,
  type Table,
} from "../../options.ts";
import { badParameter, Problem } from "../problem.ts";

/** A JSON object whose fields nobody has looked at yet. */
export type Fields = Readonly<Record<string, unknown>>;

const codes: Readonly<Record<Refusal["fault"], string>> = {
  unknown: "unknown_parameter",
  missing: "missing_required_parameter",
  type: "invalid_type",
  value: "invalid_value",
};

/** Null is read as absent, as OpenAI does. */
export const asClient: Door = {
  nullIsAbsent: true,
  refuse: ({ name, fault, text }) => badParameter(name, codes[fault], `'${name}' ${text}`),
};

/** As OpenAI reads a field: null is as if it were not there. */
export const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

/** A field that changes no answer here; the answer's header names it. */
export const ignored: Kind<unknown> = {
  kind: "anything",
  allowed: "anything",
  schema: { description: "changes no answer here" },
  read: (value) => value,
};

/** A setting that is known but not done here: let in only where it asks for nothing. */
export function only(...values: readonly (string | number | boolean)[]): Kind<unknown> {
  const allowed = values.map((value) => JSON.stringify(value)).join(" or ");
  return {
    kind: "only",
    allowed,
    schema: { enum: values },
    read(value, name) {
      if (values.some((each) => each === value)) return value;
      const message = `'${name}' is ${show(value)}; allowed: ${allowed}, since this server does nothing else with it`;
      throw badParameter(name, "unsupported_value", message);
    },
  };
}

/** A field that this server knows and does not do. */
export const notDone = (why: string): Kind<never> => ({
  kind: "only",
  allowed: `nothing: ${why}`,
  schema: { type: "null" },
  read(_value, name) {
    throw badParameter(name, "unsupported_parameter", `'${name}' is not done here: ${why}; leave it out`);
  },
});

/** Any text, however long: the body has a bound of its own. */
export const anyText = kindOf(
  "text",
  "a string",
  (value) => typeof value === "string",
  () => true,
  { type: "string" },
);

/** Reads a body by its table. @throws {Problem} 400 that names the field, what it is and what is allowed */
export function readBody<T extends Table>(body: unknown, table: T): OptionsOf<T> {
  if (!isPlain(body)) throw new Problem(400, `the body must be a JSON object, but is ${show(body)}`);
  return readOptions(body, table, asClient);
}

/** The fields of a body that was read which change no answer, by their paths: of those in lists `tools[].cache_control`, once. */
export function ignoredIn(body: unknown, table: Table): string[] {
  const found = new Set<string>();
  const look = (value: unknown, kind: Kind<unknown>, path: string): void => {
    if (!isGiven(value)) return;
    if (kind === ignored) found.add(path);
    else if (kind.item && Array.isArray(value)) for (const each of value) look(each, kind.item, `${path}[]`);
    else if (kind.table && isPlain(value)) lookInto(value, kind.table, `${path}.`);
  };
  const lookInto = (fields: Fields, table: Table, prefix: string): void => {
    for (const [name, kind] of Object.entries(table))
      if (Object.hasOwn(fields, name)) look(fields[name], kind, prefix + name);
  };
  if (isPlain(body)) lookInto(body, table, "");
  return [...found];
}
