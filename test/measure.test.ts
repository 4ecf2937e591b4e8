// Importance matrices and perplexity against the model's own hidden states and logits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BaimoError } from "../src/errors.ts";
import { dequantize, openCheckpoint } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import { measureImportance } from "../src/generate/measure-importance.ts";
import type { TraceableModel } from "../src/generate/model.ts";
import { measurePerplexity } from "../src/generate/perplexity.ts";
import { createRandom } from "../src/random.ts";
import { golden } from "./places.ts";

const random = createRandom(3);
const tokens = Array.from({ length: 100 }, () => 3 + random.integer(500));

// `load` returns what the project's own tools need, too
const open = async (name: string, options: object): Promise<TraceableModel> =>
  (await load(golden("gguf", name), { contextLength: 256, ...options })) as TraceableModel;

const close = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number, what: string) => {
  assert.equal(a.length, b.length, what);
  for (let i = 0; i < a.length; i++) {
    assert.ok(Math.abs(a[i] - b[i]) <= tolerance * (1 + Math.abs(b[i])), `${what}[${i}]: ${a[i]}, ${b[i]}`);
  }
};

for (const options of [{ device: "reference" }, { threads: 1 }, { threads: 2, chunkTokens: 24 }]) {
  test(`inputs and log-probabilities, ${JSON.stringify(options)}`, async () => {
    const model = await open("llama-f32.gguf", options);
    const { logprobs, columns } = await model.measure(tokens, { from: 60, columnSums: true });
    const { data } = await model.logits(tokens);
    const { vocabSize, hiddenSize, normEps } = model.config;
    const expected = Array.from({ length: 40 }, (_, i) => {
      const row = data.subarray((59 + i) * vocabSize, (60 + i) * vocabSize);
      const max = Math.max(...row);
      return row[tokens[60 + i]] - max - Math.log(row.reduce((sum, x) => sum + Math.exp(x - max), 0));
    });
    close(logprobs, expected, 1e-5, "logprobs");

    // The first product's input is the first norm of the first hidden state.
    const { hidden } = await model.trace(tokens);
    const checkpoint = await openCheckpoint(golden("gguf", "llama-f32.gguf"));
    const name = "blk.0.attn_norm.weight";
    const norm = dequantize("F32", await checkpoint.readTensor(name), hiddenSize);
    await checkpoint.close();
    const squares = new Float64Array(hiddenSize);
    for (let t = 0; t < tokens.length; t++) {
      const x = hidden[0].subarray(t * hiddenSize, (t + 1) * hiddenSize);
      const mean = x.reduce((sum, v) => sum + v * v, 0) / hiddenSize;
      for (let i = 0; i < hiddenSize; i++) squares[i] += (x[i] * norm[i]) ** 2 / (mean + normEps);
    }
    for (const part of ["q", "k", "v"]) {
      const { sums, counts } = columns.get(`blk.0.attn_${part}.weight`)!;
      assert.deepEqual([...counts], [tokens.length]);
      close(sums, squares, 1e-4, part);
    }
    assert.equal(columns.size, 7 * model.config.numLayers); // neither the embedding nor the output
    // Nothing is left of the measuring.
    assert.equal((await model.measure(tokens)).columns.size, 0);
    await model.dispose();
  });
}

test("experts are measured each for itself", async () => {
  const model = await open("mixtral-q8_0.gguf", { threads: 2 });
  const { columns } = await model.measure(tokens, { columnSums: true });
  const { experts, hiddenSize } = model.config;
  const { sums, counts } = columns.get("blk.0.ffn_up_exps.weight")!;
  assert.equal(counts.length, experts!.count);
  assert.equal(sums.length, experts!.count * hiddenSize);
  assert.equal(
    counts.reduce((a, b) => a + b),
    tokens.length * experts!.perToken,
  );
  assert.deepEqual(columns.get("blk.0.ffn_gate_exps.weight"), { sums, counts });
  await model.dispose();
});

test("pieces and windows cover a text; what cannot be measured is refused", async () => {
  const model = await open("llama-q8_0.gguf", { threads: 1 });
  const text = "one two three four five six seven eight nine ten ".repeat(6);
  const count = model.tokenizer.encode(text, { addSpecialTokens: false }).length;
  const seen: number[] = [];
  const onProgress = ({ done, total }: { done: number; total: number }) => seen.push(done / total);
  const matrix = await measureImportance(model, text, { chunkTokens: 33, onProgress });
  assert.equal(matrix.chunkCount, Math.floor(count / 32)); // each piece begins with BOS
  assert.deepEqual([...matrix.columns.get("blk.1.ffn_down.weight")!.counts], [33 * matrix.chunkCount]);
  assert.equal(seen.at(-1), 1);

  // One window that holds the text scores what the windows of half overlap score, each token once.
  const whole = await measurePerplexity(model, text, { windowTokens: count + 1 });
  const { logprobs } = await model.measure([1, ...model.tokenizer.encode(text, { addSpecialTokens: false })]);
  const mean = logprobs.reduce((sum, x) => sum - x, 0) / count;
  assert.ok(Math.abs(Math.log(whole.perplexity) - mean) < 1e-6);
  assert.equal(whole.scored, count);
  assert.equal(whole.bytes, text.length);
  const pieces = await measurePerplexity(model, text, { windowTokens: 17 });
  assert.equal(pieces.scored, count);
  assert.ok(pieces.error > 0);

  const is = (code: string, message: RegExp) => (e: unknown) =>
    e instanceof BaimoError && e.code === code && message.test(e.message);
  await assert.rejects(measurePerplexity(model, ""), is("request", /nothing to predict/));
  await assert.rejects(measureImportance(model, ""), is("request", /no tokens/));
  await assert.rejects(
    model.measure([1, 2], { from: 3 }),
    is("request", /from is 3; allowed: a whole number from 1 to 2/),
  );
  await assert.rejects(model.measure(new Array(300).fill(1)), is("context", /300 tokens/));
  await assert.rejects(model.measure([1, 1e6]), is("request", /tokens\[1\] is 1000000/));
  await model.dispose();
});
