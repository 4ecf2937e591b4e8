// Checks a value against the JSON Schema of a tool's arguments or of an answer.
import { BaimoError } from "../errors.ts";
import { brief, isRecord, type JsonSchema } from "../json.ts";
import { show } from "../options.ts";

/** Keywords that are read; another one would be a promise not kept. */
const KNOWN = new Set(
  (
    "type enum const properties required additionalProperties items minItems maxItems uniqueItems minimum maximum " +
    "exclusiveMinimum exclusiveMaximum minLength maxLength pattern anyOf $ref $schema title description default"
  ).split(" "),
);
const DEEPEST = 64;

/** What is wrong with a value, and where. */
export interface Mismatch {
  /** A JSON pointer. */
  readonly at: string;
  readonly text: string;
  /** A property that the schema does not have. */
  readonly isUnknown: boolean;
}

/** How to check. */
export interface CheckOptions {
  /** The document that `$ref` points into. */
  readonly root?: JsonSchema;
  /** Values that are not looked at. */
  readonly skip?: (value: unknown) => boolean;
}

/**
 * Everything that is wrong.
 *
 * @throws {BaimoError} `format` for a schema with a keyword that is not read
 */
export function mismatches(value: unknown, schema: JsonSchema, options: CheckOptions = {}): Mismatch[] {
  const found: Mismatch[] = [];
  check(value, schema, "", 0);
  return found;

  function add(at: string, text: string, isUnknown = false): void {
    found.push({ at: at || "/", text, isUnknown });
  }

  function check(value: unknown, given: JsonSchema, at: string, depth: number): void {
    if (depth > DEEPEST) throw new BaimoError("format", `a schema nests deeper than ${DEEPEST} levels`);
    if (options.skip?.(value)) return;
    const schema = resolve(given, options.root);
    const unread = Object.keys(schema).find((keyword) => !KNOWN.has(keyword) && !keyword.startsWith("x-"));
    if (unread) throw new BaimoError("format", `a schema has the keyword ${unread}, which is not read`);
    if (schema.type !== undefined && ![schema.type].flat().some((type) => isOfType(value, type))) {
      add(at, `is ${show(value)}; allowed: ${[schema.type].flat().join(" or ")}`);
      return;
    }
    if (Array.isArray(schema.enum) && !schema.enum.some((each) => isSame(each, value))) {
      add(at, `is ${show(value)}; allowed: ${schema.enum.map(brief).join(", ")}`);
    }
    if (schema.const !== undefined && !isSame(schema.const, value)) {
      add(at, `is ${show(value)}; allowed: ${brief(schema.const)}`);
    }
    if (Array.isArray(schema.anyOf)) checkAny(value, schema.anyOf, at);
    if (typeof value === "number") checkNumber(value, schema, at);
    if (typeof value === "string") checkText(value, schema, at);
    if (Array.isArray(value)) checkArray(value, schema, at, depth);
    else if (isRecord(value)) checkObject(value, schema, at, depth);
  }

  function checkAny(value: unknown, schemas: readonly JsonSchema[], at: string): void {
    const fits = schemas.some((each) => mismatches(value, each, options).length === 0);
    if (!fits) add(at, `is ${show(value)}, which fits none of ${schemas.length} schemas`);
  }

  function checkNumber(value: number, schema: JsonSchema, at: string): void {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema as Record<
      string,
      number | undefined
    >;
    if (minimum !== undefined && value < minimum) add(at, `is ${value}; allowed: from ${minimum}`);
    if (maximum !== undefined && value > maximum) add(at, `is ${value}; allowed: up to ${maximum}`);
    if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) {
      add(at, `is ${value}; allowed: above ${exclusiveMinimum}`);
    }
    if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) {
      add(at, `is ${value}; allowed: below ${exclusiveMaximum}`);
    }
  }

  function checkText(value: string, schema: JsonSchema, at: string): void {
    const { minLength = 0, maxLength = Infinity, pattern } = schema as Record<string, unknown>;
    if (value.length < Number(minLength) || value.length > Number(maxLength)) {
      add(at, `has ${value.length} characters; allowed: ${minLength} to ${maxLength}`);
    }
    if (typeof pattern === "string" && !new RegExp(pattern, "u").test(value)) {
      add(at, `is ${show(value)}, which does not match ${pattern}`);
    }
  }

  function checkArray(value: readonly unknown[], schema: JsonSchema, at: string, depth: number): void {
    const { minItems = 0, maxItems = Infinity, items, uniqueItems } = schema;
    if (value.length < Number(minItems) || value.length > Number(maxItems)) {
      add(at, `has ${value.length} items; allowed: ${minItems} to ${maxItems}`);
    }
    if (uniqueItems && new Set(value.map((item) => JSON.stringify(item))).size < value.length) {
      add(at, "has an item twice");
    }
    if (!isRecord(items)) return;
    for (const [i, item] of value.entries()) check(item, items, `${at}/${i}`, depth + 1);
  }

  function checkObject(value: Record<string, unknown>, schema: JsonSchema, at: string, depth: number): void {
    const properties = isRecord(schema.properties) ? schema.properties : {};
    for (const name of Array.isArray(schema.required) ? schema.required : []) {
      if (!Object.hasOwn(value, name)) add(`${at}/${name}`, "is missing");
    }
    for (const [name, item] of Object.entries(value)) {
      const place = `${at}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      const known = Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties;
      if (known === false) add(place, `is not known; known: ${Object.keys(properties).join(", ")}`, true);
      else if (isRecord(known)) check(item, known, place, depth + 1);
    }
  }
}

/** A schema, or what its `$ref` points to within the document. */
export function resolve(schema: JsonSchema, root: JsonSchema | undefined): JsonSchema {
  let at = schema;
  for (let hops = 0; typeof at.$ref === "string"; hops++) {
    let target: unknown = root;
    for (const part of at.$ref.split("/").slice(1)) {
      target = isRecord(target) && Object.hasOwn(target, part) ? target[part] : undefined;
    }
    if (!at.$ref.startsWith("#/") || !isRecord(target) || hops > 8) {
      throw new BaimoError("format", `$ref ${brief(at.$ref)} leads nowhere in the document`);
    }
    at = target;
  }
  return at;
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isRecord(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
