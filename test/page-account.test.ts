// Accounts of the page in headless Chromium: made, signed in and out, data out and away.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { noBrowser } from "./browser.ts";
import { look, type PageServer, startPageServer } from "./page-server.ts";
import { speakingModel } from "./speaking-model.ts";

const TOKEN = "a-token-that-was-printed";
const PASSWORD = "correct horse battery";

describe("accounts of the page", { skip: noBrowser }, () => {
  let server: PageServer;
  before(async () => {
    const models = [speakingModel("speaker", () => ({ text: "So it is." }))];
    server = await startPageServer((store) => ({
      models,
      application: { store, signIn: true, setUpToken: TOKEN },
    }));
  });
  after(() => server?.close());

  const signIn = async (page: Page, name: string, password: string) => {
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
  };
  const composer = (page: Page) => page.locator(".composer textarea");

  test("the first account is made by the printed link, makes others, and signs out", async () => {
    await server.visit(async (page) => {
      await page.getByText("This server has no account yet.").waitFor();
      assert.equal(await page.getByLabel("Name").count(), 0);
      await page.goto(`${server.url}/#set-up=${TOKEN}`);
      await page.reload();
      await page.getByLabel("Name").fill("Ada");
      await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await look(page, "account-first");
      await page.getByRole("button", { name: "Make the account" }).click();
      await composer(page).fill("the secret of Ada");
      await composer(page).press("Enter");
      await page.locator("article.answer").getByText("So it is.").waitFor();
      assert.ok(!page.url().includes(TOKEN));

      await page.getByRole("link", { name: "Account: Ada" }).click();
      await page.getByLabel("Name").fill("ben");
      await page.getByLabel("Password", { exact: true }).fill("another long password");
      await page.getByRole("button", { name: "Add an account" }).click();
      await page.getByText("“ben” was added.").waitFor();
      await page.getByRole("button", { name: "More for “ben”" }).waitFor();
      await look(page, "account");
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: "Export all data" }).click(),
      ]);
      assert.match(readFileSync(await download.path(), "utf8"), /the secret of Ada/);

      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      await page.reload();
      await page.getByRole("button", { name: "Sign in" }).waitFor();
    });
  });

  test("a wrong password is refused, another's data are not seen, and an account goes with all that is in it", async () => {
    await server.visit(async (page) => {
      await signIn(page, "ben", "not the password");
      await page.getByRole("alert").getByText("Name or password is wrong.").waitFor();
      await look(page, "account-sign-in");
      await signIn(page, "ben", "another long password");
      await page.getByText("No conversations yet.").waitFor();
      assert.equal(await page.getByText("secret").count(), 0);

      // The session ends elsewhere: what was being written stays, and is sent after signing in again.
      await composer(page).fill("not lost");
      await page.context().clearCookies();
      await composer(page).press("Enter");
      await page.getByRole("dialog").getByText("Please sign in again.").waitFor();
      await look(page, "account-ended");
      await page.getByLabel("Password", { exact: true }).fill("another long password");
      await page.getByRole("dialog").getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      assert.equal(await composer(page).inputValue(), "not lost");
      await composer(page).press("Enter");
      await page.locator("article.answer").getByText("So it is.").waitFor();

      await page.getByRole("link", { name: "Account: ben" }).click();
      await page.getByLabel("Current password").fill("another long password");
      await page.getByLabel("New password").fill("a third long password");
      await page.getByRole("button", { name: "Change", exact: true }).click();
      await page.getByText("The password was changed").waitFor();
      const erase = page.getByRole("button", { name: "Delete the account" });
      assert.ok(await erase.isDisabled());
      await page.getByLabel("Type “ben” to confirm").fill("ben");
      await erase.click();
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      assert.equal(server.store.users.named("ben"), undefined);
    });
  });
});
