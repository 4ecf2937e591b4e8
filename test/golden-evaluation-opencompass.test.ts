// OpenCompass's extractions, circular scores and perplexity choices against its own functions.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { circularScores, circularScoresOfBoard2 } from "../src/evaluate/score/opencompass/circular.ts";
import { codeBlock, gsm8kAnswer, plainWords } from "../src/evaluate/score/opencompass/extractions.ts";
import { createFirstOption, firstCapital, lastOption } from "../src/evaluate/score/opencompass/options.ts";
import { leastLoss, promptLoss } from "../src/evaluate/score/opencompass/prompt-loss.ts";
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

test("perplexity choices of the poet", { skip }, async () => {
  const golden = readJson(file("ppl.json"));
  const folder = await mkdtemp(join(tmpdir(), "baimo-ppl-"));
  const poet = await openCheckpoint(join(root, "assets", "poet.gguf"));
  await quantizeGguf(poet, join(folder, "poet.gguf"), "F32", { requantize: true });
  await poet.close();
  const model = await load(join(folder, "poet.gguf"), { threads: 2, contextLength: 512 });
  const encode = (text: string) => model.tokenizer.encode(text, { parseSpecialTokens: true });
  const lossOf = async (text: string, masked = 0): Promise<number> => {
    const tokens = encode(text);
    const [{ logprobs }] = await model.score([
      { context: tokens.slice(0, 1), continuation: tokens.slice(1) },
    ]);
    return promptLoss(logprobs, masked);
  };
  const fill = (template: string, doc: Record<string, string>) =>
    template.replace(/\{(\w+)\}/g, (_, name: string) => doc[name]).replace("</E>", golden.ice);
  try {
    for (const [key, templates] of [
      ["letters_2shot", golden.template_letters],
      ["whole", golden.template_whole],
      ["normalized", golden.template_normalized],
    ]) {
      const seen = process.env.BAIMO_EVALUATION === "all" ? golden[key] : golden[key].slice(0, 2);
      for (const { doc, ppl, prediction, margin } of seen) {
        const losses: Record<string, number> = {};
        for (const [label, template] of Object.entries<string>(templates)) {
          const [context, answer] = fill(template, doc).split("</S>");
          if (answer === undefined) losses[label] = await lossOf(context);
          else {
            const { normalizing_str: norm } = golden;
            const own = await lossOf(context + answer, encode(context).length);
            losses[label] = own - (await lossOf(norm + answer, encode(norm).length));
          }
          assert.ok(
            Math.abs(losses[label] - ppl[label]) < 1e-4,
            `${key} ${label}: ${losses[label]}, expected ${ppl[label]}`,
          );
        }
        if (margin > 2e-4) assert.equal(leastLoss(losses), prediction);
      }
    }
  } finally {
    await model.dispose();
    await rm(folder, { recursive: true });
  }
});
