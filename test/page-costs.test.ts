// The page's costs in a real browser: scenarios, links, Node's own numbers, print, licences.
//
// The server has no model: counting needs none. Skipped where no browser is.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { writeLink } from "../src/plan/index.ts";
import { createHandler } from "../src/serve/index.ts";
import { type Listening, listen, openPage } from "../src/serve/node.ts";
import { baimo } from "./baimo.ts";
import { desk, keepPicture, noBrowser, openBrowser, phone, visitPage } from "./browser.ts";
import { root } from "./places.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe("the page's costs", { skip: noBrowser }, () => {
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

  const visit = (hash: string, options: BrowserContextOptions, run: (page: Page) => Promise<void>) =>
    visitPage(browser, `${server.url}${hash}`, { bypassCSP: true, ...options }, run, (message) =>
      message.startsWith("Failed to load resource"),
    );
  const verdict = (page: Page) => page.locator(".verdict p");
  const says = (page: Page, text: RegExp) => verdict(page).filter({ hasText: text }).waitFor();
  /** What the tab saves is what the command prints for its address, to the last digit. */
  const isSameInNode = async (page: Page) => {
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save as JSON" }).click(),
    ]);
    const inTab = JSON.parse(readFileSync(await saved.path(), "utf8"));
    const { stdout, stderr } = await baimo(["plan", "link", page.url(), "--json"]);
    assert.deepEqual(JSON.parse(stdout), inTab, stderr);
  };
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

      await isSameInNode(page);

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
      for (const [plan, label] of [
        ["Serving", "tokens of a prompt"],
        ["Training", "tokens of a sequence"],
      ]) {
        await page.getByRole("button", { name: plan }).click();
        await page.getByLabel(label).first().fill("777");
        await page.keyboard.press("Tab");
        await page.locator(".assumed b", { hasText: label }).waitFor({ state: "detached" });
        await isSameInNode(page);
      }
      for (const plan of ["People or model", "Serving", "Training"]) {
        await page.getByRole("button", { name: plan }).click();
        await page.locator("figure canvas").waitFor();
        const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
        assert.equal(pdf.match(/\/Type\s*\/Page\b/g)?.length, 1, `${plan} on one sheet`);
      }
    });
  });

  test("every state has its words in both languages, on a desk and on a phone", async () => {
    for (const { locale, viewport, texts } of said) {
      await visit("#/costs", { locale, viewport }, async (page) => {
        for (const [name, link] of Object.entries(links)) {
          await page.goto(`${server.url}#/costs/${link}`);
          await page.locator("main").getByText(texts[name]).first().waitFor();
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(wide <= 0, `${name}: ${wide} px beside the window`);
          await keepPicture(page, `costs-${name}-${viewport.width}-${locale}`);
        }
        await hasNoFaults(page);
      });
    }
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

const work = {
  tasksPerMonth: 20_000,
  minutesPerTask: 6,
  hourlyWage: 60,
  modelCostPerTask: 0.12,
  acceptance: 0.9,
  reviewMinutes: 1,
  errorRate: 0.01,
  errorCost: 50,
};
const roi = (...kinds: Partial<typeof work & { name: string }>[]) =>
  writeLink({
    plan: "roi",
    options: {
      work: kinds.map((kind) => Object.assign({}, work, kind)),
      fixedPerMonth: 10_000,
      currency: "USD",
      draws: 200,
    },
  });
const may = (uses: string, action: string) =>
  writeLink({ plan: "may", question: { uses: [`LicenseRef-${uses}`], action, facts: {} } });
const links = {
  model: roi({}),
  people: roi({ reviewMinutes: 7 }),
  both: roi({ name: "A" }, { name: "B", reviewMinutes: 9 }),
  doubt: writeLink({
    plan: "roi",
    options: { work: [work], fixedPerMonth: { value: 1e5, low: 1e4, high: 2e5 }, currency: "USD" },
  }),
  wrong: roi({ acceptance: 2 }),
  serve: "serve",
  crowded: writeLink({ plan: "serve", model: "Llama 2 70B", options: { accelerator: "H100-SXM", gpus: 1 } }),
  train: "train",
  incomplete: writeLink({ plan: "train", model: {}, options: {} }),
  yes: may("Llama-3", "publish-derivative"),
  no: may("Qwen-Research", "commercial-use"),
  unknown: may("Llama-3", "commercial-use"),
  broken: "bm9uc2Vuc2U",
};
interface Said {
  readonly locale: string;
  readonly viewport: { readonly width: number; readonly height: number };
  /** By the name of the link. */
  readonly texts: Readonly<Record<string, RegExp>>;
}
/** What the page says in each state. */
const said: readonly Said[] = [
  {
    locale: "en-US",
    viewport: desk,
    texts: {
      model: /^Let the model do it\.$/,
      people: /^Let people do it: a task done by the model saves nothing/,
      both: /^Both: the model does A, people do B\.$/,
      doubt: /^Can't tell: measure fixed cost of the model first\.$/,
      wrong: /acceptance is 2; allowed: a number from 0 to 1$/,
      serve: /^The API|^Can't tell/,
      crowded: /^It does not fit: the machine holds 0 sequences at once, and 1 are asked for/,
      train: /^[\d.]+ days, [\d,]+ USD\.$/,
      incomplete: /^Cannot be counted yet: parameters, tokens, .* missing\.$/,
      yes: /^Yes, on these conditions\.$/,
      no: /^No: not under this licence/,
      unknown: /^Unknown: what is at hand does not decide\.$/,
      broken: /copy the whole link again$/,
    },
  },
  {
    locale: "zh-CN",
    viewport: phone,
    texts: {
      model: /^交给模型。$/,
      people: /^由人来做：模型做一件并不节省/,
      both: /^两者都要：模型做A，人做B。$/,
      doubt: /^说不准：请先量一量「模型固定费用」。$/,
      wrong: /^算不出：采纳率为 2；可为：0 至 1 的数$/,
      serve: /^用 API|^说不准/,
      crowded: /^放不下：这台机器同时容纳 0 个序列，而要求 1 个/,
      train: /^[\d.]+ 天，[\d,]+ USD。$/,
      incomplete: /^还算不出：缺少参数、词元、/,
      yes: /^可以，但须满足以下条件。$/,
      no: /^不可以：就目前情况/,
      unknown: /^不知道：文本与情况不足以判断。$/,
      broken: /^算不出：这个链接不完整/,
    },
  },
];
interface Axe {
  axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
}
