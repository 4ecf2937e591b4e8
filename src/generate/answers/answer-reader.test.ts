// Answers of formats without stored data, and what holds for every format.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BaimoError } from "../../errors.ts";
import { type AnswerEvent, createAnswerReader, endsInReasoning } from "./answer-reader.ts";
import type { AnswerFormat } from "./format.ts";
import { COMMAND_R7B } from "./formats/command-r7b.ts";
import { DEEPSEEK_V31, DEEPSEEK_V32 } from "./formats/deepseek.ts";
import { GEMMA_4 } from "./formats/gemma4.ts";
import { GLM_47 } from "./formats/glm.ts";
import { HARMONY } from "./formats/harmony.ts";
import { HERMES } from "./formats/hermes.ts";
import { KIMI_K2 } from "./formats/kimi-k2.ts";
import { LFM2 } from "./formats/lfm2.ts";
import { LLAMA3_JSON } from "./formats/llama3-json.ts";
import { MISTRAL_ARGS } from "./formats/mistral.ts";
import { PLAIN } from "./formats/plain.ts";
import { QWEN3_CODER } from "./formats/qwen3-coder.ts";
import { SEED_OSS } from "./formats/seed-oss.ts";
import { ANSWER_FORMATS } from "./formats.ts";

const TOOLS = new Map<string, unknown>([
  [
    "find",
    {
      type: "object",
      properties: {
        city: { type: "string" },
        days: { type: "integer" },
        on: { type: "boolean" },
        none: { type: ["integer", "null"] },
        tags: { type: "array", items: { type: "string" } },
        near: { type: "object", properties: { km: { type: "number" } } },
      },
    },
  ],
  ["now", { type: "object", properties: {} }],
]);

interface Read {
  content?: string;
  reasoning?: string;
  calls?: [name: string, args: unknown][];
}

/** Everything an answer may have, in each format's spelling. */
const FULL: Read = {
  content: "Look:",
  reasoning: "Hm.",
  calls: [
    ["find", { city: '42 "x" \\n', days: 3, on: true, none: null, tags: ["a", "b"], near: { km: -0.5 } }],
    ["now", {}],
  ],
};

