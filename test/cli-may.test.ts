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
  assert.match(stdout, /^Yes, on these conditions\.$/m);
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
  assert.deepEqual(question, {
    uses: ["LicenseRef-Llama-2"],
    action: "commercial-use",
    facts: { mau: 1e7 },
    unread: [],
  });
  assert.deepEqual([asks, clauses[0].id], [["mauAtRelease"], "LicenseRef-Llama-2#2"]);
  const explained = await baimo(["may", "--uses", "Apache-2.0", "--explain"]);
  assert.match(explained.stdout, /^terms\n {2}Apache-2\.0#2 {2}passes: grants use$/m);
});

test("may shows which model was meant, knows the poet, and lets the strictest of several actions hold", async () => {
  const poet = await baimo(["may", "--uses", "poet", "--action", "sell"]);
  assert.match(poet.stdout, /^asked: sell of poet \(Apache-2\.0\)\nYes, on these conditions\.$/m);
  assert.match(poet.stdout, /\(as of [\d-]+; compared with a copy of the standard text, not hashed\)/);
  const hosted = await baimo(["may", "May I host Llama 3 as a service?"]);
  assert.equal(hosted.status, 4, hosted.stdout);
  assert.match(hosted.stdout, /^asked: host it for others of Llama 3 \(LicenseRef-Llama-3\)$/m);
  const two = await baimo([
    "may",
    "May I fine-tune and host Llama 3?",
    "--fact",
    "mauAtRelease=1M",
    "--json",
  ]);
  const { verdict, conditions, question } = JSON.parse(two.stdout);
  assert.deepEqual(
    [verdict, question.action, question.facts.mauAtRelease],
    ["yes-if", "host+fine-tune", 1e6],
  );
  assert.ok(conditions.includes("name-prefix") && conditions.includes("show-built-with"), two.stdout);
});

test("may asks for an action that is not told, lists what it did not understand, and answers in Chinese", async () => {
  const unsaid = await baimo(["may", "--uses", "Apache-2.0"]);
  assert.equal(unsaid.status, 4);
  assert.match(unsaid.stdout, /^ {2}\? what is to be done with it .* \(--action …\)$/m);
  const unread = await baimo(["may", "May our subsidiary use Gemma 2?"]);
  assert.equal(unread.status, 4);
  assert.match(unread.stdout, /^note: not understood, and may decide: “subsidiary”; ask without it/m);
  const chinese = await baimo(["may", "能出售微调后的 Qwen2.5-7B 吗？", "--lang", "zh"]);
  assert.match(chinese.stdout, /^所问：出售衍生模型：Qwen2\.5-7B（Apache-2\.0）\n可以，但须满足以下条件。$/m);
  assert.match(chinese.stdout, /^ {2}- 随附许可证副本 \(include-licence\)$/m);
  assert.match(chinese.stdout, /^条款$/m);
  assert.match(chinese.stdout, /不是法律意见/);
  assert.match((await baimo(["may", "能用吗", "--lang", "fr"])).stderr, /Allowed: "en" or "zh"/);
});

test("may refuses what it does not know", async () => {
  const nothing = await baimo(["may", "what is the weather?"]);
  assert.equal(nothing.status, 2);
  assert.match(nothing.stderr, /no model or licence of the catalogue is named/);
  assert.match((await baimo(["may", "--uses", "apache-2.1"])).stderr, /did you mean apache-2\.0/i);
  const wrong: [string[], RegExp][] = [
    [["may"], /there is no question; name a model/],
    [["may", "--uses", "MIT", "--fact", "weather=fine"], /Known facts/],
    [["may", "--uses", "MIT", "--fact", "mau=many"], /The fact mau is a number from 0, not "many"/],
    [["may", "--uses", "MIT", "--fact", "hosted=perhaps"], /hosted is true or false, not "perhaps"/],
    [["may", "--uses", "MIT", "--fact", "mau=1", "--fact", "mau=2"], /--fact mau is given twice/],
    [
      ["may", "--uses", "MIT", "--action", "use", "--fact", "compose=magic"],
      /compose is "magic"; it must be one of/,
    ],
    [
      ["may", "--uses", "MIT", "--action", "use", "--fact", "principalPlace=Europe"],
      /a country's code \(DE\)/,
    ],
    [["may", "--uses", "MIT", "--action", "sel"], /did you mean sell\?$/m],
  ];
  for (const [args, message] of wrong) {
    const { status, stderr } = await baimo(args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
  }
});

test("serve refuses what a licence profile does not permit, before it listens", async () => {
  const profile = join(folder, "company.json");
  writeFileSync(profile, JSON.stringify({ action: "host", accept: [] }));
  const refused = await baimo(["serve", tiny, "--port", "0", "--licence-profile", profile, "--json"]);
  assert.equal(refused.status, 1);
  assert.equal(JSON.parse(refused.stdout).error.code, "licence");
  assert.match(refused.stderr, /declare no licence/);
  const absent = await baimo(["serve", tiny, "--licence-profile", join(folder, "none.json")]);
  assert.match(absent.stderr, /none\.json: there is no such file/);
});
