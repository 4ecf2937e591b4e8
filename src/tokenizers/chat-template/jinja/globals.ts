// The functions of every template: Jinja2's range, dict, namespace ..., and transformers' own.

import { bindArguments, define, functionOf, shownFunction, signature } from "./arguments.ts";
import { dictTypeAttribute } from "./attributes.ts";
import { Dict } from "./dict.ts";
import { TemplateError, typeError, valueError } from "./errors.ts";
import { indexOf, needText } from "./numbers.ts";
import { repr, str } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { strftime } from "./strftime.ts";
import {
  Callable,
  iterate,
  type Kwargs,
  Markup,
  PyObject,
  Range,
  Tuple,
  truth,
  Undefined,
  type Value,
} from "./values.ts";

/** The sandbox's longest range. */
const MAX_RANGE = 100_000;

function range(args: Value[], kwargs: Kwargs): Value {
  if (kwargs.size > 0) throw typeError("safe_range() got an unexpected keyword argument");
  if (args.length === 0) throw typeError("range expected at least 1 argument, got 0");
  if (args.length > 3) throw typeError(`range expected at most 3 arguments, got ${args.length}`);
  const [start, stop, step = 1] = args.length === 1 ? [0, indexOf(args[0])] : args.map(indexOf);
  if (step === 0) throw valueError("range() arg 3 must not be zero");
  const made = new Range(start, stop, step);
  if (made.length > MAX_RANGE) {
    throw new TemplateError(
      "OverflowError",
      `Range too big. The sandbox blocks ranges larger than MAX_RANGE (${MAX_RANGE}).`,
    );
  }
  return made;
}

/** dict(pairs or a dict, name=value). */
function makeDict(name: string, args: Value[], kwargs: Kwargs, runtime: Runtime): Dict {
  if (args.length > 1) throw typeError(`${name} expected at most 1 argument, got ${args.length}`);
  const dict = new Dict();
  const [source] = args;
  if (source instanceof Undefined) source.fail();
  if (source instanceof Dict) for (const [key, value] of source.entries()) dict.set(key, value);
  else if (source !== undefined) {
    let n = 0;
    for (const pair of iterate(source)) {
      const items = [...iterate(pair)];
      if (items.length !== 2) {
        throw valueError(
          `dictionary update sequence element #${n} has length ${items.length}; 2 is required`,
        );
      }
      dict.set(items[0], items[1]);
      n++;
    }
  }
  for (const [key, value] of kwargs) dict.set(key, value);
  runtime.budget.hold(dict.size());
  return dict;
}

/** The type dict itself. */
class DictType extends Callable {
  constructor() {
    super(
      "dict",
      (args, kwargs, runtime) => makeDict("dict", args, kwargs, runtime),
      () => "<class 'dict'>",
    );
  }
  override attribute(name: string): Value | undefined {
    return dictTypeAttribute(name) ?? refusedMethod(name);
  }
  override item(key: Value): Value {
    return new DictAlias(key);
  }
}

/** The methods with which the type would change a dict that it is given; Jinja2's sandbox has a hole there. */
function refusedMethod(name: string): Undefined | undefined {
  if (!["clear", "pop", "popitem", "setdefault", "update", "mro"].includes(name)) return undefined;
  return new Undefined(`access to attribute '${name}' of 'type' object is unsafe.`, "SecurityError");
}

/** dict[key, value]: the type dict with a note of what it holds. */
class DictAlias extends Callable {
  constructor(key: Value) {
    super(
      "dict",
      (args, kwargs, runtime) => makeDict("dict", args, kwargs, runtime),
      (runtime) => {
        const items = key instanceof Tuple && key.items.length > 0 ? key.items : [key];
        return `dict[${items.map((item) => (item instanceof DictType ? "dict" : repr(item, runtime))).join(", ")}]`;
      },
    );
  }
  override attribute(name: string): Value | undefined {
    return dictTypeAttribute(name);
  }
}

/** A namespace, the one thing whose attributes a template can set. */
export class Namespace extends PyObject {
  readonly typeName = "Namespace";
  override readonly module = "jinja2.utils.";
  readonly #attributes: Dict;
  constructor(attributes: Dict) {
    super();
    this.#attributes = attributes;
  }
  set(name: string, value: Value): void {
    this.#attributes.set(name, value);
  }
  override attribute(name: string): Value | undefined {
    return this.#attributes.get(name);
  }
  override repr(runtime: Runtime): string {
    return `<Namespace ${repr(this.#attributes, runtime)}>`;
  }
}

