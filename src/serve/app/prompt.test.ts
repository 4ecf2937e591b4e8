// Branches of a conversation, and what of them a model reads.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredMessage } from "../../store/messages.ts";
import { branchTo, lastAfter, type Said, toPrompt } from "./prompt.ts";

const tree = (parents: readonly (number | null)[]) =>
  parents.map((parentKey, key) => ({ key, parentKey })) as unknown as StoredMessage[]; // all that is read of them

test("a branch goes from the first message to its last, and newest versions go on", () => {
  //  0 - 1 - 2 - 3
  //    \ 4 - 5     6
  const messages = tree([null, 0, 1, 2, 0, 4, null]);
  const keys = (list: readonly StoredMessage[]) => list.map(({ key }) => key);
  assert.deepEqual(keys(branchTo(messages, 3)), [0, 1, 2, 3]);
  assert.deepEqual(keys(branchTo(messages, 6)), [6]);
  assert.deepEqual(branchTo(messages, null), []);
  assert.deepEqual(
    [0, 1, 4, 6].map((key) => lastAfter(messages, key)?.key),
    [5, 3, 5, 6],
  );
});

test("a prompt has files, reasoning and calls that were answered", () => {
  const call = { type: "tool-call" as const, name: "f", arguments: "{}" };
  const branch: Said[] = [
    {
      role: "user",
      parts: [
        { type: "text", text: "read" },
        { type: "file", name: 'a"b.txt', mediaType: "text/plain", text: "content" },
      ],
    },
    {
      role: "assistant",
      parts: [
        { type: "reasoning", text: "hm" },
        { ...call, id: "1" },
        { ...call, id: "2" },
      ],
    },
    { role: "tool", parts: [{ type: "tool-result", id: "1", name: "f", text: "r" }] },
    {
      role: "assistant",
      parts: [
        { type: "text", text: "so" },
        { ...call, id: "3" },
      ],
    },
    { role: "user", parts: [{ type: "text", text: "thanks" }] },
  ];
  const files = [{ name: "k.md", mediaType: "text/markdown", text: "known" }];
  assert.deepEqual(toPrompt(branch, { system: "S", files }), [
    { role: "system", content: 'S\n\n<file name="k.md">\nknown\n</file>' },
    { role: "user", content: 'read\n\n<file name="a\\"b.txt">\ncontent\n</file>' },
    {
      role: "assistant",
      content: "",
      reasoning_content: "hm",
      tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }],
    },
    { role: "tool", content: "r", tool_call_id: "1", name: "f" },
    { role: "assistant", content: "so" },
    { role: "user", content: "thanks" },
  ]);
  assert.deepEqual(toPrompt([], {}), []);
});
