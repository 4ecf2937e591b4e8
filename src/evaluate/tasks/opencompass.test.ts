// Tasks in OpenCompass's keys: prompts of CMMLU and C-Eval, extraction, circular scores, refusals.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { BaimoError } from "../../errors.ts";
import { prepareRun } from "../prepare-run.ts";
import { makeBoard } from "../report/board.ts";
import { readRun } from "../report/read-run.ts";
import { rescore } from "../rescore.ts";
import { evaluate } from "../run.ts";
import { runInFolder } from "../run-in-folder.ts";
import type { Subject } from "../subjects/subject.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-opencompass-"));
after(() => rmSync(folder, { recursive: true }));
const row = (question: string, answer: string) => ({ question, A: "甲", B: "乙{question}", C: "丙", answer });
const lines = (rows: unknown[]) => rows.map((one) => JSON.stringify(one)).join("\n");
writeFileSync(join(folder, "dev.jsonl"), lines([row("例", "B"), row("二", "A")]));
writeFileSync(join(folder, "test.jsonl"), lines([row("问", "A"), row("再", "C")]));

/** C-Eval's form; CMMLU's has another sentence at its head, and "答案是: " before the letter. */
const CEVAL = {
  begin: "</E>",
  round: [
    {
      role: "HUMAN",
      prompt:
        "以下是中国关于诗词考试的单项选择题，请选出其中的正确答案。\n{question}\nA. {A}\nB. {B}\nC. {C}\n答案: ",
    },
    { role: "BOT", prompt: "{answer}" },
  ],
};
const GEN = {
  ice_template: { template: CEVAL, ice_token: "</E>" },
  retriever: { type: "FixKRetriever", fix_id_list: [1] },
  inferencer: { type: "GenInferencer", max_out_len: 8 },
};
const put = (name: string, keys: Record<string, unknown>) => {
  const dataset_kwargs = { data_files: { train: "dev.jsonl", test: "test.jsonl" } };
  const task = {
    task: name,
    dataset_path: "json",
    dataset_kwargs,
    reader_cfg: { output_column: "answer" },
    ...keys,
  };
  writeFileSync(join(folder, `${name}.yaml`), JSON.stringify(task)); // JSON is YAML
  return { tasks: [name], includePaths: [folder] };
};
const HEAD = "以下是中国关于诗词考试的单项选择题，请选出其中的正确答案。\n";
const ask = (q: string) => `${HEAD}${q}\nA. 甲\nB. 乙{question}\nC. 丙\n答案: `;

test("C-Eval's form by generation, as text and as a conversation", async () => {
  const settings = put("gen", {
    infer_cfg: GEN,
    eval_cfg: { pred_postprocessor: { type: "first_capital_postprocess" } },
  });
  const [{ documents }] = (await prepareRun(settings)).tasks;
  const [request] = documents[0].requests;
  assert.ok(request.kind === "generate_until");
  assert.equal(request.prompt, `${ask("二")}\nA\n${ask("问")}`);
  const chat = (messages: readonly unknown[]) => JSON.stringify(messages);
  const [asked] = (await prepareRun(settings, { chat })).tasks[0].documents[0].requests;
  assert.ok(asked.kind === "generate_until");
  assert.deepEqual(JSON.parse(asked.prompt), [
    { role: "user", content: ask("二") },
    { role: "assistant", content: "A" },
    { role: "user", content: ask("问") },
  ]);
});

test("CMMLU's form by perplexity", async () => {
  const template = Object.fromEntries(
    ["A", "B", "C"].map((label) => [
      label,
      {
        begin: "</E>",
        round: [
          { role: "HUMAN", prompt: "题目：{question}" },
          { role: "BOT", prompt: `答案是: ${label}` },
        ],
      },
    ]),
  );
  const infer_cfg = {
    ice_template: { template, ice_token: "</E>" },
    retriever: { type: "FixKRetriever", fix_id_list: [0, 1] },
    inferencer: "PPLInferencer",
  };
  const [{ documents }] = (await prepareRun(put("ppl", { infer_cfg }))).tasks;
  const shots = "题目：例\n答案是: B\n题目：二\n答案是: A\n";
  assert.deepEqual(
    documents[0].requests,
    ["A", "B", "C"].map((label) => ({
      kind: "prompt_loss",
      text: `${shots}题目：问\n答案是: ${label}`,
      masked: "",
    })),
  );
  const settings = put("ppl", { infer_cfg });
  const byLabel: Subject = {
    ...subject,
    ask: async (questions) =>
      questions.map((_, i) => ({
        answer: [-1 - (i % 3), false],
        cost: { promptTokens: 1, completionTokens: 0 },
      })),
  };
  const out = join(folder, "ppl");
  await runInFolder(await prepareRun(settings), byLabel, settings, {
    isChat: false,
    out,
    identity: "1",
    version: "0",
  });
  const { details } = JSON.parse(readFileSync(join(out, "one", "results", "one", "ppl.json"), "utf8"));
  const promptOf = (label: string) => `${shots}题目：问\n答案是: ${label}`;
  const found = ["A", "B", "C"].map((label, i) => [label, { prompt: promptOf(label), PPL: 1 + i }]);
  // As OpenCompass makes it of the predictions.
  assert.deepEqual(details[0], {
    origin_prediction: { origin_prompt: promptOf("A"), gold: "A", ...Object.fromEntries(found) },
    predictions: "A",
    references: "A",
    correct: true,
  });
});

