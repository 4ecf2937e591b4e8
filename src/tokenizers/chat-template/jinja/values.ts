// Python's values as templates meet them, and what each kind of object must say of itself.

import { TemplateError, typeError } from "./errors.ts";
import type { Runtime } from "./runtime.ts";

/**
 * A value: None, bool, int, str and list are JavaScript's null, boolean, number, string and array; everything else is
 * a PyObject. An int is a number while that is exact and a bigint beyond 2^53; a float is a Float.
 */
export type Value = null | boolean | number | bigint | string | Value[] | PyObject;

/** Named arguments of a call, in order. */
export type Kwargs = ReadonlyMap<string, Value>;
export const NO_KWARGS: Kwargs = new Map();

/** What stands for the address that Python shows of an object. */
export const ADDRESS = "0x7f0000000000";

/** An object of Python. */
export abstract class PyObject {
  /** Its type's name, and the module's where it is not a builtin. */
  abstract readonly typeName: string;
  readonly module: string = "";

  /** An attribute, or undefined where there is none. */
  attribute(_name: string, _runtime: Runtime): Value | undefined {
    return undefined;
  }

  repr(_runtime: Runtime): string {
    return `<${this.module}${this.typeName} object at ${ADDRESS}>`;
  }

  /** str(); where undefined, it is repr(). */
  text?(): string;
  /** len(); where undefined, there is none. */
  size?(): number;
  /** iter(); where undefined, it cannot be run over. */
  iterate?(): Iterable<Value>;
  /** obj[key]; where undefined, it has no items. */
  item?(key: Value): Value;
  call?(args: Value[], kwargs: Kwargs, runtime: Runtime): Value;
}

/** A float, so that 1.0 is not 1. */
export class Float extends PyObject {
  readonly typeName = "float";
  readonly value: number;
  constructor(value: number) {
    super();
    this.value = value;
  }
}

/** Text that is safe in HTML: a str that escapes what is joined to it. */
export class Markup extends PyObject {
  readonly typeName = "Markup";
  override readonly module = "markupsafe.";
  readonly value: string;
  constructor(value: string) {
    super();
    this.value = value;
  }
}

/** A tuple; with `names`, a named one. */
export class Tuple extends PyObject {
  readonly items: readonly Value[];
  readonly names: readonly string[];
  readonly typeName: string;
  constructor(items: readonly Value[], names: readonly string[] = [], typeName = "tuple") {
    super();
    this.items = items;
    this.names = names;
    this.typeName = typeName;
  }
  override size(): number {
    return this.items.length;
  }
  override iterate(): Iterable<Value> {
    return this.items;
  }
  override attribute(name: string): Value | undefined {
    const i = this.names.indexOf(name);
    return i < 0 ? undefined : this.items[i];
  }
}

/** range(start, stop, step) of at most 100,000 integers. */
export class Range extends PyObject {
  readonly typeName = "range";
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  readonly length: number;
  constructor(start: number, stop: number, step: number) {
    super();
    this.start = start;
    this.stop = stop;
    this.step = step;
    this.length = Math.max(0, Math.ceil((stop - start) / step));
  }
  at(i: number): number {
    return this.start + i * this.step;
  }
  override size(): number {
    return this.length;
  }
  override *iterate(): Generator<Value> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
  override repr(): string {
    return `range(${this.start}, ${this.stop}${this.step === 1 ? "" : `, ${this.step}`})`;
  }
  override attribute(name: string): Value | undefined {
    return name === "start" || name === "stop" || name === "step" ? this[name] : undefined;
  }
}

