// Bodies of Anthropic's messages: what the engine is told, what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../problem.ts";
import { readBody } from "./fields.ts";
import { messageRequestTable, toMessageChat } from "./message-request.ts";

const hello = { max_tokens: 8, messages: [{ role: "user", content: "hello" }] };
const weather = { name: "weather", input_schema: { type: "object" } };

function read(body: object, templates = "") {
  const ignored: string[] = [];
  const chat = toMessageChat(readBody(body, messageRequestTable), { templates, ignored });
  return { chat, options: chat.choices[0], ignored };
}

function refused(body: object, name: string, templates = "") {
  assert.throws(
    () => read(body, templates),
    (error) => {
      assert.ok(error instanceof Problem, String(error));
      assert.deepEqual([error.status, error.details.param], [400, name]);
      return true;
    },
  );
}

test("sampling, tools and their choice", () => {
  const sampling = { temperature: 0.5, top_p: 0.9, top_k: 40, stop_sequences: ["END"] };
  const { options } = read({ ...hello, ...sampling, tools: [weather], tool_choice: { type: "any" } });
  const { maxTokens, temperature, topP, topK, stop, toolChoice, parallelToolCalls } = options;
  assert.deepEqual([maxTokens, temperature, topP, topK, stop], [8, 0.5, 0.9, 40, ["END"]]);
  assert.deepEqual([toolChoice, parallelToolCalls], ["required", true]);
  const choose = (choice: object) => read({ ...hello, tools: [weather], tool_choice: choice }).options;
  assert.deepEqual(choose({ type: "tool", name: "weather" }).toolChoice, { name: "weather" });
  assert.equal(choose({ type: "none" }).tools, undefined);
  assert.equal(choose({ type: "auto", disable_parallel_tool_use: true }).parallelToolCalls, false);
  refused({ ...hello, tools: [weather, weather] }, "tools[1].name");
  refused({ ...hello, tools: [weather], tool_choice: { type: "tool" } }, "tool_choice.name");
});

test("thinking goes by the template's switch, a budget where it is read", () => {
  const thinking = { type: "enabled", budget_tokens: 1024 };
  const on = read({ ...hello, thinking }, "{{ enable_thinking }}");
  assert.deepEqual(on.options.templateVariables, { enable_thinking: true });
  assert.deepEqual(on.ignored, ["thinking.budget_tokens"]);
  const bound = read({ ...hello, thinking }, "{{ enable_thinking }} {{ thinking_budget }}");
  assert.deepEqual(bound.options.templateVariables, { enable_thinking: true, thinking_budget: 1024 });
  assert.deepEqual(bound.ignored, []);
  refused({ ...hello, thinking }, "thinking");
  assert.equal(read({ ...hello, thinking: { type: "disabled" } }).chat.effort, "none");
  assert.equal(read({ ...hello, thinking: { type: "adaptive" } }).chat.effort, undefined);
  const effort = { ...hello, output_config: { effort: "high" } };
  assert.equal(read(effort).chat.effort, undefined);
  assert.equal(read(effort, "{{ reasoning_effort }}").chat.effort, "high");
});

test("blocks become messages, a result where it answers a call", () => {
  const messages = [
    { role: "user", content: "a" },
    { role: "user", content: [{ type: "text", text: "b", cache_control: { type: "ephemeral" } }] },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "hm", signature: "" },
        { type: "tool_use", id: "1", name: "weather", input: { city: "秋" } },
      ],
    },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "1", is_error: true, content: "no" }] },
  ];
  const system = [
    { type: "text", text: "x" },
    { type: "text", text: "y" },
  ];
  const called = { name: "weather", arguments: '{"city":"秋"}' };
  assert.deepEqual(read({ ...hello, system, messages }).chat.messages, [
    { role: "system", content: "x\ny" },
    { role: "user", content: "a\nb" },
    {
      role: "assistant",
      content: null,
      reasoning_content: "hm",
      tool_calls: [{ id: "1", type: "function", function: called }],
    },
    { role: "tool", content: "Error: no", tool_call_id: "1" },
  ]);
  refused({ ...hello, messages: messages.slice(0, 3) }, "messages[2].content[1]");
  refused({ ...hello, messages: messages.slice(3) }, "messages[0].content[0].tool_use_id");
  refused({ ...hello, messages: [{ role: "system", content: "x" }] }, "messages[0].role");
  refused({ ...hello, system: [{ type: "image" }] }, "system[0]");
  const keep = (kept: unknown) => ({
    ...hello,
    context_management: { edits: [{ type: "clear", keep: kept }] },
  });
  read(keep("all"));
  refused(keep(1), "context_management.edits[0]");
});
