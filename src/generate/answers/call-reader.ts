// Reads calls as the parts of their format describe them.
import { isRecord } from "../../json.ts";
import type { CallReading } from "./call-reading.ts";
import { readEnvelope } from "./envelope.ts";
import {
  endsWithin,
  expect,
  type Input,
  more,
  NoCall,
  nextOf,
  nextVisible,
  type Reading,
  readUntil,
  skipSpace,
} from "./input.ts";
import { beginningsOf, linesOf, type NamePart, type ParametersPart, type Part } from "./pattern.ts";
import { isText, rawToJson, typesOf } from "./raw-value.ts";
import { readArguments } from "./value-reader.ts";

/** Longest name of a tool or key, and longest text that is skipped. */
const LONGEST_NAME = 256;
const NAME_END = /[\s<>[\](){}"'|｜=,;\uDC00-\uDFFF]/;

/**
 * Reads parts one after another.
 *
 * @throws {NoCall} where the text is otherwise
 */
export function* readParts(reading: CallReading, parts: readonly Part[]): Reading<void> {
  for (const part of parts) yield* readPart(reading, part);
}

function* readPart(reading: CallReading, part: Part): Reading<void> {
  const { input } = reading;
  if (typeof part === "string") return yield* readLines(reading, part);
  switch (part.kind) {
    case "maybe":
      if ((yield* nextOf(input, beginningsOf(part.parts))) !== undefined)
        yield* readParts(reading, part.parts);
      return;
    case "either":
      return yield* readParts(reading, yield* chooseWay(input, part.ways));
    case "calls":
      return yield* readCalls(reading, part.call, part.between);
    case "name":
      return yield* readName(reading, part);
    case "arguments":
      yield* readArguments(input, part.dialect, reading.write);
      reading.complete = true;
      return;
    case "envelope":
      return yield* readEnvelope(reading, part);
    case "parameters":
      return yield* readParameters(reading, part);
    case "skip":
      yield* readUntil(input, part.until, LONGEST_NAME);
      return;
    case "before":
      if ((yield* nextOf(input, part.marks)) === undefined && !endsWithin(input, part.marks))
        throw new NoCall();
  }
}

function* readLines({ input, complete }: CallReading, text: string): Reading<void> {
  for (const line of linesOf(text)) {
    if ((yield* nextOf(input, [line])) === undefined && !(complete && endsWithin(input, [line])))
      throw new NoCall();
    input.take(line.length);
  }
}

function* chooseWay(input: Input, ways: readonly (readonly Part[])[]): Reading<readonly Part[]> {
  const beginning = yield* nextOf(input, ways.flatMap(beginningsOf));
  const way = ways.find((parts) => {
    const beginnings = beginningsOf(parts);
    return beginning === undefined ? beginnings.length === 0 : beginnings.includes(beginning);
  });
  if (!way) throw new NoCall();
  return way;
}

function* readCalls(reading: CallReading, call: readonly Part[], between: string): Reading<void> {
  const [separator] = linesOf(between);
  for (;;) {
    reading.name = undefined;
    reading.complete = false;
    yield* readParts(reading, call);
    reading.end();
    if ((yield* nextOf(reading.input, separator ? [separator] : beginningsOf(call))) === undefined) return;
    if (separator) reading.input.take(separator.length);
  }
}

function* readName(reading: CallReading, { before, after, numbered, offered }: NamePart): Reading<void> {
  const { input } = reading;
  let written = "";
  yield* nextVisible(input);
  for (;;) {
    const end = input.text.search(NAME_END);
    written += input.take(end < 0 ? input.text.length : end);
    if (written.length > LONGEST_NAME) throw new NoCall();
    if (end >= 0) break;
    yield* more(input);
  }
  let name = before && written.startsWith(before) ? written.slice(before.length) : written;
  if (after) {
    if (!name.endsWith(after)) throw new NoCall();
    name = name.slice(0, -after.length);
  }
  if (numbered) {
    if (!/:\d+$/.test(name)) throw new NoCall();
    name = name.slice(0, name.lastIndexOf(":"));
  }
  if (name === "" || (offered && !reading.tools.has(name))) throw new NoCall();
  reading.start(name, numbered ? written : undefined);
}

function* readParameters(reading: CallReading, part: ParametersPart): Reading<void> {
  const { input, write } = reading;
  const schema = reading.tools.get(reading.name ?? "");
  const { properties = {}, additionalProperties: rest } = isRecord(schema) ? schema : {};
  const [open] = linesOf(String(part.open[0]));
  const [end] = linesOf(part.end);
  const keys = new Set<string>();
  write("{");
  for (;;) {
    const next = yield* nextOf(input, [open, end]);
    if (next === undefined) throw new NoCall();
    if (next === end) break;
    const { key, isString } = yield* readOpening(input, part.open);
    if (keys.has(key)) throw new NoCall();
    write(`${keys.size > 0 ? ", " : ""}${JSON.stringify(key)}: `);
    keys.add(key);
    const property = isRecord(properties) && Object.hasOwn(properties, key) ? properties[key] : rest;
    const types = isString === true ? new Set(["string"]) : typesOf(property, schema);
    yield* readRaw(reading, part, types, [open, end]);
  }
  yield* readLines(reading, part.end);
  write("}");
  reading.complete = true;
}

/** What opens a value: its key, and where it is said, whether the value is a text. */
function* readOpening(
  input: Input,
  open: ParametersPart["open"],
): Reading<{ key: string; isString?: boolean }> {
  let key = "";
  let isString: boolean | undefined;
  for (const [index, piece] of open.entries()) {
    if (piece !== "KEY" && piece !== "IS_STRING") {
      // What ends a key or a word has been read with it.
      const lines = linesOf(piece);
      for (const line of index > 0 ? lines.slice(1) : lines) yield* expect(input, line);
      continue;
    }
    const [stop] = linesOf(String(open[index + 1]));
    const word = (yield* readUntil(input, stop, LONGEST_NAME)).trim();
    if (piece === "KEY") key = word;
    else isString = word === "true";
  }
  return { key, isString };
}

/** A value without quotes. It ends where its close is followed by what may follow, so that it may hold the close itself. */
function* readRaw(
  { input, write }: CallReading,
  { close, ownLines }: ParametersPart,
  types: ReadonlySet<string> | undefined,
  following: readonly string[],
): Reading<void> {
  const [end] = linesOf(close);
  const streamed = isText(types);
  let first = true;
  let held = "";
  let value = "";
  const give = (text: string): void => {
    let piece = held + text;
    held = "";
    if (ownLines && first && piece.startsWith("\n")) piece = piece.slice(1);
    else if (piece === "") return;
    first = false;
    if (ownLines && piece.endsWith("\n")) {
      held = "\n";
      piece = piece.slice(0, -1);
    }
    if (streamed) write(JSON.stringify(piece).slice(1, -1));
    else value += piece;
  };
  if (streamed) write('"');
  for (;;) {
    const at = input.text.indexOf(end);
    give(input.take(at < 0 ? safeLength(input.text, end) : at));
    if (at < 0) {
      yield* more(input);
      continue;
    }
    if (yield* closes(input, end, following)) break;
    give(input.take(1));
  }
  input.take(end.length);
  skipSpace(input);
  write(streamed ? '"' : rawToJson(value, types));
}

/** How much of a text cannot belong to a mark that begins in it. */
function safeLength(text: string, mark: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 0; length--) {
    if (mark.startsWith(text.slice(text.length - length))) return text.length - length;
  }
  return text.length;
}

/** Whether one of the texts, or the end of the answer, follows a mark that comes next; nothing is read. */
function* closes(input: Input, mark: string, following: readonly string[]): Reading<boolean> {
  let at = mark.length;
  for (;;) {
    const space = input.text.slice(at).search(/\S/);
    at = space < 0 ? input.text.length : at + space;
    const rest = input.text.slice(at);
    if (following.some((text) => rest.startsWith(text))) return true;
    if (!following.some((text) => text.startsWith(rest))) return false;
    if (input.ended) return true;
    yield;
  }
}
