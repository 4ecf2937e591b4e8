// An adapter trained in memory: it answers what it learned, and stops when it is told to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "../generate/load.ts";
import { type AdapterFiles, fineTune } from "./fine-tune.ts";

const verse = "檐下雨声迟，灯前客梦稀。\n故人千里外，谁与话心期。";
const asked = [{ role: "user", content: "续写：檐下雨声迟，" }];
const lesson = [[...asked, { role: "assistant", content: verse }]];
const settings = { lr: 5e-3, r: 8, alpha: 16, sequenceLength: 64, threads: 1 };

test("an adapter learns a poem by heart; the poet without it does not know it", async () => {
  const run = fineTune("poet", lesson, { ...settings, steps: 25 });
  const losses: number[] = [];
  let files: AdapterFiles | undefined;
  while (!files) {
    const { done, value } = await run.next();
    if (done) files = value;
    else losses.push(value.loss);
  }
  assert.equal(losses.length, 25);
  assert.ok(losses[24] < losses[0] / 10, `from ${losses[0]} to ${losses[24]}`);
  const model = await load("poet", { threads: 1, adapters: [{ source: [...files], name: "mine" }] });
  try {
    const answer = async (adapters?: { name: string }[]) => {
      let text = "";
      for await (const event of model.chat(asked, { temperature: 0, maxTokens: 40, adapters }))
        if (event.type === "text-delta") text += event.text;
      return text;
    };
    assert.equal(await answer([{ name: "mine" }]), verse);
    assert.notEqual(await answer(), verse);
  } finally {
    await model.dispose();
  }
});

test("what cannot be learned is refused, and a signal ends it", async () => {
  const first = (talks: typeof lesson, options: object) =>
    fineTune("poet", talks, { ...settings, steps: 3, ...options }).next();
  await assert.rejects(first([], {}), { code: "request", message: /nothing to learn/ });
  await assert.rejects(first(lesson, { targets: ["c_proj"] }), {
    code: "request",
    message: /names no module/,
  });
  await assert.rejects(first(lesson, { lr: -1 }), { code: "request", message: /lr/ });
  await assert.rejects(first(lesson, { signal: AbortSignal.abort() }), { code: "aborted" });
});
