// Models on demand: within the budget, loaded once, least recently used out, none that answers.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { BaimoError } from "../../errors.ts";
import type { Model } from "../../generate/types.ts";
import { Problem } from "../problem.ts";
import { Models, type ModelsOptions, openModels } from "./models.ts";
import type { ModelRecipe, Preview } from "./recipe.ts";

/** Models of sizes by name, what they were asked to do, and the most that was there at a time. */
function house(
  sizes: Readonly<Record<string, number>>,
  more: Readonly<Record<string, Partial<ModelRecipe>>> = {},
) {
  const log: string[] = [];
  const alive = new Set<string>();
  let most = 0;
  const recipeOf = (id: string, bytes: number): ModelRecipe => ({
    preview: async () => ({ memory: { total: bytes, experts: 0, weights: bytes } }) as Preview,
    async open() {
      log.push(`open ${id}`);
      alive.add(id);
      most = Math.max(
        most,
        [...alive].reduce((sum, each) => sum + sizes[each], 0),
      );
      await turn();
      const dispose = async () => {
        await turn();
        log.push(`dispose ${id}`);
        alive.delete(id);
      };
      return {
        name: id,
        status: "ready",
        engine: { weightBytes: bytes },
        adapters: [],
        dispose,
      } as unknown as Model;
    },
    ...more[id],
  });
  const recipes = new Map(Object.entries(sizes).map(([id, bytes]) => [id, recipeOf(id, bytes)]));
  return {
    log,
    alive,
    most: () => most,
    open: (options: ModelsOptions) => openModels(recipes, options),
  };
}

/** Uses a model for some turns of the loop. */
async function use(models: Models, id: string, turns = 3): Promise<string> {
  const lease = await models.find(id);
  for (let i = 0; i < turns; i++) await turn();
  const { name } = lease.model;
  lease.release();
  return name;
}

const refused = (status: number, code: string) => (error: unknown) => {
  assert.ok(error instanceof Problem, String(error));
  assert.deepEqual([error.status, error.details.code], [status, code], error.message);
  return true;
};

