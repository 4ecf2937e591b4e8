// Tools of the page in headless Chromium: added by a command, allowed and declined call by call.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { splitCommand } from "../src/upstream/command-line.ts";
import { noBrowser } from "./browser.ts";
import { look, type PageServer, startPageServer } from "./page-server.ts";
import { speakingModel } from "./speaking-model.ts";

const command = `"${process.execPath}" "${join(import.meta.dirname, "tool-server.js")}"`;

test("a command line is split in words as a shell would", () => {
  assert.deepEqual(splitCommand(` npx -y "a b" --x='c "d"' e"f"g `), [
    "npx",
    "-y",
    "a b",
    '--x=c "d"',
    "efg",
  ]);
  assert.deepEqual(splitCommand("a $HOME `x` ; rm"), ["a", "$HOME", "`x`", ";", "rm"]);
  for (const line of ["", "  ", 'a "b', "it's"]) assert.throws(() => splitCommand(line));
});

describe("tools of the page", { skip: noBrowser }, () => {
  let server: PageServer;
  before(async () => {
    const model = speakingModel("caller", (messages, { tools = [] }) => {
      const last = messages.at(-1)!;
      if (last.role === "tool") return { text: `It gave: ${last.content}` };
      const names = tools.map((tool) => (tool as { function: { name: string } }).function.name);
      const name = names.find((one) => one.includes(String(last.content)));
      if (!name) return { text: `There are ${names.length} tools.` };
      return { text: "", calls: [{ name, arguments: JSON.stringify({ text: "four" }) }] };
    });
    server = await startPageServer((store) => ({ models: [model], application: { store } }));
  });
  after(() => server?.close());

  test("a call waits until it is allowed, is declined, fails, and runs at once where its tool is trusted", async () => {
    await server.visit(async (page) => {
      await page.getByRole("link", { name: "Tools" }).click();
      await page.getByLabel("Name").fill("letters");
      await page.getByLabel("By").selectOption("command");
      await page.getByLabel("Command that starts").fill("no-such-command-at-all");
      await page.getByRole("button", { name: "Add a server of tools" }).click();
      const failure = page.getByRole("alert");
      await failure.locator("summary").click();
      await failure.getByText("no-such-command-at-all").waitFor();
      await page.getByRole("button", { name: "Remove “letters”" }).click();
      await page.getByLabel("Name").fill("letters");
      await page.getByLabel("Command that starts").fill(command);
      await page.getByRole("button", { name: "Add a server of tools" }).click();
      await page.getByText("Counts the letters of a text.").waitFor();
      await look(page, "tools");

      const say = async (text: string) => {
        await page.locator(".composer textarea").fill(text);
        await page.locator(".composer textarea").press("Enter");
      };
      const answer = page.locator("article.answer").last();
      await page.getByRole("button", { name: "New conversation" }).click();
      await say("count");
      await page.getByText("Do you allow it?").waitFor();
      await look(page, "tool-approval");
      await page.reload();
      await page.getByRole("button", { name: "Allow" }).click();
      await answer.getByText("It gave: 4 letters <img src=x onerror=1>").waitFor();
      await page.getByText("Calls the tool letters_count").click();
      await page.locator("details").getByText("4 letters").waitFor();
      await look(page, "tool-result");
      await say("count");
      await page.getByRole("button", { name: "Decline" }).click();
      await answer.getByText("It gave: The user declined this call.").waitFor();
      await say("fail");
      await page.getByRole("button", { name: "Allow" }).click();
      await answer.getByText(/It gave: The tool failed/).waitFor();

      await page.getByRole("link", { name: "Tools" }).click();
      await page.getByRole("button", { name: "Show its tools" }).click();
      const row = page.getByRole("listitem").filter({ hasText: "Counts the letters" }).last();
      await row.getByRole("checkbox", { name: "Do not ask" }).check();
      await page.goBack();
      const before = await page.locator("article.answer").count();
      await say("count");
      await page
        .locator("article.answer")
        .nth(before + 1)
        .getByText("It gave: 4 letters")
        .waitFor();
      await page.getByRole("link", { name: "Tools" }).click();
      await page.getByRole("checkbox", { name: "Offer to models" }).uncheck();
      await page.goBack();
      await say("count");
      await answer.getByText("There are 0 tools.").waitFor();
    });
  });
});