const SPELLINGS: readonly [AnswerFormat, text: string, Read?][] = [
  [
    DEEPSEEK_V32,
    `<think>Hm.</think>Look:

<｜DSML｜function_calls>
<｜DSML｜invoke name="find">
<｜DSML｜parameter name="city" string="true">42 "x" \\n</｜DSML｜parameter>
<｜DSML｜parameter name="days" string="false">3</｜DSML｜parameter>
<｜DSML｜parameter name="on" string="false">true</｜DSML｜parameter>
<｜DSML｜parameter name="none" string="false">null</｜DSML｜parameter>
<｜DSML｜parameter name="tags" string="false">["a", "b"]</｜DSML｜parameter>
<｜DSML｜parameter name="near" string="false">{"km": -0.5}</｜DSML｜parameter>
</｜DSML｜invoke>
<｜DSML｜invoke name="now">
</｜DSML｜invoke>
</｜DSML｜function_calls>`,
  ],
  [
    GLM_47,
    '<think>Hm.</think>Look:<tool_call>find<arg_key>city</arg_key><arg_value>42 "x" \\n</arg_value><arg_key>days</arg_key>' +
      "<arg_value>3</arg_value><arg_key>on</arg_key><arg_value>true</arg_value><arg_key>none</arg_key><arg_value>null" +
      '</arg_value><arg_key>tags</arg_key><arg_value>["a", "b"]</arg_value><arg_key>near</arg_key><arg_value>{"km": -0.5}' +
      "</arg_value></tool_call><tool_call>now</tool_call>",
  ],
  [
    COMMAND_R7B,
    `<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>Look:<|END_RESPONSE|><|START_ACTION|>[
    {"tool_call_id": "0", "tool_name": "find", "parameters": {"city": "42 \\"x\\" \\\\n", "days": 3, "on": true, "none": null, "tags": ["a", "b"], "near": {"km": -0.5}}},
    {"tool_call_id": "1", "tool_name": "now", "parameters": {}}
]<|END_ACTION|>`,
  ],
  [
    GEMMA_4,
    '<|channel>thought\nHm.\n<channel|>Look:<|tool_call>call:find{city:<|"|>42 "x" \\n<|"|>,days:3,near:{km:-0.5},none:None,' +
      'on:true,tags:[<|"|>a<|"|>,<|"|>b<|"|>]}<tool_call|><|tool_call>call:now{}<tool_call|><|tool_response>',
  ],
  [
    SEED_OSS,
    `<seed:think>Hm.</seed:think>Look:
<seed:tool_call>
<function=find>
<parameter=city>42 "x" \\n</parameter>
<parameter=days>3</parameter>
<parameter=on>True</parameter>
<parameter=none>None</parameter>
<parameter=tags>['a', 'b']</parameter>
<parameter=near>{'km': -0.5}</parameter>
</function>
</seed:tool_call>
<seed:tool_call>
<function=now>
</function>
</seed:tool_call>`,
  ],
  [
    LFM2,
    "<think>Hm.</think>Look:<|tool_call_start|>[find(city='42 \"x\" \\\\n', days=3, on=True, none=None, tags=['a', 'b'], " +
      'near={"km": -.5}), now()]<|tool_call_end|>',
  ],
  [
    LFM2,
    '<|tool_call_start|>[{"name": "find", "arguments": {"days": 3}}]<|tool_call_end|>',
    { calls: [["find", { days: 3 }]] },
  ],
  [LLAMA3_JSON, '<|python_tag|>find.call(city="Paris")', { calls: [["find", { city: "Paris" }]] }],
  // No offered tool's.
  [LLAMA3_JSON, '<|python_tag|>print("x")', { content: '<|python_tag|>print("x")' }],
  [
    LLAMA3_JSON,
    '{"name": "find", "parameters": {}} is a call',
    { content: '{"name": "find", "parameters": {}} is a call' },
  ],
  // What another tool would have been, and a list.
  [LLAMA3_JSON, '[{"name": "find", "parameters": {}}]', { content: '[{"name": "find", "parameters": {}}]' }],
  [
    HARMONY,
    '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>{"a": 1}<|return|>',
    { reasoning: "Hm.", content: '{"a": 1}' },
  ],
  [
    HARMONY,
    "<|channel|>final<|message|>Write <|channel|>commentary to=functions.now<|message|>{} to call.<|end|>",
    { content: "Write <|channel|>commentary to=functions.now<|message|>{} to call." },
  ],
  // Python's words and quotes where JSON is due.
  [
    HERMES,
    "<tool_call>\n{'name': 'find', 'arguments': {'city': 'it\\'s', 'on': True}}\n</tool_call>",
    { calls: [["find", { city: "it's", on: true }]] },
  ],
  [
    HERMES,
    '<tool_call>{"name": "now"}</tool_call><tool_call>{"name": "now", "arguments": null}</tool_call> Done.',
    {
      content: "Done.",
      calls: [
        ["now", {}],
        ["now", {}],
      ],
    },
  ],
  // A good call stays, a bad one is content, the next is read again.
  [
    HERMES,
    '<tool_call>{"name": "now", "arguments": {}}</tool_call> <tool_call>{"name": now}</tool_call>\n' +
      '<tool_call>{"name": "find", "arguments": {"city": "a\nb"}}</tool_call>',
    {
      content: '<tool_call>{"name": now}</tool_call>',
      calls: [
        ["now", {}],
        ["find", { city: "a\nb" }],
      ],
    },
  ],
  [HERMES, "Use <think> and <tool_call> here.", { content: "Use <think> and <tool_call> here." }],
  [
    HERMES,
    '<tool_call>{"arguments": {"a": 1}}</tool_call>',
    { content: '<tool_call>{"arguments": {"a": 1}}</tool_call>' },
  ],
  [
    QWEN3_CODER,
    "<tool_call>\n<function=find>\n<parameter=city>\na </parameter> b\n</parameter>\n<parameter=days>3.5</parameter>\n" +
      "<parameter=more>x</parameter>\n</function>\n</tool_call>",
    { calls: [["find", { city: "a </parameter> b", days: 3.5, more: "x" }]] },
  ],
  [DEEPSEEK_V31, "<｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜>", { calls: [["now", {}]] }],
  [
    KIMI_K2,
    '<|tool_calls_section_begin|><|tool_call_begin|>find:7<|tool_call_argument_begin|>{"days": 1}<|tool_call_end|>',
    { calls: [["find", { days: 1 }]] },
  ],
];

