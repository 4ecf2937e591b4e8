// Accounts of the page in headless Chromium: made, signed in and out, data out and away.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { noBrowser } from "./browser.ts";
import { type Provider, startProvider } from "./oidc-provider.ts";
import { look, type PageServer, startPageServer } from "./page-server.ts";
import { speakingModel } from "./speaking-model.ts";

const TOKEN = "a-token-that-was-printed";
const PASSWORD = "correct horse battery";

describe("accounts of the page", { skip: noBrowser }, () => {
  let server: PageServer;
  let provider: Provider;
  before(async () => {
    provider = await startProvider("localhost");
    const { issuer } = provider;
    const models = [speakingModel("speaker", () => ({ text: "So it is." }))];
    server = await startPageServer((store, publicUrl) => {
      const oidc = { issuer, clientId: "baimo", clientSecret: "secret", publicUrl, label: "Campus" };
      return { models, application: { store, signIn: true, setUpToken: TOKEN, oidc } };
    });
  });
  after(() => {
    provider?.close();
    return server?.close();
  });

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

      // The server is away for a moment: what is written then is kept when it is back.
      const conversation = /\/app\/v1\/conversations\/[\w-]+$/;
      await page.route(conversation, (route) => route.abort());
      const failed = page.waitForEvent("requestfailed");
      await composer(page).fill("a draft");
      await failed;
      await page.unroute(conversation);
      await page.waitForResponse((response) => conversation.test(response.url()) && response.ok());
      await page.reload();
      await page.waitForFunction(() => document.querySelector("textarea")?.value === "a draft");

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

  test("somebody signs in at another site, lands in the application, signs out, and comes back to what is theirs", async () => {
    provider.said.claims = { sub: "s-1", preferred_username: "libai" };
    const elsewhere = "Sign in with Campus";
    await server.visit(async (page) => {
      await page.getByRole("link", { name: elsewhere }).click();
      await page.getByRole("button", { name: "Never mind" }).click();
      await page.getByRole("alert").getByText("You were not signed in there.").waitFor();
      await look(page, "account-elsewhere-failed");

      await page.getByRole("link", { name: elsewhere }).click();
      assert.ok(page.url().startsWith(provider.issuer), page.url());
      await page.getByRole("button", { name: "It is me" }).click();
      await composer(page).fill("mine alone");
      await composer(page).press("Enter");
      await page.locator("article.answer").getByText("So it is.").waitFor();
      const cookies = await page.context().cookies();
      assert.deepEqual(
        cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite]),
        [["baimo_session", true, "Strict"]],
      );
      await page.getByRole("link", { name: "Account: libai@localhost" }).click();
      await page.getByText("You sign in with Campus, and have no password here.").waitFor();
      assert.equal(await page.getByLabel("Current password").count(), 0);
      await look(page, "account-elsewhere");
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      await page.reload();
      assert.equal(await composer(page).count(), 0);

      await page.getByRole("link", { name: elsewhere }).click();
      await page.getByRole("button", { name: "It is me" }).click();
      await page.getByRole("link", { name: "mine alone" }).click();
      await page.locator("article.answer").getByText("So it is.").waitFor();

      // The session ends: one signs in again in another window, and what was being written is still there.
      await composer(page).fill("not lost");
      await page.context().clearCookies();
      await composer(page).press("Enter");
      const [window] = await Promise.all([
        page.waitForEvent("popup"),
        page.getByRole("dialog").getByRole("link", { name: elsewhere }).click(),
      ]);
      await window.getByRole("button", { name: "It is me" }).click();
      await composer(window).waitFor();
      await window.close();
      await page.evaluate(() => dispatchEvent(new Event("focus"))); // in headless Chromium all pages have it
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      await composer(page).press("Enter");
      await page.locator("article.user").getByText("not lost").waitFor();
    });
  });
});
