// Constrained decoding against stored schemas, expressions and grammars (data beside the checkout).
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { it } from "node:test";
import { BaimoError } from "../src/errors.ts";
import {
  type Constraint,
  ConstraintCompiler,
  type ConstraintSpec,
} from "../src/generate/constrain/constraint.ts";
import { isLong } from "../src/test-long.ts";
import { beside, readJson, unlessBeside } from "./places.ts";

interface StoredSchema {
  id: string;
  style: string;
  schema: unknown;
  valid: unknown[];
  invalid: { instance: unknown; keyword: string; at: string }[];
}

interface SuiteGroup {
  description: string;
  schema: unknown;
  tests: { description: string; data: unknown; valid: boolean }[];
}

const skip = unlessBeside("json-schema");

/** The constraint, or the refusal, which must say what it refuses. */
function compile(compiler: ConstraintCompiler, spec: ConstraintSpec): Constraint | BaimoError {
  try {
    return compiler.compile(spec);
  } catch (error) {
    assert.ok(error instanceof BaimoError && error.code === "request", String(error));
    if ("schema" in spec) assert.match(error.message, /^schema: "[^"]+" at "[^"]*": /);
    return error;
  }
}

/** JSON with a text after each comma and each colon. */
function spelled(value: unknown, comma: string, colon: string): string {
  if (Array.isArray(value)) return `[${value.map((item) => spelled(item, comma, colon)).join(comma)}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(
    ([name, item]) => `${JSON.stringify(name)}${colon}${spelled(item, comma, colon)}`,
  );
  return `{${pairs.join(comma)}}`;
}

const hex = (text: string) =>
  Array.from(
    { length: text.length },
    (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`,
  ).join("");

/** Compact, spaced, indented, and with escapes for some or all characters. */
function spellings(value: unknown): string[] {
  const compact = JSON.stringify(value);
  return [
    compact,
    spelled(value, ", ", ": "),
    JSON.stringify(value, null, 2),
    JSON.stringify(value, null, "\t"),
    compact.replace(/[\u0080-\uffff]/g, hex),
    compact.replace(/"(?:[^"\\]|\\.)*"/g, (string) => `"${hex(JSON.parse(string))}"`),
  ];
}

/** Compact, and one of the others in turn: how JSON is spelled is no schema's own. The long run has every one. */
function someSpellings(value: unknown, turn: number): [text: string, kind: number][] {
  const all = spellings(value).map((text, kind): [string, number] => [text, kind]);
  return isLong ? all : [all[0], all[1 + (turn % (all.length - 1))]];
}

it("schemas: no invalid instance is accepted, few schemas are refused, valid instances are accepted", {
  skip,
}, () => {
  const compiler = new ConstraintCompiler();
  const rows = readFileSync(beside("json-schema", "schemas.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as StoredSchema);
  assert.ok(rows.length > 0);
  let refused = 0;
  let turn = 0;
  const tried = [0, 0, 0, 0, 0, 0];
  const accepted = [0, 0, 0, 0, 0, 0];
  for (const { id, style, schema, valid: instances, invalid } of rows) {
    const constraint = compile(compiler, { schema });
    if (constraint instanceof BaimoError) {
      assert.notEqual(style, "strict", `${id}: ${constraint.message}`);
      refused++;
      continue;
    }
    for (const { instance, keyword, at } of invalid) {
      for (const [text] of someSpellings(instance, turn++)) {
        assert.ok(!constraint.acceptsText(text), `${id}: ${keyword} at ${at} accepts ${text}`);
      }
    }
    for (const instance of instances) {
      for (const [text, kind] of someSpellings(instance, turn++)) {
        tried[kind]++;
        if (constraint.acceptsText(text)) accepted[kind]++;
      }
    }
  }
  assert.ok(refused <= 0.05 * rows.length, `${refused} of ${rows.length} schemas refused`);
  for (const [kind, count] of tried.entries())
    assert.ok(
      count > 0 && accepted[kind] >= 0.98 * count,
      `${accepted} of ${tried} valid instances accepted`,
    );
});

for (const [part, limit] of [
  ["core", 0.1],
  ["beyond", 1],
  ["beyond/optional", 1],
] as const) {
  it(`JSON-Schema-Test-Suite, ${part}: never wrong`, { skip }, () => {
    const compiler = new ConstraintCompiler();
    let tests = 0;
    let refused = 0;
    const folder = beside("json-schema", "suite", part);
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
      for (const group of readJson(`${folder}/${file}`) as SuiteGroup[]) {
        const constraint = compile(compiler, { schema: group.schema });
        tests += group.tests.length;
        if (constraint instanceof BaimoError) {
          refused += group.tests.length;
          continue;
        }
        for (const { description, data, valid } of group.tests) {
          const what = `${file}: ${group.description}: ${description}`;
          if (valid) {
            // Outside of core less may be accepted than is allowed, for one: formats are asserted.
            if (part === "core") assert.ok(constraint.acceptsText(JSON.stringify(data)), what);
            continue;
          }
          for (const text of spellings(data))
            assert.ok(!constraint.acceptsText(text), `${what} accepts ${text}`);
        }
      }
    }
    assert.ok(tests > 0 && refused <= limit * tests, `${refused} of ${tests} refused`);
  });
}

it("expressions: accepted and rejected as stored; only what is not regular is refused", { skip }, () => {
  const compiler = new ConstraintCompiler();
  interface Stored {
    regex: string;
    kind: string;
    accept: string[];
    reject: string[];
  }
  for (const { regex, kind, accept, reject } of readJson(beside("json-schema", "regexes.json")) as Stored[]) {
    const constraint = compile(compiler, { regex });
    if (constraint instanceof BaimoError) {
      assert.equal(kind, "beyond", constraint.message);
      continue;
    }
    for (const text of accept)
      assert.ok(constraint.acceptsText(text), `${regex} rejects ${JSON.stringify(text)}`);
    for (const text of reject)
      assert.ok(!constraint.acceptsText(text), `${regex} accepts ${JSON.stringify(text)}`);
  }
});

it("grammars: accepted, rejected and refused as stored", { skip }, () => {
  const compiler = new ConstraintCompiler();
  const { grammars, refused } = readJson(beside("json-schema", "grammars.json"));
  for (const { name, left_recursive, grammar, accept, reject } of grammars) {
    const constraint = compile(compiler, { grammar });
    if (constraint instanceof BaimoError) {
      assert.ok(left_recursive, `${name}: ${constraint.message}`);
      continue;
    }
    for (const text of accept)
      assert.ok(constraint.acceptsText(text), `${name} rejects ${JSON.stringify(text)}`);
    for (const text of reject)
      assert.ok(!constraint.acceptsText(text), `${name} accepts ${JSON.stringify(text)}`);
  }
  for (const { grammar, why } of refused)
    assert.ok(compile(compiler, { grammar }) instanceof BaimoError, why);
});
