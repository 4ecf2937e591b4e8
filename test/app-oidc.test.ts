// Signing in elsewhere: a small provider on this machine, who comes back, and what does not hold.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createHandler, type Handler } from "../src/serve/index.ts";
import { openStore } from "../src/store/open-store.ts";
import type { Store } from "../src/store/store.ts";
import { appClient } from "./app-client.ts";
import { newKey, type Provider, startProvider } from "./oidc-provider.ts";
import { scriptedModel } from "./scripted-model.ts";

const model = scriptedModel(() => {
  throw new Error("nobody is answered here");
});
describe("signing in elsewhere", () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-oidc-"));
  const errors: string[] = [];
  let provider: Provider;
  let store: Store;
  let handler: Handler;
  before(async () => {
    provider = await startProvider();
    store = await openStore(folder);
    const oidc = {
      issuer: provider.issuer,
      clientId: "baimo",
      clientSecret: "secret",
      publicUrl: "http://localhost:1",
      label: "Campus",
    };
    handler = createHandler({
      models: [model],
      application: { store, signIn: true, oidc },
      onError: (error) => errors.push(error instanceof Error ? error.message : String(error)),
    });
  });
  after(async () => {
    provider.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const server = "http://localhost:1";
  const cookiesOf = (response: Response) =>
    response.headers.getSetCookie().map((cookie) => cookie.split(";")[0]!);
  const begin = async () => {
    const response = await handler(new Request(`${server}/app/v1/oidc`));
    assert.equal(response.status, 303);
    const there = await fetch(response.headers.get("location")!, { method: "POST", redirect: "manual" });
    return { back: there.headers.get("location")!, cookie: cookiesOf(response)[0]! };
  };
  const comeBack = (back: string, cookie: string) =>
    handler(new Request(back, { headers: { cookie, "sec-fetch-site": "cross-site" } }));
  const failed = async (back: string, cookie: string, why: RegExp) => {
    const response = await comeBack(back, cookie);
    assert.equal(response.headers.get("location"), `${server}/#sign-in-failed`);
    assert.ok(!response.headers.getSetCookie().some((set) => set.startsWith("baimo_session=")));
    assert.match(errors.pop() ?? "", why);
  };

  test("waits for the first administrator, then makes an account and knows it again", async () => {
    provider.said.claims = { sub: "s-1", preferred_username: "Li Bai <b>" };
    const early = await begin();
    await failed(early.back, early.cookie, /make the first account/);
    store.users.create({ name: "ada", role: "admin", password: "x" });
    assert.equal((await appClient(handler).json<{ oidc: string }>("GET", "/session")).oidc, "Campus");
    const ids = new Set<string>();
    for (let time = 0; time < 2; time++) {
      const { back, cookie } = await begin();
      const response = await comeBack(back, cookie);
      assert.equal(response.headers.get("location"), `${server}/`);
      const session = cookiesOf(response).find((set) => set.startsWith("baimo_session="))!;
      const known = appClient(handler, server, session);
      const { user } = await known.json<{ user: { id: string; name: string; role: string } }>(
        "GET",
        "/session",
      );
      assert.deepEqual([user.name, user.role], ["LiBaib@127.0.0.1", "user"]);
      ids.add(user.id);
    }
    assert.equal(ids.size, 1);
    provider.said.claims = { sub: "s-2", preferred_username: "ada" };
    const { back, cookie } = await begin();
    const session = cookiesOf(await comeBack(back, cookie)).find((set) => set.startsWith("baimo_session="))!;
    const other = appClient(handler, server, session);
    const { user } = await other.json<{ user: { id: string; name: string } }>("GET", "/session");
    assert.equal(user.name, "ada@127.0.0.1");
    await other.json("DELETE", `/users/${user.id}`);
    assert.equal(store.users.identified(provider.issuer, "s-2"), undefined);
  });

  test("refuses another browser, a second time, another's nonce, audience, issuer and key", async () => {
    provider.said.claims = { sub: "s-1" };
    const one = await begin();
    const two = await begin();
    await failed(one.back, "", /this browser did not go/);
    await failed(one.back, two.cookie, /state/);
    const three = await begin();
    assert.equal((await comeBack(three.back, three.cookie)).headers.get("location"), `${server}/`);
    await failed(three.back, three.cookie, /nobody waits/);
    for (const [name, value] of Object.entries({
      nonce: "x",
      aud: "other",
      iss: "http://x.example",
      exp: 1,
    })) {
      provider.said.claims = { sub: "s-1", [name]: value };
      const { back, cookie } = await begin();
      await failed(back, cookie, /does not hold/);
    }
    provider.said.claims = { sub: "s-1" };
    provider.said.key = newKey();
    const { back, cookie } = await begin();
    await failed(back, cookie, /does not hold: JWT signature verification failed/);
  });
});
