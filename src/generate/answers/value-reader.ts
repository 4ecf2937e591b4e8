// Reads a value of a dialect as it comes and gives it out as JSON.
import { SIMPLE_ESCAPES } from "../../tokenizers/chat-template/jinja/literals.ts";
import { BRACES, type Brackets, type Dialect, type Quote } from "./dialects.ts";
import {
  createInput,
  expect,
  type Input,
  more,
  NoCall,
  nextCharacter,
  nextOf,
  nextVisible,
  type Reading,
} from "./input.ts";

/** Values that nest deeper are no call. */
const DEEPEST = 200;
/** Numbers and words of more characters are none. */
const LONGEST_WORD = 400;

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const LOOSE_NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** Takes JSON text, piece by piece. */
export type Write = (json: string) => void;

/** Reads one value. JSON is passed on as it is written, what stands in another dialect in short form. */
export function* readValue(input: Input, dialect: Dialect, write: Write, depth = 0): Reading<void> {
  const first = yield* nextVisible(input);
  if (depth > DEEPEST) throw new NoCall();
  if (first === "{") return yield* readObject(input, dialect, BRACES, write, depth);
  if (first === "[") return yield* readList(input, dialect, "]", write, depth);
  if (first === "(" && dialect.loose) return yield* readList(input, dialect, ")", write, depth);
  const quote = yield* quoteAt(input, dialect);
  if (quote) return yield* readString(input, quote, write);
  write(yield* readWord(input, dialect));
}

/** Reads the object that holds the arguments of a call. */
export function* readArguments(input: Input, dialect: Dialect, write: Write): Reading<void> {
  if ((yield* nextVisible(input)) !== dialect.outer.open) throw new NoCall();
  yield* readObject(input, dialect, dialect.outer, write, 0);
}

/** Reads one text in quotes. */
export function* readQuoted(input: Input, dialect: Dialect, write: Write): Reading<void> {
  const quote = yield* quoteAt(input, dialect);
  if (!quote) throw new NoCall();
  yield* readString(input, quote, write);
}

/** The whole of a text as JSON, where it is one value of the dialect. */
export function toJson(text: string, dialect: Dialect): string | undefined {
  const input = createInput();
  input.text = text;
  input.ended = true;
  let json = "";
  try {
    readValue(input, dialect, (piece) => (json += piece)).next();
  } catch (error) {
    if (error instanceof NoCall) return undefined;
    throw error;
  }
  return input.text.trim() === "" ? json : undefined;
}

function* readObject(
  input: Input,
  dialect: Dialect,
  brackets: Brackets,
  write: Write,
  depth: number,
): Reading<void> {
  yield* expect(input, brackets.open);
  write("{");
  const keys = new Set<string>();
  for (let first = true; ; first = false) {
    const next = yield* readSpace(input, dialect, write);
    if (next === brackets.close && (first || dialect.loose)) break;
    if (!first && dialect.loose) write(",");
    let key = "";
    yield* readKey(input, dialect, brackets, (json) => (key += json));
    if (keys.has(key)) throw new NoCall();
    keys.add(key);
    write(key);
    yield* readSpace(input, dialect, write);
    yield* expect(input, brackets.assign);
    write(":");
    yield* readSpace(input, dialect, write);
    yield* readValue(input, dialect, write, depth + 1);
    const after = yield* readSpace(input, dialect, write);
    if (after === brackets.close) break;
    yield* expect(input, ",");
    if (!dialect.loose) write(",");
  }
  input.take(brackets.close.length);
  write("}");
}

function* readList(
  input: Input,
  dialect: Dialect,
  close: string,
  write: Write,
  depth: number,
): Reading<void> {
  input.take(1);
  write("[");
  for (let first = true; ; first = false) {
    const next = yield* readSpace(input, dialect, write);
    if (next === close && (first || dialect.loose)) break;
    if (!first && dialect.loose) write(",");
    yield* readValue(input, dialect, write, depth + 1);
    const after = yield* readSpace(input, dialect, write);
    if (after === close) break;
    yield* expect(input, ",");
    if (!dialect.loose) write(",");
  }
  input.take(1);
  write("]");
}

