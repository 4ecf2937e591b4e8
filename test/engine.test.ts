// A running engine: stops, sleeps when idle, leaves the event loop free, fails plainly.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { BaimoError } from "../src/errors.ts";
import { load } from "../src/generate/load.ts";
import type { Model } from "../src/generate/types.ts";
import { golden } from "./places.ts";
import { processorMs } from "./processor-time.ts";

const file = golden("gguf", "llama-q8_0.gguf");
const prompt = Array.from({ length: 300 }, (_, i) => (i * 7) % 500);

const withCode = (code: string) => (error: unknown) => error instanceof BaimoError && error.code === code;

describe("a running engine", () => {
  let model: Model;
  before(async () => {
    model = await load(file, { threads: 2, contextLength: 2048 });
  });
  after(() => model.dispose());

  it("tells its progress and ends at maxTokens", async () => {
    const events = [];
    for await (const event of model.complete(prompt, { maxTokens: 5, temperature: 0, ignoreEos: true }))
      events.push(event);
    const last = events.at(-1);
    assert.ok(last?.type === "finish");
    assert.equal(last.reason, "length");
    assert.deepEqual({ ...last.usage }, { promptTokens: 300, completionTokens: 5, cachedTokens: 0 });
    assert.deepEqual(
      events.filter((event) => event.type === "prompt-progress").map(({ done, total }) => [done, total]),
      [
        [72, 300],
        [144, 300],
        [216, 300],
        [288, 300],
        [300, 300],
      ],
    );
  });

  it("returns how it finished", async () => {
    const stream = model.complete([1, 2, 3], { maxTokens: 2, temperature: 0, seed: 5 });
    let step = await stream.next();
    while (!step.done) step = await stream.next();
    assert.equal(step.value.usage.completionTokens, 2);
    assert.equal(step.value.seed, 5);
  });

  it("gives the same answer for the same seed, and another for another", async () => {
    const answer = async (seed: number) => {
      let text = "";
      for await (const event of model.complete([1, 2, 3], {
        maxTokens: 20,
        seed,
        temperature: 1,
        ignoreEos: true,
      })) {
        if (event.type === "text-delta") text += event.text;
      }
      return text;
    };
    assert.equal(await answer(1), await answer(1));
    assert.notEqual(await answer(1), await answer(2));
  });

  it("stops within a token when the signal fires", async () => {
    const controller = new AbortController();
    let tokens = 0;
    let finish: unknown;
    const options = { maxTokens: 1500, ignoreEos: true, signal: controller.signal };
    for await (const event of model.complete(prompt, options)) {
      if (event.type === "text-delta") tokens += event.tokens.length;
      else if (event.type === "finish") finish = event.reason;
      if (tokens >= 3) controller.abort();
    }
    assert.equal(finish, "aborted");
    assert.ok(tokens < 200, `${tokens} tokens came`);
  });

  it("stops inside a long prompt, and goes on working", async () => {
    const small = await load(file, { threads: 2, contextLength: 8192, chunkTokens: 4096 });
    try {
      const long = Array.from({ length: 2500 }, (_, i) => (i * 11) % 500);
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 20);
      const started = processorMs();
      const events = [];
      for await (const event of small.complete(long, { signal: controller.signal, maxTokens: 1 }))
        events.push(event);
      const stopped = processorMs() - started;
      assert.deepEqual(
        events.map(({ type }) => type),
        ["finish"],
      );
      const again = processorMs();
      for await (const event of small.complete(long, { maxTokens: 1, ignoreEos: true })) {
        if (event.type === "finish") assert.equal(event.reason, "length");
      }
      assert.ok(stopped < processorMs() - again, "a stopped prompt took as much as a whole one");
    } finally {
      await small.dispose();
    }
  });

  it("stops when the consumer leaves the loop", async () => {
    for await (const event of model.complete(prompt, { maxTokens: 1500, ignoreEos: true })) {
      if (event.type === "text-delta") break;
    }
    const { data } = await model.logits([1, 2, 3], { positions: "last" });
    assert.ok(data.every(Number.isFinite));
  });

  it("serves requests side by side, and lets one go", async () => {
    const order: string[] = [];
    const run = async (name: string, signal?: AbortSignal) => {
      for await (const event of model.complete(prompt, { maxTokens: 30, ignoreEos: true, signal })) {
        if (event.type === "finish") order.push(name);
      }
    };
    const controller = new AbortController();
    const first = run("first");
    const second = run("second", controller.signal);
    const third = run("third");
    controller.abort();
    await assert.rejects(second, withCode("aborted"));
    await Promise.all([first, third]);
    assert.deepEqual(order, ["first", "third"]);
  });

  it("ends before a stop string and tells which", async () => {
    let whole = "";
    for await (const event of model.complete([1, 2, 3], { maxTokens: 24, temperature: 0, ignoreEos: true })) {
      if (event.type === "text-delta") whole += event.text;
    }
    const stop = whole.slice(8, 11);
    let text = "";
    for await (const event of model.complete([1, 2, 3], {
      maxTokens: 24,
      temperature: 0,
      ignoreEos: true,
      stop,
    })) {
      if (event.type === "text-delta") text += event.text;
      else if (event.type === "finish") assert.deepEqual([event.reason, event.stop], ["stop", stop]);
    }
    assert.equal(text, whole.slice(0, whole.indexOf(stop)));
  });

  it("refuses what cannot be done, with a code", async () => {
    const consume = async (tokens: number[], options = {}) => {
      for await (const _ of model.complete(tokens, options));
    };
    await assert.rejects(consume([]), withCode("request"));
    await assert.rejects(consume([100_000]), withCode("request"));
    await assert.rejects(consume([-1]), withCode("request"));
    await assert.rejects(consume([1], { temperature: -1 }), withCode("request"));
    await assert.rejects(consume(new Array(2048).fill(1)), withCode("context"));
    await assert.rejects(model.logits([]), withCode("request"));
    assert.throws(() => model.chat([{ role: "user", content: "?" }]), withCode("request"));
  });

  it("leaves the event loop free while it works", async () => {
    let turns = 0;
    let next: NodeJS.Immediate;
    const turn = () => {
      turns++;
      next = setImmediate(turn);
    };
    turn();
    for await (const _ of model.complete(prompt, { maxTokens: 400, ignoreEos: true }));
    clearImmediate(next!);
    // Were tokens computed in this thread, the loop would turn once or twice for each.
    assert.ok(turns > 400 * 10, `the loop turned ${turns} times during 400 tokens`);
  });

  it("uses no processor time when idle", async () => {
    // The least of a few spans: the runtime's own work (a collection, a compilation) may fall into one.
    let least = Number.POSITIVE_INFINITY;
    for (let span = 0; span < 8 && least >= 40; span++) {
      await sleep(400);
      const before = processorMs();
      await sleep(400);
      least = Math.min(least, processorMs() - before);
    }
    assert.ok(least < 40, `${least} ms of processor time in 400 ms`);
  });
});

