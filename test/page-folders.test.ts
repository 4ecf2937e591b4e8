// Folders of conversations on the page: brought by a file, made, renamed, deleted and brought back.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { noBrowser } from "./browser.ts";
import { look, type PageServer, startPageServer } from "./page-server.ts";

const asked = (id: string, title: string, folder?: string) => ({
  id,
  title,
  folder,
  leaf: `${id}-question`,
  created: 1,
  updated: Date.now(),
  messages: [
    {
      id: `${id}-question`,
      parent: null,
      role: "user",
      parts: [{ type: "text", text: title }],
      status: "done",
      created: 1,
    },
  ],
});
const conversations = [asked("verse-one-1", "Verse", "Poems"), asked("bread-one-2", "Bread")];
const file = JSON.stringify({ format: "baimo.conversations", version: 1, conversations });

for (const keeper of ["the server", "the browser"])
  describe(`folders kept by ${keeper}`, { skip: noBrowser }, () => {
    let server: PageServer;
    before(async () => {
      server = await startPageServer((store) => ({
        models: [],
        application: keeper === "the server" ? { store } : undefined,
      }));
    });
    after(() => server?.close());

    test("hold what is laid into them, and nothing is lost with them", async () => {
      await server.visit(async (page) => {
        const side = page.getByRole("complementary");
        const row = (title: string) => side.getByRole("link", { name: title, exact: true });
        const folder = (name: string) => side.getByRole("button", { name, exact: true });
        await page
          .locator("input[type=file][accept*=json]")
          .setInputFiles({ name: "a.json", mimeType: "application/json", buffer: Buffer.from(file) });
        await row("Bread").waitFor();
        assert.equal(await row("Verse").count(), 0);
        await folder("Poems").click();
        await row("Verse").waitFor();

        await side.getByRole("button", { name: "More for “Bread”" }).click();
        await page.getByRole("menuitem", { name: "Move to a folder…" }).click();
        await page.getByLabel("Name of a new folder").fill("Kitchen");
        await page.getByRole("button", { name: "Make it and move" }).click();
        await folder("Kitchen").waitFor();
        await row("Bread").waitFor();

        await side.getByRole("button", { name: "More for the folder “Kitchen”" }).click();
        await page.getByRole("menuitem", { name: "Rename" }).click();
        await page.getByLabel("Name of the folder").fill("Food");
        await page.getByLabel("Name of the folder").press("Enter");
        await folder("Food").waitFor();
        if (keeper === "the server") await look(page, "folders");

        // Dragged by its row, out of the folder and back into it.
        await row("Bread").dragTo(side.locator(".loose"));
        await side.getByRole("heading", { name: "Today" }).waitFor();
        await row("Bread").dragTo(folder("Food"));
        await side.getByRole("heading", { name: "Today" }).waitFor({ state: "detached" });
        await row("Bread").waitFor();

        await side.getByRole("button", { name: "More for the folder “Food”" }).click();
        await page.getByRole("menuitem", { name: "Delete" }).click();
        await side.getByRole("heading", { name: "Today" }).waitFor();
        await row("Bread").waitFor();
        await page.getByRole("button", { name: "Undo" }).click();
        await folder("Food").click();
        await row("Bread").waitFor();
        await page.reload();
        await folder("Food").waitFor();
        assert.deepEqual(await side.locator("h2:visible").allTextContents(), ["Folders"]);
      });
    });
  });
