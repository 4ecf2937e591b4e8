// Questions of what licences permit: verdict, clauses and conditions of the golden answers.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { loadTerms } from "../src/cli/load-catalogue.ts";
import { mayI, type Question, type Verdict } from "../src/licences/index.ts";
import { beside, unlessBeside } from "./places.ts";

interface GoldenQuestion extends Question {
  readonly id: string;
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