/** A generator or another iterator: what it gives is gone. */
export class Iter extends PyObject {
  readonly typeName: string;
  readonly #iterator: Iterator<Value>;
  /** The function that made a generator. */
  readonly #maker: string;
  constructor(items: Iterable<Value>, typeName = "generator", maker = "") {
    super();
    this.#iterator = items[Symbol.iterator]();
    this.typeName = typeName;
    this.#maker = maker;
  }
  override repr(): string {
    return `<${this.typeName} object ${this.#maker === "" ? "" : `${this.#maker} `}at ${ADDRESS}>`;
  }
  /** The next value, or undefined at the end. */
  next(): Value | undefined {
    const { done, value } = this.#iterator.next();
    return done ? undefined : value;
  }
  // Without `return`, so that leaving a loop early leaves the rest for the next.
  override iterate(): Iterable<Value> {
    return { [Symbol.iterator]: () => ({ next: () => this.#iterator.next() }) };
  }
}

/** What is undefined: it prints as nothing and is empty; anything else done with it is an error. */
export class Undefined extends PyObject {
  readonly typeName = "Undefined";
  override readonly module = "jinja2.runtime.";
  readonly #hint: string | (() => string);
  readonly #kind: "UndefinedError" | "SecurityError";
  constructor(hint: string | (() => string), kind: "UndefinedError" | "SecurityError" = "UndefinedError") {
    super();
    this.#hint = hint;
    this.#kind = kind;
  }
  fail(): never {
    throw new TemplateError(this.#kind, typeof this.#hint === "string" ? this.#hint : this.#hint());
  }
  override text(): string {
    return "";
  }
  override repr(): string {
    return "Undefined";
  }
  override size(): number {
    return 0;
  }
  override iterate(): Iterable<Value> {
    return [];
  }
  override item(): Value {
    return this.fail();
  }
  override call(): Value {
    return this.fail();
  }
}

/** What is undefined where anything done with it is an error, but for asking whether it is defined. */
class StrictUndefined extends Undefined {
  override text(): string {
    return this.fail();
  }
  override size(): number {
    return this.fail();
  }
  override iterate(): Iterable<Value> {
    return this.fail();
  }
}

/** Something undefined, as strict as the rendering is. */
export function undefinedIn(runtime: Runtime, hint: string | (() => string)): Undefined {
  return runtime.strict ? new StrictUndefined(hint) : new Undefined(hint);
}

/** A function, a bound method or a type that can be called. */
export class Callable extends PyObject {
  readonly typeName = "builtin_function_or_method";
  readonly name: string;
  readonly #call: (args: Value[], kwargs: Kwargs, runtime: Runtime) => Value;
  readonly #shown: (runtime: Runtime) => string;
  constructor(
    name: string,
    call: (args: Value[], kwargs: Kwargs, runtime: Runtime) => Value,
    shown: (runtime: Runtime) => string,
  ) {
    super();
    this.name = name;
    this.#call = call;
    this.#shown = shown;
  }
  override call(args: Value[], kwargs: Kwargs, runtime: Runtime): Value {
    return this.#call(args, kwargs, runtime);
  }
  override repr(runtime: Runtime): string {
    return this.#shown(runtime);
  }
}

/** bytes, which str.encode gives. */
export class Bytes extends PyObject {
  readonly typeName = "bytes";
  readonly data: Uint8Array;
  constructor(data: Uint8Array) {
    super();
    this.data = data;
  }
  override size(): number {
    return this.data.length;
  }
  override iterate(): Iterable<Value> {
    return this.data;
  }
}

/** The text of a str or of Markup, or undefined. */
export function textOf(value: Value): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof Markup ? value.value : undefined;
}

/** The items of a list or a tuple, or undefined. */
export function itemsOf(value: Value): readonly Value[] | undefined {
  if (Array.isArray(value)) return value;
  return value instanceof Tuple ? value.items : undefined;
}

/** The name of a value's type. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case "string":
      return "str";
    case "boolean":
      return "bool";
    case "number":
    case "bigint":
      return "int";
    default:
      if (value === null) return "NoneType";
      return Array.isArray(value) ? "list" : value.typeName;
  }
}

/** A value's type in messages about what it lacks: "str object". */
export function describeType(value: Value): string {
  if (value === null) return "None";
  return `${value instanceof PyObject ? value.module : ""}${typeName(value)} object`;
}

/** Whether a value counts as true. */
export function truth(value: Value): boolean {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      return value !== "";
    case "number":
      return value !== 0;
    case "bigint":
      return true;
    default:
      if (value === null) return false;
      if (Array.isArray(value)) return value.length > 0;
      if (value instanceof Float) return value.value !== 0;
      if (value instanceof Markup) return value.value !== "";
      return value.size === undefined || value.size() > 0;
  }
}

/** What a loop runs over: a dict gives its keys, text its characters, undefined nothing. */
export function iterate(value: Value): Iterable<Value> {
  if (Array.isArray(value)) return value;
  if (typeof value === "string") return value;
  if (value instanceof Markup) return value.value;
  if (value instanceof PyObject && value.iterate) return value.iterate();
  throw typeError(`'${typeName(value)}' object is not iterable`);
}

/** All that a value runs over, as a new list. */
export function listOf(value: Value, runtime: Runtime): Value[] {
  const list: Value[] = [];
  const known = itemsOf(value)?.length ?? textOf(value)?.length;
  if (known !== undefined) runtime.budget.hold(known);
  for (const item of iterate(value)) {
    if (known === undefined) runtime.budget.hold(1);
    list.push(item);
  }
  return list;
}

/** A number of JavaScript as an int of Python: exact, and a bigint only where it must be. */
export function toInt(value: number | bigint): number | bigint {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : BigInt(value);
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}
