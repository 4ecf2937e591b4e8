// Files of ChatGPT, Open WebUI and Hugging Chat, and broken ones.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readAssistant } from "./assistant-file.ts";
import { inOrder } from "./imported.ts";
import { toMarkdown } from "./markdown.ts";
import { readFile } from "./own.ts";

const node = (id: string, parent: string | null, children: string[], message: object | null) => ({
  [id]: { id, parent, children, message },
});
const said = (role: string, text: string, more: object = {}) => ({
  author: { role },
  content: { content_type: "text", parts: [text] },
  create_time: 1.7e9,
  ...more,
});

describe("files of conversations", () => {
  it("reads ChatGPT's: hidden nodes left out, an answer in several nodes put together, versions kept", () => {
    const mapping = Object.assign(
      {},
      node("root", null, ["system"], null),
      node("system", "root", ["q1", "q2"], said("system", "")),
      node("q1", "system", ["a1"], said("user", "one")),
      node("a1", "q1", [], said("assistant", "first", { metadata: { model_slug: "gpt-4o" } })),
      node("q2", "system", ["think"], said("user", "two")),
      node("think", "q2", ["call"], {
        author: { role: "assistant" },
        content: { content_type: "thoughts", thoughts: [{ summary: "S", content: "C" }] },
      }),
      node("call", "think", ["tool"], said("assistant", "search()", { recipient: "web" })),
      node("tool", "call", ["a2"], said("tool", "result")),
      node("a2", "tool", [], said("assistant", "second")),
    );
    const file = [{ title: "T", create_time: 1.7e9, update_time: 1.7e9 + 1, mapping, current_node: "a2" }];
    const { format, conversations, skipped } = readFile(file);
    assert.deepEqual([format, skipped, conversations.length], ["chatgpt", [], 1]);
    const [{ title, created, updated, messages, leaf }] = conversations;
    assert.deepEqual([title, created, updated, leaf], ["T", 1.7e12, 1.7e12 + 1000, "think"]);
    assert.deepEqual(
      messages.map(({ id, parent, role, parts, model }) => [id, parent, role, parts, model]),
      [
        ["q1", null, "user", [{ type: "text", text: "one" }], undefined],
        ["a1", "q1", "assistant", [{ type: "text", text: "first" }], "gpt-4o"],
        ["q2", null, "user", [{ type: "text", text: "two" }], undefined],
        [
          "think",
          "q2",
          "assistant",
          [
            { type: "reasoning", text: "S\nC" },
            { type: "text", text: "second" },
          ],
          undefined,
        ],
      ],
    );
  });

  it("reads Open WebUI's, with reasoning in the text, and its old list of messages", () => {
    const content =
      '<details type="reasoning" done="true" duration="3">\n<summary>Thought for 3 seconds</summary>\n&gt; hm\n> so\n</details>\nanswer';
    const history = {
      currentId: "b",
      messages: {
        b: { id: "b", parentId: "a", role: "assistant", content, model: "qwen", timestamp: 1.7e9 },
        a: { id: "a", parentId: null, role: "user", content: "question", timestamp: 1.7e9 },
      },
    };
    const list = [
      { role: "user", content: "x" },
      { role: "assistant", content: "y" },
    ];
    const { format, conversations } = readFile([
      {
        title: "New",
        chat: { models: ["qwen"], system: "be brief", history },
        pinned: true,
        updated_at: 1.7e9,
      },
      { title: "Old", chat: { messages: list } },
    ]);
    assert.equal(format, "open-webui");
    const [{ messages, model, settings, pinned, leaf }, old] = conversations;
    assert.deepEqual([model, settings, pinned, leaf], ["qwen", { system: "be brief" }, true, "b"]);
    assert.deepEqual(
      inOrder(messages).map(({ parts }) => parts),
      [
        [{ type: "text", text: "question" }],
        [
          { type: "reasoning", text: "hm\nso", ms: 3000 },
          { type: "text", text: "answer" },
        ],
      ],
    );
    assert.deepEqual(
      old.messages.map(({ parent }) => parent),
      [null, "0"],
    );
  });

  it("takes in what can be read, and says what cannot", () => {
    const good = {
      title: "good",
      messages: [{ id: "1", parent: "gone", role: "user", parts: [{ type: "text", text: "a" }] }],
    };
    const circle = [
      { id: "1", parent: "2", role: "user", parts: [] },
      { id: "2", parent: "1", role: "user", parts: [] },
    ];
    const conversations = [
      good,
      { title: "circle", messages: circle },
      { title: "twice", messages: [good.messages[0], good.messages[0]] },
      { title: "role", messages: [{ id: "1", role: "wizard", parts: [] }] },
      { title: "part", messages: [{ id: "1", role: "user", parts: [{ type: "script", text: "x" }] }] },
      { title: "none", messages: [] },
      5,
    ];
    const { conversations: read, skipped } = readFile({
      format: "baimo.conversations",
      version: 1,
      conversations,
    });
    assert.deepEqual(
      read.map(({ title }) => title),
      ["good"],
    );
    assert.deepEqual(
      skipped.map(({ title }) => title),
      ["circle", "twice", "role", "part", "none", ""],
    );
    assert.match(skipped[0].reason, /each other's parents/);
    for (const data of [
      null,
      5,
      "x",
      [],
      {},
      [{}],
      { format: "baimo.conversations", version: 2, conversations: [] },
    ])
      assert.throws(() => readFile(data), { code: "format" });
  });

  it("writes Markdown whose fences hold what is within", () => {
    const conversation = { title: "T", settings: { system: "S" } } as Parameters<typeof toMarkdown>[0];
    const parts = [
      { type: "reasoning" as const, text: "a\nb" },
      { type: "file" as const, name: "f.md", mediaType: "text/markdown", text: "```\nx\n```" },
    ];
    assert.equal(
      toMarkdown(conversation, [{ role: "user", parts }]),
      "# T\n\n## System\n\nS\n\n## User\n\n> a\n> b\n\n**f.md**\n\n````\n```\nx\n```\n````\n",
    );
  });
});

describe("files of assistants", () => {
  it("reads Hugging Chat's, and says what is lost", () => {
    const { fields, notices } = readAssistant({
      _id: "1",
      name: "Poet",
      avatar: "0f3a",
      description: "writes",
      modelId: "Qwen/Qwen3-8B",
      exampleInputs: ["秋", ""],
      preprompt: "You write verse.",
      generateSettings: { temperature: 0.5, top_p: 0.9, top_k: 40, repetition_penalty: 1.1 },
      rag: { allowAllDomains: true },
      tools: ["000000000000000000000001"],
    });
    assert.deepEqual(
      [fields.name, fields.model, fields.starters, fields.system, fields.picture],
      ["Poet", "Qwen/Qwen3-8B", ["秋"], "You write verse.", ""],
    );
    assert.deepEqual(fields.options, { temperature: 0.5, topP: 0.9, topK: 40, repetitionPenalty: 1.1 });
    assert.equal(notices.length, 3);
  });

  it("refuses what could run, and what is none", () => {
    const own = (assistant: object) => ({ format: "baimo.assistant", version: 1, assistant });
    assert.throws(
      () => readAssistant(own({ name: "x", picture: "data:image/svg+xml;base64,AAAA" })),
      /picture/,
    );
    assert.throws(() => readAssistant(own({ name: "x", picture: "https://example.org/a.png" })), /picture/);
    assert.throws(() => readAssistant(own({ name: "x", surprise: 1 })), /surprise/);
    assert.throws(() => readAssistant(own({})), /name/);
    assert.throws(() => readAssistant({ name: "x" }), { code: "format" });
  });
});
