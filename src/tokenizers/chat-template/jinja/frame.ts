// Where a part of a template stands when compiled, and the variables of a function when it runs.

import type { Expression } from "./ast.ts";
import type { Defined } from "./call-filter.ts";
import { TemplateError } from "./errors.ts";
import type { Runtime } from "./runtime.ts";
import { FunctionScope, Symbols, type Variable } from "./symbols.ts";
import type { Value } from "./values.ts";

/** The names that a template is given, and those that it exports to its blocks. */
export class Names {
  readonly given: ReadonlyMap<string, Value>;
  readonly own = new Map<string, Value>();

  constructor(given: ReadonlyMap<string, Value>) {
    this.given = given;
  }

  resolve(name: string): Value | undefined {
    const own = this.own.get(name);
    return own === undefined ? this.given.get(name) : own;
  }

  /** A copy with further names on top. */
  derive(more: Iterable<[string, Value]>): Names {
    return new Names(new Map([...this.given, ...this.own, ...more]));
  }
}

/** One call of a function of the template: its variables (undefined: missing) and those around it. */
export class Activation {
  readonly variables: (Value | undefined)[];
  readonly parent: Activation | undefined;
  readonly names: Names;
  readonly runtime: Runtime;

  constructor(scope: FunctionScope, names: Names, runtime: Runtime, parent?: Activation) {
    this.variables = new Array<Value | undefined>(scope.size).fill(undefined);
    this.names = names;
    this.runtime = runtime;
    this.parent = parent;
  }
}

/** An expression, ready to run. */
export type Evaluate = (activation: Activation) => Value;
/** How statements end. */
export const NORMAL = 0;
export const BREAK = 1;
export const CONTINUE = 2;
export type Ending = typeof NORMAL | typeof BREAK | typeof CONTINUE;
/** A statement, ready to run. */
export type Execute = (activation: Activation) => Ending;

/** What is known of constant expressions. */
export interface Constants {
  isConstant(node: Expression, frame: Frame): boolean;
  value(node: Expression, frame: Frame): Value | undefined;
}

/** What all frames of a template share while it is compiled. */
export interface Compilation {
  readonly filters: ReadonlyMap<string, Defined>;
  readonly tests: ReadonlyMap<string, Defined>;
  /** Whether output is escaped here, and whether that is known only when it runs. */
  autoescape: boolean;
  volatile: boolean;
  /** Whether the expression is a constant, whose slices are undefined where they would be an error. */
  constant: boolean;
  readonly constants: Constants;
  /** The parameters that have no value yet while defaults are compiled. */
  unset: Set<Variable>;
}

/** A place in the template. */
export interface Frame {
  readonly symbols: Symbols;
  readonly compilation: Compilation;
  /** At the top: what is assigned is exported. */
  readonly top: boolean;
  /** In an `if`, where unknown filters are an error only when they are met. */
  readonly soft: boolean;
  /** Whether break and continue have a loop. */
  readonly inLoop: boolean;
}

/** A frame within another; with a scope, that of a function of its own. */
export function innerFrame(frame: Frame, scope?: FunctionScope): Frame {
  return {
    symbols: new Symbols(scope ?? frame.symbols.scope, frame.symbols),
    compilation: frame.compilation,
    top: false,
    soft: false,
    inLoop: scope ? false : frame.inLoop,
  };
}

/** A function within the one that a frame stands in. */
export function innerScope(frame: Frame): FunctionScope {
  return new FunctionScope(frame.symbols.scope);
}

/** The variable of a name that was found when the frame was analysed. */
export function variableOf(frame: Frame, name: string, line: number): Variable {
  const variable = frame.symbols.find(name);
  if (!variable) {
    throw new TemplateError("AssertionError", `the name '${name}' is unknown to its scope`, line);
  }
  return variable;
}

function hops(from: FunctionScope, to: FunctionScope): number {
  let count = 0;
  for (let scope: FunctionScope | undefined = from; scope && scope !== to; scope = scope.parent) count++;
  return count;
}

function outer(activation: Activation, count: number): Activation {
  let at = activation;
  for (let i = 0; i < count; i++) at = at.parent as Activation;
  return at;
}

/** Reads a variable: undefined where it is missing. */
export function reader(frame: Frame, variable: Variable): (activation: Activation) => Value | undefined {
  const count = hops(frame.symbols.scope, variable.scope);
  const { slot } = variable;
  if (count === 0) return (activation) => activation.variables[slot];
  return (activation) => outer(activation, count).variables[slot];
}

/** Writes a variable. */
export function writer(
  frame: Frame,
  variable: Variable,
): (activation: Activation, value: Value | undefined) => void {
  const count = hops(frame.symbols.scope, variable.scope);
  const { slot } = variable;
  return (activation, value) => {
    (count === 0 ? activation : outer(activation, count)).variables[slot] = value;
  };
}

/** Gives the variables of a frame their first values. */
export function enterFrame(frame: Frame): (activation: Activation) => void {
  const steps: ((activation: Activation) => void)[] = [];
  for (const [variable, load] of frame.symbols.loads) {
    const write = writer(frame, variable);
    if (load.how === "resolve") {
      const { name } = load;
      steps.push((activation) => write(activation, activation.names.resolve(name)));
    } else if (load.how === "alias") {
      const read = reader(frame, load.of);
      steps.push((activation) => write(activation, read(activation)));
    } else if (load.how === "undefined") steps.push((activation) => write(activation, undefined));
  }
  return inOrder(steps);
}

/** Makes the variables of a frame missing. */
export function leaveFrame(frame: Frame): (activation: Activation) => void {
  return inOrder(
    Array.from(frame.symbols.loads.keys(), (variable) => {
      const write = writer(frame, variable);
      return (activation: Activation) => write(activation, undefined);
    }),
  );
}

function inOrder(steps: ((activation: Activation) => void)[]): (activation: Activation) => void {
  if (steps.length === 0) return () => {};
  if (steps.length === 1) return steps[0];
  return (activation) => {
    for (const step of steps) step(activation);
  };
}
