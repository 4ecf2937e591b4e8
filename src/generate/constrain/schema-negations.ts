// JSON Schema's keywords the other way round: what a subschema does not allow.
import { isRecord } from "../../json.ts";
import { refusal } from "./limits.ts";
import type { SchemaContext } from "./schema-context.ts";
import type { Place } from "./schema-document.ts";
import { countOf, type Keywords, keywordsOf, listOf, mapOf, namesOf, typesOf } from "./schema-reading.ts";
import {
  containsOf,
  numberLanguage,
  numericKeywords,
  patternsOf,
  textLanguage,
  textual,
} from "./schema-types.ts";
import { type ArrayShape, joined, meetAll, type NamedValue, type Shape } from "./shapes.ts";

const INFINITE = Number.POSITIVE_INFINITY;

/** Values for which at least one keyword fails: every alternative is surely refused by the subschema. */
export function negatedShapes(place: Place, schemas: SchemaContext): Shape[] {
  const { schema } = place;
  if (schema === true) return [];
  if (schema === false) return schemas.everything();
  const keywords = keywordsOf(place);
  const failing = [
    ...negatedType(place, keywords, schemas),
    ...negatedTexts(place, keywords, schemas),
    ...negatedArrays(place, keywords, schemas),
    ...negatedObjects(place, keywords, schemas),
    ...negatedApplicators(place, keywords, schemas),
  ];
  return joined(failing, schemas);
}

function negatedType(place: Place, keywords: Keywords, schemas: SchemaContext): Shape[] {
  const types = typesOf(place, keywords);
  if (!types) return [];
  const shapes = schemas.everything().filter(({ type }) => {
    if (type === "true" || type === "false") return !types.has("boolean");
    return type === "number" ? !types.has("number") && !types.has("integer") : !types.has(type);
  });
  const fractions = types.has("integer") && !types.has("number") ? schemas.numbers.notInteger : null;
  return fractions ? [...shapes, { type: "number", language: fractions }] : shapes;
}

function negatedTexts(place: Place, keywords: Keywords, schemas: SchemaContext): Shape[] {
  const shapes: Shape[] = [];
  for (const keyword of numericKeywords) {
    if (!(keyword in keywords)) continue;
    const language = numberLanguage(place, keyword, schemas, true);
    if (language) shapes.push({ type: "number", language });
  }
  for (const keyword of textual) {
    if (!(keyword in keywords)) continue;
    // Expressions of formats match less than the format allows, so that what they do not match may be of it.
    if (keyword === "format") throw refusal(place.pointer, keyword, "cannot be enforced below a negation");
    const language = schemas.languages.not(textLanguage(place, keyword, schemas));
    if (language) shapes.push({ type: "string", language });
  }
  return shapes;
}

function negatedArrays(place: Place, keywords: Keywords, schemas: SchemaContext): Shape[] {
  const { document } = schemas;
  const array = (constraints: Partial<ArrayShape>): ArrayShape => ({
    type: "array",
    prefix: [],
    rest: schemas.any,
    least: 0,
    most: INFINITE,
    contains: [],
    unique: false,
    evaluated: 0,
    ...constraints,
  });
  const shapes: ArrayShape[] = [];
  const prefix = "prefixItems" in keywords ? listOf(place, keywords, "prefixItems") : [];
  prefix.forEach((_, i) => {
    const wrong = schemas.value(document.below(place, "prefixItems", i), true);
    shapes.push(array({ prefix: [...new Array(i).fill(schemas.any), wrong], least: i + 1 }));
  });
  if ("items" in keywords) {
    const items = document.below(place, "items");
    const [value, opposite] = [schemas.value(items, true), schemas.value(items)];
    const contains = [{ from: prefix.length, value, opposite, least: 1, most: INFINITE }];
    shapes.push(array({ least: prefix.length + 1, contains }));
  }
  const minItems = countOf(place, keywords, "minItems", 0);
  if (minItems > 0) shapes.push(array({ most: minItems - 1 }));
  const maxItems = countOf(place, keywords, "maxItems", INFINITE);
  if (maxItems < INFINITE) shapes.push(array({ least: maxItems + 1 }));
  if ("contains" in keywords) {
    const contains = containsOf(place, keywords, schemas);
    const { least, most } = contains;
    if (least > 0) shapes.push(array({ contains: [{ ...contains, least: 0, most: least - 1 }] }));
    if (most < INFINITE) shapes.push(array({ contains: [{ ...contains, least: most + 1, most: INFINITE }] }));
  }
  if (keywords.uniqueItems === true) {
    throw refusal(place.pointer, "uniqueItems", "cannot be enforced below a negation");
  }
  return shapes;
}

