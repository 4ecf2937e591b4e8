// The view of models in headless Chromium: load, unload, switch; a download stopped and resumed.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { type ModelRecipe, type Models, openModels } from "../src/serve/index.ts";
import type { Library } from "../src/serve/models/library.ts";
import type { Preview } from "../src/serve/models/recipe.ts";
import { openUpstream } from "../src/upstream/index.ts";
import { noBrowser } from "./browser.ts";
import { look, type PageServer, startPageServer } from "./page-server.ts";
import { speakingModel } from "./speaking-model.ts";

const GIGABYTE = 1e9;

describe("the view of models", { skip: noBrowser }, () => {
  let server: PageServer;
  let models: Models;
  /** Bytes that have come of the download; the first try waits halfway for ever. */
  let come = 0;

  const recipe = (name: string, bytes: number): ModelRecipe => ({
    preview: async () =>
      ({
        config: { architecture: "llama" },
        contextLength: 8192,
        memory: { total: bytes, experts: 0, weights: bytes },
        adapters: name === "large" ? [{ name: "legal", bytes: 1e8 }] : [],
      }) as unknown as Preview,
    async open() {
      if (name === "broken") throw new Error("its file is damaged");
      await sleep(50);
      return speakingModel(name, () => ({ text: `It is ${name}.` }));
    },
  });
  const library: Library = {
    list: async () => [
      { source: "hf:someone/stocked:Q4_K_M", model: "someone/stocked:Q4_K_M", bytes: 3 * GIGABYTE },
    ],
    async download(_, { signal, onProgress }) {
      const from = come;
      for (; come < 10; come++) {
        onProgress({ file: "model.gguf", done: come * 1e8, total: GIGABYTE });
        if (from === 0 && come === 5)
          await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
        await sleep(20);
      }
    },
    recipe: async (source) => ({ name: source.slice(3), recipe: recipe(source, GIGABYTE) }),
  };

  before(async () => {
    const sizes = { small: 0.4, large: 12.6, broken: 1 };
    const recipes = new Map(
      Object.entries(sizes).map(([name, size]) => [name, recipe(name, size * GIGABYTE)]),
    );
    recipes.set("giant", {
      preview: async () => ({ memory: { weights: 0, experts: 0, cache: 0, buffers: 0, total: 0 } }),
      open: () => openUpstream({ endpoints: [{ url: "http://127.0.0.1:9/v1" }], model: "giant" }),
    });
    models = openModels(recipes, { memoryBytes: 16 * GIGABYTE });
    server = await startPageServer((store) => ({ models, application: { store, library } }));
  });
  after(async () => {
    await server?.close();
    await models?.dispose();
  });

  const card = (page: Page, name: string) =>
    page.getByRole("listitem").filter({ has: page.getByText(name, { exact: true }) });
  const press = (page: Page, name: string, what: string) =>
    card(page, name).getByRole("button", { name: what, exact: true }).click();

  test("models load and unload, are switched to, and say why they cannot be loaded", async () => {
    await server.visit(async (page) => {
      await page.getByRole("link", { name: "Models" }).click();
      await press(page, "large", "Load");
      await card(page, "large").getByText("ready").waitFor();
      await page.getByText("Models take 13 GB of 16 GB of memory").waitFor();
      await press(page, "broken", "Load");
      await card(page, "broken").getByText("Details").click();
      await card(page, "broken").getByText("could not be loaded;").waitFor();
      assert.equal(
        await card(page, "broken")
          .getByText(/could not be loaded$/)
          .count(),
        1,
        "it is told once",
      );
      await page.getByRole("heading", { name: "What fits this machine" }).waitFor();
      await page.getByText("about").first().waitFor();
      await look(page, "models");
      await press(page, "large", "Unload");
      await card(page, "large").getByText("not loaded").waitFor();
      await card(page, "giant").getByText("answers elsewhere").waitFor();
      await press(page, "giant", "Use");
      await page.getByRole("button", { name: "New conversation" }).click();
      await page.getByText("It answers elsewhere: what you write is sent there.").waitFor();
      await page.evaluate(() => (location.hash = "#/c/none"));
      await page.getByText("There is no such conversation.").getByRole("link").click();
      await page.getByRole("link", { name: "Models" }).click();
      await press(page, "large", "Use");
      await page.getByRole("button", { name: "New conversation" }).click();
      await page.locator(".composer textarea").fill("who?");
      await page.locator(".composer textarea").press("Enter");
      await page.locator("article.answer").getByText("It is large.").waitFor();
    });
  });

  test("a download is stopped, goes on where it stopped, and the model answers", async () => {
    await server.visit(async (page) => {
      await page.goto(`${server.url}/#/models`);
      const field = page.getByLabel("A model of the Hub");
      await field.fill("not a name");
      await field.press("Enter");
      await page.getByText("Write hf:owner/name").waitFor();
      await field.fill("someone/new-model:Q8_0");
      await field.press("Enter");
      await page.getByText("500 MB of 1 GB").waitFor();
      await look(page, "models-download");
      await press(page, "someone/new-model:Q8_0", "Stop");
      await page.getByText("stopped; what has come is kept").waitFor();
      assert.equal(come, 5);
      await press(page, "someone/new-model:Q8_0", "Resume");
      await page.getByText("downloaded", { exact: true }).waitFor();
      const served = page.getByRole("listitem").filter({ hasText: "Context of 8,192 tokens" });
      await served.filter({ hasText: "someone/new-model:Q8_0" }).waitFor();
      await press(page, "someone/stocked:Q4_K_M", "Take on");
      await served.filter({ hasText: "someone/stocked:Q4_K_M" }).waitFor();
    });
  });
});
