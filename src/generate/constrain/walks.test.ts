// Answers drawn at random from masks: each one that ends is valid (Ajv), no mask is empty or wrong.
import assert from "node:assert/strict";
import { it } from "node:test";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { createRandom } from "../../random.ts";
import { ConstraintCompiler } from "./constraint.ts";
import { drawAnswer, smallVocabulary } from "./test-walks.ts";

const text = { type: "string", maxLength: 6 };
const schemas: unknown[] = [
  {
    type: "object",
    properties: { name: text, value: { type: "integer" }, kind: { enum: ["a", "ab", null, 1] } },
    required: ["name", "kind"],
    additionalProperties: false,
  },
  { type: "object", additionalProperties: { type: "boolean" }, minProperties: 2, maxProperties: 4 },
  { type: "object", patternProperties: { "^x-": { type: "integer" } }, propertyNames: { maxLength: 3 } },
  {
    type: "object",
    properties: { a: text, b: text },
    dependentRequired: { a: ["b"] },
    not: { required: ["x"] },
  },
  {
    type: "object",
    oneOf: [
      { properties: { kind: { const: "a" }, x: text }, required: ["kind"], additionalProperties: false },
      {
        properties: { kind: { const: "ab" }, y: text },
        required: ["kind", "y"],
        additionalProperties: false,
      },
    ],
  },
  { oneOf: [{ type: "integer" }, { minimum: 2, type: "number" }] },
  JSON.parse(
    '{"if": {"type": "string"}, "then": {"minLength": 2, "maxLength": 4}, "else": {"type": "boolean"}}',
  ),
  { type: "array", items: { enum: [1, 2, "a", true, null] }, uniqueItems: true, minItems: 3 },
  { type: "array", items: { type: "integer", minimum: 0, maximum: 30 }, uniqueItems: true, maxItems: 4 },
  {
    type: "array",
    items: { type: "integer" },
    contains: { minimum: 5 },
    minContains: 2,
    maxContains: 3,
    maxItems: 6,
  },
  {
    type: "array",
    prefixItems: [{ type: "boolean" }, text],
    items: { type: "null" },
    minItems: 2,
    maxItems: 4,
  },
  {
    type: "array",
    not: { items: { type: "string" } },
    items: { type: ["string", "null"], maxLength: 2 },
    maxItems: 4,
  },
  { type: "number", minimum: -2.5, exclusiveMaximum: 7 },
  { type: "number", exclusiveMinimum: 0.1, maximum: 0.125 },
  { type: "integer", multipleOf: 7, minimum: -100, maximum: 1000 },
  { type: "number", multipleOf: 0.5, maximum: 10 },
  { type: "number", not: { type: "integer" } },
  { type: "string", pattern: "^[a-z]{2,4}(-\\d+)?$", maxLength: 8 },
  { type: "string", pattern: "é|漢", minLength: 2, maxLength: 5 },
  { type: "string", not: { pattern: "a" }, maxLength: 4 },
  ...[
    "date",
    "date-time",
    "time",
    "email",
    "uuid",
    "ipv4",
    "ipv6",
    "uri",
    "hostname",
    "duration",
    "json-pointer",
  ].map((format) => ({
    type: "string",
    format,
  })),
  {
    $ref: "#/$defs/node",
    $defs: {
      node: {
        type: "object",
        properties: {
          value: { type: "integer" },
          children: { type: "array", items: { $ref: "#/$defs/node" }, maxItems: 2 },
        },
        required: ["value"],
        unevaluatedProperties: false,
      },
    },
  },
  {
    allOf: [{ properties: { a: text } }, { properties: { b: { type: "null" } }, required: ["b"] }],
    type: "object",
    unevaluatedProperties: false,
  },
  { const: { a: [1, "é"], b: { c: null } } },
  true,
];

const ajv = new Ajv2020.default({ strict: false });
addFormats.default(ajv);

it("every schema's answers are valid, and masks say what can come", () => {
  const vocabulary = smallVocabulary();
  const compiler = new ConstraintCompiler(vocabulary);
  for (const [i, schema] of schemas.entries()) {
    const validate = ajv.compile(schema as object);
    const constraint = compiler.compile({ schema });
    let ended = 0;
    for (let seed = 0; seed < 12; seed++) {
      const answer = drawAnswer(constraint, vocabulary, createRandom(1000 * i + seed), {
        most: 300,
        check: 0.02,
      });
      if (answer === undefined) continue;
      ended++;
      assert.ok(
        validate(JSON.parse(answer)),
        `seed ${1000 * i + seed}: ${answer} for ${JSON.stringify(schema)}`,
      );
      assert.ok(constraint.acceptsText(answer));
    }
    assert.ok(ended > 0, `no answer ends: ${JSON.stringify(schema)}`);
  }
});

it("expressions, choices and grammars: what ends is accepted", () => {
  const vocabulary = smallVocabulary();
  const compiler = new ConstraintCompiler(vocabulary);
  const specs = [
    { regex: "(?:a|b)*abb" },
    { regex: "\\d{4}-\\d{2}(?:T[é漢]+)?" },
    { regex: "(?=.*\\d)[a-z\\d]{2,5}" },
    { choice: ["yes", "no", "漢字", "yes, but"] },
    { grammar: 'root ::= "(" root ")" root | "[" root "]" | "" ' },
    { grammar: 'root ::= item ("," item)*\nitem ::= [a-c]+ | "\\"" [^"]* "\\"" | "{" root "}"' },
  ];
  for (const [i, spec] of specs.entries()) {
    const constraint = compiler.compile(spec);
    for (let seed = 0; seed < 20; seed++) {
      const answer = drawAnswer(constraint, vocabulary, createRandom(1000 * i + seed), {
        most: 200,
        check: 0.05,
      });
      if (answer !== undefined)
        assert.ok(constraint.acceptsText(answer), `seed ${1000 * i + seed}: ${answer}`);
    }
  }
});
