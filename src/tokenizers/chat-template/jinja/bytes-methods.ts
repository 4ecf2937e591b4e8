// The methods of bytes: those of str, on text in which only ASCII has a meaning.

import { type Definition, define } from "./arguments.ts";
import { decodeBytes } from "./codecs.ts";
import { typeError, valueError } from "./errors.ts";
import { indexOf, intOf, needText } from "./numbers.ts";
import { STR_METHODS } from "./str-methods.ts";
import { Bytes, itemsOf, iterate, Tuple, textOf, typeName, type Value } from "./values.ts";

/** Bytes that str would take for letters, blanks or line ends stand here, where nothing has a meaning. */
const PRIVATE = 0xe000;

/** Bytes as text, one character each. */
function toText({ data }: Bytes, strange: (byte: number) => boolean): string {
  return Array.from(data, (byte) => String.fromCharCode(strange(byte) ? PRIVATE + byte : byte)).join("");
}

const NONE = new Bytes(new Uint8Array());

const beyondAscii = (byte: number) => byte >= 0x80 || (byte >= 0x1c && byte <= 0x1f);
const noLineEnd = (byte: number) => beyondAscii(byte) || byte === 0x0b || byte === 0x0c;

function fromText(text: string): Bytes {
  return new Bytes(Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff));
}

function wrap(value: Value): Value {
  if (typeof value === "string") return fromText(value);
  if (Array.isArray(value)) return value.map(wrap);
  return value instanceof Tuple ? new Tuple(value.items.map(wrap)) : value;
}

/** An argument for str's method: bytes become text, and so does a byte where one is searched for. */
function unwrap(value: Value, i: number, name: string): Value {
  if (value instanceof Bytes) return toText(value, beyondAscii);
  if (textOf(value) !== undefined) throw typeError("a bytes-like object is required, not 'str'");
  const byte = SEARCHES.has(name) && i === 0 ? intOf(value) : undefined;
  if (byte !== undefined) {
    if (byte < 0 || byte > 255) throw valueError("byte must be in range(0, 256)");
    return toText(new Bytes(Uint8Array.of(Number(byte))), beyondAscii);
  }
  const items =
    value instanceof Tuple || name === "join" ? (itemsOf(value) ?? [...iterate(value)]) : undefined;
  return items ? new Tuple(items.map((item) => unwrap(item, 1, name))) : value;
}

const SEARCHES: ReadonlySet<string> = new Set("count find index rfind rindex".split(" "));

const SHARED = (
  "capitalize center count endswith expandtabs find index isalnum isalpha isdigit islower isspace istitle isupper join " +
  "ljust lower lstrip partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split " +
  "splitlines startswith strip swapcase title upper zfill"
).split(" ");

function shared(name: string): Definition {
  const { signature, run } = STR_METHODS[name];
  const fills = name === "center" || name === "ljust" || name === "rjust";
  return {
    signature,
    run: ([self, ...args], runtime) => {
      // Bytes become text and bytes again, which takes several times as long as text alone.
      runtime.budget.make((self as Bytes).size() * 8);
      const text = toText(self as Bytes, name === "splitlines" ? noLineEnd : beyondAscii);
      // What fills a field is a str by default.
      const given = args.map((arg, i) => (fills && arg === " " ? " " : unwrap(arg, i, name)));
      return wrap(run([text, ...given], runtime));
    },
  };
}

function bytesOf(value: Value): Uint8Array {
  if (value instanceof Bytes) return value.data;
  throw typeError(`a bytes-like object is required, not '${typeName(value)}'`);
}

function hex([self, separator, group]: Value[]): Value {
  const pairs = Array.from(bytesOf(self), (byte) => byte.toString(16).padStart(2, "0"));
  if (separator === null) return pairs.join("");
  const between =
    separator instanceof Bytes
      ? toText(separator, () => false)
      : needText(separator, () => "sep must be str or bytes.");
  if (between.length !== 1) throw valueError("sep must be length 1.");
  const size = indexOf(group);
  if (size === 0) return pairs.join("");
  const rest = size > 0 ? pairs.length % size : 0;
  const groups: string[] = rest > 0 ? [pairs.slice(0, rest).join("")] : [];
  const step = Math.abs(size);
  for (let i = rest; i < pairs.length; i += step) groups.push(pairs.slice(i, i + step).join(""));
  return groups.join(between);
}

function translate([self, table, dropped]: Value[]): Value {
  const map = table === null ? undefined : bytesOf(table);
  if (map && map.length !== 256) throw valueError("translation table must be 256 characters long");
  const drop = new Set(bytesOf(dropped));
  const kept = bytesOf(self).filter((byte) => !drop.has(byte));
  return new Bytes(map ? kept.map((byte) => map[byte]) : kept);
}

function makeTranslation([, from, to]: Value[]): Value {
  const [source, target] = [bytesOf(from), bytesOf(to)];
  if (source.length !== target.length) throw valueError("maketrans arguments must have same length");
  const table = Uint8Array.from({ length: 256 }, (_, i) => i);
  source.forEach((byte, i) => {
    table[byte] = target[i];
  });
  return new Bytes(table);
}

function fromHex([, text]: Value[]): Value {
  const given = needText(text, (type) => `fromhex() argument must be str, not ${type}`);
  const digits = given.replace(/[ \t-\r]/g, "");
  const wrong = digits.search(/[^0-9a-fA-F]/);
  if (wrong >= 0 || digits.length % 2 > 0) {
    throw valueError(
      `non-hexadecimal number found in fromhex() arg at position ${wrong < 0 ? given.length : wrong}`,
    );
  }
  return new Bytes(Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
}

/** The methods of bytes by name. */
export const BYTES_METHODS: Readonly<Record<string, Definition>> = {
  ...Object.fromEntries(SHARED.map((name) => [name, shared(name)])),
  decode: define("self, encoding='utf-8', errors='strict'", ([self, encoding, errors], runtime) => {
    runtime.budget.make(bytesOf(self).length);
    const text = (value: Value) => needText(value, (type) => `decode() argument must be str, not ${type}`);
    return decodeBytes(bytesOf(self), text(encoding), text(errors));
  }),
  fromhex: define("self, string, /", (args, runtime) => {
    runtime.budget.make(textOf(args[1])?.length ?? 0);
    return fromHex(args);
  }),
  hex: define("self, sep=None, bytes_per_sep=1", (args, runtime) => {
    runtime.budget.make(bytesOf(args[0]).length * 3);
    return hex(args);
  }),
  isascii: define("self, /", ([self], runtime) => {
    runtime.budget.make(bytesOf(self).length);
    return bytesOf(self).every((byte) => byte < 0x80);
  }),
  maketrans: define("self, frm, to, /", makeTranslation),
  translate: define("self, table, delete=None", ([self, table, dropped], runtime) => {
    runtime.budget.make(bytesOf(self).length);
    return translate([self, table, dropped ?? NONE]);
  }),
};
