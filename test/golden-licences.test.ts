// Questions of what licences permit: verdict, clauses and conditions of the golden answers.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { loadCatalogue, loadTerms } from "../src/cli/load-catalogue.ts";
import { licenceNames } from "../src/licences/catalogue-names.ts";
import { mayI, type Question, type Verdict } from "../src/licences/index.ts";
import { readWords } from "../src/licences/read-words.ts";
import { beside, unlessBeside } from "./places.ts";

interface GoldenQuestion extends Question {
  readonly id: string;
  readonly text: string;
  readonly expected: { verdict: Verdict; clauses: string[]; conditions: string[] };
}

const path = beside("licences", "questions.jsonl");
const questions: GoldenQuestion[] = existsSync(path)
  ? readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => JSON.parse(line))
  : [];

test("golden questions have their golden answers", { skip: unlessBeside("licences") }, () => {
  const terms = loadTerms();
  const wrong = questions.flatMap(({ id, expected, ...question }) => {
    const { verdict, clauses, conditions } = mayI(question, terms);
    const cited = clauses.map((clause) => clause.id);
    const missing = expected.clauses.filter((clause) => !cited.includes(clause));
    const same = [...conditions].sort().join() === [...expected.conditions].sort().join();
    if (verdict === expected.verdict && missing.length === 0 && same) return [];
    return [{ id, verdict, conditions, missing, expected }];
  });
  assert.deepEqual(wrong, []);
  assert.ok(questions.length > 0);
});

test("asked by their words alone, none gets a yes of a no, and most have their verdict", {
  skip: unlessBeside("licences"),
}, () => {
  const [terms, names] = [loadTerms(), licenceNames(loadCatalogue())];
  const read = questions.map(({ text, expected }) => {
    const { named, actions, facts, unread } = readWords(text, names);
    const uses = [...new Set(named.map(({ licence }) => licence))];
    const { verdict } = mayI({ uses, action: actions.join("+") || undefined, facts, unread }, terms);
    return { text, verdict, expected: expected.verdict };
  });
  const permits = (verdict: Verdict) => verdict === "yes" || verdict === "yes-if";
  assert.deepEqual(
    read.filter(({ verdict, expected }) => permits(verdict) && !permits(expected)),
    [],
  );
  const same = read.filter(({ verdict, expected }) => verdict === expected).length;
  assert.ok(same >= 0.8 * read.length, `${same} of ${read.length}`);
});
