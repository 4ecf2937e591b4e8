// Answers held to a schema, an expression, a choice, a grammar, or to calls of tools.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { BaimoError } from "../src/errors.ts";
import type { AnswerConstraint, ChatOptions, Finish, Model } from "../src/generate/types.ts";
import { load } from "../src/index.ts";
import { loadChatModel } from "./chat-model.ts";

const person = {
  type: "object",
  properties: {
    name: { type: "string", maxLength: 8 },
    age: { type: "integer", minimum: 0, maximum: 130 },
    tags: { type: "array", items: { enum: ["诗", "词", "曲"] }, maxItems: 3, uniqueItems: true },
  },
  required: ["name", "age"],
  additionalProperties: false,
};

const isRefused = (pattern: RegExp) => (error: unknown) =>
  error instanceof BaimoError && error.code === "request" && pattern.test(error.message);

describe("a constrained answer", () => {
  let model: Model;
  before(async () => {
    model = await load("poet", { threads: 1 });
  });
  after(() => model.dispose());

  async function answer(constraint: AnswerConstraint | undefined, seed = 1, maxTokens = 400) {
    let text = "";
    const tokens: number[] = [];
    const events = model.complete("秋夜", { constraint, seed, maxTokens, temperature: 1.5, topP: 1 });
    for (;;) {
      const next = await events.next();
      if (next.done) return { text, tokens, reason: next.value.reason };
      if (next.value.type !== "text-delta") continue;
      text += next.value.text;
      tokens.push(...next.value.tokens.map(({ id }) => id));
    }
  }

  it("is JSON that its schema accepts, or was cut", async () => {
    const isValid = new Ajv2020().compile(person);
    let whole = 0;
    for (let seed = 0; seed < 12; seed++) {
      const { text, reason } = await answer({ schema: person }, seed);
      if (reason === "length") continue;
      assert.equal(reason, "stop");
      assert.ok(isValid(JSON.parse(text)), text);
      whole++;
    }
    assert.ok(whole > 0);
    assert.equal((await answer({ schema: person }, 1, 3)).reason, "length");
  });

  it("is one of a choice, matches an expression, is of a grammar", async () => {
    for (let seed = 0; seed < 5; seed++) {
      assert.ok(["春", "夏", "秋冬"].includes((await answer({ choice: ["春", "夏", "秋冬"] }, seed)).text));
      assert.match((await answer({ regex: "[0-9]{3}-[a-z]{2}" }, seed)).text, /^[0-9]{3}-[a-z]{2}$/);
      assert.match((await answer({ grammar: 'root ::= "诗" [春秋]' }, seed)).text, /^诗[春秋]$/);
    }
  });

  it("is the same beside others, which are as they are alone", async () => {
    const constraints = [
      undefined,
      { schema: person },
      { regex: "[a-f]{20}" },
      undefined,
      { choice: ["月"] },
    ];
    const alone = [];
    for (const [seed, constraint] of constraints.entries()) alone.push(await answer(constraint, seed, 40));
    const together = await Promise.all(constraints.map((constraint, seed) => answer(constraint, seed, 40)));
    assert.deepEqual(together, alone);
  });

  it("that takes long to compile keeps no other waiting, and is as it is for itself", async () => {
    const dear = { regex: "(?:a|b)*a(?:a|b){12}" };
    const other = new AbortController();
    let seen = 0;
    const running = (async () => {
      const { signal } = other;
      const options = { ignoreEos: true, maxTokens: 100_000, onFull: "shift" as const, signal };
      for await (const event of model.complete("春", options)) if (event.type === "text-delta") seen++;
    })().catch((error) => assert.equal(error.code, "aborted"));
    while (seen === 0) await new Promise((resolve) => setImmediate(resolve));
    const before = seen;
    const events = model.complete("秋夜", { constraint: dear, seed: 1, maxTokens: 30 });
    let [text, at] = ["", 0];
    for await (const event of events) {
      if (event.type !== "text-delta") continue;
      at ||= seen;
      text += event.text;
    }
    other.abort();
    await running;
    assert.match(text, /^[ab]+$/);
    assert.ok(at - before > 10, `${at - before} messages of the other meanwhile`);
    assert.equal((await answer(dear, 1, 30)).text.length, text.length);
    const schema = { type: "string", pattern: "^(a|b)*a(a|b){40}$" };
    const option = "constraint.schema/pattern";
    await assert.rejects(answer({ schema }), { code: "request", option, message: /states|steps/ });
  });

  it("is refused before its first token where it cannot be enforced", async () => {
    await assert.rejects(answer({ schema: { type: "string", format: "no-such" } }), isRefused(/format/));
    await assert.rejects(answer({ regex: "(a)\\1" }), isRefused(/regex|expression|\\\\1/i));
    await assert.rejects(answer({ grammar: 'root ::= "a' }), isRefused(/grammar/));
    await assert.rejects(answer({ choice: [] }), isRefused(/constraint\.choice/));
    await assert.rejects(answer({} as AnswerConstraint), isRefused(/constraint/));
    assert.equal((await answer({ choice: ["月"] })).text, "月");
  });
});

