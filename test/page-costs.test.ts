// The page's costs in a real browser: scenarios, links, Node's own numbers, print, licences.
//
// The server has no model: counting needs none. Skipped where no browser is.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { createHandler } from "../src/serve/index.ts";
import { type Listening, listen, openPage } from "../src/serve/node.ts";
import { baimo } from "./baimo.ts";
import { browserArguments, executablePath, noBrowser, phone, visitPage } from "./browser.ts";
import { root } from "./places.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe("the page's costs", { skip: noBrowser }, () => {
  let browser: Browser;
  let server: Listening;
  before(async () => {
    browser = await chromium.launch({ executablePath, args: browserArguments });
    const page = await openPage(join(root, "web", "dist"));
    server = await listen(createHandler({ models: new Map(), page }), { port: 0 });
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const visit = (hash: string, options: BrowserContextOptions, run: (page: Page) => Promise<void>) =>
    visitPage(browser, `${server.url}${hash}`, { bypassCSP: true, ...options }, run, (message) =>
      message.startsWith("Failed to load resource"),
    );
  const verdict = (page: Page) => page.locator(".verdict p");
  const says = (page: Page, text: RegExp) => verdict(page).filter({ hasText: text }).waitFor();
  const hasNoFaults = async (page: Page) => {
    await page.evaluate(axeSource);
    const problems = await page.evaluate(async () => {
      const { violations } = await (globalThis as unknown as Axe).axe.run();
      return violations.map(({ id, nodes }) => [id, nodes[0]?.html]);
    });
    assert.deepEqual(problems, []);
  };

  test("a scenario is changed, explained, linked, and gives the same numbers in Node", async () => {
    await visit("#/costs", {}, async (page) => {
      await says(page, /^Let the model do it\.$/);
      await page.getByText("The numbers to begin with are an example").waitFor();
      await page.getByText("overhead").first().waitFor();
      await page.locator("figure canvas").waitFor();
      await hasNoFaults(page);

      await page.getByLabel("minutes a task", { exact: false }).first().fill("2..3..4");
      await page.keyboard.press("Tab");
      await says(page, /^Can't tell: measure /);
      await page.getByLabel("acceptance: likeliest").focus();
      for (const key of ["Home", "ArrowRight"]) await page.keyboard.press(key);
      await page.getByLabel("acceptance", { exact: true }).fill("1%");
      await page.keyboard.press("Tab");
      await says(page, /^Let people do it: a task done by the model saves nothing/);

      await page.locator("summary", { hasText: "saving a task" }).first().click();
      await page.getByText("= a - b").waitFor();
      await page.locator("summary", { hasText: "a task by people" }).first().click();
      await page.getByText("= minutes * wage * overhead / minutesPerHour").waitFor();

      const [saved] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Save as JSON" }).click(),
      ]);
      const inTab = JSON.parse(readFileSync(await saved.path(), "utf8"));
      const { stdout, stderr } = await baimo(["plan", "link", page.url(), "--json"]);
      assert.deepEqual(JSON.parse(stdout), inTab, stderr);

      const address = page.url();
      await page.goto("about:blank");
      await page.goto(address);
      await says(page, /^Let people do it/);
      assert.equal(await page.getByLabel("acceptance", { exact: true }).inputValue(), "1%");
    });
    await visit("#/costs/bm9uc2Vuc2U", {}, async (page) => {
      await page.getByRole("alert").getByText("copy the whole link again").waitFor();
    });
  });

  test("serving and training are counted, prices without a date are warned of, and it prints to one sheet", async () => {
    await visit("#/costs/serve", {}, async (page) => {
      await says(page, /The API|Can't tell/);
      await page
        .getByText("an hour of the machine: no source and no date")
        .or(page.getByText("price of the machine: no source and no date"))
        .waitFor();
      await hasNoFaults(page);
      await page.getByRole("button", { name: "Training" }).click();
      await says(page, /days, .*USD/);
      await page.getByText(/ways to divide it over the GPUs work/).waitFor();
      for (const plan of ["People or model", "Serving", "Training"]) {
        await page.getByRole("button", { name: plan }).click();
        await page.locator("figure canvas").waitFor();
        const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
        assert.equal(pdf.match(/\/Type\s*\/Page\b/g)?.length, 1, `${plan} on one sheet`);
      }
    });
  });

  test("may I: in words, in Chinese, on a phone", async () => {
    const options = { locale: "zh-CN", viewport: phone, colorScheme: "dark" as const };
    await visit("#/costs/may", options, async (page) => {
      await says(page, /可以|不知道/);
      await page.getByLabel("用文字提问").fill("我们能商用 Grok-1 吗？");
      await page.keyboard.press("Enter");
      await says(page, /^可以/);
      await page.getByText("Apache-2.0#2").waitFor();
      await page.getByLabel("用文字提问").fill("Qwen2.5-3B 能商用吗？");
      await page.keyboard.press("Enter");
      await says(page, /^不可以/);
      await hasNoFaults(page);
      for (const plan of ["人还是模型", "推理", "训练"]) {
        await page.getByRole("button", { name: plan }).click();
        await page.locator("figure canvas").waitFor();
        const wide = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.deepEqual(wide, [phone.width, phone.width], plan);
      }
      await hasNoFaults(page);
    });
  });
});

interface Axe {
  axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
}
