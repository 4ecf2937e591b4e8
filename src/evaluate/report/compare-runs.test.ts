// Why two runs differ: documents sorted by reason, settings by how many of them they explain.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../random.ts";
import { readTask } from "../tasks/read-task.ts";
import { compareRuns } from "./compare-runs.ts";
import { promptDifferences } from "./prompt-difference.ts";
import type { StoredRun } from "./stored-run.ts";
import { diffWords } from "./word-diff.ts";

interface Row {
  readonly prompt: string;
  readonly logprobs: readonly [number, number];
  readonly right?: 0 | 1;
}

const CHOICES = [" yes", " no"];

/** A run of one task of two choices, the first of which is right. */
function runOf(
  rows: readonly Row[],
  results: Record<string, unknown>,
  keys: Record<string, unknown> = {},
): StoredRun {
  const config = readTask(
    {
      task: "t",
      output_type: "multiple_choice",
      doc_to_text: "q",
      doc_to_choice: ["yes", "no"],
      doc_to_target: "a",
      ...keys,
    },
    "t",
  );
  const documents = rows.map(({ prompt, logprobs }, id) => ({
    prepared: {
      id,
      document: {},
      target: "0",
      requests: CHOICES.map((continuation) => ({
        kind: "loglikelihood" as const,
        context: prompt,
        continuation,
      })),
      hashes: { document: `d${id}`, prompt: "", target: "" },
    },
    answers: logprobs.map((logprob) => [[logprob, false] as const]),
  }));
  const samples = rows.map(({ logprobs, right }, id) => ({
    doc_id: id,
    filter: "none",
    target: "0",
    resps: logprobs,
    filtered_resps: logprobs,
    metrics: ["acc"],
    acc: right ?? Number(logprobs[0] > logprobs[1]),
  }));
  const task = { name: "t", config, documents, samples, failed: [] };
  return { name: "r", folder: "r", model: "m", results, tasks: [task], left: [], isOpenCompass: false };
}

test("documents by reason, and settings by the documents that they explain", () => {
  const long = "x".repeat(100);
  const a: Row[] = [
    { prompt: "Be kind.\n1", logprobs: [-1, -3] },
    { prompt: "Be kind.\n2", logprobs: [-1, -3] },
    { prompt: "Be kind.\n3", logprobs: [-1, -3] },
    { prompt: "4", logprobs: [-1, -1.1] }, // near a tie
    { prompt: long, logprobs: [-1, -4] }, // another answer; the only one that may be cut
    { prompt: "6", logprobs: [-1, -3], right: 1 }, // the same answer
    { prompt: "7", logprobs: [-1, -3] }, // unchanged
  ];
  const b: Row[] = [
    { prompt: "1", logprobs: [-3, -1] },
    { prompt: "2", logprobs: [-3, -1] },
    { prompt: "3", logprobs: [-3, -1] },
    { prompt: "4", logprobs: [-1.2, -1.1] },
    { prompt: long, logprobs: [-4, -1] },
    { prompt: "6", logprobs: [-1, -3], right: 0 },
    { prompt: "7", logprobs: [-1.0001, -3] },
  ];
  const settings = { "n-shot": { t: 0 }, config: { torch_seed: 1, limit: null }, model_name: "m" };
  const found = compareRuns(
    runOf(a, {
      ...settings,
      max_length: 90,
      system_instruction: "Be kind.",
      model_dtype: "F32",
      chat_template_sha: "1",
    }),
    runOf(
      b,
      { ...settings, max_length: 4096, system_instruction: null, model_dtype: "Q8_0" },
      { doc_to_target: "b" },
    ),
  );
  const [{ changes, otherPrompts, promptDifferences }] = found.tasks;
  assert.deepEqual(changes, { prompt: [0, 1, 2], answer: [4], extraction: [5], tie: [3] });
  assert.equal(found.changed, 6);
  assert.deepEqual(
    found.settings.map(({ setting, explains }) => [setting, explains]),
    [
      ["system_instruction", 3],
      ["precision", 2],
      ["context length", 1],
      ["t: doc_to_target", 1],
      ["t: fewshot_config", 0], // no example was shown
    ],
  );
  assert.equal(otherPrompts, 3);
  // The three differ in the same way, and only there; what only one run says (a template) is no difference.
  assert.deepEqual(promptDifferences, [
    { document: 0, documents: 3, stretches: [{ a: "Be kind.\n", b: "" }, { same: "1 yes" }] },
  ]);
});

test("prompts word by word, by the fewest edits, and those that differ in the same way together", () => {
  const random = createRandom(7);
  const textOf = () =>
    Array.from({ length: random.integer(12) }, () => ["春", "风 ", "a", " b,"][random.integer(4)]).join("");
  for (let i = 0; i < 500; i++) {
    const [a, b] = [textOf(), textOf()];
    const stretches = diffWords(a, b);
    const side = (key: "a" | "b") => stretches.map((one) => ("same" in one ? one.same : one[key])).join("");
    assert.deepEqual([side("a"), side("b")], [a, b], `${i}`);
    const kinds = stretches.map((one) => "same" in one);
    assert.ok(
      kinds.every((kind, at) => kind !== kinds[at + 1]),
      `${i}`,
    );
  }
  const template = (poem: string) => ({
    a: [`以《${poem}》为题，写`],
    b: [`<|user|>以《${poem}》为题，写<|assistant|>`],
  });
  const [way, ...others] = promptDifferences(
    ["静夜思", "登高"].map((poem, document) => ({ document, ...template(poem) })),
  );
  assert.equal(others.length, 0);
  assert.equal(way.documents, 2);
  assert.deepEqual(way.stretches, [
    { a: "", b: "<|user|>" },
    { same: "以《静夜思》为题，写" },
    { a: "", b: "<|assistant|>" },
  ]);
  // Texts that have little in common are not gone through for long.
  const far = (letter: string) => Array.from({ length: 20_000 }, (_, i) => `${letter}${i}`).join(" ");
  assert.ok(diffWords(far("a"), far("b")).length <= 3);
});
