// The keywords that speak of one type: numbers, strings, arrays and objects as shapes.
import type { Language } from "./dfa.ts";
import { languageOfFormat } from "./formats.ts";
import { refusal } from "./limits.ts";
import { languageOfRegex } from "./regex.ts";
import type { SchemaContext } from "./schema-context.ts";
import type { Place } from "./schema-document.ts";
import { countOf, type Keywords, listOf, mapOf, namesOf, typesOf } from "./schema-reading.ts";
import type { ArrayShape, Contains, NamedValue, ObjectShape, Shape } from "./shapes.ts";

const INFINITE = Number.POSITIVE_INFINITY;

export function ownShapes(place: Place, keywords: Keywords, schemas: SchemaContext): Shape[] {
  const { numbers, languages } = schemas;
  const types = typesOf(place, keywords);
  const shapes: Shape[] = [];
  const wants = (type: string) => !types || types.has(type);
  if (wants("null")) shapes.push({ type: "null" });
  if (wants("boolean")) shapes.push({ type: "true" }, { type: "false" });
  if (wants("number") || wants("integer")) {
    let language = wants("number") ? numbers.any : numbers.integer;
    for (const keyword of Object.keys(numeric)) {
      if (keyword in keywords)
        language = languages.and(language, numberLanguage(place, keyword, schemas, false));
    }
    if (language) shapes.push({ type: "number", language });
  }
  if (wants("string")) {
    let language: Language = languages.all;
    for (const keyword of textual) {
      if (keyword in keywords) language = languages.and(language, textLanguage(place, keyword, schemas));
    }
    if (language) shapes.push({ type: "string", language });
  }
  if (wants("array")) shapes.push(arrayShape(place, keywords, schemas));
  if (wants("object")) shapes.push(objectShape(place, keywords, schemas));
  return shapes.filter(({ type, ...shape }) => !("least" in shape) || shape.least <= shape.most);
}

const numeric: Record<string, [holds: string, fails: string]> = {
  minimum: ["atLeast", "below"],
  maximum: ["atMost", "above"],
  exclusiveMinimum: ["above", "atMost"],
  exclusiveMaximum: ["below", "atLeast"],
  multipleOf: ["multipleOf", "notMultipleOf"],
};

export const numericKeywords = Object.keys(numeric);

/** Numbers for which a keyword holds, or fails. */
export function numberLanguage(
  place: Place,
  keyword: string,
  schemas: SchemaContext,
  fails: boolean,
): Language {
  const value = (place.schema as Keywords)[keyword];
  if (typeof value !== "number" || (keyword === "multipleOf" && value <= 0)) {
    throw refusal(place.pointer, keyword, "must be a number" + (keyword === "multipleOf" ? " above 0" : ""));
  }
  type Method = "atLeast" | "atMost" | "above" | "below" | "multipleOf" | "notMultipleOf";
  const method = numeric[keyword][fails ? 1 : 0] as Method;
  return schemas.guard(place, keyword, () => schemas.numbers[method](value));
}

export const textual = ["minLength", "maxLength", "pattern", "format"];

/** Strings for which a keyword holds. */
export function textLanguage(place: Place, keyword: string, schemas: SchemaContext): Language {
  const keywords = place.schema as Keywords;
  const value = keywords[keyword];
  const { languages } = schemas;
  return schemas.guard(place, keyword, () => {
    if (keyword === "minLength") return languages.ofLength(countOf(place, keywords, keyword, 0), INFINITE);
    if (keyword === "maxLength") {
      // Longer strings than an automaton has states are not offered; that is less than allowed, never more.
      const most = Math.min(countOf(place, keywords, keyword, 0), schemas.longestText(keywords.minLength));
      return languages.ofLength(0, most);
    }
    if (typeof value !== "string") throw refusal(place.pointer, keyword, "must be a string");
    return keyword === "pattern"
      ? languageOfRegex(value, languages, { whole: false })
      : languageOfFormat(value, languages);
  });
}

function arrayShape(place: Place, keywords: Keywords, schemas: SchemaContext): ArrayShape {
  const { document } = schemas;
  const prefix = "prefixItems" in keywords ? listOf(place, keywords, "prefixItems") : [];
  if (Array.isArray(keywords.items))
    throw refusal(place.pointer, "items", "must be a schema; a list is called prefixItems");
  return {
    type: "array",
    prefix: prefix.map((_, i) => schemas.value(document.below(place, "prefixItems", i))),
    rest: "items" in keywords ? schemas.value(document.below(place, "items")) : schemas.any,
    least: countOf(place, keywords, "minItems", 0),
    most: countOf(place, keywords, "maxItems", INFINITE),
    contains: "contains" in keywords ? [containsOf(place, keywords, schemas)] : [],
    unique: keywords.uniqueItems === true,
    evaluated: "items" in keywords ? INFINITE : prefix.length,
  };
}

/** How many items `contains` asks for. */
export function containsOf(place: Place, keywords: Keywords, schemas: SchemaContext): Contains {
  const below = schemas.document.below(place, "contains");
  return {
    from: 0,
    value: schemas.value(below),
    opposite: schemas.value(below, true),
    least: countOf(place, keywords, "minContains", 1),
    most: countOf(place, keywords, "maxContains", INFINITE),
  };
}

function objectShape(place: Place, keywords: Keywords, schemas: SchemaContext): ObjectShape {
  const { document, languages } = schemas;
  const properties = new Map(
    Object.keys(mapOf(place, keywords, "properties")).map((name) => [
      name,
      schemas.value(document.below(place, "properties", name)),
    ]),
  );
  const named: NamedValue[] = patternsOf(place, keywords, schemas);
  let declared = languages.of(properties.keys());
  for (const { names } of named) declared = languages.or(declared, names);
  let evaluated = schemas.document.tracksEvaluated ? declared : null;
  if ("additionalProperties" in keywords) {
    evaluated = languages.all;
    const names = schemas.guard(place, "additionalProperties", () => languages.not(declared));
    if (names) named.push({ names, value: schemas.value(document.below(place, "additionalProperties")) });
  }
  if ("propertyNames" in keywords) {
    const names = languages.not(schemas.textsOf(document.below(place, "propertyNames"), false));
    if (names) named.push({ names, value: schemas.never });
  }
  return {
    type: "object",
    properties,
    required: new Set("required" in keywords ? namesOf(place, keywords.required, "required") : []),
    named,
    some: [],
    least: countOf(place, keywords, "minProperties", 0),
    most: countOf(place, keywords, "maxProperties", INFINITE),
    evaluated,
  };
}

/** The names and values of `patternProperties`. */
export function patternsOf(place: Place, keywords: Keywords, schemas: SchemaContext): NamedValue[] {
  return Object.keys(mapOf(place, keywords, "patternProperties")).flatMap((pattern) => {
    const names = schemas.guard(place, "patternProperties", () =>
      languageOfRegex(pattern, schemas.languages, { whole: false }),
    );
    return names
      ? [{ names, value: schemas.value(schemas.document.below(place, "patternProperties", pattern)) }]
      : [];
  });
}
