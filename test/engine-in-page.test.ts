// The engine in headless Chromium, with and without shared memory (skipped without a browser).
import assert from "node:assert/strict";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { type Browser, chromium } from "playwright-core";
import { load } from "../src/index.ts";
import { browserArguments, executablePath, noBrowser, visitPage } from "./browser.ts";
import { golden } from "./places.ts";
import { serveBuild } from "./serve-build.ts";

const model = golden("gguf", "llama-q8_0.gguf");
const prompt = Array.from({ length: 200 }, (_, i) => (i * 7) % 500);
/** Runs in the page: 20 tokens, then an answer that is stopped after the third, then 20 tokens again. */
async function talk({ base, prompt }: { base: string; prompt: number[] }) {
  const { load } = globalThis as unknown as typeof import("../src/index.ts"); // see html
  const file = new File([await (await fetch(`${base}/model.gguf`)).blob()], "model.gguf");
  const model = await load(file, { threads: 2, contextLength: 2048 });
  const answer = async (maxTokens: number, stopAfter = Number.POSITIVE_INFINITY) => {
    const controller = new AbortController();
    const ids: number[] = [];
    let reason = "";
    const options = { maxTokens, temperature: 0, ignoreEos: true, signal: controller.signal };
    for await (const event of model.complete(prompt, options)) {
      if (event.type === "text-delta") ids.push(...event.tokens.map(({ id }) => id));
      if (event.type === "finish") reason = event.reason;
      if (ids.length >= stopAfter) controller.abort();
    }
    return { ids, reason };
  };
  const result = {
    threads: model.engine.threads,
    warnings: [...model.engine.warnings],
    first: await answer(20),
    stopped: await answer(1500, 3),
    again: await answer(20),
  };
  await model.dispose();
  return result;
}

/** Takes long to compile: which of the last 13 letters are an a. */
const dear = { regex: "(?:a|b)*a(?:a|b){12}" };

/** Runs in the page: an answer held to an expression, and which threads began for it. */
async function hold({ base, constraint }: { base: string; constraint: { regex: string } }) {
  const { load } = globalThis as unknown as typeof import("../src/index.ts"); // see html
  const threads: string[] = [];
  const Own = Worker;
  globalThis.Worker = class extends Own {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      threads.push(options?.name ?? "");
    }
  };
  const file = new File([await (await fetch(`${base}/model.gguf`)).blob()], "model.gguf");
  const model = await load(file, { threads: 2, contextLength: 256 });
  let text = "";
  for await (const event of model.complete([5, 6, 7], { constraint, temperature: 0, maxTokens: 20 })) {
    if (event.type === "text-delta") text += event.text;
  }
  await model.dispose();
  return { text, threads, shares: globalThis.crossOriginIsolated };
}

describe("the engine in a page", { skip: noBrowser }, () => {
  let browser: Browser;
  let server: Server;
  let expected: number[];
  let held = "";
  before(async () => {
    browser = await chromium.launch({ executablePath, args: browserArguments });
    server = await serveBuild(model);
    const here = await load(model, { threads: 1, contextLength: 2048 });
    expected = [];
    for await (const event of here.complete(prompt, { maxTokens: 20, temperature: 0, ignoreEos: true })) {
      if (event.type === "text-delta") expected.push(...event.tokens.map(({ id }) => id));
    }
    for await (const event of here.complete([5, 6, 7], { constraint: dear, temperature: 0, maxTokens: 20 })) {
      if (event.type === "text-delta") held += event.text;
    }
    await here.dispose();
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  for (const [where, threads] of [
    ["isolated", 2],
    ["plain", 1],
  ] as const) {
    test(`${where}: answers with ${threads} of 2 threads, stops when asked, answers again`, async () => {
      const { port } = server.address() as AddressInfo;
      await visitPage(browser, `http://127.0.0.1:${port}/${where}/`, {}, async (page) => {
        await page.waitForFunction("load");
        const told = await page.evaluate(talk, { base: `/${where}`, prompt });
        assert.equal(told.threads, threads);
        assert.equal(
          told.warnings.filter((text) => text.includes("Cross-Origin-Opener-Policy")).length,
          2 - threads,
        );
        assert.deepEqual(told.first, { ids: expected, reason: "length" });
        assert.equal(told.stopped.reason, "aborted");
        assert.ok(told.stopped.ids.length < 1500, `${told.stopped.ids.length} tokens`);
        assert.deepEqual(told.again, told.first);
      });
    });

    test(`${where}: an expression that takes long is compiled in a thread of its own`, async () => {
      const { port } = server.address() as AddressInfo;
      await visitPage(browser, `http://127.0.0.1:${port}/${where}/`, {}, async (page) => {
        await page.waitForFunction("load");
        const told = await page.evaluate(hold, { base: `/${where}`, constraint: dear });
        assert.equal(told.shares, where === "isolated");
        assert.match(told.text, /^[ab]+$/);
        assert.equal(told.text, held);
        assert.equal(told.threads.filter((name) => name === "baimo prompts").length, 1, told.threads.join());
      });
    });
  }
});
