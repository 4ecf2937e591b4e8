// Cleaning against stored verdicts: quality, language, personal data, repeats, contamination.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { indexEvaluationTexts } from "../src/data/contamination.ts";
import { findDuplicates } from "../src/data/duplicates/find-duplicates.ts";
import { jaccard, shinglesOf } from "../src/data/duplicates/shingles.ts";
import { identifyLanguage } from "../src/data/language/identify.ts";
import { findPersonal } from "../src/data/personal/find-personal.ts";
import { judgeQuality } from "../src/data/quality/judge.ts";
import { CHINESE } from "../src/data/quality/thresholds.ts";
import { beside, readJson, unlessBeside } from "./places.ts";

const folder = ["training", "data"];
const skip = unlessBeside(...folder, "quality.jsonl");

/** The objects of a stored file. */
function stored<T>(name: string): T[] {
  const lines = readFileSync(beside(...folder, name), "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}

describe("corpora are cleaned as stored", { skip }, () => {
  it("quality: verdict, every reason, every measure", () => {
    interface Row {
      id: string;
      text: string;
      keep: boolean;
      reasons: string[];
      measures: Record<string, number>;
    }
    for (const { id, text, keep, reasons, measures } of stored<Row>("quality.jsonl")) {
      const found = judgeQuality(text, CHINESE);
      assert.equal(found.keep, keep, id);
      assert.deepEqual(found.reasons.toSorted(), reasons.toSorted(), id);
      const rounded = Object.entries(found.measures).map(([name, value]) => [
        name,
        Math.round(value * 1e6) / 1e6,
      ]);
      const expected = Object.entries(measures).map(([name, value]) => [name, Math.round(value * 1e6) / 1e6]);
      assert.deepEqual(Object.fromEntries(rounded), Object.fromEntries(expected), id);
    }
  });

  it("the thresholds are those stored", () => {
    const thresholds = readJson(beside(...folder, "quality-thresholds.json"));
    assert.deepEqual(CHINESE.stopWords, { words: thresholds.stopWords, least: thresholds.minimumStopWords });
    assert.deepEqual(CHINESE.lineEnds, {
      ends: thresholds.lineEnds,
      least: thresholds.lineEndsWithPunctuation,
    });
    assert.deepEqual(CHINESE.words, { least: thresholds.minimumWords, most: thresholds.maximumWords });
    const { least, most } = CHINESE.averageWordLength;
    assert.deepEqual([least, most], thresholds.averageWordLength);
    for (const name of ["newLineRatio", "duplicateLineCharacters"] as const)
      assert.equal(CHINESE[name], thresholds[name]);
    for (const name of ["duplicateNgramCharacters", "topNgramCharacters"] as const)
      assert.deepEqual(CHINESE[name], thresholds[name]);
  });

  it("languages: at most two lines are missed", () => {
    const missed = stored<{ text: string; language: string }>("languages.jsonl").filter(
      ({ text, language }) => {
        const found = identifyLanguage(text);
        if (language === "lzh") return found !== "lzh" && found !== "zh-Hans";
        if (language === "mixed") return found !== "zh-Hans" && found !== "en";
        return found !== language;
      },
    );
    assert.ok(missed.length <= 2, JSON.stringify(missed));
  });

  it("personal information: spans, by check digits", () => {
    for (const { id, text, found } of stored<{ id: string; text: string; found: unknown }>("personal.jsonl"))
      assert.deepEqual(findPersonal(text), found, id);
  });

  it("repeats: every stored Jaccard, and the clusters", async () => {
    const documents = stored<{ id: string; text: string }>("duplicates.jsonl");
    const known = readJson(beside(...folder, "duplicates.json"));
    const shingles = new Map(documents.map(({ id, text }) => [id, shinglesOf(text)]));
    for (const pair of known["pairsFrom0.05"]) {
      const share = jaccard(shingles.get(pair.a)!, shingles.get(pair.b)!);
      assert.ok(Math.abs(share - pair.jaccard) < 1e-6, `${pair.a}, ${pair.b}: ${share}`);
    }
    const open = async function* () {
      yield* documents;
    };
    for (const name of Object.keys(known).filter((key) => key.startsWith("clustersAtJaccard"))) {
      const threshold = Number(name.slice("clustersAtJaccard".length));
      const { repeated } = await findDuplicates(open, { threshold, threads: 1 });
      const clusters = new Map<number, string[]>();
      for (const [number, { of }] of repeated)
        clusters.set(of, [...(clusters.get(of) ?? [documents[of].id]), documents[number].id]);
      const sorted = (groups: Iterable<string[]>) => Array.from(groups, (group) => group.toSorted()).sort();
      assert.deepEqual(sorted(clusters.values()), sorted(known[name]), name);
    }
  });

  it("contamination: by thirteen units in a row, no fewer", () => {
    const evaluation = indexEvaluationTexts(
      stored<{ id: string; text: string }>("decontamination-evaluation.jsonl"),
    );
    const rows = stored<{ id: string; text: string; contaminatedBy: string[] }>(
      "decontamination-training.jsonl",
    );
    for (const { id, text, contaminatedBy } of rows)
      assert.deepEqual(evaluation.foundIn(text).sort(), contaminatedBy.toSorted(), id);
  });
});
