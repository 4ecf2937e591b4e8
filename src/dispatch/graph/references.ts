// References from an argument to another node's output: pointers, where * stands for every item.
import { BaimoError } from "../../errors.ts";
import { isRecord, type JsonSchema } from "../../json.ts";

/** What an argument may be instead of a literal. */
export interface Reference {
  readonly $from: string;
  readonly path: string;
}

export const isReference = (value: unknown): value is Reference =>
  isRecord(value) && typeof value.$from === "string";

/** Every reference within a value. */
export function referencesIn(value: unknown): Reference[] {
  if (isReference(value)) return [value];
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  return isRecord(value) ? Object.values(value).flatMap(referencesIn) : [];
}

/** The same value with each reference followed. */
export function follow(value: unknown, outputs: ReadonlyMap<string, unknown>): unknown {
  if (isReference(value)) return at(outputs.get(value.$from), value.path, value.$from);
  if (Array.isArray(value)) return value.map((item) => follow(item, outputs));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, follow(item, outputs)]));
}

/** The parts of a pointer. */
const partsOf = (path: string): string[] =>
  path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

/** What a pointer leads to. @throws {BaimoError} `request` where it leads nowhere */
export function at(output: unknown, path: string, node: string): unknown {
  const step = (value: unknown, parts: readonly string[]): unknown => {
    if (parts.length === 0) return value;
    const [part, ...rest] = parts;
    if (Array.isArray(value)) {
      if (part === "*") return value.map((item) => step(item, rest));
      if (/^\d+$/.test(part) && Number(part) < value.length) return step(value[Number(part)], rest);
    } else if (isRecord(value) && Object.hasOwn(value, part)) return step(value[part], rest);
    throw new BaimoError("request", `${path} leads nowhere in what ${node} gives, at ${part}`);
  };
  return step(output, partsOf(path));
}

/**
 * The schema of what a pointer leads to, by the schema of the output.
 *
 * @throws {BaimoError} `request` where it cannot lead anywhere
 */
export function schemaAt(output: JsonSchema, path: string, node: string): JsonSchema {
  const step = (schema: JsonSchema, parts: readonly string[]): JsonSchema => {
    if (parts.length === 0) return schema;
    const [part, ...rest] = parts;
    const { type, properties, items } = schema;
    if (type === undefined) return {};
    if (type === "array" && /^(\*|\d+)$/.test(part)) {
      const inner = step(isRecord(items) ? items : {}, rest);
      return part === "*" ? { type: "array", items: inner } : inner;
    }
    if (type === "object" && isRecord(properties) && Object.hasOwn(properties, part)) {
      const inner = properties[part];
      return step(isRecord(inner) ? inner : {}, rest);
    }
    if (type === "object" && !isRecord(properties)) return {};
    const known = isRecord(properties) ? `; known: ${Object.keys(properties).join(", ")}` : "";
    throw new BaimoError("request", `${path} leads nowhere in what ${node} gives, at ${part}${known}`);
  };
  return step(output, partsOf(path));
}
