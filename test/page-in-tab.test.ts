// The page without a server, from a host of static files: the poet, a dropped model, offline.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { noBrowser, openBrowser, visitPage } from "./browser.ts";
import { writeChatModel } from "./chat-model.ts";
import { look } from "./page-server.ts";
import { root } from "./places.ts";
import { serveFolder } from "./serve-folder.ts";

const app = join(root, "dist", "app");

describe("the page without a server", { skip: noBrowser }, () => {
  /** A host that has the page in a folder, and a model beside it, of which it holds the second megabyte back. */
  const folder = mkdtempSync(join(tmpdir(), "baimo-tab-"));
  let browser: Browser;
  let host: Awaited<ReturnType<typeof serveFolder>>;
  let model: Uint8Array;
  let letGo = () => {};
  before(async () => {
    browser = await openBrowser();
    model = await writeChatModel();
    writeFileSync(join(folder, "slow.gguf"), model);
    symlinkSync(app, join(folder, "app"), "junction");
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    host = await serveFolder(folder, {
      isolated: false,
      hold: (path, range) => (path === "/slow.gguf" && range.startsWith("bytes=1048576-") ? held : undefined),
    });
  });
  after(async () => {
    letGo();
    host?.close();
    rmSync(folder, { recursive: true });
  });

  /** Visits the page; that the host has no route of a server is no error of the page. */
  const visit = (run: (page: Page) => Promise<void>, options: BrowserContextOptions = {}) =>
    visitPage(
      browser,
      `${host.url}app/`,
      options,
      async (page) => {
        await page.locator(".composer textarea").waitFor();
        await run(page);
      },
      (message) => message.startsWith("Failed to load resource"),
    );
  const ask = async (page: Page, text: string) => {
    await page.locator(".composer textarea").fill(text);
    await page.locator(".composer textarea").press("Enter");
    const answer = page.locator("article.answer").last();
    await answer.getByText(/\d+ tokens? ·/).waitFor();
    return answer.textContent();
  };
  const drop = (page: Page, name: string) =>
    page.evaluate(
      ({ name, base64 }) => {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], name));
        const drop = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
        document.querySelector("main")!.dispatchEvent(drop);
      },
      { name, base64: Buffer.from(model).toString("base64") },
    );
  const isIsolated = (page: Page) => page.evaluate(() => crossOriginIsolated);

  test("the poet answers, models come and go, and all of it is there again without the host", async () => {
    await visit(async (page) => {
      const poem = await ask(page, "秋夜");
      assert.equal(await isIsolated(page), false, "the host sends no headers");
      await page.getByRole("link", { name: "Models", exact: true }).click();
      const field = page.getByLabel("Address of a GGUF file");
      await field.fill("slow.gguf");
      await field.press("Enter");
      await page.getByText("Write an address that begins with https://").waitFor();
      await field.fill(`${host.url}slow.gguf`);
      await field.press("Enter");
      await page.getByText("1 MB of 1.5 MB").waitFor();

      await page.evaluate(() => navigator.serviceWorker.ready);
      await page.reload();
      await page.getByText("stopped; what has come is kept").waitFor();
      assert.equal(await isIsolated(page), true, "the page that the browser keeps has them");
      letGo();
      await page.getByRole("button", { name: "Resume" }).click();
      await page.getByTitle("Model: slow").waitFor();
      await page.getByRole("button", { name: "Delete: slow" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await page.getByTitle("Model: poet").waitFor();
      assert.equal(await page.getByRole("heading", { name: "Kept in this browser" }).count(), 0);
      await page.getByRole("link", { name: "秋夜" }).click();
      await page.locator("article.answer").waitFor();
      assert.equal(await page.locator("article.answer").textContent(), poem);
      await drop(page, "tiny.gguf");
      await page.getByTitle("Model: tiny").waitFor();
      await look(page, "in-tab-models");

      await page.context().setOffline(true);
      await page.reload();
      await page.getByTitle("Model: tiny").waitFor();
      await page.getByRole("button", { name: "New conversation" }).click();
      await ask(page, "hello");

      await page.getByRole("button", { name: "New conversation" }).click();
      const lines = Array.from({ length: 400 }, (_, i) => `Line ${i + 1} says nothing of it.\n`);
      lines[300] = "A violin has four strings.\n";
      await page
        .locator('.composer input[type="file"]')
        .setInputFiles({ name: "notes.txt", mimeType: "", buffer: Buffer.from(lines.join("\n")) });
      await page.locator(".composer textarea").fill("How many strings have violins?");
      await page.getByText(/the model reads the passages that match it best/).waitFor();
      await ask(page, "How many strings have violins?");
      await page.reload();
      await page.getByText(/^Read \d+ of \d+ passages of the files · found by their words/).click();
      await page
        .getByRole("button", { name: /^notes\.txt · line \d+$/ })
        .last()
        .click();
      await page.getByRole("dialog").getByText("A violin has four strings.").waitFor();
      await look(page, "in-tab-passage");
      await page.keyboard.press("Escape");

      await page.getByRole("link", { name: "Training", exact: true }).click();
      await page
        .getByLabel(/^Poems in Chinese/)
        .fill("《夜雨》\n檐下雨声迟，灯前客梦稀。\n故人千里外，谁与话心期。");
      await page.getByRole("button", { name: "Learn" }).click();
      await page.getByText("Learned: “mine” writes now.").waitFor();
      await look(page, "in-tab-training");
      await page.getByRole("button", { name: "Ask it" }).click();
      const learned = await ask(page, "以《夜雨》为题写一首诗");

      await page.reload();
      await page.getByTitle("Model: poet:mine").waitFor();
      assert.equal(await page.locator("article.answer").last().textContent(), learned);
      await page.getByRole("button", { name: "New conversation" }).click();
      await ask(page, "续写：檐下雨声迟，");
      await page.getByRole("link", { name: "Training", exact: true }).click();
      await page.getByRole("button", { name: "Forget: mine" }).click();
      await page.getByTitle("Model: poet", { exact: true }).waitFor();
    });
  });

  test("brings its own policy, and at most 250 KB of compressed script before it shows", () => {
    const index = readFileSync(join(app, "index.html"), "utf8");
    assert.match(
      index,
      /"Content-Security-Policy" content="default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    const scripts = Array.from(index.matchAll(/(?:src|href)="\.\/([\w./-]+\.js)"/g), ([, path]) => path);
    const sizes = scripts.map((path) => gzipSync(readFileSync(join(app, path))).length);
    const sum = sizes.reduce((total, size) => total + size, 0);
    assert.ok(scripts.length > 3 && sum < 250_000, `${scripts.length} scripts, ${sum} bytes`);
  });
});
