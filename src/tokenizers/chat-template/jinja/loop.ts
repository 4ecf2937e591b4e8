// The variable `loop` of a for loop.

import { define, functionOf } from "./arguments.ts";
import { equals } from "./comparison.ts";
import { typeError } from "./errors.ts";
import type { Runtime } from "./runtime.ts";
import { len } from "./subscript.ts";
import {
  Callable,
  Iter,
  itemsOf,
  iterate,
  type Kwargs,
  PyObject,
  Tuple,
  textOf,
  Undefined,
  type Value,
} from "./values.ts";

/** Renders the body of a recursive loop over other items, one level deeper. */
export type Recurse = (items: Value, depth: number) => Value;

/** Runs over items, looking one ahead where the template asks for it. */
export class Loop extends PyObject {
  readonly typeName = "LoopContext";
  override readonly module = "jinja2.runtime.";
  readonly #items: Value;
  #iterator: Iterator<Value>;
  readonly #recurse: Recurse | undefined;
  readonly #depth: number;
  #index = -1;
  #length: number | undefined;
  /** The next item where it is known; null: there is none. */
  #after: { value: Value } | null | undefined;
  #current: Value | undefined;
  #before: Value | undefined;
  #changed: Value | undefined;

  constructor(items: Value, recurse: Recurse | undefined, depth: number) {
    super();
    this.#items = items;
    this.#iterator = iterate(items)[Symbol.iterator]();
    this.#recurse = recurse;
    this.#depth = depth;
  }

  /** The next item, or undefined at the end. */
  next(): Value | undefined {
    const ahead = this.#peek();
    this.#after = undefined;
    if (!ahead) return undefined;
    this.#index++;
    this.#before = this.#current;
    this.#current = ahead.value;
    return ahead.value;
  }

  #peek(): { value: Value } | null {
    if (this.#after) return this.#after;
    const { done, value } = this.#iterator.next();
    this.#after = done ? null : { value };
    return this.#after;
  }

  #size(): number {
    if (this.#length !== undefined) return this.#length;
    const sized =
      textOf(this.#items) !== undefined ||
      itemsOf(this.#items) !== undefined ||
      (this.#items instanceof PyObject && this.#items.size !== undefined);
    if (sized) this.#length = len(this.#items);
    else {
      const rest: Value[] = [];
      for (let step = this.#iterator.next(); !step.done; step = this.#iterator.next()) rest.push(step.value);
      this.#iterator = rest[Symbol.iterator]();
      this.#length = rest.length + this.#index + 1 + (this.#after ? 1 : 0);
    }
    return this.#length;
  }

  override size(): number {
    return this.#size();
  }

  override iterate(): Iterable<Value> {
    const all = this;
    return new Iter(
      (function* () {
        for (let item = all.next(); item !== undefined; item = all.next()) yield new Tuple([item, all]);
      })(),
    ).iterate();
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case "index":
        return this.#index + 1;
      case "index0":
        return this.#index;
      case "revindex":
        return this.#size() - this.#index;
      case "revindex0":
        return this.#size() - this.#index - 1;
      case "first":
        return this.#index === 0;
      case "last":
        return this.#peek() === null;
      case "length":
        return this.#size();
      case "depth":
        return this.#depth + 1;
      case "depth0":
        return this.#depth;
      case "previtem":
        return this.#index === 0 || this.#before === undefined
          ? new Undefined("there is no previous item")
          : this.#before;
      case "nextitem":
        return this.#peek()?.value ?? (this.#peek() ? null : new Undefined("there is no next item"));
      case "cycle":
        return new Callable("cycle", (args, kwargs) => this.#cycle(args, kwargs), this.#shown(name));
      case "changed":
        return new Callable(
          name,
          (args, kwargs, runtime) => this.#isChanged(args, kwargs, runtime),
          this.#shown(name),
        );
      default:
        return undefined;
    }
  }

  #shown(name: string): () => string {
    return () => `<bound method LoopContext.${name} of ${this.repr()}>`;
  }

  #cycle(args: Value[], kwargs: Kwargs): Value {
    if (kwargs.size > 0) throw typeError("LoopContext.cycle() got an unexpected keyword argument");
    if (args.length === 0) throw typeError("no items for cycling given");
    const i = this.#index % args.length;
    return args[i < 0 ? i + args.length : i];
  }

  #isChanged(args: Value[], kwargs: Kwargs, runtime: Runtime): Value {
    if (kwargs.size > 0) throw typeError("LoopContext.changed() got an unexpected keyword argument");
    const values = new Tuple(args);
    if (this.#changed !== undefined && equals(this.#changed, values, runtime)) return false;
    this.#changed = values;
    return true;
  }

  override call(args: Value[], kwargs: Kwargs, runtime: Runtime): Value {
    const method = define("iterable", ([items]) => {
      if (!this.#recurse) {
        throw typeError("The loop must have the 'recursive' marker to be called recursively.");
      }
      return this.#recurse(items, this.#depth + 1);
    });
    return functionOf("LoopContext.__call__", method).call(args, kwargs, runtime);
  }

  override repr(): string {
    return `<LoopContext ${this.#index + 1}/${this.#size()}>`;
  }
}
