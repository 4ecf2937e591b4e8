// `baimo serve` and `config`: several models, settings from three places, a polite end.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { baimo, folder, result, start, tiny, untilOutput } from "./baimo.ts";

const file = join(folder, "baimo.json");
const write = (value: unknown) => writeFileSync(file, JSON.stringify(value));
const headers = { "content-type": "application/json" };
const ask = (url: string, body: object) =>
  fetch(`${url}/v1/completions`, { method: "POST", headers, body: JSON.stringify(body) });

test("config shows each value and its origin", async () => {
  write({ maxWaiting: 7, hubToken: "hf_secret" });
  const { status, stdout } = await baimo(["config", "--config", file, "--json"], "", { BAIMO_PORT: "9" });
  assert.equal(status, 0);
  assert.doesNotMatch(stdout, /hf_secret/);
  const settings = JSON.parse(stdout).settings as { name: string; value: unknown; origin: string }[];
  const of = (name: string) => {
    const found = settings.find((each) => each.name === name);
    return [found?.value, found?.origin];
  };
  assert.deepEqual(of("port"), [9, "BAIMO_PORT"]);
  assert.deepEqual(of("maxWaiting"), [7, file]);
  assert.deepEqual(of("hubToken"), ["********", file]);
  assert.deepEqual(of("host"), ["127.0.0.1", "default"]);
  const table = await baimo(["config", "--config", file]);
  assert.match(table.stdout, /^maxWaiting +7 +\S*baimo\.json$/m);
});

test("a wrong entry stops the start and says where", async () => {
  write({ models: { tiny: { source: tiny, pined: true } } });
  const refused = await baimo(["serve", "--config", file]);
  assert.equal(refused.status, 1);
  assert.match(
    refused.stderr,
    /baimo\.json: models\[tiny\]\.pined is not known; did you mean models\[tiny\]\.pinned/,
  );
  const variable = await baimo(["serve", tiny], "", { BAIMO_PROT: "1" });
  assert.match(variable.stderr, /the environment variable BAIMO_PROT is not known; did you mean BAIMO_PORT/);
  const twice = await baimo(["serve", tiny, tiny]);
  assert.match(twice.stderr, /two models are named .*--name/);
});

test("several models, and SIGTERM finishes what runs and refuses what comes", async () => {
  const child = start([
    "serve",
    tiny,
    "poet",
    "--name",
    "a",
    "--name",
    "b",
    "--port",
    "0",
    "--json",
    "-t",
    "1",
  ]);
  const done = result(child);
  const { url, models } = JSON.parse(await untilOutput(child, /\n/));
  assert.deepEqual(models, ["a", "b"]);
  // The model of these is not even loaded when the signal comes.
  const body = { model: "b", prompt: "秋", max_tokens: 60, ignore_eos: true, seed: 1 };
  const running = [1, 2, 3].map(() => ask(url, body));
  while ((await (await fetch(`${url}/health`)).json()).states.b === "unloaded");
  child.kill("SIGTERM");
  let late = await ask(url, { ...body, model: "a", max_tokens: 1 });
  while (late.status === 200) late = await ask(url, { ...body, model: "a", max_tokens: 1 });
  assert.equal(late.status, 503);
  assert.ok(late.headers.get("retry-after"));
  assert.equal((await late.json()).error.code, "server_closing");
  for (const answer of await Promise.all(running)) {
    assert.equal(answer.status, 200);
    assert.equal((await answer.json()).usage.completion_tokens, 60);
  }
  assert.equal((await done).status, 0);
});

test("keys are made, listed and taken away", async () => {
  const keys = join(folder, "keys.json");
  const made = await baimo(["keys", "add", "alice", "--keys", keys, "--tokens", "1000", "--per", "day"]);
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stdout, /^baimo-[\w-]{43}\n$/);
  const { keys: listed } = JSON.parse((await baimo(["keys", "list", "--keys", keys, "--json"])).stdout);
  const [{ name, scopes, quota, usedTokens }] = listed;
  assert.deepEqual(
    [name, scopes, quota, usedTokens],
    ["alice", ["chat", "embeddings", "models"], { tokens: 1000, per: "day" }, 0],
  );
  assert.equal((await baimo(["keys", "add", "bob", "--keys", keys, "--per", "day"])).status, 2);
  assert.equal((await baimo(["keys", "remove", "alice", "--keys", keys])).status, 0);
  assert.equal((await baimo(["keys", "remove", "alice", "--keys", keys])).status, 1);
  assert.match((await baimo(["keys", "list", "--keys", keys])).stdout, /^no keys in/);
});
