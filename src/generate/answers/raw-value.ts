// Values without quotes: what a text means is said by the schema of its parameter.
import { isRecord } from "../../json.ts";
import { PYTHON_DIALECT } from "./dialects.ts";
import { toJson } from "./value-reader.ts";

/** A JSON Schema, or whatever was given as one. */
export type Schema = unknown;

/** References that are followed in a row. */
const MOST_REFERENCES = 16;

/** The types that a schema allows; undefined where it does not say. `root` holds what references name. */
export function typesOf(schema: Schema, root: Schema, references = 0): ReadonlySet<string> | undefined {
  if (!isRecord(schema) || references > MOST_REFERENCES) return undefined;
  if (typeof schema.type === "string") return new Set([schema.type]);
  if (Array.isArray(schema.type)) return new Set(schema.type.filter((type) => typeof type === "string"));
  if ("const" in schema) return new Set([typeOf(schema.const)]);
  if (Array.isArray(schema.enum)) return new Set(schema.enum.map(typeOf));
  if (typeof schema.$ref === "string")
    return typesOf(followReference(schema.$ref, root), root, references + 1);
  for (const list of [schema.anyOf, schema.oneOf]) {
    if (!Array.isArray(list)) continue;
    const types = list.map((each: unknown) => typesOf(each, root, references + 1));
    if (types.some((each) => each === undefined)) return undefined;
    return new Set(types.flatMap((each) => [...(each ?? [])]));
  }
  if (Array.isArray(schema.allOf)) {
    for (const each of schema.allOf) {
      const types = typesOf(each, root, references + 1);
      if (types) return types;
    }
  }
  if (isRecord(schema.properties)) return new Set(["object"]);
  return undefined;
}

/** Whether a schema allows texts and nothing else. */
export function isText(types: ReadonlySet<string> | undefined): boolean {
  return types?.size === 1 && types.has("string");
}

/**
 * A value as JSON. Where texts are allowed, it is one unless it is written as something else that is allowed; where they are
 * not, it is what is written, be it of another type.
 */
export function rawToJson(text: string, types: ReadonlySet<string> | undefined): string {
  const quoted = JSON.stringify(text);
  if (isText(types)) return quoted;
  const json = toJson(text, PYTHON_DIALECT);
  if (json === undefined) return quoted;
  const type = typeOf(JSON.parse(json));
  if (!types) return type === "string" ? quoted : json;
  if (!types.has("string")) return json;
  const allowed = types.has(type) || (type === "integer" && types.has("number"));
  return type !== "string" && allowed ? json : quoted;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

/** What `#/$defs/name` stands for. */
function followReference(reference: string, root: Schema): Schema {
  if (!reference.startsWith("#")) return undefined;
  let at: unknown = root;
  for (const step of reference.split("/").slice(1)) {
    if (!isRecord(at)) return undefined;
    at = at[step.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return at;
}
