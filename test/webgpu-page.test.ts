// A page of headless Chromium on its GPU: an answer, a lost device, and the conversation goes on.
import assert from "node:assert/strict";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { type Browser, chromium } from "playwright-core";
import { executablePath, gpuArguments, noBrowser, visitPage } from "./browser.ts";
import { golden, readJson } from "./places.ts";
import { serveBuild } from "./serve-build.ts";

const path = golden("gguf", "llama-f32.gguf");
const { prompts } = readJson(path.replace(/\.gguf$/, ".golden.json"));
const [{ ids, reference }] = prompts as { ids: number[]; reference: { greedy: number[] } }[];
const TOKENS = 4;

/** What the page keeps between two visits of the test. */
interface Kept {
  model: Awaited<ReturnType<typeof import("../src/index.ts").load>>;
}

/** Runs in the page: opens the model on its GPU. */
async function open() {
  const { load } = globalThis as unknown as typeof import("../src/index.ts"); // see serve-build.ts
  const file = new File([await (await fetch("/plain/model.gguf")).blob()], "model.gguf");
  const model = await load(file, { device: "webgpu", contextLength: 64 });
  (globalThis as unknown as Kept).model = model;
  return { device: model.engine.device, kernels: model.engine.kernels };
}

/** Runs in the page: greedy tokens. */
async function answer({ ids, maxTokens }: { ids: number[]; maxTokens: number }) {
  const { model } = globalThis as unknown as Kept;
  const tokens: number[] = [];
  for await (const event of model.complete(ids, { maxTokens, temperature: 0, ignoreEos: true })) {
    if (event.type === "text-delta") tokens.push(...event.tokens.map(({ id }) => id));
  }
  return tokens;
}

/** Runs in the page before all else: workers keep their device, to be destroyed. */
function keepDevices() {
  const keep = () => {
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (...given) {
      const device = await requestDevice.apply(this, given);
      Object.assign(globalThis, { keptDevice: device });
      return device;
    };
  };
  const address = (code: string) => URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const first = address(`(${keep})()`);
  globalThis.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(address([first, String(url)].map((from) => `import ${JSON.stringify(from)};`).join("")), options);
    }
  };
}

/** Runs in a worker. */
function destroyDevice() {
  const { keptDevice } = globalThis as unknown as { keptDevice?: GPUDevice };
  keptDevice?.destroy();
  return keptDevice !== undefined;
}

describe("the engine on the GPU of a page", { skip: noBrowser }, () => {
  let browser: Browser;
  let server: Server;
  before(async () => {
    browser = await chromium.launch({ executablePath, args: gpuArguments });
    server = await serveBuild(path);
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  test("answers without shared memory, and again after the device was lost", async (context) => {
    const { port } = server.address() as AddressInfo;
    await visitPage(browser, "about:blank", {}, async (page) => {
      await page.addInitScript(keepDevices);
      await page.goto(`http://127.0.0.1:${port}/plain/`);
      await page.waitForFunction("load");
      const hasGpu = await page.evaluate(async () => Boolean(await navigator.gpu?.requestAdapter()));
      if (!hasGpu) return context.skip("this Chromium has no software adapter");
      const told = await page.evaluate(open);
      assert.equal(told.device, "webgpu");
      assert.match(told.kernels, /^WGSL on ./);
      const expected = reference.greedy.slice(0, TOKENS);
      assert.deepEqual(await page.evaluate(answer, { ids, maxTokens: TOKENS }), expected);
      const destroyed = await Promise.all(page.workers().map((worker) => worker.evaluate(destroyDevice)));
      assert.ok(destroyed.includes(true), "the device was found");
      // A request that reaches the engine before the loss does is told of it; the next is answered by an engine that is new.
      const again = () => page.evaluate(answer, { ids, maxTokens: TOKENS });
      const tokens = await again().catch((error: Error) => {
        assert.match(error.message, /the GPU was lost/);
        return again();
      });
      assert.deepEqual(tokens, expected);
      await page.evaluate("model.dispose()");
    });
  });
});