/** Reads white space, which JSON keeps, and says what comes next. */
function* readSpace(input: Input, dialect: Dialect, write: Write): Reading<string> {
  for (;;) {
    const length = input.text.search(/[^ \t\r\n]/);
    const space = input.take(length < 0 ? input.text.length : length);
    if (!dialect.loose) write(space);
    if (input.text !== "") return input.text[0];
    yield* more(input);
  }
}

/** A key in quotes; without them it ends before what assigns its value. */
function* readKey(input: Input, dialect: Dialect, brackets: Brackets, write: Write): Reading<void> {
  const quote = brackets.assign === ":" ? yield* quoteAt(input, dialect) : undefined;
  if (quote) return yield* readString(input, quote, write);
  const bare = dialect.bareKeys || brackets.assign !== ":";
  if (!bare && !dialect.loose) throw new NoCall();
  const word = yield* readRun(input, bare ? /[^\p{L}\p{N}_$.-]/u : /[^\w.+-]/);
  if (word === "" || (!bare && !LOOSE_NUMBER.test(word))) throw new NoCall();
  write(JSON.stringify(word));
}

function* quoteAt(input: Input, dialect: Dialect): Reading<Quote | undefined> {
  const mark = yield* nextOf(
    input,
    dialect.quotes.map((quote) => quote.mark),
  );
  return dialect.quotes.find((quote) => quote.mark === mark);
}

/** A number or a word, as JSON has it. */
function* readWord(input: Input, { words, loose }: Dialect): Reading<string> {
  const word = yield* readRun(input, /[^\w.+-]/);
  if (Object.hasOwn(words, word)) return words[word];
  if (JSON_NUMBER.test(word)) return word;
  const value = Number(word);
  if (loose && LOOSE_NUMBER.test(word) && !/^[+-]?0\d/.test(word) && Number.isFinite(value))
    return String(value);
  throw new NoCall();
}

/** Characters up to one that ends them, or to the end of the answer. */
function* readRun(input: Input, end: RegExp): Reading<string> {
  let run = "";
  for (;;) {
    const length = input.text.search(end);
    run += input.take(length < 0 ? input.text.length : length);
    if (run.length > LONGEST_WORD) throw new NoCall();
    if (length >= 0 || input.ended) return run;
    yield;
  }
}

/** A text in quotes. A line break inside, which JSON forbids and models write, is escaped. */
function* readString(input: Input, { mark, escapes }: Quote, write: Write): Reading<void> {
  const end = mark[0];
  input.take(mark.length);
  write('"');
  for (;;) {
    const stop = firstIndex(input.text, end, escapes === "none" ? undefined : "\\");
    if (stop > 0) write(inQuotes(input.take(stop)));
    const next = yield* nextCharacter(input);
    if (next === "\\" && escapes !== "none") {
      write(yield* readEscape(input, escapes));
      continue;
    }
    if (next !== end) continue;
    if (input.text.startsWith(mark)) break;
    if (mark.startsWith(input.text)) yield* more(input);
    else write(inQuotes(input.take(1)));
  }
  input.take(mark.length);
  write('"');
}

function firstIndex(text: string, a: string, b: string | undefined): number {
  const first = text.indexOf(a);
  const second = b === undefined ? -1 : text.indexOf(b);
  if (first < 0) return second < 0 ? text.length : second;
  return second < 0 ? first : Math.min(first, second);
}

function inQuotes(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** What follows a backslash: as it is written in JSON, as JSON has it in Python. */
function* readEscape(input: Input, escapes: "json" | "python"): Reading<string> {
  while (input.text.length < 2) yield* more(input);
  const kind = input.text[1];
  const digits = escapes === "json" ? { u: 4 }[kind] : { x: 2, u: 4, U: 8 }[kind];
  if (digits !== undefined) {
    while (input.text.length < 2 + digits) yield* more(input);
    const hex = input.text.slice(2, 2 + digits);
    const code = /^[0-9a-fA-F]+$/.test(hex) ? Number.parseInt(hex, 16) : Number.NaN;
    if (!(code <= 0x10ffff)) throw new NoCall();
    const written = input.take(2 + digits);
    return escapes === "json" || kind === "u" ? written : inQuotes(String.fromCodePoint(code));
  }
  if (escapes === "json") {
    if (!'"\\/bfnrt'.includes(kind)) throw new NoCall();
    return input.take(2);
  }
  input.take(2);
  const known = kind === "0" ? "\0" : SIMPLE_ESCAPES[kind];
  return inQuotes(known ?? `\\${kind}`);
}
