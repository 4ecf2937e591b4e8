// Constraints: what is accepted and what refused; states that are copied and taken back.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BaimoError } from "../../errors.ts";
import { createRandom } from "../../random.ts";
import {
  bytesOf,
  ConstraintCompiler,
  type ConstraintSpec,
  compileConstraint,
  isDear,
  recordLanguages,
} from "./constraint.ts";
import { idsOf, smallVocabulary } from "./test-walks.ts";

const accepts = (spec: ConstraintSpec, text: string) => compileConstraint(spec).acceptsText(text);

function refusalOf(spec: ConstraintSpec, limits = {}): string {
  try {
    compileConstraint(spec, undefined, limits);
  } catch (error) {
    assert.ok(error instanceof BaimoError && error.code === "request", String(error));
    return error.message;
  }
  return "accepted";
}

describe("numbers", () => {
  const cases: [schema: unknown, valid: string[], invalid: string[]][] = [
    [{ type: "integer" }, ["0", "-12", "1.0", "-0"], ["1.5", "01", "+1", "1e2", "-", ".5", '"1"']],
    [{ type: "number", minimum: -8 }, ["-8", "-8.0", "-7.99", "0", "100"], ["-8.01", "-9", "-10"]],
    [{ type: "number", exclusiveMaximum: -8 }, ["-8.1", "-9", "-100"], ["-8", "-8.0", "-7.9", "0"]],
    [{ type: "number", exclusiveMinimum: 0 }, ["0.1", "3"], ["0", "-0", "0.0", "-1"]],
    [{ type: "number", maximum: 0.3 }, ["0.3", "0.30", "0.29", "-5"], ["0.31", "0.300000001", "1"]],
    [{ type: "number", multipleOf: 0.01 }, ["0.07", "1.1", "3", "2.500"], ["0.075", "0.001"]],
    [
      { type: "integer", multipleOf: 6, minimum: 7, maximum: 30 },
      ["12", "30", "18.0"],
      ["6", "36", "13", "0"],
    ],
    [{ type: "number" }, ["1e5", "-2.5E-3", "1e307"], ["1e400", "1e", "e1"]],
  ];
  for (const [schema, valid, invalid] of cases) {
    it(JSON.stringify(schema), () => {
      for (const text of valid) assert.ok(accepts({ schema }, text), text);
      for (const text of invalid) assert.ok(!accepts({ schema }, text), text);
    });
  }
});

describe("strings", () => {
  it("are counted in code points, however they are spelled", () => {
    const schema = { type: "string", maxLength: 2 };
    for (const text of ['"👍é"', '"\\ud83d\\udc4d\\u00e9"', '"\\n\\""'])
      assert.ok(accepts({ schema }, text), text);
    for (const text of ['"abc"', '"\\u0061\\u0061a"', '"\\ud83d"', '"\\udc4d\\ud83d"', '"\n"', '"a']) {
      assert.ok(!accepts({ schema }, text), text);
    }
  });

  it("match a pattern anywhere unless it is anchored, and keep a length beside it", () => {
    const schema = { type: "string", pattern: "\\d", minLength: 3 };
    assert.ok(accepts({ schema }, '"ab1"'));
    assert.ok(accepts({ schema }, '"ab\\u0031"'));
    assert.ok(!accepts({ schema }, '"a1"'));
    assert.ok(!accepts({ schema }, '"abc"'));
  });
});

describe("white space and names", () => {
  const schema = {
    properties: { a: { type: "array" }, b: true },
    required: ["a"],
    additionalProperties: false,
    type: "object",
  };
  it("allows what printers write, and comes to an end", () => {
    for (const text of [
      '{"a":[1,2]}',
      '{"a": [1, 2], "b": {}}',
      '{\n  "a": [\n    1\n  ]\n}',
      '{"b":1,"\\u0061":[]}',
    ]) {
      assert.ok(accepts({ schema }, text), text);
    }
    assert.ok(!accepts({ schema }, `{"a":${" ".repeat(80)}[]}`));
    assert.ok(!accepts({ schema }, '{"a":[],"a":1}'), "a name twice");
    assert.ok(!accepts({ schema }, '{"a":[],"\\u0062":1,"b":2}'), "a name twice in two spellings");
  });
});

