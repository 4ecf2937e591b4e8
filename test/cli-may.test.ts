// `baimo may`: verdicts, clauses and exit status, by flags and in words.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { baimo, folder, tiny } from "./baimo.ts";

test("may answers with verdict, conditions, clause, source and what it is not", async () => {
  const flags = ["--uses", "Llama 3", "--action", "publish-derivative", "--fact", "name=Llama 3 Tiger"];
  const { status, stdout, stderr } = await baimo(["may", ...flags]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^yes, on these conditions$/m);
  assert.match(stdout, /^ {2}- .*\(show-built-with\)$/m);
  assert.match(stdout, /LicenseRef-Llama-3#1\.b\.i {2}“.*“Llama 3” at the beginning/);
  assert.match(stdout, /https:\/\/github\.com\/.* \(copy of 2025-07-15; sha256 6afe79695ec2b066…\)/);
  assert.match(stdout, /^note: not looked into: a bound of 700,000,000 \(mauAtRelease\)/m);
  assert.match(stdout, /Not legal advice/);
});

test("may: no ends with 3, unknown with 4 and a question; words and --json say what was understood", async () => {
  assert.equal((await baimo(["may", "--uses", "Qwen2.5-3B", "--action", "commercial-use"])).status, 3);
  const asked = await baimo(["may", "月活 1000 万，能商用 Llama 2 吗？", "--json"]);
  assert.equal(asked.status, 4);
  const { question, asks, clauses } = JSON.parse(asked.stdout);
  assert.deepEqual(question, { uses: ["LicenseRef-Llama-2"], action: "commercial-use", facts: { mau: 1e7 } });
  assert.deepEqual([asks, clauses[0].id], [["mauAtRelease"], "LicenseRef-Llama-2#2"]);
  const explained = await baimo(["may", "--uses", "Apache-2.0", "--explain"]);
  assert.match(explained.stdout, /^terms\n {2}Apache-2\.0#2 {2}passes: grants use$/m);
});

test("may refuses what it does not know", async () => {
  const nothing = await baimo(["may", "what is the weather?"]);
  assert.equal(nothing.status, 1);
  assert.match(nothing.stderr, /no model or licence of the catalogue is named/);
  assert.match((await baimo(["may", "--uses", "apache-2.1"])).stderr, /did you mean apache-2\.0/i);
  assert.equal((await baimo(["may", "--uses", "MIT", "--fact", "weather=fine"])).status, 2);
});

test("serve refuses what a licence profile does not permit, before it listens", async () => {
  const profile = join(folder, "company.json");
  writeFileSync(profile, JSON.stringify({ action: "host", accept: [] }));
  const refused = await baimo(["serve", tiny, "--port", "0", "--licence-profile", profile, "--json"]);
  assert.equal(refused.status, 1);
  assert.equal(JSON.parse(refused.stdout).error.code, "licence");
  assert.match(refused.stderr, /declare no licence/);
  const absent = await baimo(["serve", tiny, "--licence-profile", join(folder, "none.json")]);
  assert.match(absent.stderr, /none\.json: the licence profile cannot be read/);
});
