// Attributes and items as the sandbox gives them out: nothing private, nothing that changes values.

import { boundMethod, type Definition, define, functionOf, shownFunction } from "./arguments.ts";
import { braceFormat } from "./brace-format.ts";
import { BYTES_METHODS } from "./bytes-methods.ts";
import { compare, contains, equals } from "./comparison.ts";
import { Complex } from "./complex.ts";
import { Dict, DictView, PySet } from "./dict.ts";
import { isError, TemplateError, typeError, valueError } from "./errors.ts";
import { floatAttribute, intAttribute } from "./number-methods.ts";
import { indexOf, intOf } from "./numbers.ts";
import { quote, repr } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { markupMethod, strMethod } from "./str-methods.ts";
import { subscript } from "./subscript.ts";
import {
  ADDRESS,
  Bytes,
  Callable,
  describeType,
  Float,
  iterate,
  type Kwargs,
  Markup,
  PyObject,
  Range,
  Tuple,
  textOf,
  typeName,
  Undefined,
  undefinedIn,
  type Value,
} from "./values.ts";

/** Something undefined because `object` has no such attribute or item. */
export function missingItem(object: Value, key: Value, runtime: Runtime): Undefined {
  return undefinedIn(runtime, () => {
    const text = textOf(key);
    if (text === undefined) return `${describeType(object)} has no element ${repr(key, runtime)}`;
    return `'${describeType(object)}' has no attribute ${quote(text)}`;
  });
}

/** What the sandbox gives in place of an attribute that it keeps. */
function unsafe(object: Value, name: string): Undefined {
  const message = `access to attribute ${quote(name)} of '${typeName(object)}' object is unsafe.`;
  return new Undefined(message, "SecurityError");
}

/** object.name: an attribute, else the item of that name. */
export function getAttribute(object: Value, name: string, runtime: Runtime): Value {
  const attribute = safeAttribute(object, name, runtime);
  if (attribute !== undefined) return attribute;
  const item = itemOrUndefined(object, name, runtime);
  return item === undefined ? missingItem(object, name, runtime) : item;
}

/** object[key]: the item, else the attribute of that name. */
export function getItem(object: Value, key: Value, runtime: Runtime): Value {
  const item = itemOrUndefined(object, key, runtime);
  if (item !== undefined) return item;
  const name = textOf(key);
  const attribute = name === undefined ? undefined : safeAttribute(object, name, runtime);
  return attribute === undefined ? missingItem(object, key, runtime) : attribute;
}

function itemOrUndefined(object: Value, key: Value, runtime: Runtime): Value | undefined {
  if (object instanceof Dict && typeof key === "string") return object.get(key);
  try {
    return subscript(object, key, runtime);
  } catch (error) {
    if (isError(error, "TypeError", "IndexError", "KeyError", "LookupError")) return undefined;
    throw error;
  }
}

/** An attribute without the items; undefined where there is none. */
export function safeAttribute(object: Value, name: string, runtime: Runtime): Value | undefined {
  if (name.startsWith("_")) {
    if (hasPrivate(object, name)) return unsafe(object, name);
    if (object instanceof Undefined && !(name.startsWith("__") && name.endsWith("__"))) return object.fail();
  } else if (changes(object, name)) return unsafe(object, name);
  return attributeOf(object, name, runtime);
}

const OBJECT_NAMES: ReadonlySet<string> = new Set(
  (
    "__class__ __delattr__ __dir__ __doc__ __eq__ __format__ __ge__ __getattribute__ __getstate__ __gt__ __hash__ " +
    "__init__ __init_subclass__ __le__ __lt__ __ne__ __new__ __reduce__ __reduce_ex__ __repr__ __setattr__ " +
    "__sizeof__ __str__ __subclasshook__"
  ).split(" "),
);
const NUMBER_NAMES =
  "__abs__ __add__ __bool__ __float__ __int__ __mul__ __neg__ __pos__ __pow__ __sub__ __mod__".split(" ");
const SEQUENCE_NAMES = "__add__ __contains__ __getitem__ __iter__ __len__ __mul__".split(" ");
const UNDEFINED_NAMES = (
  "_undefined_hint _undefined_obj _undefined_name _undefined_exception _undefined_message " +
  "_fail_with_undefined_error __add__ __call__ __getitem__ __iter__ __len__ __bool__ __int__ __float__ __getattr__ " +
  "__module__ __slots__ __mul__ __sub__ __mod__ __pow__ __neg__ __pos__ __complex__"
).split(" ");

