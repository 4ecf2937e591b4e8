// What a subschema allows: its keywords as shapes, those that combine subschemas among them.
import type { SchemaContext } from "./schema-context.ts";
import type { Place } from "./schema-document.ts";
import { keywordsOf, listOf, mapOf, namesOf } from "./schema-reading.ts";
import { ownShapes } from "./schema-types.ts";
import { joined, meetAll, type Shape } from "./shapes.ts";

/** So many branches of `anyOf` are combined with one another. */
const MAX_COMBINED = 4;

const INFINITE = Number.POSITIVE_INFINITY;

/** The shapes of a subschema. */
export function shapesOf(place: Place, schemas: SchemaContext): Shape[] {
  const { schema } = place;
  if (schema === true) return schemas.everything();
  if (schema === false) return [];
  const keywords = keywordsOf(place);
  const { tracksEvaluated } = schemas.document;
  let shapes = ownShapes(place, keywords, schemas);
  const also = (more: readonly Shape[]) => {
    shapes = meetAll(shapes, more, schemas);
    schemas.checkAlternatives(shapes, place);
  };
  const expand = (...path: (string | number)[]) =>
    schemas.expand(schemas.document.below(place, ...path), false);
  const expandNot = (...path: (string | number)[]) =>
    schemas.expand(schemas.document.below(place, ...path), true);
  if ("const" in keywords) also(schemas.constant(place, keywords.const, "const"));
  if ("enum" in keywords) also(enumShapes(place, listOf(place, keywords, "enum"), schemas));
  if ("$ref" in keywords) also(schemas.expand(schemas.document.resolve(place, "$ref"), false));
  if ("$dynamicRef" in keywords) also(schemas.expand(schemas.document.resolve(place, "$dynamicRef"), false));
  if ("allOf" in keywords) {
    for (const i of listOf(place, keywords, "allOf").keys()) also(expand("allOf", i));
  }
  if ("anyOf" in keywords) {
    const branches = listOf(place, keywords, "anyOf").map((_, i) => expand("anyOf", i));
    also(tracksEvaluated ? combined(branches, schemas) : joined(branches.flat(), schemas));
  }
  if ("oneOf" in keywords) also(oneOfShapes(place, listOf(place, keywords, "oneOf").length, schemas));
  if ("not" in keywords) also(expandNot("not"));
  if ("if" in keywords && ("then" in keywords || "else" in keywords || tracksEvaluated)) {
    const then = "then" in keywords ? meetAll(expand("if"), expand("then"), schemas) : expand("if");
    const otherwise =
      "else" in keywords ? meetAll(expandNot("if"), expand("else"), schemas) : expandNot("if");
    also(joined([...then, ...otherwise], schemas));
  }
  for (const [name, names] of Object.entries(mapOf(place, keywords, "dependentRequired"))) {
    const needed = namesOf(place, names, "dependentRequired");
    also([...schemas.withoutProperty(name), ...schemas.withProperties([name, ...needed])]);
  }
  for (const name of Object.keys(mapOf(place, keywords, "dependentSchemas"))) {
    const having = meetAll(schemas.withProperties([name]), expand("dependentSchemas", name), schemas);
    also([...schemas.withoutProperty(name), ...having]);
  }
  if ("unevaluatedProperties" in keywords) {
    const value = schemas.value(schemas.document.below(place, "unevaluatedProperties"));
    shapes = shapes.map((shape) => {
      if (shape.type !== "object") return shape;
      const names = schemas.languages.not(shape.evaluated);
      const named = names ? [...shape.named, { names, value }] : shape.named;
      return { ...shape, named, evaluated: schemas.languages.all };
    });
  }
  if ("unevaluatedItems" in keywords) {
    const value = schemas.value(schemas.document.below(place, "unevaluatedItems"));
    shapes = shapes.map((shape) => {
      if (shape.type !== "array" || shape.evaluated === INFINITE) return shape;
      const length = Math.max(shape.prefix.length, shape.evaluated);
      const prefix = Array.from({ length }, (_, i) => {
        const item = shape.prefix[i] ?? shape.rest;
        return i < shape.evaluated ? item : schemas.both(item, value);
      });
      return { ...shape, prefix, rest: schemas.both(shape.rest, value), evaluated: INFINITE };
    });
  }
  return shapes;
}

function enumShapes(place: Place, values: unknown[], schemas: SchemaContext): Shape[] {
  const texts = schemas.languages.of(values.filter((value) => typeof value === "string"));
  const others = values.flatMap((value, i) =>
    typeof value === "string" ? [] : schemas.constant(place, value, "enum", i),
  );
  return joined(texts ? [{ type: "string", language: texts }, ...others] : others, schemas);
}

/** At least one branch, each by itself or with others: those that hold together evaluate more. */
function combined(branches: readonly Shape[][], schemas: SchemaContext): Shape[] {
  let all: Shape[] = [];
  for (const [i, branch] of branches.entries()) {
    const together = i < MAX_COMBINED ? meetAll(all, branch, schemas) : [];
    all = joined(all.concat(branch, together), schemas);
  }
  return all;
}

/** Exactly one branch: the choice of all where they exclude one another, else each without the others. */
function oneOfShapes(place: Place, count: number, schemas: SchemaContext): Shape[] {
  const branches = Array.from({ length: count }, (_, i) => schemas.document.below(place, "oneOf", i));
  const shapes = branches.map((branch) => schemas.expand(branch, false));
  return joined(
    shapes.flatMap((own, i) => {
      let alone = own;
      branches.forEach((other, j) => {
        if (i === j || !schemas.overlap(own, shapes[j])) return;
        alone = meetAll(alone, schemas.expand(other, true), schemas);
        schemas.checkAlternatives(alone, place);
      });
      return alone;
    }),
    schemas,
  );
}
