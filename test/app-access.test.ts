// Accounts: signing in, and every route of the application with another's session and without one.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openJournal, openTools } from "../src/dispatch/index.ts";
import { KeptRuns } from "../src/evaluate/kept-runs.ts";
import { hashPassword } from "../src/serve/app/passwords.ts";
import { appRoutes } from "../src/serve/app/routes/routes.ts";
import { openDispatcher } from "../src/serve/dispatcher/open-dispatcher.ts";
import { createHandler, type Handler } from "../src/serve/index.ts";
import { openStore } from "../src/store/open-store.ts";
import type { Store } from "../src/store/store.ts";
import type { StoredUser } from "../src/store/users.ts";
import { type AppClient, appClient } from "./app-client.ts";
import { scriptedModel } from "./scripted-model.ts";

const TOKEN = "a token that was printed";
const PASSWORD = "correct horse battery";
const model = scriptedModel(() => {
  throw new Error("nobody is answered here");
});

describe("accounts", () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-accounts-"));
  const runs = join(folder, "evaluations");
  let store: Store;
  let handler: Handler;
  let endWork: () => Promise<void>;
  before(async () => {
    store = await openStore(folder);
    const evaluations = new KeptRuns({ folder: runs, includePaths: [], version: "0" });
    const [opened, journal] = [await openTools({}), await openJournal(join(folder, "work"))];
    const { dispatcher, close } = openDispatcher({ opened, journal, people: { "*": "clerk" }, tasks: {} });
    endWork = close;
    const application = { store, signIn: true, setUpToken: TOKEN, evaluations, dispatcher };
    handler = createHandler({ models: [model], application });
  });
  after(async () => {
    await endWork();
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const client = (cookie = "") => appClient(handler, "http://server.example", cookie);
  const signIn = async (body: object): Promise<AppClient> => {
    const response = await client().send("POST", "/session", body);
    assert.equal(response.status, 200, await response.clone().text());
    const cookie = response.headers.get("set-cookie")!;
    assert.match(
      cookie,
      /^baimo_session=[0-9a-f]{64}; Path=\/app\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/,
    );
    return client(cookie.split(";")[0]);
  };

  it("begin with a token, and are made by administrators", async () => {
    const session = (who: AppClient) => who.json<{ user: object | null; setUp: boolean }>("GET", "/session");
    assert.deepEqual(await session(client()), {
      user: null,
      signIn: true,
      setUp: true,
      store: true,
      hasPassword: false,
    });
    const first = { name: "ada", password: PASSWORD };
    const wrong = { ...first, token: "another" };
    assert.deepEqual(await client().refusal("POST", "/session", wrong), [403, "wrong_token"]);
    const ada = await signIn({ ...first, token: TOKEN });
    assert.deepEqual(await client().refusal("POST", "/session", { ...first, name: "eve", token: TOKEN }), [
      403,
      "wrong_token",
    ]);
    assert.equal((await session(client())).setUp, false);
    const made = { name: "ben", password: "another long password", role: "user" };
    await ada.json("POST", "/users", made);
    for (const name of ["BEN", "ｂｅｎ"])
      assert.deepEqual(await ada.refusal("POST", "/users", { ...made, name }), [409, "name_taken"]);
    assert.deepEqual(await ada.refusal("POST", "/users", { ...made, name: "b", password: "short" }), [
      400,
      "invalid_value",
    ]);
    const ben = await signIn({ name: "Ben", password: made.password });
    assert.deepEqual(await ben.refusal("GET", "/users"), [403, "not_allowed"]);
    assert.deepEqual(await ben.refusal("POST", "/users", made), [403, "not_allowed"]);
    const { user } = await ben.json<{ user: { id: string } }>("GET", "/session");
    assert.deepEqual(await ben.refusal("POST", `/users/${user.id}`, { role: "admin" }), [403, "not_allowed"]);
    const change = { password: "a new long password" };
    assert.deepEqual(await ben.refusal("POST", `/users/${user.id}`, change), [403, "wrong_password"]);
    await ben.json("POST", `/users/${user.id}`, { ...change, oldPassword: made.password });
    assert.deepEqual(await ben.refusal("GET", "/conversations"), [401, "not_signed_in"]); // signs in anew
    const again = await signIn({ name: "ben", password: change.password });
    await again.json("DELETE", "/session");
    assert.deepEqual(await again.refusal("GET", "/conversations"), [401, "not_signed_in"]);
    const { users } = await ada.json<{ users: { id: string }[] }>("GET", "/users");
    assert.deepEqual(await ada.refusal("DELETE", `/users/${users[0].id}`), [409, "last_admin"]);
    const stored = JSON.stringify(store.users.list());
    assert.ok(!stored.includes(PASSWORD) && stored.includes("scrypt:15:8:1:"));
    // The words of the database know neither passwords nor tokens of sessions, only their hashes.
    assert.equal(store.users.ofSession("0".repeat(64)), undefined);
  });

  it("are waited for after wrong passwords", async () => {
    const tries: [number, string | null][] = [];
    for (let i = 0; i < 7; i++)
      tries.push(await client().refusal("POST", "/session", { name: "nobody", password: "x" }));
    assert.deepEqual(tries[0], [401, "wrong_password"]);
    assert.deepEqual(tries.at(-1), [429, "too_many_attempts"]);
  });

  it("see nothing of one another, by any route", async () => {
    const password = await hashPassword(PASSWORD);
    const users = ["carol", "dave"].map((name) => store.users.create({ name, role: "user", password }));
    const [carol, dave] = await Promise.all(users.map(({ name }) => signIn({ name, password: PASSWORD })));
    const ids = await fill(carol, store, users[0], runs);
    await fill(dave, store, users[1], runs);
    const exported = await carol.json<{ evaluations: { id: string }[] }>("GET", "/export");
    assert.deepEqual(
      exported.evaluations.map(({ id }) => id),
      [ids.evaluations],
    );
    const before = snapshot(store, users[0]);
    let tried = 0;
    for (const { method, path } of appRoutes) {
      const place = path.slice("/app/v1".length);
      const [, kind = ""] = /\/(\w+)\/\{id\}/.exec(place) ?? [];
      const address = place.replace("{id}", ids[kind] ?? "none") + (queries[place] ?? "");
      const body = method === "POST" ? (bodies[place] ?? {}) : undefined;
      // These are for strangers.
      if (place !== "/session" && !place.startsWith("/oidc")) {
        assert.deepEqual(
          await client().refusal(method, address, body),
          [401, "not_signed_in"],
          `${method} ${path}`,
        );
        assert.deepEqual(await client("baimo_session=" + "0".repeat(64)).refusal(method, address, body), [
          401,
          "not_signed_in",
        ]);
      }
      if (administrators.has(`${method} ${place}`)) {
        assert.deepEqual(
          await dave.refusal(method, address, body),
          [403, "not_allowed"],
          `${method} ${path}`,
        );
      } else if (kind !== "") {
        assert.ok(ids[kind], `there is no ${kind} to try ${path} with`);
        const [status] = await dave.refusal(method, address, body);
        assert.equal(status, 404, `${method} ${path} of another`);
      } else if (method === "GET") {
        const text = await (await dave.send(method, place === "/search" ? "/search?q=secret" : place)).text();
        for (const word of ["carol", ...Object.values(ids)])
          assert.ok(!text.includes(word), `${path} tells of ${word}`);
      }
      tried++;
    }
    assert.ok(tried >= 46, `${tried} routes`);
    const taken = { folder: ids.folders };
    const { conversations } = await dave.json<{ conversations: { id: string }[] }>("GET", "/conversations");
    assert.deepEqual(await dave.refusal("POST", `/conversations/${conversations[0].id}`, taken), [
      404,
      "not_found",
    ]);
    const under = { text: "x", parent: ids.messages, answer: false };
    assert.deepEqual(await dave.refusal("POST", `/conversations/${conversations[0].id}/messages`, under), [
      404,
      "not_found",
    ]);
    const isTaken = [409, "id_taken"];
    assert.deepEqual(await dave.refusal("POST", "/conversations", { id: ids.conversations }), isTaken);
    const answering = { id: ids.messages, text: "x", answer: false };
    const place = `/conversations/${conversations[0].id}`;
    assert.deepEqual(await dave.refusal("POST", `${place}/messages`, answering), isTaken);
    for (const path of ["/conversations", place]) {
      for (const assistant of [ids.assistants, "no-such-one"])
        assert.deepEqual(await dave.refusal("POST", path, { assistant }), [404, "not_found"]);
    }
    const { conversations: others } = await dave.json<{ conversations: object[] }>(
      "GET",
      `/conversations?folder=${ids.folders}`,
    );
    assert.deepEqual(others, []);
    assert.deepEqual(snapshot(store, users[0]), before);
    await carol.json("DELETE", `/users/${users[0].id}`);
    assert.equal(store.users.find(users[0].id), undefined);
    assert.deepEqual(store.search.find(users[0].key, "secret"), []);
    assert.deepEqual(await carol.refusal("GET", "/conversations"), [401, "not_signed_in"]);
  });
});

/** What is for administrators alone. */
const administrators = new Set([
  "GET /users",
  "POST /users",
  "POST /models/load",
  "POST /models/unload",
  "GET /library",
  "POST /library/remove",
  "POST /library/serve",
  "POST /downloads",
  "DELETE /downloads/{id}",
  "POST /tools",
  "GET /tools/{id}",
  "POST /tools/{id}",
  "DELETE /tools/{id}",
]);

/** Bodies that are well, so that nothing but the owner is at fault. */
const bodies: Readonly<Record<string, object>> = {
  "/conversations/{id}/messages": { text: "a" },
  "/messages/{id}/edit": { text: "a" },
  "/folders/{id}": { name: "a" },
  "/folders": { name: "a" },
  "/users": { name: "a", password: "long enough to be one", role: "user" },
  "/import": { data: [] },
  "/assistants": { name: "a" },
  "/assistants/import": { data: {} },
  "/settings": { values: {} },
  "/count": { text: "a" },
  "/evaluations": { model: "a", task: "a" },
  "/comparisons": { answers: ["none", "other"] },
  "/models/load": { model: "scripted" },
  "/models/unload": { model: "scripted" },
  "/library/remove": { source: "hf:a/b" },
  "/library/serve": { source: "hf:a/b" },
  "/downloads": { source: "hf:a/b" },
  "/tools": { name: "a", command: "a" },
  "/tools/{id}": { trusted: [] },
  "/messages/{id}/calls": { allowed: [] },
  "/work/plans": { task: "none" },
  "/work/runs": { task: { nodes: [], facts: [] }, language: "en" },
  "/work/runs/{id}/decisions": { node: "n1", argumentsSha256: "a", approve: true },
};

/** What must stand behind a path. */
const queries: Readonly<Record<string, string>> = { "/work/runs/{id}/rows": "?fact=a&evidence=0" };

/** One of everything, by the words of the paths. */
async function fill(
  client: AppClient,
  store: Store,
  user: StoredUser,
  runs: string,
): Promise<Record<string, string>> {
  const { conversation } = await client.json<{ conversation: { id: string } }>("POST", "/conversations", {
    title: `secret of ${user.name}`,
  });
  const secret = `secret of ${user.name}`;
  const file = { type: "file", name: `${secret}.txt`, mediaType: "text/plain", text: secret };
  const say = { parts: [file, { type: "text", text: secret }], answer: false };
  const { message } = await client.json<{ message: { id: string } }>(
    "POST",
    `/conversations/${conversation.id}/messages`,
    say,
  );
  const { folder } = await client.json<{ folder: { id: string } }>("POST", "/folders", { name: user.name });
  const { assistant } = await client.json<{ assistant: { id: string } }>("POST", "/assistants", {
    name: user.name,
  });
  await client.json("POST", "/settings", { values: { of: user.name } });
  const found = store.messages.find(user.key, message.id)!;
  const answer = store.messages.add({
    conversation: found.conversation,
    parent: found.key,
    role: "assistant",
    parts: [],
  });
  const evaluation = {
    id: `run-of-${user.name}`,
    model: `secret of ${user.name}`,
    state: "stopped",
    created: 0,
  };
  mkdirSync(join(runs, user.id, evaluation.id), { recursive: true });
  writeFileSync(join(runs, user.id, evaluation.id, "run.json"), JSON.stringify(evaluation));
  const nodes = [{ id: "n1", tool: "calc", args: { expr: "1 + 1" }, after: [] }];
  const order = { task: { nodes, facts: [] }, language: "en", request: secret };
  const { run } = await client.json<{ run: { id: string } }>("POST", "/work/runs", order);
  return {
    evaluations: evaluation.id,
    runs: run.id,
    conversations: conversation.id,
    messages: message.id,
    answers: answer.id,
    folders: folder.id,
    assistants: assistant.id,
    users: user.id,
  };
}

const snapshot = (store: Store, { key }: StoredUser) => ({
  conversations: store.conversations
    .list(key)
    .conversations.map((each) => [each, store.messages.list(each.key)]),
  folders: store.folders.list(key),
  assistants: store.assistants.list(key),
  settings: store.users.settings(key),
});