describe("models on demand", () => {
  test("simultaneous first requests load once; idle ones go, the least recently used first", async () => {
    const { log, open } = house({ a: 4, b: 4, c: 4 });
    const models = open({ memoryBytes: 8 });
    assert.deepEqual(await Promise.all(["a", "a", "a"].map((id) => use(models, id))), ["a", "a", "a"]);
    await use(models, "b");
    await use(models, "a");
    await use(models, "c");
    assert.deepEqual(log, ["open a", "open b", "dispose b", "open c"]);
    assert.equal(models.usedBytes, 8);
    await models.dispose();
    assert.equal(models.usedBytes, 0);
  });

  test("under alternating load every request is answered, within the budget, and none that answers goes", async () => {
    const { open, most, alive } = house({ a: 6, b: 6, c: 3 });
    const models = open({ memoryBytes: 9 });
    const answers = Array.from({ length: 60 }, async (_, i) => {
      for (let wait = 0; wait < i; wait++) await turn();
      const id = "abc"[(i * 7) % 3];
      const lease = await models.find(id);
      const again = lease.hold();
      for (let step = 0; step < 5; step++) {
        assert.ok(alive.has(id), `${id} is there while it answers`);
        assert.ok(models.usedBytes <= 9);
        await turn();
        if (step === 2) lease.release();
      }
      again();
      return lease.model.name === id;
    });
    assert.deepEqual(new Set(await Promise.all(answers)), new Set([true]));
    assert.ok(most() <= 9, `${most()} at a time`);
    await models.dispose();
    assert.equal(alive.size, 0);
  });

  test("what cannot fit is refused before it is loaded; beside what is pinned, too", async () => {
    const { log, open } = house({ small: 5, large: 20, other: 6 }, { small: { pinned: true } });
    const models = open({ memoryBytes: 10 });
    await assert.rejects(use(models, "large"), refused(503, "model_too_large"));
    await use(models, "small");
    await assert.rejects(use(models, "other"), refused(503, "no_room_for_model"));
    assert.deepEqual(log, ["open small"]);
    await models.dispose();
  });

  test("a failed load fails its requests, and may be tried again", async () => {
    let fails = true;
    const errors: unknown[] = [];
    const { open } = house({ a: 1, b: 1 });
    const models = new Models(
      new Map(),
      new Map([
        [
          "a",
          {
            preview: async () => ({ memory: { total: 1, experts: 0, weights: 1 } }) as Preview,
            async open() {
              if (fails) throw new BaimoError("format", "/secret/path: is damaged");
              return { name: "a", engine: {}, adapters: [], dispose: async () => {} } as unknown as Model;
            },
          },
        ],
      ]),
      { memoryBytes: 1, onError: (error) => errors.push(error) },
    );
    const results = await Promise.allSettled([use(models, "a"), use(models, "a")]);
    for (const result of results) {
      assert.ok(result.status === "rejected");
      refused(500, "model_not_loaded")(result.reason);
      assert.doesNotMatch(result.reason.message, /secret/);
    }
    assert.equal(errors.length, 1);
    assert.equal(models.usedBytes, 0);
    assert.deepEqual(models.states(), [{ id: "a", state: "failed", bytes: 0 }]);
    fails = false;
    assert.equal(await use(models, "a"), "a");
    await open({}).dispose();
  });

  test("a client that waits too long is told to ask again; one that leaves is forgotten", async () => {
    const { log, open } = house({ a: 1, b: 1 });
    const never = new Promise<never>(() => {});
    const models = house({ a: 1 }, { a: { open: () => never } }).open({ loadSeconds: 0 });
    await assert.rejects(use(models, "a"), refused(503, "model_loading"));
    const left = new AbortController();
    const patient = open({ memoryBytes: 1 });
    const held = await patient.find("a");
    const waits = patient.find("b", { signal: left.signal });
    await turn();
    left.abort();
    await assert.rejects(waits, { name: "AbortError" });
    held.release();
    await use(patient, "a");
    assert.deepEqual(
      log.filter((line) => line.endsWith("b")),
      [],
    );
    await patient.dispose();
  });

  test("idle time unloads; keep says how long, 0 is at once", async () => {
    const { alive, open } = house({ a: 1, b: 1 }, { a: { idleSeconds: 0 } });
    const models = open({});
    await use(models, "a");
    while (alive.has("a")) await turn();
    const lease = await models.find("b");
    assert.ok(lease.managed);
    lease.keep(0);
    lease.release();
    while (alive.has("b")) await turn();
    await models.dispose();
  });

  test("names: aliases, adapters, Ollama's tag; two of one name are refused", async () => {
    const { open } = house({ a: 1, b: 1 }, { a: { aliases: ["gpt-4o"] } });
    const models = open({});
    assert.equal(await use(models, "gpt-4o"), "a");
    assert.equal(await use(models, "a:latest"), "a");
    await assert.rejects(use(models, "a:poems"), refused(404, "model_not_found"));
    await assert.rejects(models.find(undefined), refused(400, "missing_required_parameter"));
    await models.dispose();
    assert.throws(
      () => house({ a: 1, b: 1 }, { a: { aliases: ["b"] } }).open({}),
      /two models are named "b": "b" and "a"/,
    );
  });

  test("a closing server refuses those who wait and unloads the rest", async () => {
    const { alive, open } = house({ a: 1, b: 1 });
    const models = open({ memoryBytes: 1 });
    const held = await models.find("a");
    const waits = assert.rejects(models.find("b"), refused(503, "server_closing"));
    await turn();
    const closed = models.dispose();
    await waits;
    held.release();
    await closed;
    assert.equal(alive.size, 0);
    await assert.rejects(models.find("a"), refused(503, "server_closing"));
  });
});
