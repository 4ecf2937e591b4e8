// A run that is stopped and goes on ends with the files of one that was not; failures are said.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, test } from "node:test";
import { planRun } from "./plan-run.ts";
import { makeBoard } from "./report/board.ts";
import { boardPage } from "./report/board-page.ts";
import { boardSvg } from "./report/board-svg.ts";
import { compareRuns } from "./report/compare-runs.ts";
import { readRun } from "./report/read-run.ts";
import { rescore } from "./rescore.ts";
import { prepareFor, runInFolder } from "./run-in-folder.ts";
import type { Question, Subject } from "./subjects/subject.ts";

const TASK = `task: colours
dataset_path: json
dataset_kwargs: {data_files: {test: colours.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{thing}} is"
doc_to_choice: [red, green, blue]
doc_to_target: "{{answer}}"
`;
const ROWS = Array.from({ length: 30 }, (_, i) =>
  JSON.stringify({ thing: `thing ${i}`, answer: i % 3 }),
).join("\n");

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "baimo-run-"));
  writeFileSync(join(folder, "colours.yaml"), TASK);
  writeFileSync(join(folder, "colours.jsonl"), ROWS);
});
after(() => rmSync(folder, { recursive: true }));

/** Likes a choice by the question; counts what it is asked, and stops or fails where it is told. */
function fakeSubject({
  stopAfter = Number.POSITIVE_INFINITY,
  fails = -1,
  shift = 0,
}: {
  stopAfter?: number;
  fails?: number | "all";
  shift?: number;
} = {}) {
  const asked: Question[] = [];
  const subject: Subject = {
    name: "fake",
    price: { currency: "CNY", input: 1, output: 1, source: "https://a.example", date: "2026-11-01" },
    facts: {},
    countTokens: (text) => text.length,
    async ask(questions) {
      if (asked.length >= stopAfter) throw new Error("stopped");
      asked.push(...questions);
      return questions.map(({ request }) => {
        const text = request.kind === "loglikelihood" ? request.context + request.continuation : "";
        const number = Number(/\d+/.exec(text)?.[0]);
        const liked = ["red", "green", "blue"][(number + (number % 5 === 0 ? 1 : shift)) % 3];
        const cost = { promptTokens: text.length, completionTokens: 0, amount: text.length / 1e6 };
        const failed = fails === "all" || number === fails ? "the endpoint answered 500" : undefined;
        return { answer: [text.endsWith(liked) ? -1 : -2.5, false] as const, cost, failed };
      });
    },
  };
  return { subject, asked };
}

async function runInto(out: string, subject: Subject) {
  const settings = { tasks: ["colours"], includePaths: [folder] };
  const prepared = await prepareFor(subject, settings, false);
  const now = new Date("2026-01-01T00:00:00Z");
  return runInFolder(prepared, subject, settings, {
    isChat: false,
    out,
    identity: "x",
    version: "0",
    now,
    batch: 9,
  });
}

