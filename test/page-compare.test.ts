// Comparisons and usage of the page in headless Chromium: side by side, the choice, the records.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openModels } from "../src/serve/index.ts";
import { statedEnergy } from "../src/serve/node.ts";
import { noBrowser } from "./browser.ts";
import { look, type PageServer, startPageServer } from "./page-server.ts";
import { speakingModel } from "./speaking-model.ts";
import { until } from "./until.ts";

describe("comparisons of the page", { skip: noBrowser }, () => {
  let server: PageServer;
  before(async () => {
    const say = (text: string) => () => ({ text, waitMs: 5 });
    const models = [
      speakingModel("terse", say("**Four.**")),
      speakingModel(
        "wordy",
        say("It is four, since two and two are four:\n\n| a | b |\n|--:|--:|\n| 2 | 2 |\n"),
      ),
    ];
    const price = {
      currency: "USD",
      input: 500,
      output: 2000,
      source: "https://prices.example",
      date: "2026-11-01",
    };
    const recipes = models.map((model) => ({
      preview: async () => ({ memory: { weights: 0, experts: 0, cache: 0, buffers: 0, total: 0 } }),
      open: async () => model,
      price: model.name === "wordy" ? price : undefined,
    }));
    const served = openModels(new Map(models.map(({ name }, i) => [name, recipes[i]])));
    const energy = statedEnergy({ watts: 9.5, source: "a meter at the wall", date: "2026-11-20" });
    server = await startPageServer((store) => {
      const fields = { description: "", picture: "", model: "terse", fallbacks: [], system: "Count." };
      const rest = { starters: [], options: {}, tools: [], files: [] };
      store.assistants.create(1, { name: "Counter", ...fields, ...rest });
      return { models: served, energy, application: { store } };
    });
  });
  after(() => server?.close());

  test("two models and an assistant answer side by side, unnamed until one is chosen", async () => {
    await server.visit(async (page) => {
      await page.getByRole("link", { name: "Compare" }).click();
      await page.getByRole("checkbox", { name: "wordy", checked: true }).waitFor();
      await look(page, "compare-empty");
      await page.getByRole("checkbox", { name: "Counter" }).check();
      await page.getByLabel("Question").fill("What is two and two?");
      await page.getByRole("button", { name: "Ask them all" }).click();
      const better = page.getByRole("button", { name: "This is better" });
      await better.nth(2).waitFor();
      await page.getByRole("article", { name: "Answer C" }).waitFor();
      assert.equal(await page.getByRole("article", { name: "wordy" }).count(), 0);
      const wordy = page.getByRole("article").filter({ hasText: "since two and two" });
      await wordy.getByRole("button", { name: "This is better" }).click();
      await page.getByRole("article", { name: "wordy" }).getByText("You chose this").waitFor();
      await page.getByRole("article", { name: "Counter · terse" }).waitFor();
      await page.getByRole("row", { name: /^wordy 1 0 0 100%/ }).waitFor();
      await look(page, "compare");

      await page.getByRole("button", { name: "Ask them all" }).click();
      await page.getByRole("button", { name: "None is better" }).click();
      await page.getByText("You found none better").waitFor();
      await page.getByRole("row", { name: /^wordy 1 1 0 75%/ }).waitFor();
      await page.getByRole("link", { name: "Open as a conversation" }).click();
      await page.locator("article.user").getByText("What is two and two?").waitFor();
      await page.getByText("/3").first().waitFor();
      await page.reload();
      await page.getByRole("link", { name: "Compare" }).click();
      await page.getByRole("row", { name: /^Counter · terse 0 1 1 25%/ }).waitFor();

      await page.getByRole("link", { name: "Usage" }).click();
      const [spent] = server.store.usage.list(1, 0).filter(({ currency }) => currency === "USD");
      assert.equal(spent.cost, (spent.promptTokens * 500 + spent.completionTokens * 2000) / 1e6);
      const row = (name: string) => page.getByRole("row", { name: new RegExp(`^${name} `) });
      await row("terse Counter 2")
        .and(page.getByRole("row", { name: /[\d.]+ J not known$/ }))
        .waitFor();
      await row("wordy – 2")
        .and(page.getByRole("row", { name: / [\d.]+ J 0\.\d+ USD$/ }))
        .waitFor();
      await row("All 6")
        .and(page.getByRole("row", { name: /USD ?of 2 of 6 answers$/ }))
        .waitFor();
      await page.getByText("at 9.5 W a core (a meter at the wall, 2026-11-20)").waitFor();
      await page
        .getByText("wordy: read 500 USD, written 2,000 USD (https://prices.example, 2026-11-01)")
        .waitFor();
      await page.locator("figure canvas").waitFor();
      const picture = () =>
        page.locator("figure canvas").evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
      const tokens = await picture();
      await page.getByRole("combobox", { name: "Drawn" }).selectOption({ label: "Cost, USD" });
      await page.locator("figure").getByText("Cost a day, USD").waitFor();
      assert.deepEqual(await page.locator("figure li").allTextContents(), ["wordy"]);
      await until(async () => (await picture()) !== tokens);
      await page.getByRole("combobox", { name: "Drawn" }).selectOption({ label: "Energy" });
      await page.getByRole("combobox", { name: "By" }).selectOption({ label: "Assistant" });
      await page.locator("figure li").getByText("Counter").waitFor();
      await look(page, "usage");
    });
  });
});
