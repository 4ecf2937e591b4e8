// Python's pprint: values over several lines where one of 80 characters is too short.

import { compare } from "./comparison.ts";
import { Dict } from "./dict.ts";
import { isError } from "./errors.ts";
import { quote, repr } from "./repr.ts";
import type { Runtime } from "./runtime.ts";
import { lengthOf, splitLines } from "./text.ts";
import { Tuple, typeName, type Value } from "./values.ts";

const WIDTH = 80;

/** pprint.pformat(value). */
export function prettyPrint(value: Value, runtime: Runtime): string {
  return format(value, 0, 0, 1, runtime);
}

function sortedEntries(dict: Dict, runtime: Runtime): [Value, Value][] {
  const less = (a: Value, b: Value): boolean => {
    try {
      return compare("<", a, b, runtime);
    } catch (error) {
      if (isError(error, "TypeError")) return typeName(a) < typeName(b);
      throw error;
    }
  };
  return [...dict.entries()].sort(([a], [b]) => (less(a, b) ? -1 : less(b, a) ? 1 : 0));
}

/** repr() with the keys of dicts in order. */
function sortedRepr(value: Value, runtime: Runtime): string {
  if (value instanceof Dict) {
    const parts = sortedEntries(value, runtime).map(
      ([key, item]) => `${sortedRepr(key, runtime)}: ${sortedRepr(item, runtime)}`,
    );
    return `{${parts.join(", ")}}`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => sortedRepr(item, runtime)).join(", ")}]`;
  if (value instanceof Tuple && value.names.length === 0) {
    const items = value.items.map((item) => sortedRepr(item, runtime)).join(", ");
    return `(${items}${value.items.length === 1 ? "," : ""})`;
  }
  return repr(value, runtime);
}

function format(value: Value, indent: number, allowance: number, level: number, runtime: Runtime): string {
  const line = sortedRepr(value, runtime);
  if (lengthOf(line) <= WIDTH - indent - allowance) return line;
  if (value instanceof Dict) return formatDict(value, indent, allowance, level, runtime);
  if (Array.isArray(value)) return `[${formatItems(value, indent, allowance + 1, level, runtime)}]`;
  if (value instanceof Tuple && value.names.length === 0) {
    const end = value.items.length === 1 ? ",)" : ")";
    return `(${formatItems(value.items, indent, allowance + end.length, level, runtime)}${end}`;
  }
  return typeof value === "string" ? formatText(value, indent, allowance, level) : line;
}

function formatItems(
  items: readonly Value[],
  indent: number,
  allowance: number,
  level: number,
  runtime: Runtime,
): string {
  const inner = indent + 1;
  return items
    .map((item, i) => format(item, inner, i === items.length - 1 ? allowance : 1, level + 1, runtime))
    .join(`,\n${" ".repeat(inner)}`);
}

function formatDict(dict: Dict, indent: number, allowance: number, level: number, runtime: Runtime): string {
  const inner = indent + 1;
  const entries = sortedEntries(dict, runtime);
  const parts = entries.map(([key, item], i) => {
    const name = sortedRepr(key, runtime);
    const room = i === entries.length - 1 ? allowance + 1 : 1;
    return `${name}: ${format(item, inner + lengthOf(name) + 2, room, level + 1, runtime)}`;
  });
  return `{${parts.join(`,\n${" ".repeat(inner)}`)}}`;
}

function formatText(text: string, outerIndent: number, outerAllowance: number, level: number): string {
  if (text === "") return quote(text);
  const indent = level === 1 ? outerIndent + 1 : outerIndent;
  const allowance = level === 1 ? outerAllowance + 1 : outerAllowance;
  const lines = splitLines(text, true);
  const chunks: string[] = [];
  lines.forEach((line, i) => {
    const lastLine = i === lines.length - 1;
    const room = WIDTH - indent - (lastLine ? allowance : 0);
    const whole = quote(line);
    if (lengthOf(whole) <= room) {
      chunks.push(whole);
      return;
    }
    const parts = line.match(/\S+\s*|\s+/gu) ?? [];
    let current = "";
    parts.forEach((part, j) => {
      const last = lastLine && j === parts.length - 1;
      const candidate = current + part;
      if (lengthOf(quote(candidate)) > WIDTH - indent - (last ? allowance : 0)) {
        if (current !== "") chunks.push(quote(current));
        current = part;
      } else current = candidate;
    });
    if (current !== "") chunks.push(quote(current));
  });
  if (chunks.length === 1) return quote(lines.at(-1) as string);
  const body = chunks.join(`\n${" ".repeat(indent)}`);
  return level === 1 ? `(${body})` : body;
}
