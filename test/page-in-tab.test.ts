// The page without a server, from a host of static files: the poet, a dropped model, offline.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { browserArguments, executablePath, noBrowser, visitPage } from "./browser.ts";
import { writeChatModel } from "./chat-model.ts";
import { look } from "./page-server.ts";
import { root } from "./places.ts";
import { serveFolder } from "./serve-folder.ts";

const app = join(root, "dist", "app");

describe("the page without a server", { skip: noBrowser }, () => {
  let browser: Browser;
  let host: Awaited<ReturnType<typeof serveFolder>>;
  before(async () => {
    browser = await chromium.launch({ executablePath, args: browserArguments });
    host = await serveFolder(app, { isolated: false });
  });
  after(async () => {
    await browser?.close();
    host?.close();
  });

  /** Visits the page; that the host has no route of a server is no error of the page. */
  const visit = (run: (page: Page) => Promise<void>, options: BrowserContextOptions = {}) =>
    visitPage(
      browser,
      host.url,
      options,
      async (page) => {
        await page.locator(".composer textarea").waitFor();
        await run(page);
      },
      (message) => message.startsWith("Failed to load resource"),
    );
  const say = async (page: Page, text: string) => {
    await page.locator(".composer textarea").fill(text);
    await page.locator(".composer textarea").press("Enter");
  };
  const answered = (page: Page) =>
    page
      .locator("article.answer")
      .last()
      .getByText(/\d+ tokens? ·/)
      .waitFor();
  /** The page again, with the files that the browser has kept by now. */
  const reload = async (page: Page) => {
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.reload();
    await page.getByTitle(/^Model: /).waitFor();
  };

  test("answers, keeps what was said and a dropped model, and does so without the host", async () => {
    const model = Buffer.from(await writeChatModel()).toString("base64");
    await visit(async (page) => {
      await say(page, "秋夜");
      await answered(page);
      assert.equal(await page.evaluate(() => crossOriginIsolated), false, "the host sends no headers");
      const poem = await page.locator("article.answer").textContent();
      await reload(page);
      assert.equal(await page.locator("article.answer").textContent(), poem);
      assert.equal(await page.evaluate(() => crossOriginIsolated), true, "the kept page has them");

      await page.evaluate((base64) => {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], "tiny.gguf"));
        const drop = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
        document.querySelector("main")!.dispatchEvent(drop);
      }, model);
      await page.getByTitle("Model: tiny").waitFor();
      await look(page, "in-tab-models");

      await reload(page);
      await page.context().setOffline(true);
      await page.reload();
      await page.getByTitle("Model: tiny").waitFor();
      await page.getByRole("button", { name: "New conversation" }).click();
      await say(page, "hello");
      await answered(page);
    });
  });

  test("loads at most 250 KB of compressed script before it shows", () => {
    const index = readFileSync(join(app, "index.html"), "utf8");
    const scripts = Array.from(index.matchAll(/(?:src|href)="\.\/([\w./-]+\.js)"/g), ([, path]) => path);
    const sizes = scripts.map((path) => gzipSync(readFileSync(join(app, path))).length);
    const sum = sizes.reduce((total, size) => total + size, 0);
    assert.ok(scripts.length > 3 && sum < 250_000, `${scripts.length} scripts, ${sum} bytes`);
  });
});
