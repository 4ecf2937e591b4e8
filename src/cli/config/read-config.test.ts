// The configuration: file, environment, flag; what is wrong is told with its place.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { BaimoError } from "../../errors.ts";
import { readConfig, shown } from "./read-config.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-config-"));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, "baimo.json");
const write = (value: unknown) =>
  writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));

describe("the configuration", () => {
  test("a flag is over a variable, a variable over the file, the file over the standard", () => {
    write({ port: 1, maxWaiting: 2, host: "0.0.0.0", memory: "8GB", models: { a: { source: "poet" } } });
    const env = { BAIMO_PORT: "3", BAIMO_MAX_WAITING: "4", BAIMO_ALLOW_ORIGINS: "https://a.example, *" };
    const { config, origins } = readConfig({ file, env, flags: { port: 5 } });
    assert.deepEqual([config.port, origins.port], [5, "--port"]);
    assert.deepEqual([config.maxWaiting, origins.maxWaiting], [4, "BAIMO_MAX_WAITING"]);
    assert.deepEqual([config.host, origins.host], ["0.0.0.0", file]);
    assert.deepEqual([config.stallSeconds, origins.stallSeconds], [60, "default"]);
    assert.equal(config.memory, 8e9);
    assert.deepEqual(config.allowOrigins, ["https://a.example", "*"]);
    const a = config.models?.a;
    assert.ok(a && "source" in a);
    assert.deepEqual([a.source, a.pinned], ["poet", false]);
    assert.equal(readConfig({ env: { BAIMO_CONFIG: file } }).config.port, 1);
  });

  const wrong: [unknown, Record<string, string>, RegExp][] = [
    [{ prot: 1 }, {}, /baimo\.json: prot is not known; did you mean port\?$/],
    [{ port: "x" }, {}, /baimo\.json: port is "x" \(a string\); allowed: a whole number from 0 to 65,535$/],
    [
      { models: { a: { source: "poet", idleSecond: 1 } } },
      {},
      /baimo\.json: models\[a\]\.idleSecond is not known; did you mean models\[a\]\.idleSeconds\?$/,
    ],
    [{ models: { a: {} } }, {}, /baimo\.json: models\[a\]\.source is missing/],
    [{ memory: 8 }, {}, /memory is 8; allowed: a size with its unit/],
    [{ memory: "8" }, {}, /memory is "8" \(a string\); allowed: a size with its unit/],
    ["{", {}, /baimo\.json/],
    [{}, { BAIMO_PROT: "1" }, /the environment variable BAIMO_PROT is not known; did you mean BAIMO_PORT\?$/],
    [{}, { BAIMO_PORT: "x" }, /the environment variable BAIMO_PORT is "x" \(a string\); allowed: a whole/],
    [{}, { BAIMO_LOG: "all" }, /BAIMO_LOG is "all" \(a string\); allowed: "off", "requests" or "texts"$/],
  ];
  for (const [content, env, message] of wrong) {
    test(`refused: ${message.source}`, () => {
      write(content);
      assert.throws(
        () => readConfig({ file, env }),
        (error) => error instanceof BaimoError && message.test(error.message),
      );
    });
  }

  test("models at endpoints: several addresses, keys by their variables, a price", () => {
    const endpoints = ["https://a.example/v1", { url: "https://b.example/v1", keyVariable: "B_KEY" }];
    const price = { currency: "USD", input: 1, output: 2 };
    write({ models: { giant: { endpoints, keyVariable: "A_KEY", model: "dbrx", price } } });
    const giant = readConfig({ file, env: {} }).config.models?.giant;
    assert.ok(giant && "endpoints" in giant);
    assert.deepEqual(
      giant.endpoints.map(({ url, keyVariable }) => [url, keyVariable]),
      [
        ["https://a.example/v1", undefined],
        ["https://b.example/v1", "B_KEY"],
      ],
    );
    assert.deepEqual([giant.model, giant.keyVariable, giant.price?.output], ["dbrx", "A_KEY", 2]);
  });

  test("a key where none may be is not shown", () => {
    const key = "sk-planted-1";
    for (const wrong of [
      { endpoints: ["https://a.example/v1"], keyVariable: key },
      { endpoints: [`https://user:${key}@a.example/v1`] },
      { endpoints: [{ url: `https://a.example/v1?key=${key}` }] },
      { endpoints: [{ url: "https://a.example/v1", keyVariable: key }] },
      { endpoints: ["https://a.example/v1"], keyVariable: key.replaceAll("-", "") },
    ]) {
      write({ models: { giant: wrong } });
      assert.throws(
        () => readConfig({ file, env: {} }),
        (error) =>
          error instanceof BaimoError &&
          /models\[giant\]/.test(error.message) &&
          !/planted/.test(error.message),
      );
    }
  });

  test("a secret is not shown", () => {
    const BAIMO_HUB_TOKEN = "hf_secret".repeat(1000);
    assert.throws(
      () => readConfig({ env: { BAIMO_HUB_TOKEN } }),
      (error) => error instanceof BaimoError && !error.message.includes("hf_secret"),
    );
    assert.equal(shown("hubToken", "hf_secret"), "********");
    assert.equal(shown("hubToken", undefined), undefined);
    assert.equal(shown("port", 1), 1);
  });
});
