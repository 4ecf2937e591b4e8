// Calls filters and tests, by name or as compiled.

import { bindArguments, type Definition } from "./arguments.ts";
import { TemplateError } from "./errors.ts";
import { repr } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { type Kwargs, textOf, Undefined, type Value } from "./values.ts";

/** A filter that takes its arguments as they come. */
export type FreeFilter = (args: Value[], kwargs: Kwargs, runtime: Runtime) => Value;

/** A filter or a test. */
export type Defined = Definition | FreeFilter;

/** Calls a filter or a test; the value that it is applied to comes first among the arguments. */
export function callDefined(
  name: string,
  of: Defined,
  args: Value[],
  kwargs: Kwargs,
  runtime: Runtime,
): Value {
  runtime.budget.step();
  if (typeof of === "function") return of(args, kwargs, runtime);
  return of.run(bindArguments(name, of.signature, args, kwargs), runtime);
}

/** Finds a filter or a test whose name a template gives as a value. */
export function findDefined(
  kind: "filter" | "test",
  table: ReadonlyMap<string, Defined>,
  name: Value,
  runtime: Runtime,
): [string, Defined] {
  const text = textOf(name);
  const found = text === undefined ? undefined : table.get(text);
  if (text !== undefined && found !== undefined) return [text, found];
  let message = `No ${kind} named ${repr(name, runtime)}.`;
  if (name instanceof Undefined) {
    try {
      name.fail();
    } catch (error) {
      message += ` (${(error as Error).message}; did you forget to quote the callable name?)`;
    }
  }
  throw new TemplateError("TemplateRuntimeError", message);
}
