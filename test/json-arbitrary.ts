// Values that a JSON Schema describes, and now and then others: requests made of a document.
import fc from "fast-check";
import type { JsonSchema } from "../src/json.ts";

/** Texts that have made programs stumble. */
const ODD_TEXTS = [
  "",
  "\ud800",
  "\u0000",
  "__proto__",
  "constructor",
  "../../etc/passwd",
  "a".repeat(5000),
  "🜁",
];

const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD_TEXTS) },
);
const junk = fc.oneof(fc.jsonValue({ maxDepth: 2 }), text, fc.double({ noNaN: true }));

/** Mostly what the schema allows; in one of `oddness` values of every place something else. */
export function arbitraryOf(schema: JsonSchema, oddness = 40): fc.Arbitrary<unknown> {
  const right = rightOf(schema, oddness);
  return fc.oneof({ weight: oddness, arbitrary: right }, { weight: 1, arbitrary: junk });
}

function rightOf(schema: JsonSchema, oddness: number): fc.Arbitrary<unknown> {
  if ("const" in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) {
    return schema.enum.length === 0 ? fc.constant(null) : fc.constantFrom<unknown>(...schema.enum);
  }
  if (Array.isArray(schema.anyOf)) {
    return fc.oneof(...schema.anyOf.map((each: JsonSchema) => arbitraryOf(each, oddness)));
  }
  const types: unknown[] = Array.isArray(schema.type) ? schema.type : [schema.type];
  return fc.oneof(...types.map((type) => ofType(type, schema, oddness)));
}

function ofType(type: unknown, schema: JsonSchema, oddness: number): fc.Arbitrary<unknown> {
  const { minimum, exclusiveMinimum, maximum, items, minItems } = schema as Record<
    string,
    number | undefined
  >;
  const least = minimum ?? exclusiveMinimum ?? -5;
  switch (type) {
    case "string":
      return text;
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "integer":
      return fc.integer({ min: least, max: Math.min(maximum ?? least + 9, least + 9) });
    case "number":
      return fc.double({ min: least, max: Math.min(maximum ?? least + 9, least + 9), noNaN: true });
    case "array":
      return fc.array(arbitraryOf((items ?? {}) as JsonSchema, oddness), {
        minLength: minItems ?? 0,
        maxLength: (minItems ?? 0) + 2,
      });
    case "object":
      return ofObject(schema, oddness);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

/** A few of the properties, with those that must be there. */
function ofObject({ properties = {}, required = [] }: JsonSchema, oddness: number): fc.Arbitrary<object> {
  const known = Object.entries(properties as Readonly<Record<string, JsonSchema>>);
  const must = required as readonly string[];
  const field = ([name, schema]: [string, JsonSchema]) =>
    arbitraryOf(schema, oddness).map((value) => [name, value] as const);
  const needed = fc.tuple(...known.filter(([name]) => must.includes(name)).map(field));
  const free = known.filter(([name]) => !must.includes(name)).map(field);
  const some = free.length === 0 ? fc.constant([]) : fc.array(fc.oneof(...free), { maxLength: 4 });
  const odd = fc.oneof(
    { weight: oddness, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.tuple(fc.tuple(text, junk)) },
  );
  return fc.tuple(needed, some, odd).map((fields) => Object.fromEntries(fields.flat()));
}
