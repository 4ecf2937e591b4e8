// Answers of the page in headless Chromium: set without moving, hostile text, accessibility.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { Model } from "../src/index.ts";
import { createHandler } from "../src/serve/index.ts";
import { type Listening, listen, openPage } from "../src/serve/node.ts";
import { openStore, type Store } from "../src/store/index.ts";
import { keepPicture, noBrowser, openBrowser, phone, visitPage } from "./browser.ts";
import { loadChatModel } from "./chat-model.ts";
import { root } from "./places.ts";
import { writing } from "./writing-model.ts";

const rich = [
  "# Interest\n\n**Compound interest** is *interest* on `interest`: $P$ grows to\n\n$$\nA = P(1 + r)^t\n$$\n\n",
  "## Figures\n\n| Year | Sum | What |\n| ---: | ---: | :--- |\n| 1 | 1,050.00 | first |\n| 10 | 1,628.89 | a longer cell |\n\n",
  "### Code\n\n```js\nconst sum = (p) => p * 1.05; // a year\n```\n\n1. one with **bold** words\n2. two\n   - nested `code`\n\n",
  "- [x] done\n- [ ] to do\n\n> A quotation, with [a link](https://example.com) in it.\n\nThe end, and ~~more~~ less.\n",
].join("");

const hostile = [
  "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'><svg onload='window.hacked = 1'></svg>\n\n",
  "[a](javascript:window.hacked=1) [b](data:text/html,<script>hacked</script>) [c](vbscript:x) <javascript:hacked>\n\n",
  "![a](https://example.com/x.png) ![b](data:image/svg+xml,<svg onload=alert(1)>) ![c](javascript:1)\n\n",
  "$\\href{javascript:window.hacked=1}{x}$ $\\includegraphics{https://example.com/y.png}$ $\\htmlStyle{position:fixed}{x}$\n\n",
  "$\\def\\a{\\a\\a}\\a$ $\\rule{99999em}{99999em}$\n\n```html\n<img src=x onerror='window.hacked = 1'>\n```\n\n",
  `${"> ".repeat(60)}deep\n\n| <iframe src="https://example.com"></iframe> |\n| --- |\n| <b onclick="hacked()">x</b><br>y |\n`,
].join("");

