// Reports of the fixtures' requests: mutated sentences are blocked, right ones pass.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { type RunResult, readTask, runPlan, type Task, validate } from "../src/dispatch/index.ts";
import { checkerOf, isBlocked } from "../src/dispatch/report/check-report.ts";
import type { Language, Sentence } from "../src/dispatch/report/report.ts";
import { textOf } from "../src/dispatch/report/report.ts";
import { toHtml } from "../src/dispatch/report/to-html.ts";
import { toMarkdown } from "../src/dispatch/report/to-markdown.ts";
import { labelsOf, writeReport } from "../src/dispatch/report/write-report.ts";
import { createRandom } from "../src/random.ts";
import { kinds, mutate } from "./dispatch-mutations.ts";
import { made, type Paraphrase, paraphrases } from "./dispatch-paraphrases.ts";
import { type Expected, taskOf } from "./dispatch-tasks.ts";
import { templates } from "./dispatch-templates.ts";
import { namesOfWorld, open, partner, requests, skipSql } from "./dispatch-world.ts";

interface Run {
  readonly id: string;
  readonly language: Language;
  readonly request: string;
  readonly task: Task;
  readonly result: RunResult;
}

describe("reports of the golden requests", { skip: skipSql }, () => {
  const runs: Run[] = [];
  const checkers = new Map<Run, ReturnType<typeof checkerOf>>();
  let names = new Set<string>();

  before(async () => {
    names = await namesOfWorld();
    const opened = await open(partner);
    try {
      for (const { id, lang, role, text, expected } of requests) {
        const task = expected.kind === "answer" ? taskOf(id, expected as Expected) : undefined;
        if (!task) continue;
        const plan = await validate(readTask(task), opened.tools, { role });
        runs.push({
          id,
          language: lang,
          request: text,
          task,
          result: await runPlan(plan, opened.tools, { role }),
        });
      }
    } finally {
      opened.close();
    }
    for (const run of runs) {
      const { task, language, request, result } = run;
      checkers.set(run, checkerOf(result.facts, { request, names, labels: labelsOf(task, language) }));
    }
  });

  /** By the template of its kind, where there is one. */
  const withTemplate = ({ id, task }: Run): Task => ({
    nodes: task.nodes,
    facts: task.facts,
    report: templates[id.replace(/\..*/, "")],
  });

  it("no sentence is blocked, and every fact is in the report, in both languages", () => {
    for (const run of runs) {
      for (const language of ["zh", "en"] as const) {
        for (const task of [run.task, withTemplate(run)]) {
          const report = writeReport(task, run.result, { language, request: run.request, names });
          assert.deepEqual(report.blocked, [], run.id);
          const [html, markdown] = [toHtml(report), toMarkdown(report)];
          for (const [at] of report.facts.entries()) {
            assert.ok(html.includes(`id="fact-${at + 1}"`) && markdown.includes(`id="fact-${at + 1}"`));
          }
          if (run.id.startsWith("inject-row")) assert.equal(report.flagged.length, 1, run.id);
          for (const { expected } of requests.filter(({ id }) => id === run.id)) {
            for (const forbidden of expected.mustNotSay ?? []) assert.ok(!html.includes(forbidden), run.id);
          }
        }
      }
    }
  });

  /** Sentences of reports, in free words, and made of the facts. */
  const right = () => {
    const own = runs.flatMap((run) =>
      [run.task, withTemplate(run)].flatMap((task) =>
        writeReport(task, run.result, { language: run.language, request: run.request, names }).sentences.map(
          (sentence) => ({ run, sentence }),
        ),
      ),
    );
    const sentence = ([id, cites, text]: Paraphrase) =>
      runs
        .filter((run) => run.id === id)
        .map((run) => ({ run, sentence: { parts: [text], cites: cites.split(" ") } }));
    const ofFacts = runs.flatMap(({ id, language, result }) => made(id, result.facts, language));
    return { own, free: paraphrases.flatMap(sentence), ofFacts: ofFacts.flatMap(sentence) };
  };

  it("at most 2% of right sentences are blocked, and 4% of free ones", () => {
    const { own, free, ofFacts } = right();
    const blockedOf = (sentences: readonly { run: Run; sentence: Sentence }[]) =>
      sentences.flatMap(({ run, sentence }) => {
        const checked = checkers.get(run)?.(sentence);
        return checked && isBlocked(checked)
          ? [`${run.id} ${textOf(sentence)} ${JSON.stringify(checked.problems)}`]
          : [];
      });
    const [ofOwn, ofFree, ofMade] = [own, free, ofFacts].map(blockedOf);
    assert.deepEqual(ofOwn, []);
    assert.ok(ofFree.length <= 0.04 * free.length, ofFree.join("\n"));
    const all = own.length + free.length + ofFacts.length;
    assert.ok(ofFree.length + ofMade.length <= 0.02 * all, ofMade.join("\n"));
  });

  it("of 1,000 mutated sentences none passes", () => {
    const random = createRandom(18);
    const { own, free, ofFacts } = right();
    const all = [...own, ...free, ...ofFacts];
    const lexicon = [...names].sort();
    const passed: string[] = [];
    for (let n = 0; n < 1000; ) {
      const { run, sentence } = all[random.integer(all.length)];
      const kind = kinds[n % kinds.length];
      const said = JSON.stringify(run.result.facts.map(({ value }) => value)); // another name of a fact may be right
      const mutated = mutate(
        sentence,
        kind,
        random,
        lexicon.filter((name) => !said.includes(name) || textOf(sentence).includes(name)),
      );
      if (!mutated || textOf(mutated) === textOf(sentence)) continue;
      n++;
      const checked = checkers.get(run)?.(mutated);
      if (checked && !isBlocked(checked))
        passed.push(
          `${kind} ${run.id}\n  ${textOf(sentence)}\n  ${textOf(mutated)}\n  ${JSON.stringify(checked.steps)}`,
        );
    }
    assert.deepEqual(passed, []);
  });
});