/** As Hermes and Qwen write calls. */
const hermes =
  "{% if tools %}{{ tools | tojson }}\n{% endif %}" +
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' }}{{ message.content or '' }}" +
  "{% for call in message.tool_calls or [] %}{{ '\n<tool_call>\n' }}" +
  `{{ '{"name": "' + call.function.name + '", "arguments": ' }}` +
  "{{ call.function.arguments if call.function.arguments is string else call.function.arguments | tojson }}" +
  "{{ '}\n</tool_call>' }}{% endfor %}{{ '<|im_end|>\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

const tools = [
  { type: "function", function: { name: "add_person", parameters: person } },
  {
    type: "function",
    function: {
      name: "weather",
      parameters: {
        type: "object",
        properties: { city: { enum: ["长安", "洛阳"] } },
        required: ["city"],
        additionalProperties: false,
      },
    },
  },
];

describe("calls that must come", () => {
  let model: Model;
  before(async () => {
    model = await loadChatModel({ contextLength: 1024 }, hermes);
  });
  after(() => model.dispose());

  async function ask(options: ChatOptions): Promise<Finish> {
    const settings = { temperature: 1, maxTokens: 500, ...options };
    const events = model.chat([{ role: "user", content: "Hello" }], settings);
    for (;;) {
      const next = await events.next();
      if (next.done) return next.value;
    }
  }

  it("have arguments that validate, from random weights", async () => {
    const ajv = new Ajv2020();
    const byName = new Map(tools.map((tool) => [tool.function.name, ajv.compile(tool.function.parameters)]));
    let calls = 0;
    for (let seed = 0; seed < 10; seed++) {
      const { toolCalls = [], reason } = await ask({
        tools,
        toolChoice: "required",
        parallelToolCalls: seed % 2 === 1,
        seed,
      });
      if (reason === "length") continue;
      assert.equal(reason, "tool_calls");
      assert.ok(toolCalls.length > 0);
      for (const { name, arguments: given } of toolCalls) {
        assert.ok(byName.get(name)?.(JSON.parse(given)), `${name}: ${given}`);
        calls++;
      }
    }
    assert.ok(calls > 0, "no call was whole");
  });

  it("are of the tool that was named, and one where no more are wanted", async () => {
    for (let seed = 0; seed < 4; seed++) {
      const options = { tools, toolChoice: { name: "weather" }, parallelToolCalls: false, seed };
      const { toolCalls = [], reason } = await ask(options);
      if (reason === "length") continue;
      assert.deepEqual(
        toolCalls.map(({ name }) => name),
        ["weather"],
      );
    }
  });

  it("are refused where there is no such tool", async () => {
    await assert.rejects(ask({ toolChoice: "required" }), isRefused(/toolChoice/));
    await assert.rejects(ask({ tools, toolChoice: { name: "no_such" } }), isRefused(/add_person, weather/));
  });
});