function negatedObjects(place: Place, keywords: Keywords, schemas: SchemaContext): Shape[] {
  const { document, languages } = schemas;
  const shapes: Shape[] = [];
  const some = (named: NamedValue) => shapes.push(schemas.object({ some: [named], least: 1 }));
  const names = Object.keys(mapOf(place, keywords, "properties"));
  for (const name of names) {
    const wrong = schemas.value(document.below(place, "properties", name), true);
    shapes.push(schemas.object({ properties: new Map([[name, wrong]]), required: new Set([name]) }));
  }
  let declared = languages.of(names);
  for (const pattern of patternsOf(place, keywords, schemas)) {
    declared = languages.or(declared, pattern.names);
    const [literal] = pattern.value.literals;
    if (literal) some({ names: pattern.names, value: schemas.value(literal.place, true) });
  }
  if ("additionalProperties" in keywords) {
    const others = languages.not(declared);
    const value = schemas.value(document.below(place, "additionalProperties"), true);
    if (others) some({ names: others, value });
  }
  if ("propertyNames" in keywords) {
    const wrong = schemas.textsOf(document.below(place, "propertyNames"), true);
    if (wrong) some({ names: wrong, value: schemas.any });
  }
  const required = "required" in keywords ? namesOf(place, keywords.required, "required") : [];
  for (const name of required) shapes.push(schemas.object({ properties: new Map([[name, schemas.never]]) }));
  const least = countOf(place, keywords, "minProperties", 0);
  if (least > 0) shapes.push(schemas.object({ most: least - 1 }));
  const most = countOf(place, keywords, "maxProperties", INFINITE);
  if (most < INFINITE) shapes.push(schemas.object({ least: most + 1 }));
  for (const [name, needed] of Object.entries(mapOf(place, keywords, "dependentRequired"))) {
    for (const other of namesOf(place, needed, "dependentRequired")) {
      shapes.push(
        schemas.object({ required: new Set([name]), properties: new Map([[other, schemas.never]]) }),
      );
    }
  }
  for (const name of Object.keys(mapOf(place, keywords, "dependentSchemas"))) {
    const wrong = schemas.expand(document.below(place, "dependentSchemas", name), true);
    shapes.push(...meetAll(schemas.withProperties([name]), wrong, schemas));
  }
  return shapes;
}

function negatedApplicators(place: Place, keywords: Keywords, schemas: SchemaContext): Shape[] {
  const { document } = schemas;
  const shapes: Shape[] = [];
  const below = (...path: (string | number)[]) => document.below(place, ...path);
  const fails = (keyword: string, i: number) => schemas.expand(below(keyword, i), true);
  const allFail = (keyword: string, branches: unknown[]) =>
    branches.reduce<Shape[]>((all, _, i) => meetAll(all, fails(keyword, i), schemas), schemas.everything());
  if ("const" in keywords) shapes.push(...notConstant(place, keywords.const, schemas, "const"));
  if ("enum" in keywords) {
    let others = schemas.everything();
    listOf(place, keywords, "enum").forEach((value, i) => {
      others = meetAll(others, notConstant(place, value, schemas, "enum", i), schemas);
    });
    shapes.push(...others);
  }
  for (const keyword of ["$ref", "$dynamicRef"] as const) {
    if (keyword in keywords) shapes.push(...schemas.expand(document.resolve(place, keyword), true));
  }
  if ("allOf" in keywords)
    shapes.push(...listOf(place, keywords, "allOf").flatMap((_, i) => fails("allOf", i)));
  if ("anyOf" in keywords) shapes.push(...allFail("anyOf", listOf(place, keywords, "anyOf")));
  if ("oneOf" in keywords) {
    const branches = listOf(place, keywords, "oneOf");
    shapes.push(...allFail("oneOf", branches));
    for (let i = 0; i < branches.length; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [i, j].map((k) => schemas.expand(below("oneOf", k), false));
        shapes.push(...meetAll(a, b, schemas));
      }
    }
  }
  if ("not" in keywords) shapes.push(...schemas.expand(below("not"), false));
  if ("if" in keywords && "then" in keywords) {
    shapes.push(...meetAll(schemas.expand(below("if"), false), schemas.expand(below("then"), true), schemas));
  }
  if ("if" in keywords && "else" in keywords) {
    shapes.push(...meetAll(schemas.expand(below("if"), true), schemas.expand(below("else"), true), schemas));
  }
  for (const keyword of ["unevaluatedProperties", "unevaluatedItems"]) {
    if (keyword in keywords && keywords[keyword] !== true) {
      throw refusal(place.pointer, keyword, "cannot be enforced below a negation");
    }
  }
  return shapes;
}

/** Everything but one constant. */
function notConstant(
  place: Place,
  value: unknown,
  schemas: SchemaContext,
  ...path: (string | number)[]
): Shape[] {
  if (Array.isArray(value) || isRecord(value)) {
    return schemas.expand(schemas.constantPlace(place, value, ...path), true);
  }
  const [constant] = schemas.constant(place, value, ...path);
  return schemas.everything().flatMap((shape) => {
    if (!constant || shape.type !== constant.type) return [shape];
    if (!("language" in shape) || !("language" in constant)) return [];
    const language = schemas.languages.minus(
      shape.type === "number" ? schemas.numbers.short : shape.language,
      constant.language,
    );
    return language ? [{ type: shape.type, language }] : [];
  });
}