/** Values one after the other, over and over. */
class Cycler extends PyObject {
  readonly typeName = "Cycler";
  override readonly module = "jinja2.utils.";
  readonly #items: readonly Value[];
  #position = 0;
  constructor(items: readonly Value[]) {
    super();
    if (items.length === 0) throw new TemplateError("RuntimeError", "at least one item has to be provided");
    this.#items = items;
  }
  override attribute(name: string): Value | undefined {
    switch (name) {
      case "current":
        return this.#items[this.#position];
      case "items":
        return new Tuple(this.#items);
      case "pos":
        return this.#position;
      case "next":
        return this.#method("next", () => this.#next());
      case "reset":
        return this.#method("reset", () => this.#reset());
      default:
        return undefined;
    }
  }
  #method(name: string, run: () => Value): Callable {
    const call = define("", run);
    const shown = (runtime: Runtime) => `<bound method Cycler.${name} of ${this.repr(runtime)}>`;
    return new Callable(
      name,
      (args, kwargs, runtime) => call.run(bindArguments(name, call.signature, args, kwargs), runtime),
      shown,
    );
  }
  #next(): Value {
    const value = this.#items[this.#position];
    this.#position = (this.#position + 1) % this.#items.length;
    return value;
  }
  #reset(): Value {
    this.#position = 0;
    return null;
  }
}

/** Nothing at the first call, the separator at all others. */
class Joiner extends PyObject {
  readonly typeName = "Joiner";
  override readonly module = "jinja2.utils.";
  readonly #separator: Value;
  #used = false;
  constructor(separator: Value) {
    super();
    this.#separator = separator;
  }
  override attribute(name: string): Value | undefined {
    if (name === "sep") return this.#separator;
    return name === "used" ? this.#used : undefined;
  }
  override call(args: Value[], kwargs: Kwargs): Value {
    if (args.length > 0 || kwargs.size > 0) throw typeError("Joiner.__call__() takes 1 positional argument");
    if (this.#used) return this.#separator;
    this.#used = true;
    return "";
  }
}

const WORDS = (
  "a ac accumsan ad adipiscing aenean aliquam aliquet amet ante aptent arcu at auctor augue bibendum blandit class " +
  "commodo condimentum congue consectetuer consequat conubia convallis cras cubilia cum curabitur curae cursus dapibus"
).split(" ");

/** Filler text, always the same. */
function lipsum([n, html, min, max]: Value[], runtime: Runtime): Value {
  const count = Math.max(0, indexOf(n));
  const [least, most] = [indexOf(min), indexOf(max)];
  if (most <= least) throw valueError(`empty range for randrange() (${least}, ${most}, ${most - least})`);
  runtime.budget.make(count * Math.max(1, least) * 12);
  const paragraphs = Array.from({ length: count }, (_, i) => {
    const words = Array.from(
      { length: Math.max(0, least) },
      (_unused, j) => WORDS[(i * 7 + j * 5) % WORDS.length],
    );
    const text = words.join(" ");
    return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
  });
  if (!truth(html)) return paragraphs.join("\n\n");
  return new Markup(paragraphs.map((paragraph) => `<p>${paragraph}</p>`).join("\n"));
}

/** A type whose calls make an object. */
function type(name: string, make: (args: Value[], kwargs: Kwargs, runtime: Runtime) => Value): Callable {
  return new Callable(name, make, () => `<class 'jinja2.utils.${name}'>`);
}

const JOINER = signature("sep=', '");

/** The globals. `now` is what strftime_now takes for the present. */
export function createGlobals(now: () => Date): Map<string, Value> {
  return new Map<string, Value>([
    ["range", new Callable("safe_range", range, shownFunction("safe_range"))],
    ["dict", new DictType()],
    ["lipsum", functionOf("generate_lorem_ipsum", define("n=5, html=True, min=20, max=100", lipsum))],
    [
      "namespace",
      type("Namespace", (args, kwargs, runtime) => new Namespace(makeDict("dict", args, kwargs, runtime))),
    ],
    [
      "cycler",
      type("Cycler", (args, kwargs) => {
        if (kwargs.size > 0) throw typeError("Cycler.__init__() got an unexpected keyword argument");
        return new Cycler(args);
      }),
    ],
    [
      "joiner",
      type("Joiner", (args, kwargs) => new Joiner(bindArguments("Joiner", JOINER, args, kwargs)[0])),
    ],
    ["raise_exception", functionOf("raise_exception", define("message", raiseException))],
    [
      "strftime_now",
      functionOf(
        "strftime_now",
        define("format", ([format]) =>
          strftime(
            now(),
            needText(format, (name) => `strftime() argument 1 must be str, not ${name}`),
          ),
        ),
      ),
    ],
  ]);
}

function raiseException([message]: Value[], runtime: Runtime): Value {
  if (message instanceof Undefined) throw new TemplateError("TemplateError", "");
  throw new TemplateError("TemplateError", str(message, runtime));
}
