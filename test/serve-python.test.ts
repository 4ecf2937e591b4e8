// OpenAI's client for Python, unmodified, against the server, where it is installed.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { createHandler } from "../src/serve/index.ts";
import { listen } from "../src/serve/node.ts";
import { loadChatModel } from "./chat-model.ts";
import { root } from "./places.ts";

const template =
  "{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}{{ m.role }}: {{ m.content or '' }}" +
  "{% for c in m.tool_calls or [] %}<tool_call>\n{{ c.function | tojson }}\n</tool_call>{% endfor %}\n{% endfor %}" +
  "{% if add_generation_prompt %}assistant: {% endif %}";

const hasClient = spawnSync("python3", ["-c", "import openai, pydantic"]).status === 0;
const skip = hasClient ? false : "the package openai for Python is not installed";

test("OpenAI's client for Python", { skip }, async () => {
  const model = await loadChatModel({}, template);
  const server = await listen(createHandler({ models: [model] }), { port: 0 });
  try {
    const script = join(root, "test", "openai-client.py");
    const { stdout } = await promisify(execFile)("python3", [script, server.url]);
    const did = ["chat", "tools", "schema", "vectors", "responses", "completions", "errors"];
    assert.deepEqual(stdout.trim().split("\n"), did);
  } finally {
    await server.close();
    await model.dispose();
  }
});