it("what cannot be enforced is refused with pointer and keyword", () => {
  const cases: [schema: unknown, message: RegExp][] = [
    [
      { properties: { a: { format: "regex" } } },
      /^schema: "format" at "\/properties\/a": format "regex" cannot/,
    ],
    [{ items: { pattern: "(a)\\1" } }, /^schema: "pattern" at "\/items": .*back reference/],
    [{ not: { uniqueItems: true } }, /^schema: "uniqueItems" at "\/not"/],
    [{ not: { format: "date" } }, /^schema: "format" at "\/not"/],
    [{ $ref: "other.json" }, /^schema: "\$ref" at "": .*another document/],
    [{ $ref: "#/$defs/none" }, /^schema: "\$ref" at "": .*points nowhere/],
    [{ $ref: "#" }, /^schema: "\$ref" at "": .*refers to itself/],
    [{ type: "integer", minimum: 3, maximum: 2 }, /^schema: "schema" at "": no value/],
    [{ dependencies: {} }, /^schema: "dependencies" at ""/],
    [{ items: [{}] }, /^schema: "items" at ""/],
    [{ multipleOf: 0 }, /^schema: "multipleOf" at ""/],
    [{ multipleOf: 123456.789 }, /^schema: "multipleOf" at "": .*states/],
    [{ type: "text" }, /^schema: "type" at "": "text" is no type/],
    [{ const: 2 ** 60 }, /^schema: "const" at "": .*digits of a JSON number may have been lost/],
    [{ enum: [1, 2 ** 53 + 2] }, /^schema: "enum\/1" at "": .*lost/],
    [{ maxLength: -1 }, /^schema: "maxLength" at ""/],
    ["x", /^schema: "schema" at "": must be an object/],
  ];
  for (const [schema, message] of cases) assert.match(refusalOf({ schema }), message);
});

it("costs are bounded", () => {
  let deep: unknown = true;
  for (let i = 0; i < 2000; i++) deep = { items: deep };
  assert.match(refusalOf({ schema: deep }), /nested/);
  assert.match(refusalOf({ regex: "(".repeat(2000) + ")".repeat(2000) }), /nested/);
  assert.match(refusalOf({ regex: "(?:a|b)*a(?:a|b){40}" }), /states|steps/);
  assert.match(refusalOf({ regex: "(?:(?:a{1000}){1000}){1000}" }), /states/);
  assert.match(refusalOf({ choice: ["a".repeat(100)] }, { specLength: 50 }), /more than 50/);
  const many = Array.from({ length: 12 }, (_, i) => [`p${i}`, ["q"]]);
  assert.match(refusalOf({ schema: { dependentRequired: Object.fromEntries(many) } }), /alternatives/);
  assert.match(refusalOf({ grammar: 'root ::= a\na ::= b "x"\nb ::= a?' }), /left recursion/);
});

it("of a thousand rules is compiled in one pass over them", () => {
  const rules = Array.from({ length: 3000 }, (_, i) => `r${i} ::= "a" r${i + 1} | "(" root ")"`);
  const grammar = ["root ::= r0", ...rules, 'r3000 ::= "b"'].join("\n");
  assert.ok(isDear({ grammar }));
  assert.match(refusalOf({ grammar }, { steps: 100_000 }), /steps/);
  const some = ["root ::= r0", ...rules.slice(0, 1000), 'r1000 ::= "b"'].reverse().join("\n");
  assert.ok(accepts({ grammar: some }, "aa((aab))".replace("aab", `${"a".repeat(1000)}b`)));
  assert.ok(!accepts({ grammar: some }, "aa((aab))"));
});

it("what is dear is known before it has taken long; its languages, made elsewhere, give the same masks", () => {
  assert.ok(!isDear({ regex: "[a-f]{20}" }));
  assert.ok(isDear({ regex: "(?:a|b)*a(?:a|b){12}" }));
  assert.ok(isDear({ choice: ["a".repeat(30_000)] }));
  assert.throws(() => isDear({ regex: "(a)\\1" }), /back reference/);
  const vocabulary = smallVocabulary();
  const specs: ConstraintSpec[] = [
    { regex: "(?:a|b)*a(?:a|b){9}" },
    { regex: "(?=.*\\d)(?!.*aa)[a-z\\d]{2,5}" },
    { grammar: 'root ::= item ("," item)*\nitem ::= [a-c]+ | "\\"" [^"]* "\\"" | "{" root "}"' },
    { choice: ["yes", "no", "漢字"] },
    { stringOf: { pattern: "^[a-z]+$", not: { const: "the" } }, without: "ab" },
    {
      sequence: [
        { choice: ["[1] "] },
        {
          schema: {
            type: "object",
            properties: {
              n: { type: "number", multipleOf: 0.5, minimum: -2, exclusiveMaximum: 40 },
              list: { type: "array", items: { enum: ["a", 1, null] }, uniqueItems: true, maxItems: 3 },
              text: { type: "string", pattern: "a.?b", maxLength: 6 },
            },
            patternProperties: { "^x-": { type: "string", format: "date" } },
            additionalProperties: { anyOf: [{ type: "boolean" }, { not: { type: "string", minLength: 2 } }] },
            required: ["n"],
          },
        },
      ],
    },
  ];
  const mask = new Uint32Array(Math.ceil(vocabulary.size / 32));
  const masked = (state: { mask(out: Uint32Array): void }) => {
    state.mask(mask);
    return idsOf(mask);
  };
  for (const spec of specs) {
    const record = structuredClone(recordLanguages(spec));
    const [here, there] = [undefined, record].map((one) =>
      new ConstraintCompiler(vocabulary).compile(spec, one),
    );
    const random = createRandom(7);
    for (let walk = 0; walk < 12; walk++) {
      const [one, other] = [here.start(), there.start()];
      for (let step = 0; step < 60 && !one.isFinal; step++) {
        const ids = masked(one);
        assert.deepEqual(masked(other), ids, JSON.stringify(spec));
        const id = ids[random.integer(ids.length)];
        assert.ok(one.accept(id) && other.accept(id));
        if (vocabulary.endTokens.includes(id)) break;
      }
      assert.equal(other.canEnd, one.canEnd);
    }
  }
  const [first, second] = specs;
  assert.throws(
    () => new ConstraintCompiler(vocabulary).compile(first, recordLanguages(second)),
    /record of languages/,
  );
});

