// The variable `self` of a template, which gives its blocks.

import { TemplateError, typeError } from "./errors.ts";
import type { Activation } from "./frame.ts";
import { quote } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { type Kwargs, Markup, PyObject, textOf, Undefined, type Value } from "./values.ts";

type RunBlock = (activation: Activation, runtime: Runtime) => void;

export class TemplateReference extends PyObject {
  readonly typeName = "TemplateReference";
  override readonly module = "jinja2.runtime.";
  readonly #activation: Activation;
  readonly #blocks: ReadonlyMap<string, RunBlock>;

  constructor(activation: Activation, blocks: ReadonlyMap<string, RunBlock>) {
    super();
    this.#activation = activation;
    this.#blocks = blocks;
  }

  override item(key: Value): Value {
    const name = textOf(key);
    const block = name === undefined ? undefined : this.#blocks.get(name);
    if (name === undefined || !block) throw new TemplateError("KeyError", "no such block");
    return new BlockReference(name, block, this.#activation);
  }

  override repr(): string {
    return "<TemplateReference None>";
  }
}

/** A block that can be called for its text. */
class BlockReference extends PyObject {
  readonly typeName = "BlockReference";
  override readonly module = "jinja2.runtime.";
  readonly #name: string;
  readonly #run: RunBlock;
  readonly #activation: Activation;

  constructor(name: string, run: RunBlock, activation: Activation) {
    super();
    this.#name = name;
    this.#run = run;
    this.#activation = activation;
  }

  override call(args: Value[], kwargs: Kwargs, runtime: Runtime): Value {
    if (args.length > 0 || kwargs.size > 0) throw typeError("BlockReference.__call__() takes no arguments");
    runtime.capture();
    this.#run(this.#activation, runtime);
    const text = runtime.endCapture();
    return runtime.autoescape ? new Markup(text) : text;
  }

  override attribute(name: string): Value | undefined {
    if (name === "name") return this.#name;
    if (name !== "super") return undefined;
    return new Undefined(`there is no parent block called ${quote(this.#name)}.`);
  }
}
