// Calls that must come: random answers of every format are read as calls whose arguments validate.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { BaimoError } from "../../errors.ts";
import { createRandom } from "../../random.ts";
import { ConstraintCompiler } from "../constrain/constraint.ts";
import { drawAnswer, smallVocabulary } from "../constrain/test-walks.ts";
import { createAnswerReader } from "./answer-reader.ts";
import { answerConstraint } from "./call-constraint.ts";
import type { AnswerFormat } from "./format.ts";
import { ANSWER_FORMATS } from "./formats.ts";

const place = {
  type: "object",
  properties: {
    city: { type: "string", maxLength: 6 },
    days: { type: "integer", minimum: 1, maximum: 14 },
    exact: { type: "boolean" },
  },
  required: ["city", "days"],
  additionalProperties: false,
};
const tools = [
  { name: "weather", parameters: place },
  { name: "now", parameters: { type: "object", properties: {}, additionalProperties: false } },
];
const schemas = new Map(tools.map(({ name, parameters }) => [name, parameters]));
/** How a text stands alone, and before calls. */
function saying({ content, another }: AnswerFormat) {
  if (!content) return { say: (text: string) => text, before: (text: string) => text };
  const opens = content.map(({ open }) =>
    open.map((part) => (typeof part === "string" ? part : "<|message|>")).join(""),
  );
  const [close] = content[0].close;
  return {
    say: (text: string) => opens[0] + text,
    before: (text: string) => opens[opens.length - 1] + text + close + (another ?? ""),
  };
}

const ajv = new Ajv2020();
const validators = new Map(tools.map(({ name, parameters }) => [name, ajv.compile(parameters)]));

describe("calls that must come", () => {
  const vocabulary = smallVocabulary();
  const compiler = new ConstraintCompiler(vocabulary);

  for (const format of ANSWER_FORMATS.filter(({ calls }) => calls)) {
    it(`in the format of ${format.name}`, (context) => {
      let spec: ReturnType<typeof answerConstraint>;
      try {
        spec = answerConstraint(format, { tools, parallel: true }, "none");
      } catch (error) {
        assert.ok(error instanceof BaimoError && /not JSON/.test(error.message));
        return context.diagnostic("refused: its arguments are not JSON");
      }
      const constraint = compiler.compile(spec);
      // Where calls may come or not.
      const strict = tools.map((tool) => ({ ...tool, at: "tools[0].function.parameters", isStrict: true }));
      const demand = { tools: strict, parallel: true, otherwise: "text" } as const;
      const free = compiler.compile(answerConstraint(format, demand, "none"));
      const { say, before } = saying(format);
      const random = createRandom(5);
      let ended = 0;
      for (let round = 0; round < 12; round++) {
        const text = drawAnswer(constraint, vocabulary, random, { most: 400, check: 0 });
        if (text === undefined) continue;
        ended++;
        const reader = createAnswerReader(format, { tools: schemas });
        reader.push(text);
        const { message, reason } = reader.finish("stop");
        assert.equal(reason, "tool_calls", text);
        if (ended === 1) {
          for (const said of [say("Hi {there}."), text, before("Hi {there}.\n") + text])
            assert.ok(free.acceptsText(said), said);
          const [wrong] = /"(?:days|city)": ?[^,}]+/.exec(text) ?? [];
          if (wrong)
            assert.ok(!free.acceptsText(text.replace(wrong, wrong.replace(/: ?.*/, ": null"))), text);
        }
        for (const { name, arguments: given } of message.toolCalls) {
          assert.ok(validators.get(name)?.(JSON.parse(given)), `${name}(${given}) of ${text}`);
        }
      }
      assert.ok(ended > 0, "no answer came to an end");
    });
  }
});
