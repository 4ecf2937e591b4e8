// Evaluation without a model: answers scored a second, the memory of a million lines.
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareRun } from "../dist/src/evaluate/prepare-run.js";
import { scoreTask } from "../dist/src/evaluate/score/score-task.js";
import { createRandom } from "../dist/src/random.js";

const folder = mkdtempSync(join(tmpdir(), "baimo-bench-"));
const random = createRandom(7);
const words = (count) => Array.from({ length: count }, () => `word${random.integer(5000)}`).join(" ");
const seconds = (since) => (performance.now() - since) / 1000;

/** Four choices, five examples; questions of some 40 words. */
async function writeTask(name, lines) {
  const stream = createWriteStream(join(folder, `${name}.jsonl`));
  for (let i = 0; i < lines; i++) {
    const row = { q: words(lines > 1e5 ? 8 : 40), choices: [1, 2, 3, 4].map(() => words(3)), a: i % 4 };
    if (!stream.write(`${JSON.stringify(row)}\n`)) await new Promise((done) => stream.once("drain", done));
  }
  await new Promise((done) => stream.end(done));
  const task = {
    task: name,
    dataset_path: "json",
    dataset_kwargs: { data_files: { test: `${name}.jsonl` } },
    test_split: "test",
    output_type: "multiple_choice",
    doc_to_text: "{{q}}",
    doc_to_choice: "choices",
    doc_to_target: "a",
    num_fewshot: name === "shots" ? 5 : 0,
  };
  writeFileSync(join(folder, `${name}.yaml`), JSON.stringify(task));
}
const prepare = async (name, limit) =>
  (await prepareRun({ tasks: [name], includePaths: [folder], limit })).tasks[0];

async function scoring() {
  await writeTask("answers", 20_000);
  const { task, documents: all } = await prepare("answers");
  const answered = all.map((prepared) => ({
    prepared,
    answers: prepared.requests.map(() => [[-random.integer(1e6) / 1e5, false]]),
  }));
  const since = performance.now();
  scoreTask(task, answered, 0);
  console.log(
    `scoring without a model: ${Math.round(all.length / seconds(since))} documents a second (20,000 of 4 choices)`,
  );
}

async function manyLines() {
  await writeTask("lines", 1_000_000);
  const since = performance.now();
  const { task } = await prepare("lines", 10);
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(
    `a million lines: ${seconds(since).toFixed(1)} s, ${Math.round(peak)} MiB at most, ${task.documents.length} rows`,
  );
}

try {
  await scoring();
  await manyLines();
} finally {
  rmSync(folder, { recursive: true });
}