it("parts nest: a call is one constraint with its arguments", () => {
  const schema = {
    type: "object",
    properties: { city: { type: "string", minLength: 1 } },
    required: ["city"],
  };
  const call: ConstraintSpec = {
    sequence: [
      { choice: ["<call>"] },
      {
        either: [
          { schema },
          { sequence: [{ choice: ["city="] }, { stringOf: schema, at: "/properties/city", without: "</" }] },
        ],
      },
      { choice: ["</call>"] },
    ],
  };
  const calls: ConstraintSpec = { repeat: call, between: "\n" };
  assert.ok(accepts(calls, '<call>{"city": "a"}</call>'));
  assert.ok(accepts(calls, '<call>city=São "Paulo"</call>\n<call>{"city":"</call>"}</call>'));
  assert.ok(!accepts(calls, "<call>city=</call>"));
  assert.ok(!accepts(calls, "<call>city=a</b</call>"));
  assert.ok(!accepts(calls, '<call>{"city":""}</call>'));
  assert.ok(!accepts(calls, ""));
});

it("a special token is part of a choice and of no other text", () => {
  const mark = "\ud800";
  const words = ["a", "<", '"', "{", "}"];
  const vocabulary = {
    size: words.length + 2,
    tokenBytes: (id: number) => bytesOf(words[id] ?? (id === words.length ? mark : "")),
    endTokens: [words.length + 1],
  };
  const compiler = new ConstraintCompiler(vocabulary);
  const spec: ConstraintSpec = { sequence: [{ regex: "[^b]*" }, { choice: [`${mark}{}`] }] };
  const state = compiler.compile(spec).start();
  assert.ok(state.accept(0) && state.accept(words.length) && !state.accept(0) && state.accept(3));
  assert.ok(!compiler.compile({ regex: "[^b]*" }).start().accept(words.length));
  assert.ok(compiler.compile(spec).acceptsText(`a<${mark}{}`));
  const string = compiler.compile({ schema: { type: "string" } }).start();
  assert.ok(string.accept(2) && !string.accept(words.length));
});

it("a state is copied, goes its own way, and takes tokens back", () => {
  const vocabulary = smallVocabulary();
  const compiler = new ConstraintCompiler(vocabulary);
  const constraint = compiler.compile({ choice: ["ab", "ac"] });
  assert.equal(compiler.compile({ choice: ["ab", "ac"] }), constraint);
  const mask = new Uint32Array(Math.ceil(vocabulary.size / 32));
  const masked = (state: { mask(out: Uint32Array): void }) => {
    state.mask(mask);
    return idsOf(mask);
  };
  const state = constraint.start();
  const before = masked(state);
  const [a, b, c, end] = [97, 98, 99, vocabulary.endTokens[0]];
  assert.ok(before.includes(a) && !before.includes(end));
  assert.ok(!state.accept(b) && !state.accept(end) && state.accept(a));
  const fork = state.fork();
  assert.ok(fork.accept(c) && fork.canEnd && !state.canEnd);
  assert.deepEqual(masked(fork), [end]);
  assert.ok(fork.accept(end) && !fork.accept(end));
  assert.equal(fork.length, 3);
  fork.rollback(3);
  assert.deepEqual(masked(fork), before);
  assert.throws(() => fork.rollback(1), BaimoError);
  assert.throws(() => state.mask(new Uint32Array(1)), BaimoError);
});

it("a vocabulary that cannot spell what must come is an error, not an empty mask", () => {
  const vocabulary = { size: 2, tokenBytes: (id: number) => Uint8Array.of(97 + id), endTokens: [1] };
  const state = compileConstraint({ choice: ["é"] }, vocabulary).start();
  assert.throws(() => state.mask(new Uint32Array(1)), /no token of this vocabulary/);
});