/** Answers with the letter under which 甲 stands, in words. */
const subject: Subject = {
  name: "one",
  facts: {},
  countTokens: (text) => text.length,
  ask: async (questions) =>
    questions.map(({ request }) => {
      const asked = request.kind === "generate_until" ? (request.prompt.split(HEAD).at(-1) ?? "") : "";
      const [, letter] = /([A-C])\. 甲/.exec(asked) ?? [];
      // The missing comma hides 故 without 选, so that the first letter is taken.
      const others: Record<string, string> = { B: "不知道", C: "A不行，故C吧" };
      const answer = (asked.includes("再") && others[letter]) || `答案是：${letter}`;
      return { answer, cost: { promptTokens: 1, completionTokens: 1 } };
    }),
};

test("circular, with the corrected patterns beside OpenCompass's own", async () => {
  const settings = put("turned", {
    infer_cfg: GEN,
    eval_cfg: { pred_postprocessor: { type: "first_option_postprocess", options: "ABC" } },
    circular: { option_keys: ["A", "B", "C"], answer_key: "answer" },
  });
  const run = await prepareRun(settings);
  assert.equal(run.tasks[0].documents.length, 6); // examples are not turned
  const { tasks } = await evaluate(run, subject);
  const [{ scored }] = tasks;
  const scores = scored.scores.map(({ metric, filter, value }) => [filter, metric, value]);
  assert.deepEqual(scores.slice(0, 3), [
    ["opencompass-a5acc4b", "acc_origin", 1 / 2],
    ["opencompass-a5acc4b", "acc_circular", 1 / 2],
    ["opencompass-a5acc4b", "perf_circular", 1 / 2],
  ]);
  assert.deepEqual(new Set(scores.map(([filter]) => filter)), new Set(["opencompass-a5acc4b", "corrected"]));
  assert.equal(scored.notExtracted.get("opencompass-a5acc4b"), 1);
  const out = join(folder, "out");
  await runInFolder(run, subject, settings, { isChat: false, out, identity: "1", version: "0" });
  const board = makeBoard([readRun(out)]);
  const shown = board.rows.map(({ metric, filter, asked, cells: [{ score, n, extractionsDiffer }] }) => [
    filter,
    metric,
    asked,
    score,
    n,
    extractionsDiffer,
  ]);
  assert.deepEqual(shown, [
    ["opencompass-a5acc4b", "acc_origin", "generation", 1 / 2, 2, 0],
    ["opencompass-a5acc4b", "perf_circular", "circular", 1 / 2, 2, 1],
    ["corrected", "acc_origin", "generation", 1 / 2, 2, 0],
    ["corrected", "perf_circular", "circular", 1 / 2, 2, 1],
  ]);
});

test("circular with requests that failed: what the scores may be", async () => {
  const settings = put("torn", {
    infer_cfg: GEN,
    eval_cfg: { pred_postprocessor: { type: "first_option_postprocess", options: "ABC" } },
    circular: { option_keys: ["A", "B", "C"], answer_key: "answer" },
  });
  let asked = 0;
  const torn: Subject = {
    ...subject,
    // The first order of the first question, which is right, and the second of the other, of which the first is wrong.
    ask: async (questions, signal) =>
      (await subject.ask(questions, signal)).map((answered) =>
        [0, 4].includes(asked++) ? { ...answered, failed: "500" } : answered,
      ),
  };
  const out = join(folder, "torn");
  const options = { isChat: false, out, identity: "1", version: "0" };
  const { evaluation } = await runInFolder(await prepareRun(settings), torn, settings, options);
  const rangesOf = ({ tasks: [{ scored }] }: typeof evaluation) =>
    scored.scores
      .slice(0, 3)
      .map(({ metric, range }) => [metric, range?.map((end) => Math.round(6 * end) / 6)]);
  const ranges = [
    ["acc_origin", [0, 1 / 2]],
    ["acc_circular", [2 / 6, 4 / 6]],
    ["perf_circular", [0, 1 / 2]],
  ];
  assert.deepEqual(rangesOf(evaluation), ranges);
  assert.deepEqual(rangesOf(await rescore(readRun(out), 0)), ranges);
  const shown = makeBoard([readRun(out)]).rows.slice(0, 2);
  assert.deepEqual(
    shown.map(({ metric, cells: [{ range }] }) => [metric, range]),
    [ranges[0], ranges[2]],
  );
});

test("refused before a model is asked", async () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [
      { infer_cfg: { inferencer: "CLPInferencer" } },
      /infer_cfg\.inferencer is "CLPInferencer"; expected a type of PPL/,
    ],
    [{ infer_cfg: { inferencer: "GenInferencer" } }, /prompt_template is missing/],
    [
      { infer_cfg: { ...GEN, retriever: { type: "FixKRetriever", fix_id_list: [7] } } },
      /the example 7 .* has 2 documents/,
    ],
    [
      { infer_cfg: { ...GEN, ice_template: { template: { begin: "x", round: [{ role: "X" }] } } } },
      /expected a role \(HUMAN/,
    ],
    [{ infer_cfg: GEN, eval_cfg: { pred_postprocessor: "mine" } }, /pred_postprocessor is "mine"; expected/],
    [
      { infer_cfg: GEN, circular: { option_keys: ["A"], answer_key: "answer" } },
      /option_keys must be two letters/,
    ],
  ];
  for (const [keys, says] of cases) {
    const refused = (error: unknown) => error instanceof BaimoError && says.test(error.message);
    await assert.rejects(prepareRun(put("bad", keys)), refused, String(says));
  }
});
