// What texts without quotes mean under their schemas.
import assert from "node:assert/strict";
import { it } from "node:test";
import { JSON_DIALECT, PYTHON_DIALECT } from "./dialects.ts";
import { rawToJson, typesOf } from "./raw-value.ts";
import { toJson } from "./value-reader.ts";

it("a text is read by its schema", () => {
  const root = { $defs: { id: { type: "integer" }, loop: { $ref: "#/$defs/loop" } } };
  const cases: [text: string, schema: unknown, value: unknown][] = [
    ["42", { type: "string" }, "42"],
    ["true", { enum: ["true", "false"] }, "true"],
    ["42", { type: "integer" }, 42],
    [" 42 ", { type: "number" }, 42],
    ["42", { type: ["string", "integer"] }, 42],
    ["4.5", { type: ["string", "integer"] }, "4.5"],
    ["42", { anyOf: [{ type: "integer" }, { type: "null" }] }, 42],
    ["null", { oneOf: [{ type: "string" }, { type: "null" }] }, null],
    ["None", { type: ["integer", "null"] }, null],
    ["None", { type: "string" }, "None"],
    ["False", { type: "boolean" }, false],
    ["[1, 'it\\'s', (True,)]", { type: "array" }, [1, "it's", [true]]],
    ["{'a': None, \"b\": .5, 3: 'c',}", { type: "object" }, { a: null, b: 0.5, "3": "c" }],
    ["{'a'", { type: "object" }, "{'a'"],
    ["three", { type: "integer" }, "three"],
    ["7", { $ref: "#/$defs/id" }, 7],
    ["7", { allOf: [{ description: "a number" }, { type: "string" }] }, "7"],
    ["7", { $ref: "#/$defs/loop" }, 7],
    ["[7]", {}, [7]],
    ["Paris", {}, "Paris"],
    ['"Paris"', {}, '"Paris"'],
    ["007", { type: "integer" }, "007"],
    ["", { type: "string" }, ""],
  ];
  for (const [text, schema, value] of cases)
    assert.deepEqual(
      JSON.parse(rawToJson(text, typesOf(schema, root))),
      value,
      `${text} ${JSON.stringify(schema)}`,
    );
});

it("JSON is passed on as it is written, another dialect in short form", () => {
  const json = '{ "a" : [1.50, -0, 1e5 , {}, [ ]],\n"\\u00e9\\/": "x" }';
  assert.equal(toJson(json, JSON_DIALECT), json);
  assert.equal(toJson("{'a': [1, (), 'é\\x41\\U0001F600\\d']}", PYTHON_DIALECT), '{"a":[1,[],"éA😀\\\\d"]}');
  for (const text of [
    "",
    "{",
    '{"a" 1}',
    '{"a": 1,}',
    "[1 2]",
    "01",
    "1.",
    "nul",
    '"\\x41"',
    "[1]]",
    '{"a":1,"a":2}',
  ])
    assert.equal(toJson(text, JSON_DIALECT), undefined, text);
});
