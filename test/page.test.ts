// The page in headless Chromium against a real model (skipped without a browser).
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { load, type Model } from "../src/index.ts";
import { createHandler } from "../src/serve/index.ts";
import { type Listening, listen, openPage } from "../src/serve/node.ts";
import { noBrowser, openBrowser, phone, visitPage } from "./browser.ts";
import { loadChatModel, watch } from "./chat-model.ts";
import { root } from "./places.ts";

describe("the page", { skip: noBrowser }, () => {
  let browser: Browser;
  let model: Model;
  let server: Listening;
  before(async () => {
    browser = await openBrowser();
    model = await loadChatModel();
    const models = new Map([["tiny", watch(model, { delayMs: 15 }).model]]);
    server = await listen(createHandler({ models, page: await openPage(join(root, "web", "dist")) }), {
      port: 0,
    });
  });
  after(async () => {
    await server?.close();
    await model?.dispose();
  });

  /** Visits the page and waits until it stands; a request that a test makes fail is no error of the page. */
  const visit = (options: BrowserContextOptions, run: (page: Page) => Promise<void>, url = server.url) =>
    visitPage(
      browser,
      url,
      options,
      async (page) => {
        await page.getByRole("heading", { level: 2 }).waitFor();
        await run(page);
      },
      (message) => message.startsWith("Failed to load resource"),
    );
  const composer = (page: Page) => page.locator(".composer textarea");
  const answer = (page: Page) => page.locator("article.answer").last();
  const say = async (page: Page, text: string) => {
    await composer(page).fill(text);
    await composer(page).press("Enter");
  };
  /** Chooses how long answers are, and comes back to where the reader was. */
  const setMaxTokens = async (page: Page, count: string) => {
    await page.evaluate(() => (location.hash = "#/settings"));
    await page.getByLabel("Max tokens").fill(count);
    await page.getByLabel("Max tokens").press("Tab");
    await page.goBack();
    await composer(page).waitFor();
  };

  test("streams an answer, stops it, and writes it again", async () => {
    await visit({}, async (page) => {
      await say(page, "hello");
      await page.waitForFunction(
        () => (document.querySelector("article.answer .markdown")?.textContent ?? "").length > 20,
      );
      const early = (await answer(page).textContent())!.length;
      await page.waitForFunction(
        (length) => document.querySelector("article.answer")!.textContent.length > length,
        early,
      );
      await page.getByRole("button", { name: "Stop" }).click();
      await answer(page).getByText("Stopped").waitFor();
      await page.getByRole("button", { name: "Send", exact: true }).waitFor();
      const stopped = await answer(page).locator(".markdown").textContent();
      await page.waitForTimeout(200);
      assert.equal(await answer(page).locator(".markdown").textContent(), stopped);
      const { queue } = await (await fetch(`${server.url}/health`)).json();
      assert.equal(queue.active, 0, "the server stopped too");

      await setMaxTokens(page, "8");
      await page.getByRole("button", { name: "Write it again" }).click();
      await answer(page)
        .getByText(/8 tokens · [\d.]+ tokens\/s/)
        .waitFor();
      assert.equal(await page.locator("article.answer").count(), 1);
      assert.notEqual(await answer(page).locator(".markdown").textContent(), stopped);
      await page.getByRole("button", { name: "Earlier version" }).click();
      await answer(page).getByText("Stopped").waitFor();
      assert.equal(
        await answer(page).locator(".markdown").textContent(),
        stopped,
        "the first version is still there",
      );
    });
  });

  test("branches, comes back, and keeps all of it across a reload; a deletion can be taken back", async () => {
    await visit({}, async (page) => {
      await setMaxTokens(page, "4");
      await say(page, "first question");
      await answer(page).getByText("4 tokens").waitFor();
      await page.locator("article.user").hover();
      await page.getByRole("button", { name: "Edit", exact: true }).click();
      await page.locator(".draft textarea").fill("better question");
      await page.getByRole("button", { name: "Send again" }).click();
      await page.locator("article.user").getByText("better question").waitFor();
      await answer(page).getByText("4 tokens").waitFor();
      const text = await answer(page).locator(".markdown").textContent();
      await composer(page).fill("not sent yet");
      await page.waitForTimeout(400);

      await page.reload();
      await answer(page).locator(".markdown").waitFor();
      assert.equal(await answer(page).locator(".markdown").textContent(), text);
      await page.waitForFunction(
        () => document.querySelector<HTMLTextAreaElement>(".composer textarea")!.value !== "",
      );
      assert.equal(await composer(page).inputValue(), "not sent yet");
      await page.locator("article.user").getByRole("button", { name: "Earlier version" }).click();
      await page.locator("article.user").getByText("first question").waitFor();

      const row = page.getByRole("navigation", { name: "Conversations" }).getByRole("listitem");
      await row.hover();
      await row.getByRole("button", { name: /^More for/ }).click();
      await page.getByRole("menuitem", { name: "Delete" }).click();
      await page.getByText("No conversations yet.").waitFor();
      assert.equal(await page.locator("article").count(), 0);
      await page.getByRole("button", { name: "Undo" }).click();
      await page.locator("article.user").getByText("first question").waitFor();
    });
  });

  test("Enter while an input method composes does not send", async () => {
    await visit({}, async (page) => {
      await composer(page).fill("你好");
      await composer(page).evaluate((field) => {
        field.dispatchEvent(
          new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true }),
        );
      });
      await composer(page).press("Shift+Enter");
      assert.equal(await page.locator("article").count(), 0);
      assert.equal(await composer(page).inputValue(), "你好\n");

      // Enter twice, and on with the next sentence: one is said, the other stays.
      await composer(page).fill("hello");
      await composer(page).evaluate((field: HTMLTextAreaElement) => {
        const enter = () =>
          field.dispatchEvent(
            new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }),
          );
        enter();
        enter();
        field.value = "hello again";
        field.dispatchEvent(new Event("input", { bubbles: true }));
      });
      await page.locator("article.user").getByText("hello", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Stop" }).click();
      await answer(page).getByText("Stopped").waitFor();
      assert.equal(await page.locator("article.user").count(), 1);
      assert.equal(await composer(page).inputValue(), "again");
    });
  });

  test("refuses what the context cannot hold before it is sent, and says what else went wrong", async () => {
    await visit({}, async (page) => {
      await setMaxTokens(page, "4");
      await composer(page).fill("word ".repeat(300));
      await page.getByText(/The context is nearly full: \d+ tokens are left/).waitFor();
      await composer(page).fill("word ".repeat(1500));
      await page.getByText(/and the model reads 1,024/).waitFor();
      assert.equal(await page.getByRole("alert").count(), 0);
      await composer(page).press("Enter");
      await page
        .getByRole("alert")
        .getByText(/and the model reads 1,024/)
        .waitFor();
      assert.equal(await page.locator("article").count(), 0);
      assert.ok((await composer(page).inputValue()).startsWith("word word"), "the text is still there");

      // What an earlier page kept is brought over, and is too long by now.
      await page.evaluate(() => {
        const messages = [
          { role: "user", text: "word ".repeat(1500) },
          { role: "assistant", text: "so many" },
        ];
        localStorage.setItem("baimo.conversations", JSON.stringify([{ id: "1", messages }]));
      });
      await page.reload();
      await page.getByRole("link", { name: /^word word/ }).click();
      await page.locator("article.answer").waitFor();
      await say(page, "and now?");
      await answer(page).getByText("the 2 earliest messages were left out").waitFor();

      await page.route("**/v1/chat/completions", (route) => route.abort());
      await say(page, "are you there?");
      await page.getByRole("alert").getByText("The server cannot be reached").waitFor();
      await page.unroute("**/v1/chat/completions");
      await page.getByRole("button", { name: "Try again" }).click();
      await answer(page).getByText("4 tokens").waitFor();
      assert.equal(await page.getByRole("alert").count(), 0);

      // The browser's storage is full: what could not be kept was not said, and stands in the field.
      const said = await page.locator("article.user").count();
      await page.evaluate(() => {
        IDBObjectStore.prototype.put = () => {
          throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
        };
      });
      await say(page, "one too many");
      await page.getByRole("alert").getByText("The browser has no more room for this page").waitFor();
      assert.equal(await page.locator("article.user").count(), said);
      assert.equal(await composer(page).inputValue(), "one too many");
    });
  });

  test("hears what another tab has kept", async () => {
    await visit({}, async (page) => {
      await setMaxTokens(page, "4");
      const other = await page.context().newPage();
      await other.goto(server.url);
      await composer(other).waitFor();
      await other.evaluate(() => (document.activeElement as HTMLElement).blur());
      await other.getByRole("button", { name: "Skip to the composer" }).press("Enter");
      assert.equal(await other.evaluate(() => document.activeElement?.tagName), "TEXTAREA");
      await say(other, "from the other tab");
      await page.getByRole("link", { name: /^from the other tab/ }).waitFor();
    });
  });

  test("speaks Chinese and English", async () => {
    await visit({ locale: "zh-CN" }, async (page) => {
      assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-Hans");
      await page.getByRole("button", { name: "Switch to English" }).click();
      await page.getByRole("link", { name: "Settings" }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
      await page.reload();
      await page.getByRole("button", { name: "切换为中文" }).click();
      await page.getByRole("link", { name: "设置" }).waitFor();
    });
  });

  test("follows the system's light or dark until told otherwise, and keeps text readable in both", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      await visit({ colorScheme }, async (page) => {
        assert.equal(await theme(page), colorScheme);
        assert.ok((await contrast(page)) >= 4.5);
        await page
          .getByRole("button", { name: colorScheme === "dark" ? "Switch to light" : "Switch to dark" })
          .click();
        assert.equal(await theme(page), colorScheme === "dark" ? "light" : "dark");
        assert.ok((await contrast(page)) >= 4.5);
        await page.reload();
        assert.equal(await theme(page), colorScheme === "dark" ? "light" : "dark");
      });
    }
  });

  test("fits a phone, and can be used from the keyboard alone", async () => {
    await visit({ viewport: phone, isMobile: true, hasTouch: true }, async (page) => {
      await setMaxTokens(page, "60");
      await say(page, `a-very-long-word-${"x".repeat(200)} and more`);
      await answer(page).getByText("60 tokens").waitFor();
      const sizes = () =>
        page.evaluate(() => [
          document.documentElement.scrollWidth,
          innerWidth,
          document.documentElement.scrollHeight,
          innerHeight,
        ]);
      assert.deepEqual(await sizes(), [phone.width, phone.width, phone.height, phone.height]);
      await page.getByRole("button", { name: "Conversations" }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").waitFor();
      const box = (await page.getByRole("dialog").boundingBox())!;
      assert.ok(box.x >= 0 && box.x + box.width <= phone.width + 0.5);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      const focused = await page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
      assert.equal(focused, "Conversations", "focus comes back to where it was");
    });
  });

  const poet = join(root, "assets", "poet.gguf");
  const noPoet = existsSync(poet) ? false : "assets/poet.gguf is not here";
  test("sets the embedded poet's verse as verse", { skip: noPoet }, async () => {
    const verses = await load(poet);
    const page = await openPage(join(root, "web", "dist"));
    const other = await listen(createHandler({ models: [verses], page }), { port: 0 });
    try {
      const run = async (page: Page) => {
        await page.evaluate(() =>
          localStorage.setItem("baimo.settings", JSON.stringify({ sampling: { seed: 1 } })),
        );
        await page.reload();
        await page.getByRole("button", { name: /秋夜/ }).click();
        await answer(page)
          .getByText(/词元\/秒/)
          .waitFor();
        const lines = await answer(page).locator(".verse p").allTextContents();
        // Its form is judged by the poet's own evaluation; here it must be set as verse, line by line.
        assert.ok(lines.length >= 2, lines.join("\n"));
        for (const line of lines) assert.match(line, /^[\p{Script=Han}，。？！；、]+$/u);
      };
      await visit({ locale: "zh-CN", viewport: phone }, run, other.url);
    } finally {
      await other.close();
      await verses.dispose();
    }
  });
});

const theme = (page: Page) => page.evaluate(() => document.documentElement.dataset.theme);

/** The least contrast (WCAG 2) of text with the paper: of ordinary text and of the subdued. */
function contrast(page: Page): Promise<number> {
  return page.evaluate(() => {
    const style = getComputedStyle(document.documentElement);
    const luminance = (name: string) => {
      const hex = style.getPropertyValue(name).trim().slice(1);
      const [r, g, b] = [0, 2, 4].map((at) => {
        const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
    };
    const pairs = [
      ["--ink", "--paper"],
      ["--soft", "--paper"],
      ["--soft", "--raised"],
      ["--soft", "--wash"],
      ["--ink", "--said"],
      ["--accent", "--raised"],
      ["--on-accent", "--accent"],
      ["--on-seal", "--seal"],
    ] as const;
    const ratios = pairs.map(([one, other]) => {
      const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
      return (high! + 0.05) / (low! + 0.05);
    });
    return Math.min(...ratios);
  });
}
