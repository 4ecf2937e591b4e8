// Signing in elsewhere: a small provider on this machine, who comes back, and what does not hold.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createHandler, type Handler } from "../src/serve/index.ts";
import { openStore } from "../src/store/open-store.ts";
import type { Store } from "../src/store/store.ts";
import { appClient } from "./app-client.ts";
import { scriptedModel } from "./scripted-model.ts";

const model = scriptedModel(() => {
  throw new Error("nobody is answered here");
});
const base64 = (value: string | Buffer) => Buffer.from(value).toString("base64url");
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** A provider that lets everybody in as whom it is told; `claims` change what its tokens say. */
async function startProvider() {
  const codes = new Map<string, URLSearchParams>();
  const said = { claims: {} as Record<string, unknown> };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url!, issuer);
    const json = (body: object, status = 200) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (url.pathname === "/.well-known/openid-configuration")
      return json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
      });
    if (url.pathname === "/authorize") {
      const code = randomUUID();
      codes.set(code, url.searchParams);
      const back = new URL(url.searchParams.get("redirect_uri")!);
      back.search = new URLSearchParams({ code, state: url.searchParams.get("state")! }).toString();
      return response.writeHead(302, { location: back.href }).end();
    }
    let body = "";
    for await (const chunk of request) body += chunk;
    const given = new URLSearchParams(body);
    const asked = codes.get(given.get("code")!);
    const challenge = createHash("sha256").update(given.get("code_verifier")!).digest("base64url");
    const isClient =
      request.headers.authorization === `Basic ${Buffer.from("baimo:secret").toString("base64")}`;
    if (!asked || !isClient || asked.get("code_challenge") !== challenge)
      return json({ error: "invalid_grant" }, 400);
    codes.delete(given.get("code")!);
    const now = Math.floor(Date.now() / 1000);
    const standard = { iss: issuer, aud: "baimo", iat: now, exp: now + 60, nonce: asked.get("nonce") };
    const parts = [{ alg: "RS256" }, Object.assign(standard, said.claims)].map((part) =>
      base64(JSON.stringify(part)),
    );
    const signature = sign("sha256", Buffer.from(parts.join(".")), privateKey);
    return json({
      access_token: "t",
      token_type: "Bearer",
      id_token: [...parts, base64(signature)].join("."),
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { issuer, said, close: () => server.close() };
}

describe("signing in elsewhere", () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-oidc-"));
  const errors: string[] = [];
  let provider: Awaited<ReturnType<typeof startProvider>>;
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
    const there = await fetch(response.headers.get("location")!, { redirect: "manual" });
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

  test("refuses another browser, a second time, another's nonce, audience and issuer", async () => {
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
  });
});
