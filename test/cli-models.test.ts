// `baimo models`: the table and its filters, one family with its sources, and JSON.
import assert from "node:assert/strict";
import { test } from "node:test";
import { baimo } from "./baimo.ts";

const names = (stdout: string) =>
  stdout
    .split("\n")
    .slice(1)
    .map((line) => line.split(/ {2,}/)[0])
    .filter(Boolean);

test("models shows a table of all entries, one line each", async () => {
  const { status, stdout, stderr } = await baimo(["models"]);
  assert.equal(status, 0, stderr);
  const lines = stdout.trimEnd().split("\n");
  assert.match(lines[0], /^model +developer +date +size +active +tokens +context +open +runs +licence$/);
  assert.match(
    stdout,
    /^DBRX +Databricks +2024-03 +132B +36B +12T +32K +W- C- D\. L\? .*Databricks-Open-Model$/m,
  );
  assert.match(stdout, /^OLMo 2 +.* 1B-32B .* W {2}C {2}D {2}L .*Apache-2\.0$/m);
  assert.equal(Number(/^(\d+) entries;/m.exec(stdout)![1]), lines.length - 3);
  for (const line of lines) assert.ok(line.length <= 160, line);
});

test("models chooses by words, licence, use, openness and size", async () => {
  const shown = async (...args: string[]) => names((await baimo(["models", ...args])).stdout);
  for (const word of ["阿里", "alibaba", "中文", "chinese"])
    assert.ok((await shown(word)).includes("Qwen"), word);
  for (const word of ["france", "法国"]) assert.ok((await shown(word)).includes("Mistral 7B"), word);
  const useful = await shown("中文", "commercial");
  assert.ok(useful.includes("Qwen3") && !useful.includes("Command R+"));
  const apache = await shown("--licence", "apache");
  assert.ok(apache.includes("Grok-1") && !apache.includes("DBRX"));
  assert.deepEqual(await shown("--license", "apache"), apache);
  const commercial = await shown("--commercial");
  assert.ok(
    commercial.includes("Llama 2") && !commercial.includes("LLaMA") && !commercial.includes("Command R"),
  );
  const open = await shown("--open", "all");
  assert.ok(open.includes("OLMoE") && !open.includes("Llama 3"));
  const large = await shown("--min", "300B");
  assert.ok(large.includes("Grok-1") && !large.includes("DBRX"));
  const small = await shown("--max", "500M", "--open", "weights,data");
  assert.ok(small.includes("T5") && !small.includes("OLMo 2"));
  const none = await baimo(["models", "nobody", "made", "this"]);
  assert.equal(none.stdout, "");
  assert.match(none.stderr, /no model in the catalogue is like that/);
});

test("models --family shows every figure with its source, and claims with their verdicts", async () => {
  const { stdout } = await baimo(["models", "--family", "dbrx"]);
  assert.match(stdout, /^ {2}hardware +3,072 × NVIDIA H100 \([^[]+\[\d+\]$/m);
  assert.match(stdout, /^ {2}logs +unknown$/m);
  assert.match(stdout, /^Claim: The training took two months\n {2}differs /m);
  assert.match(stdout, /^ {2}commercial +conditions$/m);
  const cited = new Set(Array.from(stdout.matchAll(/\[(\d+)[\],]/g), ([, number]) => number));
  for (const number of cited) {
    assert.match(
      stdout,
      new RegExp(`^ {2}\\[${number}\\] [^[]+ {6}https://`, "m"),
      `source ${number} is listed`,
    );
  }
  assert.match(
    (await baimo(["models", "--family", "OLMo 2"])).stdout,
    /^OLMo$/m,
    "a generation leads to its line",
  );
  const missing = await baimo(["models", "--family", "qwe"]);
  assert.equal(missing.status, 2);
  assert.match(missing.stderr, /no family "qwe"; did you mean qwen.*qwen2/);
});

test("models --json is the data of the files; a wrong filter ends with 2", async () => {
  const entries = JSON.parse((await baimo(["models", "grok", "--json"])).stdout);
  assert.deepEqual(
    entries.map((entry: { family: string; name: string }) => [entry.family, entry.name]),
    [["grok-1", "Grok-1"]],
  );
  assert.equal(entries[0].variants[0].parameters.value, 314e9);
  const { family, licences } = JSON.parse((await baimo(["models", "--family", "dbrx", "--json"])).stdout);
  assert.equal(family.id, "dbrx");
  assert.deepEqual(Object.keys(licences), ["LicenseRef-Databricks-Open-Model"]);
  const cases: [string[], RegExp][] = [
    [["--open", "source"], /must be of weights, code, data and logs/],
    [["--min", "huge"], /must be a size such as 7B/],
  ];
  for (const [args, message] of cases) {
    const { status, stderr } = await baimo(["models", ...args]);
    assert.equal(status, 2);
    assert.match(stderr, message);
  }
});
