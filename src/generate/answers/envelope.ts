// Reads the JSON object in which some formats hold a call's name and arguments.
import { isRecord } from "../../json.ts";
import type { CallReading } from "./call-reading.ts";
import { JSON_DIALECT } from "./dialects.ts";
import { expect, NoCall, nextVisible, type Reading } from "./input.ts";
import type { EnvelopePart } from "./pattern.ts";
import { readArguments, readQuoted, readValue } from "./value-reader.ts";

/**
 * Reads one object. Arguments may come before the name, may be a text that holds JSON, and may be missing where a mark says that
 * this is a call.
 *
 * @throws {NoCall} where it is no call
 */
export function* readEnvelope(reading: CallReading, part: EnvelopePart): Reading<void> {
  const { input } = reading;
  const known = part.unmarked && [...part.name, ...part.arguments, ...part.unmarked];
  const seen = new Set<string>();
  let before: string | undefined = "";
  const write = (json: string): void => {
    if (before === undefined) reading.write(json);
    else before += json;
  };

  yield* expect(input, "{");
  for (;;) {
    const key = yield* readKnown(reading, known);
    const role = part.name.includes(key) ? "name" : part.arguments.includes(key) ? "arguments" : key;
    if (seen.has(role)) throw new NoCall();
    seen.add(role);
    yield* expect(input, ":");
    if (role === "name") {
      const name = yield* readKnown(reading, part.unmarked && [...reading.tools.keys()]);
      if (name === "") throw new NoCall();
      reading.start(name);
      const early: string = before ?? "";
      before = undefined;
      if (early !== "") reading.write(early);
    } else if (role === "arguments") yield* readInner(reading, write);
    else yield* readValue(input, JSON_DIALECT, () => {});
    if ((yield* nextVisible(input)) === "}") break;
    yield* expect(input, ",");
  }
  input.take(1);
  if (!seen.has("name")) throw new NoCall();
  if (!seen.has("arguments")) {
    if (part.unmarked) throw new NoCall();
    write("{}");
  }
  reading.complete = true;
}

/** The arguments: an object, a text that holds one, or null for none. */
function* readInner(reading: CallReading, write: (json: string) => void): Reading<void> {
  const next = yield* nextVisible(reading.input);
  if (next === "{") return yield* readArguments(reading.input, JSON_DIALECT, write);
  let json = "";
  yield* readValue(reading.input, JSON_DIALECT, (piece) => (json += piece));
  const value: unknown = JSON.parse(json);
  const text = typeof value === "string" ? value.trim() : "";
  if (value !== null && !(typeof value === "string" && (text === "" || isObject(text)))) throw new NoCall();
  write(text === "" ? "{}" : text);
}

function isObject(json: string): boolean {
  try {
    return isRecord(JSON.parse(json));
  } catch {
    return false;
  }
}

/** A text in quotes; where only some are possible, any other is found out at its first character. */
function* readKnown({ input }: CallReading, possible: readonly string[] | undefined): Reading<string> {
  let json = "";
  yield* readQuoted(input, JSON_DIALECT, (piece) => {
    json += piece;
    if (possible && !possible.some((text) => JSON.stringify(text).startsWith(json))) throw new NoCall();
  });
  return JSON.parse(json);
}
