// OpenCompass's extractions, circular scores and perplexity choices against its own functions.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { evaluate } from "../src/evaluate/run.ts";
import { prepareFor } from "../src/evaluate/run-in-folder.ts";
import { circularScores, circularScoresOfBoard2 } from "../src/evaluate/score/opencompass/circular.ts";
import { codeBlock, gsm8kAnswer, plainWords } from "../src/evaluate/score/opencompass/extractions.ts";
import { createFirstOption, firstCapital, lastOption } from "../src/evaluate/score/opencompass/options.ts";
import type { Likelihood } from "../src/evaluate/score/score-document.ts";
import { createLocalSubject } from "../src/evaluate/subjects/local.ts";
import { openCheckpoint, quantizeGguf } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import { beside, readJson, root, unlessBeside } from "./places.ts";

const skip = unlessBeside("evaluation", "opencompass");
const file = (name: string) => beside("evaluation", "opencompass", name);

test("options out of answers", { skip }, () => {
  const lines = readFileSync(file("options.jsonl"), "utf8").trimEnd().split("\n");
  let meant = 0;
  for (const line of lines) {
    const { text, options, ...expected } = JSON.parse(line);
    assert.equal(createFirstOption({ options })(text), expected.first_option, text);
    assert.equal(
      createFirstOption({ options, cushion: false })(text),
      expected.first_option_no_cushion,
      text,
    );
    assert.equal(lastOption(text, options), expected.last_option, text);
    assert.equal(firstCapital(text), expected.first_capital, text);
    const corrected = createFirstOption({ options, corrected: true })(text);
    meant +=
      Number(corrected === (expected.meant ?? "")) - Number(expected.first_option === (expected.meant ?? ""));
  }
  assert.ok(meant >= 0, `with its comma the list finds ${meant} more of what was meant`);
});

test("numbers, code and words", { skip }, () => {
  const { gsm8k, humaneval_v2, humaneval_v3, general } = readJson(file("others.json"));
  for (const { text, out } of gsm8k) assert.equal(gsm8kAnswer(text), out, text);
  for (const { text, out } of humaneval_v2) assert.equal(codeBlock(text, "first"), out, text);
  for (const { text, out } of humaneval_v3) assert.equal(codeBlock(text, "last"), out, text);
  for (const { text, out } of general) assert.equal(plainWords(text), out, text);
});

test("circular scores", { skip }, () => {
  const { items, scores, scores_2_0_names: ofBoard2 } = readJson(file("circular.json"));
  // biome-ignore lint/suspicious/noExplicitAny: golden files are read as they are written
  const answers = items.map(({ qid, pattern, reference, prediction }: any) => ({
    question: qid,
    pattern,
    reference,
    prediction,
  }));
  close(circularScores(answers), scores);
  close(circularScoresOfBoard2(answers), ofBoard2);
});

function close(found: Record<string, number>, expected: Record<string, number>): void {
  for (const [name, value] of Object.entries(expected)) {
    assert.ok(Math.abs(found[name] - value) < 1e-9, `${name}: ${found[name]}, expected ${value}`);
  }
}

test("perplexity choices of the poet, as tasks in YAML", { skip }, async () => {
  const golden = readJson(file("ppl.json"));
  const folder = await mkdtemp(join(tmpdir(), "baimo-ppl-"));
  const examples = Array.from(
    (golden.ice as string).matchAll(/题目：(.*)\nA\. (.*)\nB\. (.*)\nC\. (.*)\nD\. (.*)\n答案是: (.*)\n/g),
    ([, question, A, B, C, D, answer]) => ({ question, A, B, C, D, answer }),
  );
  const runs: [key: string, template: unknown, inferencer: unknown][] = [
    ["letters_2shot", golden.template_letters, "PPLInferencer"],
    ["whole", golden.template_whole, "PPLInferencer"],
    [
      "normalized",
      golden.template_normalized,
      { type: "PPLInferencer", normalizing_str: golden.normalizing_str },
    ],
  ];
  const seenOf = (key: string) =>
    process.env.BAIMO_EVALUATION === "all" ? golden[key] : golden[key].slice(0, 2);
  const lines = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join("\n");
  await writeFile(join(folder, "ice.jsonl"), lines(examples));
  for (const [key, template, inferencer] of runs) {
    const docs = seenOf(key).map(({ doc }: { doc: Record<string, string> }) => doc);
    await writeFile(join(folder, `${key}.jsonl`), lines(docs));
    const shots = key === "letters_2shot" ? { type: "FixKRetriever", fix_id_list: [0, 1] } : "ZeroRetriever";
    // JSON is YAML.
    const task = {
      task: key,
      dataset_path: "json",
      dataset_kwargs: { data_files: { test: `${key}.jsonl`, train: "ice.jsonl" } },
      reader_cfg: { output_column: "answer" },
      infer_cfg: {
        ice_template: { template: "题目：{question}\nA. {A}\nB. {B}\nC. {C}\nD. {D}\n答案是: {answer}" },
        prompt_template: { template, ice_token: "</E>" },
        retriever: shots,
        inferencer,
      },
    };
    await writeFile(join(folder, `${key}.yaml`), JSON.stringify(task));
  }
  const poet = await openCheckpoint(join(root, "assets", "poet.gguf"));
  await quantizeGguf(poet, join(folder, "poet.gguf"), "F32", { requantize: true });
  await poet.close();
  const model = await load(join(folder, "poet.gguf"), { threads: 2, contextLength: 512 });
  try {
    const subject = createLocalSubject(model);
    const prepared = await prepareFor(
      subject,
      { tasks: runs.map(([key]) => key), includePaths: [folder] },
      false,
    );
    const { tasks } = await evaluate(prepared, subject);
    for (const { answered, scored } of tasks) {
      const key = scored.config.task;
      for (const [i, { ppl, prediction, margin, doc }] of seenOf(key).entries()) {
        const losses = answered[i].answers.map(([answer]) => -(answer as Likelihood)[0]);
        const labels = Object.keys(ppl);
        for (const [at, label] of labels.entries()) {
          const own = losses[at] - (losses[labels.length + at] ?? 0);
          assert.ok(Math.abs(own - ppl[label]) < 1e-4, `${key} ${label}: ${own}, expected ${ppl[label]}`);
        }
        if (margin > 2e-4)
          assert.equal(Number(scored.samples[i].scores.acc), Number(prediction === doc.answer));
      }
    }
  } finally {
    await model.dispose();
    await rm(folder, { recursive: true });
  }
});
