// Comparisons and usage of the page in headless Chromium: side by side, the choice, the records.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { noBrowser } from "./browser.ts";
import { look, type PageServer, startPageServer } from "./page-server.ts";
import { speakingModel } from "./speaking-model.ts";

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
    server = await startPageServer((store) => {
      const fields = { description: "", picture: "", model: "terse", fallbacks: [], system: "Count." };
      const rest = { starters: [], options: {}, tools: [], files: [] };
      store.assistants.create(1, { name: "Counter", ...fields, ...rest });
      return { models, application: { store } };
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
      await page.getByRole("row", { name: /^terse Counter 2 / }).waitFor();
      await page.locator("figure canvas").waitFor();
      await look(page, "usage");
    });
  });
});
