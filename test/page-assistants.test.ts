// Assistants of the page in headless Chromium: made, used, shared, imported, deleted and undone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { noBrowser } from "./browser.ts";
import { look, type PageServer, startPageServer } from "./page-server.ts";
import { speakingModel } from "./speaking-model.ts";

describe("assistants of the page", { skip: noBrowser }, () => {
  let server: PageServer;
  before(async () => {
    const tell = (name: string) =>
      speakingModel(name, (messages, { temperature }) => {
        const [{ role, content }] = messages;
        return { text: `${name} was told ${role === "system" ? content : "nothing"} at ${temperature}` };
      });
    server = await startPageServer((store) => ({
      models: [tell("first"), tell("second"), tell("poet")],
      application: { store },
    }));
  });
  after(() => server?.close());

  const card = (page: Page, name: string) =>
    page.locator("main li button", { has: page.getByText(name, { exact: true }) });
  const choose = async (page: Page, name: string, what: string) => {
    await page.getByRole("button", { name: `More for “${name}”` }).click();
    await page.getByRole("menuitem", { name: what }).click();
  };
  const answer = (page: Page) => page.locator("article.answer").last();

  test("one is made, talked to, edited, duplicated, deleted and brought back", async () => {
    await server.visit(async (page) => {
      await page.getByRole("link", { name: "Assistants", exact: true }).click();
      await look(page, "assistants-none");
      await page.getByRole("link", { name: "New assistant" }).click();
      await page.getByLabel("Name").fill("Parrot");
      await page.getByLabel("In a sentence").fill("Says what it was told.");
      await page.getByLabel("Instructions").fill("Repeat after me");
      await page.getByLabel("Openings").fill("Hello?\n\nWho are you?");
      await page.getByLabel("Model", { exact: true }).selectOption("second");
      await page.getByText("Sampling").click();
      await page.getByRole("spinbutton", { name: "Temperature" }).fill("0.5");
      await page.getByRole("spinbutton", { name: "Temperature" }).press("Tab");
      await look(page, "assistant-form");
      await page.getByRole("button", { name: "Save" }).click();
      await card(page, "Parrot").click();
      await page.getByRole("heading", { name: "Parrot" }).waitFor();
      await look(page, "assistant-welcome");
      await page.getByRole("button", { name: "Who are you?" }).click();
      await answer(page).getByText("second was told Repeat after me at 0.5").waitFor();

      // The conversation is the assistant's after a reload, and another model can take its place.
      await page.reload();
      await answer(page).getByText("second was told").waitFor();
      await page.locator("button.model", { hasText: "second" }).click();
      await page.getByRole("menuitemradio", { name: "first" }).click();
      await page.locator(".composer textarea").fill("and now?");
      await page.locator(".composer textarea").press("Enter");
      await answer(page).getByText("first was told Repeat after me at 0.5").waitFor();

      await page.getByRole("link", { name: "Assistants", exact: true }).click();
      await choose(page, "Parrot", "Edit");
      await page.getByLabel("Name").fill("Echo");
      await page.getByRole("button", { name: "Save" }).click();
      await choose(page, "Echo", "Duplicate");
      await card(page, "Echo (copy)").waitFor();
      await choose(page, "Echo", "Delete");
      await page.getByText("“Echo” was deleted.").waitFor();
      assert.equal(await card(page, "Echo").count(), 0);
      await page.getByRole("button", { name: "Undo" }).click();
      await card(page, "Echo").click();
      await page.getByRole("button", { name: "Hello?" }).waitFor();
    });
  });

  test("the gallery's work on the poet; a link and a file bring one to another page", async () => {
    let link = "";
    let file = "";
    await server.visit(
      async (page) => {
        await page.getByRole("link", { name: "Assistants", exact: true }).click();
        await card(page, "Ci tunes").click();
        await page.getByRole("button", { name: "填一首《浣溪沙》" }).click();
        await answer(page).getByText("poet was told nothing").waitFor();
        await page.getByRole("link", { name: "Assistants", exact: true }).click();
        await look(page, "assistants");
        await choose(page, "Ci tunes", "Copy a link");
        await page.getByText("The link was copied.").waitFor();
        link = await page.evaluate(() => navigator.clipboard.readText());
        await page.getByRole("button", { name: "More for “Ci tunes”" }).click();
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("menuitem", { name: "Export as a file" }).click(),
        ]);
        file = readFileSync(await download.path(), "utf8");
      },
      { permissions: ["clipboard-read", "clipboard-write"] },
    );
    assert.equal(JSON.parse(file).format, "baimo.assistant");
    await server.visit(async (page) => {
      await page.getByRole("link", { name: "Assistants", exact: true }).click();
      await page.getByLabel("or paste a link here").fill(link);
      await page.getByText("See what it has been told").waitFor();
      await look(page, "assistant-shared");
      await page.getByRole("button", { name: "Add to mine" }).click();
      await page.getByRole("heading", { name: "Ci tunes" }).waitFor();
      await page.goto(`${server.url}/#/shared/notALink`);
      await page.getByText("This link is broken").waitFor();

      await page.getByRole("link", { name: "Assistants", exact: true }).click();
      const bring = async (data: object) =>
        page.locator('main input[type="file"]').setInputFiles({
          name: "a.json",
          mimeType: "application/json",
          buffer: Buffer.from(JSON.stringify(data)),
        });
      await bring({
        name: "<img src=x onerror='hacked = 1'>",
        preprompt: "<script>hacked = 1</script>",
        avatar: "data:image/svg+xml,<svg onload='hacked = 1'>",
        exampleInputs: ["javascript:hacked"],
        tools: ["web"],
      });
      await page.getByText(/was added\. \(.*its tools are Hugging Chat’s own\)/).waitFor();
      await card(page, "<img src=x onerror='hacked = 1'>").click();
      assert.equal(await page.evaluate(() => "hacked" in globalThis), false);
      await page.getByRole("link", { name: "Assistants", exact: true }).click();
      await bring({ format: "something else" });
      await page.getByText("Nothing was imported").waitFor();
    });
  });
});
