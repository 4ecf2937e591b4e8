// Conversations: which roles and parts of messages are taken.
import assert from "node:assert/strict";
import { it } from "node:test";
import { BaimoError } from "../errors.ts";
import { call } from "../options.ts";
import { conversations } from "./messages.ts";

const template =
  "{% if part.type == 'thinking' %}{% elif part['type'] == \"image\" %}{% elif part.type == 'input_audio' %}{% endif %}";
const kind = conversations(template);
const read = (part: unknown) => kind.read([{ role: "user", content: [part] }], "messages", call("chat"));

it("parts of text are taken, further ones where the template names them", () => {
  for (const part of [
    { type: "text", text: "" },
    { type: "thinking", thinking: "…" },
  ]) {
    assert.deepEqual(read(part), [{ role: "user", content: [part] }]);
  }
});

it("parts of pictures and sound are refused even where the template names them", () => {
  for (const [part, option] of [
    [{ type: "image", image: "x" }, "type"],
    [{ type: "image_url", image_url: { url: "x" } }, "type"],
    [{ type: "input_audio", input_audio: {} }, "type"],
    [{ type: "document", text: "x" }, "type"],
    [{ type: "text" }, "text"],
    [{ type: "text", text: 5 }, "text"],
    [{ text: "x" }, "type"],
  ] as const) {
    assert.throws(
      () => read(part),
      (error) =>
        error instanceof BaimoError &&
        error.code === "request" &&
        error.option === `messages[0].content[0].${option}`,
      JSON.stringify(part),
    );
  }
});
