// Models of a server without a store: those on the machine, downloads of an earlier run, deletion.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createHandler } from "../handler.ts";
import type { Library } from "../models/library.ts";
import { openModels } from "../models/models.ts";

/** A library that begins with a model half here. */
function makeLibrary() {
  const here = new Map([["hf:a/whole", 10]]);
  const half = new Map([["hf:a/half", 5]]);
  const library: Library = {
    list: async () => Array.from(here, ([source, bytes]) => ({ source, model: source.slice(3), bytes })),
    unfinished: async () => Array.from(half, ([source, done]) => ({ source, file: "f", done, total: 10 })),
    async download(source, { onProgress }) {
      onProgress({ file: "f", done: 10, total: 10 });
      half.delete(source);
      here.set(source, 10);
    },
    recipe: async (source) => ({
      name: source.slice(3),
      recipe: { preview: () => Promise.reject(new Error()), open: () => Promise.reject(new Error()) },
    }),
    async remove(source) {
      here.delete(source);
      half.delete(source);
    },
  };
  return library;
}

function serve(application?: { library: Library }) {
  const handler = createHandler({ models: openModels(new Map()), application });
  return async (method: string, path: string, body?: object) => {
    const headers = { "content-type": "application/json" };
    const url = `http://localhost/app/v1/${path}`;
    const response = await handler(new Request(url, { method, headers, body: body && JSON.stringify(body) }));
    return { status: response.status, body: await response.json() };
  };
}

test("a library without a store has models, and no conversations", async () => {
  const ask = serve({ library: makeLibrary() });
  assert.deepEqual((await ask("GET", "models")).body.models, []);
  const { status, body } = await ask("GET", "conversations");
  assert.deepEqual([status, body.error.code], [503, "no_store"]);
  assert.deepEqual((await ask("GET", "session")).body.store, false);
  const neither = serve();
  assert.equal((await neither("GET", "models")).status, 503, "without a library nobody is known");
});

test("a download of an earlier run goes on, or is forgotten with what has come", async () => {
  const ask = serve({ library: makeLibrary() });
  const { body } = await ask("GET", "library");
  assert.deepEqual(
    body.downloads.map(({ source, state, done }: Record<string, unknown>) => [source, state, done]),
    [["hf:a/half", "stopped", 5]],
  );
  await ask("POST", "downloads", { source: "hf:a/half" });
  const after = (await ask("GET", "library")).body;
  assert.deepEqual([after.downloads[0].state, after.downloads[0].model], ["done", "a/half"]);
  assert.equal(after.models.length, 2);

  const other = serve({ library: makeLibrary() });
  const { id } = (await other("GET", "library")).body.downloads[0];
  await other("DELETE", `downloads/${id}`);
  assert.deepEqual((await other("GET", "library")).body.downloads, []);
});

test("a model is deleted, and the server's no more", async () => {
  const ask = serve({ library: makeLibrary() });
  await ask("POST", "library/serve", { source: "hf:a/whole" });
  assert.equal((await ask("GET", "models")).body.models.length, 1);
  assert.equal((await ask("POST", "library/remove", { source: "hf:a/other" })).status, 404);
  assert.equal((await ask("POST", "library/remove", { source: "hf:a/whole" })).status, 200);
  assert.deepEqual((await ask("GET", "models")).body.models, []);
  assert.deepEqual((await ask("GET", "library")).body.models, []);
});