/** Reads pieces; the deltas must say what the message says. */
function read(format: AnswerFormat, pieces: Iterable<string>, special: readonly string[] = []): Read {
  const reader = createAnswerReader(format, { tools: TOOLS, special });
  const events: AnswerEvent[] = [];
  for (const piece of pieces)
    events.push(...reader.push(special.includes(piece) ? reader.placeOf(piece) : piece));
  const end = reader.finish("stop");
  events.push(...end.events);
  const { content, reasoningContent, toolCalls } = end.message;
  const textOf = (type: string) =>
    events.map((event) => (event.type === type && "text" in event ? event.text : "")).join("");
  assert.equal(textOf("text-delta"), content);
  assert.equal(textOf("reasoning-delta"), reasoningContent ?? "");
  const deltas = toolCalls.map(() => "");
  for (const event of events) if (event.type === "tool-call-delta") deltas[event.index] += event.arguments;
  assert.deepEqual(
    deltas,
    toolCalls.map((call) => call.arguments),
  );
  const found: Read = {};
  if (content.trim() !== "") found.content = content.trim();
  if (reasoningContent) found.reasoning = reasoningContent;
  if (toolCalls.length > 0) found.calls = toolCalls.map((call) => [call.name, JSON.parse(call.arguments)]);
  return found;
}

