// The page's catalogue in a real browser: list, filters, a family, two languages, a phone.
//
// The server has no model: the catalogue needs none. Skipped where no browser is.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { createHandler } from "../src/serve/index.ts";
import { type Listening, listen, openPage } from "../src/serve/node.ts";
import { noBrowser, openBrowser, phone, visitPage } from "./browser.ts";
import { root } from "./places.ts";

describe("the page's catalogue", { skip: noBrowser }, () => {
  let browser: Browser;
  let server: Listening;
  before(async () => {
    browser = await openBrowser();
    const page = await openPage(join(root, "web", "dist"));
    server = await listen(createHandler({ models: new Map(), page }), { port: 0 });
  });
  after(async () => {
    await server?.close();
  });

  /** Visits the page at an address of the catalogue. */
  const visit = (hash: string, options: BrowserContextOptions, run: (page: Page) => Promise<void>) =>
    visitPage(browser, `${server.url}${hash}`, options, run, (message) =>
      message.startsWith("Failed to load resource"),
    );
  const names = (page: Page) => page.locator(".catalogue li strong").allTextContents();

  test("lists every model, and leaves what search and filters ask for", async () => {
    await visit("#models", {}, async (page) => {
      await page.getByRole("heading", { name: "Catalogue of open models" }).waitFor();
      const all = await names(page);
      assert.ok(all.length > 60, `${all.length} entries`);
      await page.getByRole("status").getByText(`${all.length} entries`).waitFor();

      await page.getByRole("searchbox").fill("databricks");
      assert.deepEqual(await names(page), ["DBRX"]);
      await page.getByRole("searchbox").fill("nobody made this");
      await page.getByText("No model is like that.").waitFor();
      await page.getByRole("searchbox").fill("");

      for (const aspect of ["Weights", "Code", "Data", "Logs"])
        await page.getByLabel(aspect, { exact: true }).check();
      const open = await names(page);
      assert.ok(open.includes("OLMo 2") && !open.includes("Llama 3.1"), open.join());
      for (const aspect of ["Weights", "Code", "Data", "Logs"])
        await page.getByLabel(aspect, { exact: true }).uncheck();

      await page.getByLabel("Use").selectOption({ label: "Free commercial use" });
      const free = await names(page);
      assert.ok(free.includes("Grok-1") && !free.includes("DBRX") && !free.includes("LLaMA"), free.join());
      await page.getByLabel("Size", { exact: true }).selectOption({ label: "Above 80B" });
      await page.getByLabel("Order").selectOption({ label: "Largest first" });
      const large = await names(page);
      assert.ok(large.includes("Grok-1") && !large.includes("Mistral 7B"), large.join());
      assert.ok(large.indexOf("Qwen3.5") < large.indexOf("Grok-1"), large.join());
    });
  });

  test("shows a family with its claims and a source behind every figure; the way back is the browser's, too", async () => {
    await visit("", {}, async (page) => {
      await page.getByRole("link", { name: "Catalogue" }).click();
      await page.getByRole("link", { name: /^DBRX/ }).click();
      await page.getByRole("heading", { level: 2, name: "DBRX" }).waitFor();
      const claims = page.locator(".claims article");
      assert.deepEqual(await claims.locator(".verdict").allTextContents(), [
        "confirmed",
        "the sources differ",
        "reported by the press",
      ]);
      const cites = page.locator("a.cite");
      assert.ok((await cites.count()) > 15);
      for (const cite of await cites.all()) {
        assert.match((await cite.getAttribute("href"))!, /^https:\/\//);
        assert.equal(await cite.getAttribute("rel"), "noreferrer");
      }
      const listed = await page.locator("ol li").count();
      const numbers = (await cites.allTextContents()).map(Number);
      assert.ok(numbers.every((number) => number >= 1 && number <= listed));
      assert.match(page.url(), /#\/catalogue\/dbrx$/);
      await page.goBack();
      await page.getByRole("searchbox").waitFor();
      await page.goBack();
      await page.locator(".composer textarea").waitFor();
    });
    await visit("#models/no-such", {}, async (page) => {
      await page.getByRole("heading", { name: "The catalogue has no such model." }).waitFor();
    });
  });

  test("speaks Chinese and fits a phone, where the drawer leads to it", async () => {
    await visit("", { locale: "zh-CN", viewport: phone, isMobile: true, hasTouch: true }, async (page) => {
      await page.getByRole("button", { name: "对话", exact: true }).click();
      await page.getByRole("dialog").getByRole("link", { name: "图鉴" }).click();
      await page.getByRole("heading", { name: "开放模型图鉴" }).waitFor();
      const wide = () => page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.deepEqual(await wide(), [phone.width, phone.width]);
      await page.getByRole("searchbox").fill("阿里");
      assert.ok((await names(page)).includes("Qwen"));
      for (const id of ["qwen", "llama", "dbrx", "bloom", "minimax-m2"]) {
        await page.evaluate((hash) => (location.hash = hash), `models/${id}`);
        await page.getByRole("heading", { level: 3, name: "许可条件" }).waitFor();
        assert.deepEqual(await wide(), [phone.width, phone.width], id);
      }
      await page.getByText("不详").first().waitFor();
    });
  });
});
