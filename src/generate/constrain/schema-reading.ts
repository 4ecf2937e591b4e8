// Reads the keywords of a subschema: of this draft, and of the kinds they must be.
import { isRecord } from "../../json.ts";
import { refusal } from "./limits.ts";
import type { Place } from "./schema-document.ts";

export type Keywords = Record<string, unknown>;

/** Assertions of other drafts, which must not be passed over. */
const foreign = ["additionalItems", "dependencies", "$recursiveRef", "extends", "disallow", "divisibleBy"];

/** The keywords of a subschema; assertions that are not of this draft are refused. */
export function keywordsOf(place: Place): Keywords {
  const { schema } = place;
  if (!isRecord(schema)) throw refusal(place.pointer, "schema", "must be an object, true or false");
  for (const keyword of foreign) {
    if (keyword in schema) throw refusal(place.pointer, keyword, "is not of draft 2020-12");
  }
  return schema;
}

/** The types of `type`, or undefined for all. */
export function typesOf(place: Place, keywords: Keywords): Set<string> | undefined {
  if (!("type" in keywords)) return undefined;
  const types = Array.isArray(keywords.type) ? keywords.type : [keywords.type];
  const known = ["null", "boolean", "number", "integer", "string", "array", "object"];
  for (const type of types) {
    if (!known.includes(type)) throw refusal(place.pointer, "type", `${JSON.stringify(type)} is no type`);
  }
  return new Set(types);
}

export function listOf(place: Place, keywords: Keywords, keyword: string): unknown[] {
  const value = keywords[keyword];
  if (!Array.isArray(value)) throw refusal(place.pointer, keyword, "must be a list");
  return value;
}

export function mapOf(place: Place, keywords: Keywords, keyword: string): Keywords {
  const value = keyword in keywords ? keywords[keyword] : {};
  if (!isRecord(value)) throw refusal(place.pointer, keyword, "must be an object");
  return value;
}

export function namesOf(place: Place, value: unknown, keyword: string): string[] {
  if (Array.isArray(value) && value.every((name) => typeof name === "string")) return value;
  throw refusal(place.pointer, keyword, "must be a list of names");
}

/** A keyword's number of characters, items or properties. */
export function countOf(place: Place, keywords: Keywords, keyword: string, fallback: number): number {
  if (!(keyword in keywords)) return fallback;
  const value = keywords[keyword];
  if (Number.isInteger(value) && (value as number) >= 0) return value as number;
  throw refusal(place.pointer, keyword, "must be a whole number, 0 or more");
}