describe("an engine that ends", () => {
  it("refuses requests after dispose, and can be disposed twice", async () => {
    const model = await load(file, { threads: 2 });
    await model.dispose();
    await model.dispose();
    await assert.rejects(model.logits([1]), withCode("request"));
  });

  it("stops a running answer when it is disposed", async () => {
    const model = await load(file, { threads: 2 });
    const running = (async () => {
      for await (const _ of model.complete(prompt, { maxTokens: 400, ignoreEos: true }));
    })();
    await sleep(20);
    await model.dispose();
    await running.catch((error) => assert.ok(error instanceof BaimoError));
  });

  it("stops loading when the signal fires", async () => {
    await assert.rejects(load(file, { signal: AbortSignal.abort() }), withCode("aborted"));
    const controller = new AbortController();
    const loading = load(file, { signal: controller.signal, onProgress: () => controller.abort() });
    await assert.rejects(loading, withCode("aborted"));
  });

  it("leaves no worker behind when the tokenizer cannot be made while they load", async () => {
    const bytes = readFileSync(file);
    const model = bytes.indexOf("tokenizer.ggml.model") + "tokenizer.ggml.model".length + 4 + 8; // a type, a length
    bytes.write("?", model);
    await assert.rejects(
      load(new Uint8Array(bytes), { threads: 2 }),
      (error: unknown) => withCode("format")(error) && String(error).includes("tokenizer.ggml.model"),
    );
    assert.ok(!process.getActiveResourcesInfo().includes("MessagePort"));
  });
});

describe("a folder without a tokenizer", () => {
  it("opens for token ids, and says so", async () => {
    const model = await load(golden("families", "llama"), { threads: 1, contextLength: 32 });
    try {
      const said = /there is no tokenizer \(looked for tokenizer\.json, .*token ids only/;
      assert.match(model.engine.warnings.join("\n"), said);
      await assert.rejects(model.complete("text").next(), /no tokenizer/);
      for await (const event of model.complete([1, 2, 3], { maxTokens: 2 })) {
        if (event.type === "text-delta") assert.match(event.text, /^ ?\d+$/);
      }
    } finally {
      await model.dispose();
    }
  });
});