/** Whether Python has an attribute of this private name. */
function hasPrivate(object: Value, name: string): boolean {
  if (typeName(object) === "Namespace") return name === "__class__" || name === "_Namespace__attrs";
  if (OBJECT_NAMES.has(name)) return true;
  if (object instanceof Undefined) return UNDEFINED_NAMES.includes(name);
  if (intOf(object) !== undefined || object instanceof Float) return NUMBER_NAMES.includes(name);
  if (
    textOf(object) !== undefined ||
    Array.isArray(object) ||
    object instanceof Tuple ||
    object instanceof Dict
  ) {
    return (
      SEQUENCE_NAMES.slice(1, 5).includes(name) ||
      (!(object instanceof Dict) && SEQUENCE_NAMES.includes(name)) ||
      (object instanceof Markup && ["__html__", "__html_format__", "__module__"].includes(name))
    );
  }
  if (object instanceof Callable) return name === "__call__" || name === "__name__";
  return false;
}

const LIST_CHANGES = new Set("append clear pop reverse insert sort extend remove".split(" "));
const DICT_CHANGES = new Set("clear pop popitem setdefault update".split(" "));
const SET_CHANGES = new Set(
  "add clear difference_update discard pop remove symmetric_difference_update update".split(" "),
);

function changes(object: Value, name: string): boolean {
  if (Array.isArray(object)) return LIST_CHANGES.has(name);
  if (object instanceof Dict) return DICT_CHANGES.has(name);
  return object instanceof PySet && SET_CHANGES.has(name);
}

/** A bound method from a table, or undefined. */
function bound(
  methods: Readonly<Record<string, Definition>>,
  object: Value,
  name: string,
): Value | undefined {
  return Object.hasOwn(methods, name) ? boundMethod(name, methods[name], object) : undefined;
}

function attributeOf(object: Value, name: string, runtime: Runtime): Value | undefined {
  if (object instanceof Dict) return bound(DICT_METHODS, object, name);
  if (typeof object === "string") {
    return name === "format" || name === "format_map" ? formatMethod(object, name) : strMethod(object, name);
  }
  if (object === null) return undefined;
  if (Array.isArray(object))
    return bound(SEQUENCE_METHODS, object, name) ?? bound(LIST_METHODS, object, name);
  if (typeof object !== "object") return intAttribute(object, name);
  if (object instanceof Markup) {
    return name === "format" || name === "format_map"
      ? formatMethod(object, name)
      : markupMethod(object, name);
  }
  if (object instanceof Undefined) return object.fail();
  if (object instanceof Float) return floatAttribute(object, name);
  if (object instanceof Tuple || object instanceof Range) {
    const own = object.attribute(name);
    return own === undefined
      ? bound(object instanceof Tuple ? SEQUENCE_METHODS : RANGE_METHODS, object, name)
      : own;
  }
  if (object instanceof DictView)
    return object.kind === "values" ? undefined : bound(VIEW_METHODS, object, name);
  if (object instanceof PySet) return bound(SET_METHODS, object, name);
  if (object instanceof Bytes) return bound(BYTES_METHODS, object, name);
  if (object instanceof Complex && name === "conjugate") {
    return boundMethod(
      name,
      define("self, /", () => new Complex(object.real, -object.imaginary)),
      object,
    );
  }
  return object.attribute(name, runtime);
}

/** str.format and format_map, which read attributes through the sandbox. */
function formatMethod(object: string | Markup, name: string): Callable {
  const text = textOf(object) as string;
  return new Callable(
    name,
    (args, kwargs, runtime) => {
      let named = (key: string): Value => {
        const value = kwargs.get(key);
        if (value === undefined) throw new TemplateError("KeyError", quote(key));
        return value;
      };
      let given = args;
      if (name === "format_map") {
        if (kwargs.size > 0) throw typeError("format_map() takes no keyword arguments");
        if (args.length !== 1)
          throw typeError(`format_map() takes exactly one argument (${args.length} given)`);
        const [mapping] = args;
        named = (key) => subscript(mapping, key, runtime);
        given = [];
      }
      const source = {
        args: given,
        named,
        attribute: (value: Value, key: string) => getAttribute(value, key, runtime),
        item: (value: Value, key: Value) => getItem(value, key, runtime),
      };
      const out = braceFormat(text, source, runtime, object instanceof Markup);
      return object instanceof Markup ? new Markup(out) : out;
    },
    shownFunction(`${typeName(object)}.${name}`),
  );
}

