// `Model.score`: the likelihoods that logits give, to the bit, however requests are grouped.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BaimoError } from "../src/errors.ts";
import { logSumExp } from "../src/generate/exponential.ts";
import { load } from "../src/generate/load.ts";
import type { Model, Score } from "../src/generate/types.ts";
import { golden } from "./places.ts";

const context = Array.from({ length: 70 }, (_, i) => (i * 37) % 400);
const texts = [[5], [9], [5, 6], [5, 7], [300, 1, 2, 3], [9, 9, 9]].map((continuation) => ({
  context,
  continuation,
}));

describe("scoring", () => {
  let model: Model;
  before(async () => {
    model = await load(golden("gguf", "llama-q4_0.gguf"), { threads: 2, contextLength: 96 });
  });
  after(() => model.dispose());

  /** What logits say of a continuation. */
  async function byLogits(continuation: readonly number[]): Promise<Score> {
    const tokens = [...context, ...continuation];
    const { data, shape } = await model.logits(tokens);
    const logprobs: number[] = [];
    let isGreedy = true;
    for (let at = context.length; at < tokens.length; at++) {
      const row = data.subarray((at - 1) * shape[1], at * shape[1]);
      const most = row.reduce((a, b) => Math.max(a, b));
      logprobs.push(row[tokens[at]] - logSumExp(row, most));
      isGreedy &&= row[tokens[at]] === most;
    }
    return { logprob: logprobs.reduce((sum, value) => sum + value, 0), logprobs, isGreedy };
  }

  it("is what the logits say, to the bit, together and one by one", async () => {
    const expected = [];
    for (const { continuation } of texts) expected.push(await byLogits(continuation));
    assert.deepEqual(await model.score(texts), expected);
    for (const [i, text] of texts.entries()) assert.deepEqual(await model.score([text]), [expected[i]]);
    const turned = await model.score(texts.toReversed());
    assert.deepEqual(turned.toReversed(), expected);
  });

  it("tells the most likely tokens at each place, the same floats", async () => {
    const scores = await model.score(texts, { alternatives: 3 });
    for (const [i, { continuation }] of texts.entries()) {
      const { logprobs, top = [], isGreedy } = scores[i];
      assert.equal(top.length, continuation.length);
      for (const [at, places] of top.entries()) {
        assert.equal(places.length, 3);
        assert.ok(places[0].logprob >= places[1].logprob && places[1].logprob >= places[2].logprob);
        const found = places.find(({ id }) => id === continuation[at]);
        if (found) assert.equal(found.logprob, logprobs[at]);
      }
      assert.equal(
        isGreedy,
        top.every(([best], at) => best.logprob === logprobs[at]),
      );
    }
  });

  it("the token that a greedy answer takes is greedy", async () => {
    const answer: number[] = [];
    for await (const event of model.complete(context, { temperature: 0, maxTokens: 3, ignoreEos: true })) {
      if (event.type === "text-delta") answer.push(...event.tokens.map(({ id }) => id));
    }
    const other = [...answer.slice(0, 2), (answer[2] + 1) % 400];
    const scores = await model.score([answer, other].map((continuation) => ({ context, continuation })));
    assert.deepEqual(
      scores.map(({ isGreedy }) => isGreedy),
      [true, false],
    );
  });

  it("cuts text where the tokens of its context end, and gives blanks to the continuation", async () => {
    const pair = (before: string, rest: string) => model.score([{ context: before, continuation: rest }]);
    const [given] = await pair("Once upon a", " time there");
    assert.deepEqual(await pair("Once upon a ", "time there"), [given]);
    const ids = model.tokenizer.encode("Once upon a");
    const whole = model.tokenizer.encode("Once upon a time there");
    const byIds = await model.score([{ context: ids, continuation: whole.slice(ids.length) }]);
    assert.deepEqual(byIds, [given]);
    assert.ok((await pair("", "Once"))[0].logprob < 0);
  });

  it("refuses what has no tokens, what does not fit, what is no token", async () => {
    const refused = async (before: number[], continuation: number[], code: string) =>
      assert.rejects(
        model.score([{ context: before, continuation }]),
        (error: unknown) => error instanceof BaimoError && error.code === code,
      );
    await refused([1], [], "request");
    await refused([], [1], "request");
    await refused([1], [1e6], "request");
    await refused(new Array(90).fill(1), new Array(8).fill(1), "context");
    assert.equal((await model.score([])).length, 0);
  });
});
