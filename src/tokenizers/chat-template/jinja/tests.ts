// Jinja2's tests, which stand behind `is`.

import { type Definition, define } from "./arguments.ts";
import { PREDICATES } from "./casing.ts";
import { compare, contains, equals, type Order } from "./comparison.ts";
import { Complex } from "./complex.ts";
import { Dict } from "./dict.ts";
import { intOf } from "./numbers.ts";
import { binary } from "./operators.ts";
import { str } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { Bytes, Float, Markup, PyObject, Range, Tuple, textOf, Undefined, type Value } from "./values.ts";

const remainderIs = (value: Value, by: Value, wanted: number, runtime: Runtime) =>
  equals(binary("%", value, by, runtime), wanted, runtime);

const isBoolean = (value: Value) => typeof value === "boolean";
const isInteger = (value: Value) => typeof value === "number" || typeof value === "bigint";
const isIterable = (value: Value) =>
  typeof value === "string" ||
  Array.isArray(value) ||
  value instanceof Markup ||
  (value instanceof PyObject && value.iterate !== undefined);
const isSequence = (value: Value) =>
  textOf(value) !== undefined ||
  Array.isArray(value) ||
  value instanceof Tuple ||
  value instanceof Dict ||
  value instanceof Range ||
  value instanceof Bytes ||
  value instanceof Undefined;

const test = (run: (value: Value, runtime: Runtime) => boolean) =>
  define("value", ([value], runtime) => run(value, runtime));
const ordered = (order: Order) => define("a, b, /", ([a, b], runtime) => compare(order, a, b, runtime));
const equal = define("a, b, /", ([a, b], runtime) => equals(a, b, runtime));
const unequal = define("a, b, /", ([a, b], runtime) => !equals(a, b, runtime));

/** The text of a value whose characters are looked at one by one. */
function scanned(value: Value, runtime: Runtime): string {
  const text = str(value, runtime);
  runtime.budget.make(text.length);
  return text;
}

const PLAIN_TESTS: Readonly<Record<string, Definition>> = {
  odd: test((value, runtime) => remainderIs(value, 2, 1, runtime)),
  even: test((value, runtime) => remainderIs(value, 2, 0, runtime)),
  divisibleby: define("value, num", ([value, by], runtime) => remainderIs(value, by, 0, runtime)),
  defined: test((value) => !(value instanceof Undefined)),
  undefined: test((value) => value instanceof Undefined),
  none: test((value) => value === null),
  boolean: test(isBoolean),
  false: test((value) => value === false),
  true: test((value) => value === true),
  integer: test(isInteger),
  float: test((value) => value instanceof Float),
  lower: test((value, runtime) => PREDICATES.islower(scanned(value, runtime))),
  upper: test((value, runtime) => PREDICATES.isupper(scanned(value, runtime))),
  string: test((value) => textOf(value) !== undefined),
  mapping: test((value) => value instanceof Dict),
  number: test((value) => intOf(value) !== undefined || value instanceof Float || value instanceof Complex),
  sequence: test(isSequence),
  iterable: test(isIterable),
  callable: define("obj, /", ([value]) => value instanceof PyObject && value.call !== undefined),
  sameas: define("value, other", ([value, other]) => value === other),
  escaped: test((value) => value instanceof Markup),
  in: define("value, seq", ([value, container], runtime) => contains(container, value, runtime)),
  "==": equal,
  eq: equal,
  equalto: equal,
  "!=": unequal,
  ne: unequal,
  ">": ordered(">"),
  gt: ordered(">"),
  greaterthan: ordered(">"),
  ge: ordered(">="),
  ">=": ordered(">="),
  "<": ordered("<"),
  lt: ordered("<"),
  lessthan: ordered("<"),
  "<=": ordered("<="),
  le: ordered("<="),
};

/** A value that may be looked for in a dict; others are an error. */
function hashable(value: Value): Value {
  new Dict().has(value);
  return value;
}

/** The tests, by name; two of them ask whether a filter or a test has a name. */
export function createTests(filters: ReadonlyMap<string, unknown>): ReadonlyMap<string, Definition> {
  const tests = new Map(Object.entries(PLAIN_TESTS));
  tests.set(
    "filter",
    test((value) => filters.has(textOf(hashable(value)) ?? "")),
  );
  tests.set(
    "test",
    test((value) => tests.has(textOf(hashable(value)) ?? "")),
  );
  return tests;
}
