// Python's "{0.name:>5}".format(values), with the sandbox's way to attributes and items.

import { TemplateError, valueError } from "./errors.ts";
import { formatValue } from "./format-spec.ts";
import { asciiEscape } from "./literals.ts";
import { repr, str, toMarkup } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { Markup, type Value } from "./values.ts";

/** Where the values come from, and how their attributes and items are read. */
export interface FormatSource {
  readonly args: readonly Value[];
  named(key: string): Value;
  attribute(object: Value, name: string): Value;
  item(object: Value, key: Value): Value;
}

/** repr() with everything but ASCII escaped. */
export function asciiRepr(value: Value, runtime: Runtime): string {
  return repr(value, runtime).replace(/[^\0-\x7f]/gu, asciiEscape);
}

/** format.format(...). With `markup`, what is filled in is escaped. */
export function braceFormat(format: string, source: FormatSource, runtime: Runtime, markup: boolean): string {
  return new BraceFormatter(source, runtime, markup).format(format, 2);
}

class BraceFormatter {
  readonly #source: FormatSource;
  readonly #runtime: Runtime;
  readonly #markup: boolean;
  /** The number of the next field without one; false once fields have numbers. */
  #auto: number | false = 0;

  constructor(source: FormatSource, runtime: Runtime, markup: boolean) {
    this.#source = source;
    this.#runtime = runtime;
    this.#markup = markup;
  }

  format(format: string, depth: number): string {
    if (depth < 0) throw valueError("Max string recursion exceeded");
    let out = "";
    let at = 0;
    while (at < format.length) {
      const character = format[at];
      if (character !== "{" && character !== "}") {
        const next = format.slice(at).search(/[{}]/);
        const end = next < 0 ? format.length : at + next;
        out += format.slice(at, end);
        at = end;
      } else if (format[at + 1] === character) {
        out += character;
        at += 2;
      } else if (character === "}" || at + 1 === format.length) {
        throw valueError(`Single '${character}' encountered in format string`);
      } else {
        const field = readField(format, at + 1);
        out += this.#field(field, depth);
        at = field.end;
      }
    }
    this.#runtime.budget.make(out.length);
    return out;
  }

  #field({ name, conversion, spec }: Field, depth: number): string {
    this.#runtime.budget.step();
    let value = this.#lookUp(this.#number(name));
    if (conversion === "s") value = str(value, this.#runtime);
    else if (conversion === "r") value = repr(value, this.#runtime);
    else if (conversion === "a") value = asciiRepr(value, this.#runtime);
    else if (conversion !== "") throw valueError(`Unknown conversion specifier ${conversion}`);
    const resolved = this.format(spec, depth - 1);
    if (!this.#markup) return formatValue(value, resolved, this.#runtime);
    if (value instanceof Markup) {
      if (resolved !== "") throw valueError("Unsupported format specification for Markup.");
      return value.value;
    }
    return toMarkup(formatValue(value, resolved, this.#runtime), this.#runtime).value;
  }

  #number(name: string): string {
    const switched = "cannot switch from manual field specification to automatic field numbering";
    if (name === "") {
      if (this.#auto === false) throw valueError(switched);
      return String(this.#auto++);
    }
    if (/^\p{Nd}+$/u.test(name)) {
      if (this.#auto) throw valueError(switched);
      this.#auto = false;
    }
    return name;
  }

  #lookUp(name: string): Value {
    const first = (/^[^.[]*/.exec(name) as RegExpExecArray)[0];
    let value = this.#first(first);
    let at = first.length;
    while (at < name.length) {
      if (name[at] === ".") {
        const attribute = (/^[^.[]*/.exec(name.slice(at + 1)) as RegExpExecArray)[0];
        if (attribute === "") throw valueError("Empty attribute in format string");
        value = this.#source.attribute(value, attribute);
        at += 1 + attribute.length;
      } else if (name[at] === "[") {
        const end = name.indexOf("]", at);
        if (end < 0) throw valueError("Missing ']' in format string");
        const key = name.slice(at + 1, end);
        if (key === "") throw valueError("Empty attribute in format string");
        value = this.#source.item(value, integerKey(key) ?? key);
        at = end + 1;
      } else throw valueError("Only '.' or '[' may follow ']' in format field specifier");
    }
    return value;
  }

  #first(name: string): Value {
    const index = integerKey(name);
    if (index === undefined) return this.#source.named(name);
    const { args } = this.#source;
    if (index >= args.length) throw new TemplateError("IndexError", "tuple index out of range");
    return args[index];
  }
}

function integerKey(text: string): number | undefined {
  if (!/^[0-9]+$/.test(text)) return undefined;
  if (text.length > 15) throw valueError("Too many decimal digits in format string");
  return Number(text);
}

interface Field {
  name: string;
  conversion: string;
  spec: string;
  end: number;
}

/** The field that begins at `start`, behind its brace. */
function readField(format: string, start: number): Field {
  let at = start;
  for (; at < format.length && !":!}".includes(format[at]); at++) {
    if (format[at] === "{") throw valueError("unexpected '{' in field name");
    if (format[at] === "[") {
      const close = format.indexOf("]", at);
      at = close < 0 ? format.length - 1 : close;
    }
  }
  if (at >= format.length) throw valueError("expected '}' before end of string");
  const name = format.slice(start, at);
  let conversion = "";
  if (format[at] === "!") {
    conversion = format[at + 1] ?? "";
    if (conversion === "" || conversion === "}") {
      throw valueError(
        conversion === ""
          ? "end of string while looking for conversion specifier"
          : "unmatched '{' in format spec",
      );
    }
    at += 2;
    if (at >= format.length) throw valueError("unmatched '{' in format spec");
    if (format[at] !== "}" && format[at] !== ":") throw valueError("expected ':' after conversion specifier");
  }
  if (format[at] === "}") return { name, conversion, spec: "", end: at + 1 };
  const from = at + 1;
  let open = 1;
  for (at = from; at < format.length; at++) {
    if (format[at] === "{") open++;
    else if (format[at] === "}" && --open === 0) {
      return { name, conversion, spec: format.slice(from, at), end: at + 1 };
    }
  }
  throw valueError("unmatched '{' in format spec");
}