const DICT_METHODS: Readonly<Record<string, Definition>> = {
  copy: define("self, /", ([self]) => new Dict((self as Dict).entries())),
  get: define("self, key, default=None, /", ([self, key, fallback]) => {
    const value = (self as Dict).get(key);
    return value === undefined ? fallback : value;
  }),
  items: define("self, /", ([self]) => new DictView(self as Dict, "items")),
  keys: define("self, /", ([self]) => new DictView(self as Dict, "keys")),
  values: define("self, /", ([self]) => new DictView(self as Dict, "values")),
  fromkeys: define("self, iterable, value=None, /", ([, keys, value], runtime) => {
    const dict = new Dict();
    for (const key of iterate(keys)) {
      runtime.budget.hold(1);
      dict.set(key, value);
    }
    return dict;
  }),
};

/** dict.fromkeys and the like, of the type itself. */
export function dictTypeAttribute(name: string): Value | undefined {
  if (!Object.hasOwn(DICT_METHODS, name)) return undefined;
  const definition = DICT_METHODS[name];
  if (name !== "fromkeys") return functionOf(name, definition, () => `<method '${name}' of 'dict' objects>`);
  const run: Definition["run"] = (args, runtime) => definition.run([null, ...args], runtime);
  return functionOf(
    name,
    define("iterable, value=None, /", run),
    () => `<built-in method fromkeys of type object at ${ADDRESS}>`,
  );
}

const SEQUENCE_METHODS: Readonly<Record<string, Definition>> = {
  count: define("self, value, /", ([self, value], runtime) => {
    let count = 0;
    for (const item of iterate(self)) if (equals(item, value, runtime)) count++;
    return count;
  }),
  index: define("self, value, start=0, stop=9007199254740991, /", ([self, value, start, stop], runtime) => {
    const items = [...iterate(self)];
    const clip = (at: number) => (at < 0 ? Math.max(0, at + items.length) : at);
    const end = Math.min(items.length, clip(indexOf(stop)));
    for (let i = clip(indexOf(start)); i < end; i++) if (equals(items[i], value, runtime)) return i;
    const kind = typeName(self);
    throw valueError(
      kind === "tuple" ? "tuple.index(x): x not in tuple" : `${repr(value, runtime)} is not in ${kind}`,
    );
  }),
};

const RANGE_METHODS: Readonly<Record<string, Definition>> = {
  count: SEQUENCE_METHODS.count,
  index: define("self, value, /", ([self, value], runtime) =>
    SEQUENCE_METHODS.index.run([self, value, 0, Number.MAX_SAFE_INTEGER], runtime),
  ),
};

const LIST_METHODS: Readonly<Record<string, Definition>> = {
  copy: define("self, /", ([self], runtime) => {
    runtime.budget.hold((self as Value[]).length);
    return [...(self as Value[])];
  }),
};

const others = (run: (self: PySet, other: PySet, runtime: Runtime) => Value) =>
  define("self, other, /", ([self, other], runtime) =>
    run(new PySet(iterate(self)), new PySet(iterate(other)), runtime),
  );

const VIEW_METHODS: Readonly<Record<string, Definition>> = {
  isdisjoint: define("self, other, /", ([self, other], runtime) => {
    for (const item of iterate(other)) if (contains(self, item, runtime)) return false;
    return true;
  }),
};

const SET_METHODS: Readonly<Record<string, Definition>> = {
  copy: define("self, /", ([self]) => new PySet(iterate(self))),
  difference: others((self, other) => new PySet([...self.iterate()].filter((item) => !other.has(item)))),
  intersection: others((self, other) => new PySet([...self.iterate()].filter((item) => other.has(item)))),
  isdisjoint: others(
    (self, other, runtime) => ![...other.iterate()].some((item) => contains(self, item, runtime)),
  ),
  issubset: others((self, other, runtime) => compare("<=", self, other, runtime)),
  issuperset: others((self, other, runtime) => compare(">=", self, other, runtime)),
  union: others((self, other) => new PySet([...self.iterate(), ...other.iterate()])),
};

/** Calls a value; what cannot be called is an error. */
export function callValue(callee: Value, args: Value[], kwargs: Kwargs, runtime: Runtime): Value {
  runtime.budget.step();
  if (callee instanceof PyObject && callee.call) return callee.call(args, kwargs, runtime);
  throw typeError(`'${typeName(callee)}' object is not callable`);
}
