// Macros, and the bodies of call blocks as `caller`.

import { Dict } from "./dict.ts";
import { typeError } from "./errors.ts";
import { quote } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { type Kwargs, Markup, PyObject, Tuple, Undefined, type Value } from "./values.ts";

/** What a macro's head says. */
export interface MacroShape {
  /** undefined: the body of a call block. */
  readonly name: string | undefined;
  readonly params: readonly string[];
  readonly usesCaller: boolean;
  readonly usesKwargs: boolean;
  readonly usesVarargs: boolean;
}

/** Runs a macro's body with the values of its parameters (undefined: not given), its caller, kwargs and varargs. */
export type MacroBody = (values: (Value | undefined)[], runtime: Runtime) => string;

export class Macro extends PyObject {
  readonly typeName = "Macro";
  override readonly module = "jinja2.runtime.";
  readonly #shape: MacroShape;
  readonly #body: MacroBody;

  constructor(shape: MacroShape, body: MacroBody) {
    super();
    this.#shape = shape;
    this.#body = body;
  }

  override call(args: Value[], kwargs: Kwargs, runtime: Runtime): Value {
    const text = this.invoke(args, kwargs, runtime);
    return runtime.autoescape ? new Markup(text) : text;
  }

  /** Calls it, for its text. */
  invoke(args: Value[], kwargs: Kwargs, runtime: Runtime): string {
    const { params, usesCaller, usesKwargs, usesVarargs } = this.#shape;
    const named = new Map(kwargs);
    const values: (Value | undefined)[] = args.slice(0, params.length);
    // A caller among the parameters counts as given, by position or by name.
    let foundCaller = values.length === params.length && params.includes("caller");
    for (const name of params.slice(values.length)) {
      if (name === "caller") foundCaller = true;
      values.push(named.get(name));
      named.delete(name);
    }
    if (usesCaller && !foundCaller) {
      const caller = named.get("caller") ?? null;
      named.delete("caller");
      values.push(caller === null ? new Undefined("No caller defined") : caller);
    }
    if (usesKwargs) values.push(new Dict(named));
    else this.#refuseKwargs(named);
    if (usesVarargs) values.push(new Tuple(args.slice(params.length)));
    else if (args.length > params.length) {
      throw typeError(`macro ${this.#name} takes not more than ${params.length} argument(s)`);
    }
    runtime.budget.enter();
    const text = this.#body(values, runtime);
    runtime.budget.leave();
    return text;
  }

  get #name(): string {
    return this.#shape.name === undefined ? "None" : quote(this.#shape.name);
  }

  #refuseKwargs(named: Kwargs): void {
    if (named.has("caller")) {
      throw typeError(
        `macro ${this.#name} was invoked with two values for the special caller argument. This is most likely a bug.`,
      );
    }
    for (const key of named.keys()) {
      throw typeError(`macro ${this.#name} takes no keyword argument ${quote(key)}`);
    }
  }

  override attribute(name: string): Value | undefined {
    const shape = this.#shape;
    switch (name) {
      case "name":
        return shape.name ?? null;
      case "arguments":
        return new Tuple(shape.params);
      case "catch_kwargs":
        return shape.usesKwargs;
      case "catch_varargs":
        return shape.usesVarargs;
      case "caller":
        return shape.usesCaller;
      case "explicit_caller":
        return shape.params.includes("caller");
      default:
        return undefined;
    }
  }

  override repr(): string {
    return `<Macro ${this.#shape.name === undefined ? "anonymous" : quote(this.#shape.name)}>`;
  }
}
