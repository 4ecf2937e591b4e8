// Whatever a grammar writes, its format reads as the same calls.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom, type Random } from "../../random.ts";
import { createAnswerReader } from "./answer-reader.ts";
import { BRACES, type Dialect, JSON_DIALECT } from "./dialects.ts";
import { HARMONY } from "./formats/harmony.ts";
import { HERMES } from "./formats/hermes.ts";
import { PLAIN } from "./formats/plain.ts";
import { ANSWER_FORMATS } from "./formats.ts";
import { callGrammar, type Grammar } from "./grammar.ts";

const SEED = 20_261_128;

const TOOLS = [
  {
    name: "find",
    parameters: {
      type: "object",
      properties: {
        city: { type: "string" },
        days: { type: "integer" },
        on: { type: "boolean" },
        none: { type: "null" },
        list: { type: "array" },
        deep: { $ref: "#/$defs/deep" },
      },
      required: ["city", "list"],
      $defs: { deep: { type: "object" } },
    },
  },
  { name: "now", parameters: { type: "object", properties: {} } },
];

const WORDS = [
  "",
  "a",
  "42",
  "true",
  "null",
  ' "x" ',
  "\n",
  "{[}]",
  "\\n",
  "é漢👩‍🚀",
  "</",
  "<|",
  "```",
  "; ",
  "it's",
];

function randomText(random: Random): string {
  return Array.from({ length: random.integer(4) }, () => WORDS[random.integer(WORDS.length)]).join("");
}

function randomValue(random: Random, type: string, depth = 0): unknown {
  switch (type) {
    case "string":
      return randomText(random);
    case "integer":
      return random.integer(2001) - 1000;
    case "boolean":
      return random.integer(2) === 0;
    case "null":
      return null;
  }
  const inner =
    depth > 2 ? ["string", "integer", "boolean", "null"] : ["string", "integer", "array", "object"];
  const next = () => randomValue(random, inner[random.integer(inner.length)], depth + 1);
  const values = Array.from({ length: random.integer(3) }, next);
  return type === "array" ? values : Object.fromEntries(values.map((value, index) => [`k${index}`, value]));
}

/** A value as a dialect has it. */
function spell(value: unknown, dialect: Dialect, brackets = BRACES): string {
  const [{ mark, escapes }] = dialect.quotes;
  if (typeof value === "string")
    return mark + (escapes === "none" ? value : JSON.stringify(value).slice(1, -1)) + mark;
  if (Array.isArray(value)) return `[${value.map((each) => spell(each, dialect)).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const isBare = dialect.bareKeys || brackets !== BRACES;
  const entries = Object.entries(value).map(
    ([key, each]) => (isBare ? key : JSON.stringify(key)) + brackets.assign + spell(each, dialect),
  );
  return brackets.open + entries.join(", ") + brackets.close;
}

type Call = [name: string, args: Record<string, unknown>];

/** A text of the grammar, and the calls that it makes. */
function write(grammar: Grammar, random: Random, calls: Call[]): string {
  const propertiesOf = (name: string) =>
    Object.entries(TOOLS.find((tool) => tool.name === name)?.parameters.properties ?? {});
  const typeOf = (schema: object) => ("type" in schema ? String(schema.type) : "object");
  switch (grammar.kind) {
    case "literal":
      return grammar.text;
    case "text":
      return "Hm.";
    case "number":
      return String(random.integer(20));
    case "sequence":
      return grammar.parts.map((part) => write(part, random, calls)).join("");
    case "choice":
      return write(grammar.options[random.integer(grammar.options.length)], random, calls);
    case "optional":
      return random.integer(2) === 0 ? "" : write(grammar.part, random, calls);
    case "repeat": {
      const times = 1 + random.integer(3);
      return Array.from({ length: times }, () => write(grammar.part, random, calls)).join(grammar.between);
    }
    case "call": {
      calls.push([grammar.tool, {}]);
      return write(grammar.part, random, calls);
    }
    case "arguments": {
      const [, args] = calls[calls.length - 1];
      const properties = propertiesOf(calls[calls.length - 1][0]);
      for (const [key, schema] of properties)
        if (random.integer(2) === 0) args[key] = randomValue(random, typeOf(schema));
      return spell(args, grammar.dialect, grammar.dialect.outer);
    }
    case "value": {
      const [name, args] = calls[calls.length - 1];
      const schema = Object.fromEntries(propertiesOf(name))[grammar.key];
      const value = randomValue(random, typeOf(schema));
      args[grammar.key] = value;
      return typeof value === "string" ? value : JSON.stringify(value);
    }
  }
}

describe("a grammar of calls", () => {
  const tools = new Map(TOOLS.map((tool) => [tool.name, tool.parameters]));
  for (const format of ANSWER_FORMATS) {
    it(`of ${format.name} writes what is read`, () => {
      const random = createRandom(SEED);
      for (let round = 0; round < 200; round++) {
        const grammar = callGrammar(format, TOOLS, { parallel: round % 2 === 0 });
        assert.ok(grammar);
        const calls: Call[] = [];
        const reasoning =
          grammar.reasoning && random.integer(2) === 0 ? write(grammar.reasoning, random, []) : "";
        const text = write(grammar.calls, random, calls);
        assert.ok(
          grammar.begins.some((begin) => text.trimStart().startsWith(begin.trimStart())),
          text,
        );
        const whole = reasoning + text;
        const reader = createAnswerReader(format, { tools, streamArguments: true });
        for (let at = 0; at < whole.length; ) {
          const end = at + 1 + random.integer(12);
          reader.push(whole.slice(at, end));
          at = end;
        }
        const { message, reason } = reader.finish("stop");
        const read = message.toolCalls.map((call) => [call.name, JSON.parse(call.arguments)]);
        assert.deepEqual(read, calls, `seed ${SEED}, round ${round}: ${text}`);
        assert.equal(message.content, "");
        assert.equal(message.reasoningContent, reasoning === "" ? undefined : "Hm.");
        assert.equal(reason, "tool_calls");
      }
    });
  }

  it("says how a call begins and what is free in it", () => {
    const grammar = callGrammar(HERMES, TOOLS.slice(1), { parallel: false });
    assert.deepEqual(grammar, {
      begins: ["<tool_call>"],
      callsOnly: false,
      reasoning: {
        kind: "sequence",
        parts: [
          { kind: "literal", text: "<think>\n" },
          { kind: "text", until: "</think>" },
          { kind: "literal", text: "</think>" },
        ],
      },
      calls: {
        kind: "call",
        tool: "now",
        part: {
          kind: "sequence",
          parts: [
            { kind: "literal", text: '<tool_call>\n{"name": "now", "arguments": ' },
            { kind: "arguments", schema: TOOLS[1].parameters, dialect: JSON_DIALECT },
            { kind: "literal", text: "}\n</tool_call>" },
          ],
        },
      },
    });
  });

  it("has one call where the format ends the answer with it, and none without calls", () => {
    const harmony = callGrammar(HARMONY, TOOLS, { parallel: true });
    assert.equal(JSON.stringify(harmony).includes('"repeat"'), false);
    assert.equal(callGrammar(PLAIN, TOOLS, { parallel: true }), undefined);
  });
});