const verse = "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe("answers of the page", { skip: noBrowser }, () => {
  let browser: Browser;
  let model: Model;
  let server: Listening;
  let folder: string;
  let store: Store | undefined;
  /** A server that keeps conversations. */
  let keeping: Listening | undefined;
  before(async () => {
    browser = await openBrowser();
    folder = await mkdtemp(join(tmpdir(), "baimo-page-"));
    store = await openStore(join(folder, "store.sqlite")).catch(() => undefined); // no SQLite on this Node
    model = await loadChatModel();
    const write = (last: string) => {
      const text = last.includes("hostile") ? hostile : last.includes("verse") ? verse : rich;
      return {
        reasoning: last.includes("think") ? "I weigh it." : "",
        text,
        tokensPerSecond: last.includes("slow") ? 6 : 300,
      };
    };
    const page = await openPage(join(root, "web", "dist"));
    const models = new Map([["writer", writing(model, "writer", write)]]);
    server = await listen(createHandler({ models, page }), { port: 0 });
    if (store) keeping = await listen(createHandler({ models, page, application: { store } }), { port: 0 });
  });
  after(async () => {
    await server?.close();
    await keeping?.close();
    store?.close();
    await rm(folder, { recursive: true });
    await model?.dispose();
  });

  /** Asks, and waits until the answer has ended. */
  const ask = async (page: Page, text: string) => {
    const before = await page.locator("article.answer").count();
    await page.locator(".composer textarea").fill(text);
    await page.locator(".composer textarea").press("Enter");
    await page.locator("article.answer").nth(before).locator(".facts").waitFor();
  };

  test("no character moves once it is set", async () => {
    await visitPage(browser, server.url, {}, async (page) => {
      await ask(page, "warm up: formulas and colours are loaded with the first");
      await page.evaluate(watchText);
      await ask(page, "think, then write");
      const { moved, seen } = await page.evaluate(() => (globalThis as unknown as Watch).seenText);
      assert.ok(seen > 30, `${seen} pieces of text`);
      assert.deepEqual(moved, []);
      await keepPicture(page, "answer");
    });
  });

  test("a reader of English has verse with its pinyin", async () => {
    await visitPage(browser, server.url, {}, async (page) => {
      await ask(page, "verse");
      await page.getByRole("button", { name: "Pinyin" }).click();
      await page.locator("rt").first().waitFor();
      const syllables = (await page.locator("rt").allTextContents()).filter((syllable) => syllable !== "");
      assert.deepEqual(syllables.slice(0, 5), ["chuáng", "qián", "míng", "yuè", "guāng"]);
      assert.equal(syllables.length, 20);
      await keepPicture(page, "verse-pinyin");
      await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth || Promise.reject("wide"));
    });
  });

  test("hostile Markdown, HTML, SVG and LaTeX stay text: nothing runs, nothing is fetched", async () => {
    await visitPage(browser, server.url, {}, async (page) => {
      const elsewhere: string[] = [];
      page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(server.url) && !url.startsWith("data:") && !url.startsWith("blob:"))
          elsewhere.push(url);
      });
      await ask(page, "hostile");
      await page.waitForTimeout(500);
      assert.deepEqual(elsewhere, []);
      const found = await page.evaluate(() => {
        const answer = document.querySelector(".markdown")!;
        const links = [...answer.querySelectorAll("a")].map(({ protocol }) => protocol);
        return {
          hacked: "hacked" in globalThis,
          elements: answer.querySelectorAll(
            "script, iframe, object, embed, form, [onerror], [onload], [onclick]",
          ).length,
          links: [...new Set(links)],
          images: [...answer.querySelectorAll("img")].every(({ src }) => src.startsWith("data:image/")),
        };
      });
      assert.deepEqual(found, { hacked: false, elements: 0, links: ["https:"], images: true });
    });
  });

  test("an answer of a server that keeps it outlives a reload, shows in a second tab, stops and goes on", async (t) => {
    if (!keeping) return t.skip("neither node:sqlite nor libsql is here");
    await visitPage(browser, keeping.url, {}, async (page) => {
      const answer = (tab: Page) => tab.locator("article.answer");
      await page.locator(".composer textarea").fill("slow");
      await page.locator(".composer textarea").press("Enter");
      await answer(page).locator(".markdown").waitFor();
      await page.reload();
      await answer(page).locator(".markdown").waitFor();
      assert.equal(await answer(page).getAttribute("aria-busy"), "true");
      const other = await page.context().newPage();
      await other.goto(page.url());
      await answer(other).locator(".markdown").waitFor();
      await page.getByRole("button", { name: "Stop" }).click();
      for (const tab of [page, other]) await answer(tab).getByText("Stopped").waitFor();
      const stopped = (await answer(page).locator(".markdown").textContent())!;
      await page.getByRole("button", { name: "Go on" }).click();
      await page.waitForFunction(
        (length) => document.querySelector(".markdown")!.textContent.length > length,
        stopped.length,
      );
    });
  });

  test("axe finds nothing in any view", async () => {
    const looks = [
      { name: "wide-en-light", options: { viewport: { width: 1440, height: 900 } } },
      { name: "phone-zh-dark", options: { viewport: phone, locale: "zh-CN", colorScheme: "dark" as const } },
    ];
    for (const { name, options } of looks) {
      await visitPage(browser, server.url, { ...options, bypassCSP: true }, async (page) => {
        await page.locator(".welcome li").first().waitFor();
        await page.evaluate(axeSource);
        const look = async (what: string) => {
          await keepPicture(page, `${name}-${what}`);
          const problems = await page.evaluate(async () => {
            const { violations } = await (globalThis as unknown as Axe).axe.run();
            return violations.map(({ id, nodes }) => [id, nodes[0]?.html]);
          });
          assert.deepEqual(problems, [], `${name} ${what}`);
        };
        await look("welcome");
        await page.locator(".composer textarea").fill("think");
        await page.locator(".composer textarea").press("Enter");
        await page.locator("article.answer .facts").waitFor();
        await look("answer");
        for (const view of ["settings", "models"]) {
          await page.evaluate((hash) => (location.hash = hash), `/${view}`);
          await page.locator("main h3").first().waitFor();
          await look(view);
        }
      });
    }
  });
});

interface Watch {
  seenText: { seen: number; moved: string[] };
}
interface Axe {
  axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
}

/** In the page: where the first character of each text of the last answer stands, from frame to frame. */
function watchText() {
  const places = new WeakMap<Node, { x: number; y: number; text: string }>();
  const told = { seen: 0, moved: [] as string[] };
  (globalThis as unknown as Watch).seenText = told;
  const before = document.querySelectorAll("article.answer").length;
  const look = () => {
    const answers = document.querySelectorAll("article.answer");
    const block = answers.length > before ? answers[answers.length - 1]!.querySelector(".markdown") : null;
    if (block) {
      const { x, y } = block.getBoundingClientRect();
      const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const text = node.textContent!.trim();
        if (text === "" || node.parentElement!.closest(".katex")) continue;
        const range = document.createRange();
        range.setStart(node, 0);
        range.setEnd(node, 1);
        const box = range.getBoundingClientRect();
        const place = { x: box.x - x, y: box.y - y, text };
        const earlier = places.get(node);
        const still =
          !earlier || (Math.abs(earlier.x - place.x) < 0.5 && Math.abs(earlier.y - place.y) < 0.5);
        if (!earlier) told.seen++;
        if (!still && text.startsWith(earlier.text))
          told.moved.push(`"${text.slice(0, 30)}" by ${place.x - earlier.x}, ${place.y - earlier.y}`);
        places.set(node, place);
      }
    }
    requestAnimationFrame(look);
  };
  look();
}
