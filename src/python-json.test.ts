// Numbers of JSON as Python's json module reads and writes them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BaimoError } from "./errors.ts";
import { mayDiffer, parsePythonJson, plainNumbers, writePythonJson } from "./python-json.ts";

test("what JSON.parse reads is read alike, floats and long integers apart", () => {
  const texts = [
    '{"a":[1,-2,0.5,true,false,null,"x\\"\\\\\\u00e9\\n😀"],"b":{},"c":[],"":" "}',
    ' [ 1 , { "a" : [ ] } ] ',
    '"lone \\ud800"',
    '{"a":1,"a":2,"__proto__":{"b":3}}',
    "-0",
  ];
  for (const text of texts) assert.deepEqual(parsePythonJson(text), JSON.parse(text), text);
});

test("numbers keep how they are written", () => {
  const text = '{"float":1.0,"exponent":1e3,"minus":-0.0,"long":12345678901234567890,"half":0.5,"one":1}';
  const read = parsePythonJson(text);
  // What Python's json.dumps makes of json.loads(text), without blanks.
  const python =
    '{"float":1.0,"exponent":1000.0,"minus":-0.0,"long":12345678901234567890,"half":0.5,"one":1}';
  assert.equal(writePythonJson(read), python);
  assert.equal(writePythonJson(structuredClone(read)), python);
  assert.deepEqual(plainNumbers(read), JSON.parse(text));
  assert.deepEqual(parsePythonJson("[NaN,Infinity,-Infinity]"), [Number.NaN, Infinity, -Infinity]);
  assert.equal(writePythonJson([Number.NaN, Infinity, -Infinity]), "[NaN,Infinity,-Infinity]");
  const same = { a: [1, "x", { b: null }] };
  assert.equal(plainNumbers(same), same);
});

test("keys keep their order, those that are whole numbers, too", () => {
  const text = '{"b":{"z":1,"10":2.0,"2":[]},"1":1,"a":2}';
  const read = parsePythonJson(text);
  assert.equal(writePythonJson(structuredClone(read)), text);
  assert.deepEqual(plainNumbers(read), JSON.parse(text));
  assert.deepEqual(parsePythonJson('{"1":1,"2":2,"a":3}'), { 1: 1, 2: 2, a: 3 });
});

test("what Python refuses for its length or depth is refused", () => {
  const digits = "9".repeat(4301);
  assert.equal(parsePythonJson(digits.slice(1)), BigInt(digits.slice(1)));
  for (const text of [digits, `-${digits}`, `${"[".repeat(600)}${"]".repeat(600)}`]) {
    assert.throws(() => parsePythonJson(text, "x"), {
      code: "format",
      message: /^x (has an integer of|nests deeper)/,
    });
  }
});

test("what is no JSON is refused with its place", () => {
  for (const text of [
    "",
    "[1",
    "[1,]",
    "{a:1}",
    '{"a" 1}',
    "01",
    "1.",
    ".5",
    "+1",
    "nul",
    '"a',
    '"\\x"',
    '"\n"',
    "1 2",
    "[".repeat(600),
  ]) {
    assert.throws(() => JSON.parse(text), SyntaxError, text);
    assert.throws(
      () => parsePythonJson(text),
      (error) => error instanceof BaimoError && error.code === "format",
      text,
    );
  }
});

test("every text that both read differently is found", () => {
  for (const text of [
    "[1.0]",
    "1.000",
    "1e5",
    "1E5",
    "9007199254740993",
    "1.00000000000000000001",
    "685428.99999999999999",
    '{"2":1,"1":2}',
  ]) {
    assert.ok(mayDiffer(text), text);
  }
  for (const text of ["[1, 0.5, 1.25, -3]", '{"a": "text"}']) assert.ok(!mayDiffer(text), text);
});
