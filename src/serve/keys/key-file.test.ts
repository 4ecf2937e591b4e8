// Keys in a file: hashed, found, removed while a server runs; tokens that survive a restart.
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { BaimoError } from "../../errors.ts";
import { hashOf } from "./api-key.ts";
import { addKey, openKeys, readKeys, readUsage, removeKey } from "./key-file.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-keys-"));
after(() => rmSync(folder, { recursive: true }));

describe("keys in a file", () => {
  const path = join(folder, "keys.json");
  const wanted = { scopes: ["chat" as const], quota: undefined, concurrent: undefined, perMinute: undefined };

  test("hold no key, are for their owner alone, and are found by what the key hashes to", async () => {
    const { key, entry } = await addKey(path, { name: "alice", ...wanted });
    assert.match(key, /^baimo-[\w-]{43}$/);
    assert.doesNotMatch(readFileSync(path, "utf8"), new RegExp(key.slice(6)));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const keys = await openKeys(path);
    assert.deepEqual((await keys.find(await hashOf(key)))?.id, entry.id);
    assert.equal(await keys.find(await hashOf(`${key}x`)), undefined);
    await assert.rejects(addKey(path, { name: "alice", ...wanted }), /there is a key "alice" already/);
    await removeKey(path, "alice");
    await assert.rejects(removeKey(path, "alice"), /there is no key "alice"/);
    assert.deepEqual(await readKeys(path), []);
  });

  test("what was used survives a restart, a cut line included, by day and in all", async () => {
    const quota = { tokens: 10, per: "day" as const };
    const { entry } = await addKey(path, { name: "bob", ...wanted, quota });
    const first = await openKeys(path);
    for (let i = 0; i < 3; i++) first.spend(entry, 4);
    await first.close();
    const journal = `${path}.usage.jsonl`;
    appendFileSync(journal, `{"key":"${entry.id}","day":"2001-01-01","tokens":5}\n{"key":"${entry.id}","da`);
    const again = await openKeys(path);
    assert.equal(again.used(entry), 12);
    assert.equal(again.used({ ...entry, quota: { tokens: 10, per: "total" } }), 17);
    assert.deepEqual((await readUsage(path)).get(entry.id)?.total, 17);
    // Written anew without what was cut off.
    assert.ok(readFileSync(journal, "utf8").endsWith("}\n"));
  });

  test("the folder of a first key is made", async () => {
    const first = join(folder, "new", "deeper", "keys.json");
    await addKey(first, { name: "alice", ...wanted });
    assert.equal((await readKeys(first)).length, 1);
    await assert.rejects(
      addKey(join(first, "keys.json"), { name: "bob", ...wanted }),
      /cannot be written; ENOTDIR$/,
    );
  });

  test("a wrong entry is told with its place", async () => {
    const wrong = join(folder, "wrong.json");
    writeFileSync(
      wrong,
      JSON.stringify({ keys: [{ id: "a", name: "b", hash: "x", created: "", scopes: ["all"] }] }),
    );
    await assert.rejects(openKeys(wrong), (error) => {
      assert.ok(error instanceof BaimoError);
      assert.match(error.message, /wrong\.json: keys\[0\]\.hash is "x"/);
      return true;
    });
    await assert.rejects(openKeys(join(folder, "none.json")), /baimo keys add makes the first key/);
  });
});
