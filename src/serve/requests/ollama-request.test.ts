// Bodies of Ollama's chat and generate: what the engine is told, what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../problem.ts";
import { readBody } from "./fields.ts";
import {
  ollamaChatTable,
  ollamaGenerateTable,
  toOllamaChat,
  toPromptChat,
  toRawOptions,
} from "./ollama-request.ts";

const hello = { messages: [{ role: "user", content: "hello" }] };

function modelOf(templates = "") {
  return { contextLength: 64, templates, ignored: [] as string[] };
}

function refused(run: () => unknown, name: string) {
  assert.throws(run, (error) => {
    assert.ok(error instanceof Problem, String(error));
    assert.deepEqual([error.status, error.details.param], [400, name]);
    return true;
  });
}

test("options, a format, and what changes no answer", () => {
  const model = modelOf();
  const options = {
    num_predict: -1,
    num_ctx: 64,
    temperature: 0.1,
    top_k: 3,
    repeat_penalty: 1.1,
    stop: ["a"],
  };
  const body = readBody({ ...hello, options, format: "json" }, ollamaChatTable);
  const chat = toOllamaChat(body, model);
  const [{ maxTokens, temperature, topK, repetitionPenalty, stop, constraint }] = chat.choices;
  assert.deepEqual([maxTokens, temperature, topK, repetitionPenalty, stop], [undefined, 0.1, 3, 1.1, ["a"]]);
  assert.deepEqual([constraint, chat.stream], [{ schema: { type: "object" } }, true]);
  assert.deepEqual(model.ignored, ["options.num_ctx"]);
  const asked = (more: object) => () =>
    toOllamaChat(readBody({ ...hello, options: more }, ollamaChatTable), modelOf());
  refused(asked({ num_ctx: 65 }), "options.num_ctx");
  refused(asked({ temperatur: 1 }), "options.temperatur");
  refused(asked({ mirostat: 1 }), "options.mirostat");
});

test("thinking, by the template's switch", () => {
  const think = (asked: unknown, templates: string) =>
    toOllamaChat(readBody({ ...hello, think: asked }, ollamaChatTable), modelOf(templates));
  assert.deepEqual(think(true, "{{ enable_thinking }}").choices[0].templateVariables, {
    enable_thinking: true,
  });
  assert.equal(think(false, "").effort, "none");
  assert.equal(think("low", "{{ reasoning_effort }}").effort, "low");
  refused(() => think(true, ""), "think");
});

test("results go to the calls that they name, else in order", () => {
  const call = (name: string) => ({ function: { name, arguments: { x: 1 } } });
  const messages = [
    ...hello.messages,
    { role: "assistant", content: "", thinking: "hm", tool_calls: [call("a"), call("b"), call("c")] },
    { role: "tool", content: "of b", tool_name: "b" },
    { role: "tool", content: "of a" },
    { role: "tool", content: "of c" },
  ];
  const read = (given: object[]) => readBody({ messages: given }, ollamaChatTable).messages;
  const [, said, ...results] = read(messages);
  assert.equal(said.reasoning_content, "hm");
  const ids = (said.tool_calls as { id: string }[]).map(({ id }) => id);
  assert.deepEqual(
    results.map((each) => each.tool_call_id),
    [ids[1], ids[0], ids[2]],
  );
  refused(() => read(messages.slice(0, 4)), "messages[1].tool_calls[2]");
  refused(() => read([...messages, { role: "tool", content: "more" }]), "messages[5]");
});

test("a prompt is a conversation of one message, or goes on as it is", () => {
  const read = (body: object) => readBody(body, ollamaGenerateTable);
  const chat = toPromptChat(read({ prompt: "hi", system: "be brief", stream: false }), modelOf());
  assert.deepEqual(chat.messages, [
    { role: "system", content: "be brief" },
    { role: "user", content: "hi" },
  ]);
  assert.equal(chat.stream, false);
  const raw = toRawOptions(read({ prompt: "hi", raw: true, options: { num_predict: 3 } }), modelOf());
  assert.equal(raw.maxTokens, 3);
  refused(() => toRawOptions(read({ prompt: "hi", raw: true, system: "x" }), modelOf()), "system");
  refused(() => read({ prompt: "hi", suffix: "x" }), "suffix");
  refused(() => read({ prompt: "hi", context: [1] }), "context");
});
