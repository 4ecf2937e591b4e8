// Python's signatures: which argument of a call is which parameter.

import { typeError } from "./errors.ts";
import type { Runtime } from "./runtime.ts";
import { ADDRESS, Callable, Float, type Kwargs, typeName, type Value } from "./values.ts";

/** The parameters of a function, read from Python's notation. */
export interface Signature {
  readonly names: readonly string[];
  readonly defaults: readonly (Value | undefined)[];
  /** How many of the first cannot be given by name. */
  readonly positional: number;
}

/** A function by its signature; its arguments come in the order of the parameters. */
export interface Definition {
  readonly signature: Signature;
  readonly run: (args: Value[], runtime: Runtime) => Value;
}

const CONSTANTS: Readonly<Record<string, Value>> = { None: null, True: true, False: false };

/** Reads "value, width=4, fill=' ', /": what has no default is needed, what is before "/" has no name. */
export function signature(text: string): Signature {
  const parts = text === "" ? [] : text.split(/, (?!')/);
  const slash = parts.indexOf("/");
  const names: string[] = [];
  const defaults: (Value | undefined)[] = [];
  for (const part of parts.filter((each) => each !== "/")) {
    const [name, value] = part.split("=", 2);
    names.push(name);
    if (value === undefined) defaults.push(undefined);
    else if (Object.hasOwn(CONSTANTS, value)) defaults.push(CONSTANTS[value]);
    else if (value.startsWith("'")) defaults.push(value.slice(1, -1));
    else defaults.push(value.includes(".") ? new Float(Number(value)) : Number(value));
  }
  return { names, defaults, positional: Math.max(0, slash) };
}

/** A function by its signature. */
export function define(parameters: string, run: Definition["run"]): Definition {
  return { signature: signature(parameters), run };
}

/** The arguments of a call, one for each parameter. */
export function bindArguments(name: string, to: Signature, args: readonly Value[], kwargs: Kwargs): Value[] {
  const { names, defaults, positional } = to;
  if (args.length > names.length) {
    throw typeError(`${name}() takes ${names.length} positional arguments but ${args.length} were given`);
  }
  const bound: (Value | undefined)[] = [...args];
  for (const [key, value] of kwargs) {
    const i = names.indexOf(key);
    if (i < positional) throw typeError(`${name}() got an unexpected keyword argument '${key}'`);
    if (bound[i] !== undefined) throw typeError(`${name}() got multiple values for argument '${key}'`);
    bound[i] = value;
  }
  return names.map((parameter, i) => {
    const value = bound[i] ?? (bound[i] === null ? null : defaults[i]);
    if (value === undefined) throw typeError(`${name}() missing required argument: '${parameter}'`);
    return value;
  });
}

/** A method bound to a value, which comes first among its arguments. */
export function boundMethod(name: string, { signature: to, run }: Definition, self: Value): Callable {
  return new Callable(
    name,
    (args, kwargs, runtime) => run(bindArguments(name, to, [self, ...args], kwargs), runtime),
    () => `<built-in method ${name} of ${typeName(self)} object at ${ADDRESS}>`,
  );
}

/** A function as Python shows one. */
export function shownFunction(name: string): () => string {
  return () => `<function ${name} at ${ADDRESS}>`;
}

/** A definition as a function. */
export function functionOf(
  name: string,
  { signature: to, run }: Definition,
  shown = shownFunction(name),
): Callable {
  return new Callable(
    name,
    (args, kwargs, runtime) => run(bindArguments(name, to, args, kwargs), runtime),
    shown,
  );
}