describe("an answer", () => {
  for (const [format, text, wanted = FULL] of SPELLINGS) {
    it(`of ${format.name} says the same however it is cut: ${JSON.stringify(text.slice(0, 60))}`, () => {
      assert.deepEqual(read(format, [text]), wanted);
      const points = [...text];
      assert.deepEqual(read(format, points), wanted);
      for (let cut = 1; cut < points.length; cut++) {
        const pieces = [points.slice(0, cut).join(""), points.slice(cut).join("")];
        assert.deepEqual(read(format, pieces), wanted, `cut at ${cut}`);
      }
      // All marks of the form <...> are special tokens.
      const tokens = text.split(/(<[^<>\s=]+>)/);
      const special = tokens.filter((_, index) => index % 2 === 1);
      assert.deepEqual(read(format, tokens, special), wanted, "with special tokens");
    });
  }

  it("without calls comes out as it is, and only what may become a mark waits", () => {
    const text = "a <b> <t <to <tool <|x [TOO <｜ <th\n\n {c} </think> d";
    for (const format of ANSWER_FORMATS) {
      const reader = createAnswerReader(format, { tools: TOOLS });
      let given = "";
      for (const [at, point] of [...text].entries()) {
        for (const event of reader.push(point)) given += event.type === "text-delta" ? event.text : "?";
        const waits = text.slice(given.length, at + 1);
        assert.ok(given + waits === text.slice(0, at + 1), format.name);
        assert.ok(
          /^(\s*|\s*[<[].*| ?t?o?)$/.test(waits),
          `${format.name} holds ${JSON.stringify(waits)} back`,
        );
      }
      assert.equal(reader.finish("stop").message.content, text, format.name);
    }
  });

  it("without tools has no calls, and reasoning", () => {
    const reader = createAnswerReader(HERMES, { tools: new Map() });
    reader.push('<think>Hm.</think>\n<tool_call>{"name": "now"}</tool_call>');
    const { message, reason } = reader.finish("stop");
    assert.deepEqual(message, {
      content: '<tool_call>{"name": "now"}</tool_call>',
      reasoningContent: "Hm.",
      toolCalls: [],
    });
    assert.equal(reason, "stop");
  });

  it("takes its ids from the model or makes them", () => {
    const idsOf = (format: AnswerFormat, text: string) => {
      const reader = createAnswerReader(format, { tools: TOOLS });
      reader.push(text);
      return reader.finish("stop").message.toolCalls.map(({ id }) => id);
    };
    const kimi = "<|tool_call_begin|>functions.now:12<|tool_call_argument_begin|>{}<|tool_call_end|>";
    assert.deepEqual(idsOf(KIMI_K2, kimi), ["functions.now:12"]);
    const [mistral] = idsOf(MISTRAL_ARGS, "[TOOL_CALLS]now[ARGS]{}");
    assert.match(mistral, /^[A-Za-z0-9]{9}$/);
    const [a, b] = idsOf(HERMES, '<tool_call>{"name": "now"}</tool_call>'.repeat(2));
    assert.match(a, /^call_[A-Za-z0-9]{24}$/);
    assert.notEqual(a, b);
  });

  it("goes on in reasoning where the prompt ends there", () => {
    assert.equal(endsInReasoning(HERMES, "<|im_start|>assistant\n<think>\n"), true);
    assert.equal(endsInReasoning(HERMES, "<|im_start|>assistant\n<think>\n\n</think>\n\n"), false);
    assert.equal(endsInReasoning(LLAMA3_JSON, "<think>"), false);
    const reader = createAnswerReader(PLAIN, { tools: TOOLS, inReasoning: true });
    reader.push("Hm.\n</think>\n\nYes.");
    const { message } = reader.finish("stop");
    assert.deepEqual([message.reasoningContent, message.content], ["Hm.", "Yes."]);
  });
});

describe("an answer that is cut off", () => {
  const cutAt = (format: AnswerFormat, text: string) => {
    const reader = createAnswerReader(format, { tools: TOOLS });
    const events = reader.push(text);
    const end = reader.finish("length");
    const { content, reasoningContent: reasoning, toolCalls } = end.message;
    const started = [...events, ...end.events].filter(({ type }) => type === "tool-call-start").length;
    return [content, reasoning, toolCalls.length, started, end.reason];
  };

  it("shows no part of a mark, and has the calls whose arguments are whole", () => {
    const call = '<tool_call>{"name": "now", "arguments": {}}';
    assert.deepEqual(cutAt(HERMES, "Hi <tool_c"), ["Hi ", undefined, 0, 0, "length"]);
    assert.deepEqual(cutAt(HERMES, "<thi"), ["", undefined, 0, 0, "length"]);
    assert.deepEqual(cutAt(HERMES, "<think>Hm.</th"), ["", "Hm.", 0, 0, "length"]);
    assert.deepEqual(cutAt(HERMES, "<tool_call>"), ["", undefined, 0, 0, "length"]);
    assert.deepEqual(cutAt(HERMES, call.slice(0, -1)), ["", undefined, 0, 1, "length"]);
    for (const end of ["", "\n</tool", "</tool_call>", "</tool_call>\n<to"])
      assert.deepEqual(cutAt(HERMES, call + end), ["", undefined, 1, 1, "length"], end);
    assert.deepEqual(cutAt(LLAMA3_JSON, '{"name": "now", "parameters": {}}<|eo'), [
      "",
      undefined,
      1,
      1,
      "length",
    ]);
    assert.deepEqual(cutAt(LLAMA3_JSON, '{"name": "no'), ["", undefined, 0, 0, "length"]);
    assert.deepEqual(cutAt(LLAMA3_JSON, '{"names'), ['{"names', undefined, 0, 0, "length"]);
    const section = "<|tool_calls_section_begin|>";
    const kimi = `${section}<|tool_call_begin|>now:0<|tool_call_argument_begin|>{}<|tool_call_end|>`;
    for (const end of ["<|tool_calls_sec", "<|tool_call_beg", "<|tool_call_begin|>fi"])
      assert.deepEqual(cutAt(KIMI_K2, kimi + end), ["", undefined, 1, 1, "length"], end);
  });
});

describe("special tokens", () => {
  const special = ["[TOOL_CALLS]", "[ARGS]", "[THINK]", "[/THINK]"];

  it("count only as tokens", () => {
    const reader = createAnswerReader(MISTRAL_ARGS, { tools: TOOLS, special });
    const events = reader.push("It begins with [TOOL");
    assert.deepEqual(events, [{ type: "text-delta", text: "It begins with [TOOL" }]);
    reader.push("_CALLS]now[ARGS]{}.");
    reader.push(reader.placeOf("</s>"));
    reader.push(reader.placeOf("[TOOL_CALLS]"));
    reader.push("find");
    reader.push(reader.placeOf("[ARGS]"));
    reader.push('{"city": "a [ARGS]');
    reader.push(reader.placeOf("[THINK]"));
    reader.push('"}');
    const { message } = reader.finish("stop");
    assert.equal(message.content, "It begins with [TOOL_CALLS]now[ARGS]{}.");
    assert.deepEqual(
      message.toolCalls.map((call) => call.arguments),
      ['{"city": "a [ARGS][THINK]"}'],
    );
  });

  it("come back as their text in what is no call", () => {
    const reader = createAnswerReader(MISTRAL_ARGS, { tools: TOOLS, special });
    reader.push(reader.placeOf("[TOOL_CALLS]"));
    reader.push("now");
    reader.push(reader.placeOf("[ARGS]"));
    reader.push("{,}");
    assert.equal(reader.finish("stop").message.content, "[TOOL_CALLS]now[ARGS]{,}");
  });
});

describe("streamed arguments", () => {
  it("come as they are written", () => {
    const reader = createAnswerReader(HERMES, { tools: TOOLS, streamArguments: true, createId: String });
    assert.deepEqual(reader.push('<tool_call>\n{"name": "fi'), []);
    assert.deepEqual(reader.push('nd", "arguments": {'), [
      { type: "tool-call-start", index: 0, id: "0", name: "find" },
      { type: "tool-call-delta", index: 0, arguments: "{" },
    ]);
    assert.deepEqual(reader.push('"city": "Par'), [
      { type: "tool-call-delta", index: 0, arguments: '"city": "Par' },
    ]);
    assert.deepEqual(reader.push('is"}}\n'), [{ type: "tool-call-delta", index: 0, arguments: 'is"}' }]);
    assert.deepEqual(reader.push("</tool_call>"), [
      { type: "tool-call", index: 0, id: "0", name: "find", arguments: '{"city": "Paris"}' },
    ]);
  });

  it("that break off are an error", () => {
    const reader = createAnswerReader(HERMES, { tools: TOOLS, streamArguments: true });
    assert.throws(
      () => reader.push('<tool_call>{"name": "find", "arguments": {"city": }}'),
      (error) => error instanceof BaimoError && error.code === "format" && error.message.includes("find"),
    );
  });

  it("wait for the whole of a call otherwise", () => {
    const reader = createAnswerReader(HERMES, { tools: TOOLS });
    assert.deepEqual(reader.push('<tool_call>{"name": "now", "arguments": {}}'), []);
    assert.deepEqual(
      reader.push("</tool_call>").map(({ type }) => type),
      ["tool-call-start", "tool-call-delta", "tool-call"],
    );
  });
});

describe("hostile answers", () => {
  const contentOf = (format: AnswerFormat, text: string, size = text.length): string => {
    const reader = createAnswerReader(format, { tools: TOOLS });
    for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size));
    return reader.finish("stop").message.content;
  };

  it("nest deep", () => {
    const text = `<tool_call>{"name": "find", "arguments": ${'{"a":'.repeat(100_000)}`;
    assert.equal(contentOf(HERMES, text), text);
  });

  it("begin calls without end", () => {
    const text = "<tool_call><function=find><parameter=city>".repeat(5_000);
    assert.equal(contentOf(QWEN3_CODER, text, 7), text);
  });

  it("close values without end", () => {
    const text = `<tool_call><function=find><parameter=city>${`</parameter>${" ".repeat(50)}`.repeat(2_000)}`;
    assert.equal(contentOf(QWEN3_CODER, text, 5), text);
  });

  it("are white space, names or numbers without end", () => {
    for (const text of [
      `x${" \n".repeat(50_000)}`,
      `[TOOL_CALLS]${"x".repeat(50_000)}`,
      `[TOOL_CALLS]now[ARGS]{"a": ${"1".repeat(50_000)}`,
      `[TOOL_CALLS]now[CALL_ID]${"1".repeat(50_000)}`,
      `[TOOL_CALLS]${" ".repeat(50_000)}`,
    ])
      assert.equal(contentOf(MISTRAL_ARGS, text, 3), text);
  });
});
