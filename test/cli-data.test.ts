// `baimo data` and `baimo tokenizer`: a corpus from rows to ordered sequences, and what is refused.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { baimo, folder } from "./baimo.ts";
import { prose } from "./prose.ts";

const at = (name: string) => join(folder, name);
const rowsOf = (name: string) =>
  readFileSync(at(name), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

const task = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。";
const rows = [
  ...Array.from({ length: 12 }, (_, i) => ({ id: `d${i}`, title: "记", text: prose(i) })),
  { id: "again", title: "记", text: prose(3) },
  { id: "short", title: "记", text: "今天的天气很好。" },
  { id: "english", title: "note", text: "The river was high, and we have been to the mill with him." },
  { id: "phone", title: "记", text: `${prose(30)}\n请打13800138000。` },
  { id: "task", title: "记", text: `${prose(40)}\n${task}` },
];
writeFileSync(at("in.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
writeFileSync(at("tests.jsonl"), JSON.stringify({ id: "t1", text: `请续写：${task}` }));

async function run(...args: string[]) {
  const { status, stdout, stderr } = await baimo(args);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test("rows become ordered sequences", async () => {
  const summary = await run("data", "inspect", at("in.jsonl"), "--json");
  assert.deepEqual([summary.documents, summary.languages], [17, { "zh-Hans": 16, en: 1 }]);

  const clean = [
    "-o",
    at("clean.jsonl"),
    "--language",
    "zh-Hans",
    "--evaluation",
    at("tests.jsonl"),
    "--threads",
    "2",
  ];
  const cleaned = await run("data", "clean", at("in.jsonl"), ...clean, "--tasks", "poet_zh_next", "--json");
  assert.deepEqual(cleaned, {
    documents: 17,
    kept: 14,
    dropped: { quality: 1, language: 1, contamination: 1 },
    masked: 1,
  });
  const dropped = rowsOf("clean.jsonl.dropped.jsonl").map(({ id, rule, reasons }) => [id, rule, reasons]);
  assert.deepEqual(dropped, [
    ["short", "quality", ["words", "stopWords"]],
    ["english", "language", ["en"]],
    ["task", "contamination", ["t1"]],
  ]);
  assert.match(rowsOf("clean.jsonl").at(-1).text, /请打\[phone\]。/);

  const unique = await run("data", "dedup", at("clean.jsonl"), "-o", at("unique.jsonl"), "--json");
  assert.deepEqual([unique.kept, unique.equal], [13, 1]);
  assert.deepEqual(rowsOf("unique.jsonl.dropped.jsonl"), [
    { id: "again", rule: "duplicate", of: "d3", jaccard: 1 },
  ]);

  const trained = await run(
    "tokenizer",
    "train",
    at("unique.jsonl"),
    "-o",
    at("t.json"),
    "--vocab",
    "300",
    "--json",
  );
  assert.equal(trained.tokens, 300);
  const pack = ["-o", at("packed"), "--tokenizer", at("t.json"), "--sequence", "128"];
  const manifest = await run("data", "pack", at("unique.jsonl"), ...pack, "--json");
  assert.deepEqual([manifest.documents, manifest.dtype, manifest.vocabSize], [13, "uint16", 300]);

  const order = ["data", "order", at("packed"), "--batch", "2", "--json"];
  const first = await run(...order, "--step", "1", "--seed", "5");
  assert.deepEqual(await run(...order, "--step", "1", "--seed", "5"), first);
  assert.notDeepEqual(await run(...order, "--step", "1", "--seed", "6"), first);
  const ids = first.rows.flatMap(({ documents }: { documents: { id: string }[] }) =>
    documents.map(({ id }) => id),
  );
  assert.ok(ids.length >= 2 && ids.every((id: string) => rows.some((row) => row.id === id)), ids.join());
});

test("columns are named; what is wrong is refused before any work", async () => {
  const named = await run("data", "inspect", at("in.jsonl"), "--text", "title,text", "--json");
  const plain = await run("data", "inspect", at("in.jsonl"), "--json");
  assert.ok(named.characters > plain.characters);
  for (const [args, message] of [
    [
      ["data", "clean", at("in.jsonl"), "-o", at("in.jsonl")],
      /in\.jsonl: is there already; --force replaces it/,
    ],
    [["data", "clean", at("in.jsonl"), "-o", at("x.jsonl"), "--quality", "best"], /quality is "best"/],
    [["data", "clean", at("in.jsonl"), "-o", at("x.jsonl"), "--tasks", "no_such_task"], /no_such_task/],
    [["data", "inspect", at("nowhere")], /nowhere: there is no such file or folder/],
    [["data", "inspect", at("in.jsonl"), "--text", "body"], /line 1 has no "body"; it has "id, title, text"/],
    [
      ["data", "order", folder, "--step", "1", "--batch", "2"],
      /has no manifest\.json; baimo data pack makes/,
    ],
    [
      ["data", "pack", at("in.jsonl"), "-o", at("y"), "--tokenizer", at("in.jsonl"), "--sequence", "64"],
      /in\.jsonl is not JSON/,
    ],
    [
      ["tokenizer", "train", at("in.jsonl"), "-o", at("u.json"), "--vocab", "300", "--pattern", "("],
      /pattern/,
    ],
  ] as [string[], RegExp][]) {
    const { status, stderr } = await baimo(args);
    assert.ok(status === 1 || status === 2, `${args.join(" ")}: ${status}`);
    assert.match(stderr, message);
  }
});

test("baimo scale is the planner's fit, scale and stop", async () => {
  const { status, stdout } = await baimo(["scale", "plan", "--flops", "1e21"]);
  assert.equal(status, 0);
  assert.equal(stdout, (await baimo(["plan", "scale", "--flops", "1e21"])).stdout);
});
