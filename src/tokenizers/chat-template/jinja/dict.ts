// Python's dict and set, where 1, 1.0 and True are one key, and views of dicts.

import { BaimoError } from "../../../errors.ts";
import { typeError } from "./errors.ts";
import { Float, Iter, Markup, PyObject, Range, Tuple, typeName, Undefined, type Value } from "./values.ts";

const UNDEFINED_KEY = Symbol("undefined");
const identities = new WeakMap<object, number>();
let nextIdentity = 0;
const MAX_TOKEN = 1_000_000;

/** What a Map keeps a key under, the same for keys that Python calls equal. */
export function keyToken(key: Value): unknown {
  if (typeof key === "string") return key.charCodeAt(0) === 0 ? `\0s${key}` : key;
  if (typeof key === "boolean") return Number(key);
  if (key === null || typeof key === "number" || typeof key === "bigint") return key;
  if (key instanceof Float) {
    return Number.isInteger(key.value) && !Number.isSafeInteger(key.value) ? BigInt(key.value) : key.value;
  }
  if (key instanceof Markup) return keyToken(key.value);
  if (key instanceof Tuple) return tupleToken(key);
  if (key instanceof Range)
    return `\0r${key.length},${key.length && key.start},${key.length > 1 ? key.step : 0}`;
  if (key instanceof Undefined) return UNDEFINED_KEY;
  if (Array.isArray(key) || key instanceof Dict || key instanceof PySet || isUnhashableView(key)) {
    throw typeError(`unhashable type: '${typeName(key)}'`);
  }
  return key;
}

function isUnhashableView(value: Value): boolean {
  return value instanceof DictView && value.kind !== "values";
}

/** The tokens of a tuple's items, within a bound, since tuples may share their items without end. */
function tupleToken(tuple: Tuple): string {
  let token = "\0t";
  for (const item of tuple.items) {
    token += tokenText(keyToken(item));
    if (token.length > MAX_TOKEN)
      throw new BaimoError("request", "the chat template makes a key that is too large");
  }
  return token;
}

/** A token as a part of the token of a tuple: its kind, its length and its text. */
function tokenText(token: unknown): string {
  if (typeof token === "object" && token !== null) {
    let identity = identities.get(token);
    if (identity === undefined) {
      identity = nextIdentity++;
      identities.set(token, identity);
    }
    return `o${identity};`;
  }
  const text = String(token);
  return `${(typeof token)[0]}${text.length}:${text}`;
}

/** A dict. Nothing changes it once a template sees it. */
export class Dict extends PyObject {
  readonly typeName = "dict";
  readonly #entries = new Map<unknown, [key: Value, value: Value]>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    super();
    for (const [key, value] of entries) this.set(key, value);
  }

  set(key: Value, value: Value): void {
    const token = keyToken(key);
    const entry = this.#entries.get(token);
    if (entry) entry[1] = value;
    else this.#entries.set(token, [key, value]);
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(keyToken(key))?.[1];
  }

  has(key: Value): boolean {
    return this.#entries.has(keyToken(key));
  }

  entries(): Iterable<[Value, Value]> {
    return this.#entries.values();
  }

  override size(): number {
    return this.#entries.size;
  }

  override *iterate(): Generator<Value> {
    for (const [key] of this.#entries.values()) yield key;
  }
}

/** dict.keys(), dict.values() or dict.items(). */
export class DictView extends PyObject {
  readonly typeName: string;
  readonly dict: Dict;
  readonly kind: "keys" | "values" | "items";

  constructor(dict: Dict, kind: "keys" | "values" | "items") {
    super();
    this.dict = dict;
    this.kind = kind;
    this.typeName = `dict_${kind}`;
  }

  override size(): number {
    return this.dict.size();
  }

  override *iterate(): Generator<Value> {
    for (const [key, value] of this.dict.entries()) {
      yield this.kind === "keys" ? key : this.kind === "values" ? value : new Tuple([key, value]);
    }
  }

  /** reversed(view). */
  reversed(): Iter {
    return new Iter([...this.iterate()].reverse(), `dict_reverse${this.kind.slice(0, -1)}iterator`);
  }
}

/** A set, which only differences of views give; in the order in which it was made. */
export class PySet extends PyObject {
  readonly typeName = "set";
  readonly #items = new Map<unknown, Value>();

  constructor(items: Iterable<Value> = []) {
    super();
    for (const item of items) {
      const token = keyToken(item);
      if (!this.#items.has(token)) this.#items.set(token, item);
    }
  }

  has(item: Value): boolean {
    return this.#items.has(keyToken(item));
  }

  override size(): number {
    return this.#items.size;
  }

  override iterate(): Iterable<Value> {
    return this.#items.values();
  }
}