test("a stopped run goes on and ends with the same files", async () => {
  const whole = join(folder, "whole");
  const broken = join(folder, "broken");
  await runInto(whole, fakeSubject().subject);
  const first = fakeSubject({ stopAfter: 27 });
  await assert.rejects(runInto(broken, first.subject), /stopped/);
  const second = fakeSubject();
  await runInto(broken, second.subject);
  assert.equal(first.asked.length + second.asked.length, 90);
  const filesOf = (path: string) =>
    readdirSync(join(path, "fake"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(join(path, "fake"), join(entry.parentPath, entry.name)))
      .sort();
  const names = filesOf(whole);
  assert.equal(names.length, 9);
  assert.deepEqual(filesOf(broken), names);
  const textOf = (path: string, name: string) =>
    readFileSync(join(path, "fake", name), "utf8").replace(/"seconds": ?[\d.e-]+/g, "");
  for (const name of names) assert.equal(textOf(broken, name), textOf(whole, name), name);
});

test("what would fail at the end, or be asked in another way, is refused before anything is asked", async () => {
  const settings = { tasks: ["colours"], includePaths: [folder] };
  const { subject, asked } = fakeSubject();
  await assert.rejects(prepareFor(subject, settings, true), /has no chat template/);
  const misspelt = { ...settings, generationKwargs: { max_gen_tok: 3 } };
  await assert.rejects(
    prepareFor(subject, misspelt, false),
    /max_gen_tok is no .* do you mean max_gen_toks\?/,
  );
  const prepared = await prepareFor(subject, settings, false);
  const [{ task }] = prepared.tasks;
  const options = { isChat: false, out: join(folder, "named"), identity: "1", version: "0" };
  for (const name of ["n".repeat(201), "a\0b"]) {
    const tasks = [{ ...prepared.tasks[0], task: { ...task, config: { ...task.config, task: name } } }];
    await assert.rejects(
      runInFolder({ ...prepared, tasks }, subject, settings, options),
      /files are called by its name/,
    );
  }
  assert.equal(asked.length, 0);
});

test("runs of one model are told apart by as much of their path as that takes", () => {
  const run = { ...readRun(join(folder, "whole")), model: "m", name: "m" };
  const [a, b] = ["x/july/m", "x/august/m"].map((path) => ({ ...run, folder: path }));
  assert.deepEqual(makeBoard([a, b]).models, ["m (july/m)", "m (august/m)"]);
  assert.deepEqual(makeBoard([a, { ...b, name: "other" }]).models, ["m (m)", "m (other)"]);
  assert.equal(compareRuns(a, b).b, "m (august/m)");
});

test("a plan counts requests and tokens, and what they cost", async () => {
  const settings = { tasks: ["colours"], includePaths: [folder] };
  const { subject, asked } = fakeSubject();
  const [planned] = await planRun(await prepareFor(subject, settings, false), subject, 0.5);
  assert.equal(asked.length, 0);
  const { documents, requests, answerTokens, seconds } = planned;
  assert.deepEqual([documents, requests, answerTokens, seconds], [30, 90, 0, 45]);
  assert.ok(Math.abs(Number(planned.amount) - planned.tokens / 1e6) < 1e-12);
});

test("a failed request makes the score a range and is asked again", async () => {
  const out = join(folder, "failing");
  const { evaluation } = await runInto(out, fakeSubject({ fails: 7 }).subject);
  assert.deepEqual([...evaluation.tasks[0].failed], [[7, "the endpoint answered 500"]]);
  const results = JSON.parse(readFileSync(join(out, "fake", "results_2026-01-01T00-00-00.000.json"), "utf8"));
  assert.equal(results.results.colours["acc,none"], "N/A");
  const own = results.baimo.tasks.colours;
  assert.deepEqual(
    own.failed.map((one: Record<string, unknown>) => [one.doc_id, one.reason]),
    [[7, "the endpoint answered 500"]],
  );
  // 24 of the 29 others are right.
  assert.deepEqual(
    own.ranges["acc,none"],
    [24 / 30, 25 / 30].map((share) => share - 1 / 30),
  );
  const [{ value, failed }] = evaluation.tasks[0].scored.scores;
  assert.deepEqual([value, failed], [23 / 29, 1]);
  const [cell] = makeBoard([readRun(out)]).rows[0].cells;
  assert.deepEqual([cell.score, cell.range, cell.failed, cell.n], [null, [23 / 30, 24 / 30], 1, 29]);
  assert.ok(cell.interval && cell.interval[0] < 23 / 30 && cell.interval[1] > 24 / 30);
  assert.match(boardPage(makeBoard([readRun(out)]), "en"), /failed 1.*76.7%–80.0%/s);
  const [again2] = (await rescore(readRun(out), 0)).tasks;
  assert.deepEqual(again2.scored.scores[0].range, cell.range);
  // Whatever the failed one was, the other run is not surely better; all others are equal.
  const [compared] = compareRuns(readRun(out), readRun(join(folder, "whole"))).tasks;
  assert.deepEqual([compared.pairs, compared.failed, compared.p, compared.unpaired], [29, 1, 1, 0]);
  assert.deepEqual(compared.ends, [-1 / 30, 0]);
  const everyEval = join(out, "fake", "data", "baimo", "baimo", "fake");
  const [evaluated] = readdirSync(everyEval).filter((name) => !name.includes("samples"));
  const shown = JSON.parse(readFileSync(join(everyEval, evaluated), "utf8"));
  assert.deepEqual(shown.evaluation_results, []);
  assert.match(shown.source_metadata.additional_details.withheld, /"failed":1/);
  // Where every document failed there is a cell all the same.
  const none = fakeSubject({ fails: "all" });
  await runInto(join(folder, "none"), none.subject);
  const [nothing] = makeBoard([readRun(join(folder, "none"))]).rows[0].cells;
  assert.deepEqual([nothing.score, nothing.range, nothing.n, nothing.failed], [null, [0, 1], 0, 30]);
  assert.deepEqual((await rescore(readRun(join(folder, "none")), 0)).tasks[0].scored.scores[0].range, [0, 1]);
  assert.deepEqual(compareRuns(readRun(join(folder, "none")), readRun(out)).tooFew, ["colours"]);
  const again = fakeSubject();
  const { evaluation: repaired } = await runInto(out, again.subject);
  assert.equal(again.asked.length, 3);
  assert.equal(repaired.tasks[0].failed.size, 0);
});

test("the files are read again, scored again, compared and put on a board", async () => {
  const other = join(folder, "other");
  await runInto(other, fakeSubject({ shift: 1 }).subject);
  const [a, b] = [readRun(join(folder, "whole")), readRun(other)];
  const [{ scored }] = (await rescore(a, 0)).tasks;
  const results = a.results.results as Record<string, Record<string, number>>;
  for (const { metric, value } of scored.scores) assert.equal(value, results.colours[`${metric},none`]);
  // The files in OpenCompass's form say the same, and its answers are paired with ours.
  const inItsForm = readRun(join(folder, "whole", "fake", "predictions", "fake"));
  assert.equal(inItsForm.isOpenCompass, true);
  const [same] = compareRuns(a, inItsForm).tasks;
  assert.deepEqual([same.pairs, same.difference, same.otherPrompts, same.unpaired], [30, 0, 0, 0]);
  const summary = readFileSync(
    join(folder, "whole", "fake", "summary", "summary_20260101_000000.csv"),
    "utf8",
  );
  assert.match(summary, /^dataset,version,metric,mode,fake\ncolours,-,accuracy,ll,80.00\n/);
  const { tasks, settings } = compareRuns(a, b);
  assert.deepEqual(settings, []);
  assert.equal(tasks[0].pairs, 30);
  assert.equal(tasks[0].changes.answer.length, 24);
  assert.ok(tasks[0].holm < 1e-5 && tasks[0].difference === 0.8);
  assert.deepEqual((a.results.baimo as Record<string, unknown>).price, fakeSubject().subject.price);
  const board = makeBoard([a, b]);
  const [{ cost, seconds }] = board.rows[0].cells;
  // "thing 12 is green": some 16 tokens of a letter for each of three choices
  assert.ok(cost && cost.currency === "CNY" && Math.abs(cost.amount - 48e-6) < 8e-6, JSON.stringify(cost));
  assert.ok(seconds !== undefined && seconds >= 0);
  assert.deepEqual(
    board.rows[0].cells.map(({ ranks }) => ranks),
    [
      [1, 1],
      [2, 2],
    ],
  );
  const svg = boardSvg(board, "zh");
  assert.match(svg, /按似然/);
  assert.equal(svg.split('class="bar"').length - 1, 4);
  const page = boardPage(board, "zh");
  assert.match(page, /<html lang="zh-CN">/);
  assert.doesNotMatch(page, /https?:/);
});
