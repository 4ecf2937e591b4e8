// Numbers of a request reach its template as Python would have read them, in a thread, too.
import assert from "node:assert/strict";
import { it } from "node:test";
import { createHandler } from "../src/serve/index.ts";
import { loadChatModel } from "./chat-model.ts";

const TEMPLATE =
  "{{ level }} {{ tools[0].function.parameters.properties.y | default(0) | tojson }} {{ tools[0].function.parameters.properties.x | default(0) | tojson }}" +
  "{% for message in messages %}{% for call in message.tool_calls or [] %} {{ call.function.arguments | tojson }}" +
  "{% endfor %}{% endfor %}{{ pad }}";

/** Written by hand: JSON.stringify has no 1.0. */
const body = (pad: string) => `{
  "messages": [
    { "role": "user", "content": "x" },
    { "role": "assistant", "tool_calls": [
      { "id": "a", "function": { "name": "f", "arguments": "{\\"probe_key\\": 2.0, \\"id\\": 12345678901234567890}" } },
      { "id": "b", "function": { "name": "f", "arguments": { "n": 1e400, "1": -3.0 } } }
    ] },
    { "role": "tool", "tool_call_id": "a", "content": "1" },
    { "role": "tool", "tool_call_id": "b", "content": "1" }
  ],
  "tools": [{ "type": "function", "function": { "name": "f", "parameters": {
    "type": "object", "properties": { "x": { "type": "number", "default": 1.0, "maximum": 1e3, "enum": [1, 0.5] },
      "y": { "b": 1, "10": 2, "2": 6519037047198.99999999999999 } } } } }],
  "chat_template_kwargs": { "level": 1.0, "pad": "${pad}" }
}`;
const EXPECTED =
  '1.0 {"b": 1, "10": 2, "2": 6519037047199.0} {"type": "number", "default": 1.0, "maximum": 1000.0, "enum": [1, 0.5]}' +
  ' {"probe_key": 2.0, "id": 12345678901234567890} {"n": Infinity, "1": -3.0}';

it("numbers keep how they are written", async () => {
  const model = await loadChatModel({}, TEMPLATE);
  try {
    const handler = await createHandler({ models: [model] });
    for (const pad of ["", "y".repeat(20_000)]) {
      const request = new Request("http://localhost/tokenize", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: body(pad),
      });
      const answer = await handler(request);
      assert.equal(answer.status, 200, await answer.clone().text());
      const { tokens } = (await answer.json()) as { tokens: number[] };
      assert.equal(model.tokenizer.decode(tokens).trim(), EXPECTED + pad);
    }
  } finally {
    await model.dispose();
  }
});
