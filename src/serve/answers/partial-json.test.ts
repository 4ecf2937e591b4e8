// JSON that was cut off at any place reads as an object of what was whole.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readPartialObject } from "./partial-json.ts";

test("what is whole is read, and what was cut is left out", () => {
  const cases: [string, object][] = [
    ["", {}],
    ["{", {}],
    ['{"city": "Xi', {}],
    ['{"city": "Xi\\"}, an", "days": 3', { city: 'Xi"}, an' }],
    ['{"a": [1, {"b": "c"}, 2', { a: [1, { b: "c" }] }],
    ['{"a": {"b": [', { a: { b: [] } }],
    ["[1, 2", {}],
    ["no JSON", {}],
  ];
  for (const [json, expected] of cases) assert.deepEqual(readPartialObject(json), expected, json);
});

test("every cut of an object is an object, and the whole is itself", () => {
  const value = { text: 'a{[,"\\', list: [1, [2, { x: null }], true], nested: { deep: { deeper: -1.5e3 } } };
  const json = JSON.stringify(value, null, 1);
  for (let end = 0; end < json.length; end++) {
    const read = readPartialObject(json.slice(0, end));
    for (const key of Object.keys(read)) assert.ok(key in value, key);
  }
  assert.deepEqual(readPartialObject(json), value);
});
