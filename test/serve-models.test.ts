// Two models that fit one at a time, under alternating load: real engines behind the server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Ollama } from "ollama";
import { previewModel } from "../src/generate/preview.ts";
import { load } from "../src/index.ts";
import { createHandler, type Handler, type Models, openModels } from "../src/serve/index.ts";
import { type Listening, listen } from "../src/serve/node.ts";
import { golden } from "./places.ts";

const FILES = {
  llama: golden("gguf", "llama-q8_0.gguf"),
  poet: "poet",
};
const options = { threads: 1, contextLength: 256, cacheTokens: 256, parallel: 2 };

describe("two models that fit one at a time", () => {
  let models: Models;
  let handle: Handler;
  let server: Listening;
  let budget = 0;
  let alive = 0;
  let [most, opened] = [0, 0];
  before(async () => {
    const previews = await Promise.all(Object.values(FILES).map((file) => previewModel(file, options)));
    budget = Math.max(...previews.map(({ memory }) => memory.total)) * 1.01;
    const recipeOf = (file: string) => ({
      preview: () => previewModel(file, options),
      async open() {
        opened++;
        const model = await load(file, options);
        most = Math.max(most, ++alive);
        const dispose = async () => {
          await model.dispose();
          alive--;
        };
        return { ...model, dispose };
      },
    });
    models = openModels(
      new Map([
        ["llama", recipeOf(FILES.llama)],
        ["poet", recipeOf(FILES.poet)],
      ]),
      { memoryBytes: budget },
    );
    handle = createHandler({ models });
    server = await listen(handle, { port: 0 });
  });
  after(async () => {
    await server?.close();
    await models?.dispose();
  });

  const ask = async (model: string) => {
    const body = JSON.stringify({ model, prompt: "a", max_tokens: 3, seed: 1, ignore_eos: true });
    const headers = { "content-type": "application/json" };
    const response = await handle(
      new Request("http://localhost/v1/completions", { method: "POST", headers, body }),
    );
    assert.ok(models.usedBytes <= budget, `${models.usedBytes} of ${budget}`);
    assert.equal(response.status, 200, `${model}: ${response.status === 200 || (await response.text())}`);
    return (await response.json()).choices[0].text as string;
  };
  const stateOf = async (path: string) => (await handle(new Request(`http://localhost${path}`))).json();

  test("what is not loaded is listed, with what its files say", async () => {
    const { data } = await stateOf("/v1/models");
    assert.deepEqual(
      data.map((each: { id: string; state: string }) => [each.id, each.state]),
      [
        ["llama", "unloaded"],
        ["poet", "unloaded"],
      ],
    );
    assert.equal(data[1].context_length, 256);
    assert.equal((await stateOf("/health")).status, "ok");
    assert.equal(opened, 0);
  });

  test("every request is answered, one engine is alive at a time, and answers do not depend on it", async () => {
    const names = Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? "llama" : "poet"));
    const answers = await Promise.all(names.map(ask));
    for (const [i, answer] of answers.entries()) assert.equal(answer, answers[i % 2]);
    assert.equal(most, 1);
    const before = opened;
    await ask("llama");
    await ask("poet");
    await ask("llama");
    assert.ok(opened >= before + 2 && most === 1, `${opened} loads`);
    const { states } = await stateOf("/health");
    assert.deepEqual(states, { llama: "ready", poet: "unloaded" });
  });

  test("Ollama's client sees what is loaded, and has it go", async () => {
    assert.equal((await fetch(server.url, { method: "HEAD" })).status, 200);
    const client = new Ollama({ host: server.url });
    const { models: all } = await client.list();
    assert.deepEqual(
      all.map(({ name }) => name),
      ["llama", "poet"],
    );
    assert.ok(all.every(({ size }) => size > 0));
    await client.generate({ model: "poet", prompt: "", keep_alive: "10m" });
    const [running, ...others] = (await client.ps()).models;
    assert.deepEqual([running.name, others.length], ["poet", 0]);
    assert.ok(new Date(running.expires_at).getTime() > Date.now());
    const gone = await client.generate({ model: "poet", prompt: "", keep_alive: 0 });
    assert.equal(gone.done_reason, "unload");
    while ((await client.ps()).models.length > 0);
    const metrics = await (await handle(new Request("http://localhost/metrics"))).text();
    assert.match(metrics, /baimo_models_loaded 0\nbaimo_models_bytes 0|baimo_models_loaded 0/);
  });
});
