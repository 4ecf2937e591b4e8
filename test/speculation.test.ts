// Guessed tokens run ahead and change nothing: tokens, log-probabilities, ends, constraints.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BaimoError } from "../src/errors.ts";
import { load } from "../src/generate/load.ts";
import type { Finish, GenerateOptions, Model } from "../src/generate/types.ts";
import { golden } from "./places.ts";

/** A text that repeats itself, so that there is much to guess, rightly and wrongly. */
const prompt = Array.from({ length: 48 }, (_, i) => 100 + ((i * i) % 7));

async function answer(model: Model, options: GenerateOptions) {
  const tokens: unknown[] = [];
  let text = "";
  const events = model.complete(prompt, { logprobs: 2, ignoreEos: true, maxTokens: 48, ...options });
  for (;;) {
    const { value, done } = await events.next();
    if (done) return { tokens, text, finish: value };
    if (value.type !== "text-delta") continue;
    text += value.text;
    tokens.push(...value.tokens);
  }
}

const asked: Record<string, GenerateOptions> = {
  "greedy answers": { temperature: 0 },
  "greedy answers with penalties": { temperature: 0, repetitionPenalty: 1.1, frequencyPenalty: 0.2 },
  "sampled answers": { temperature: 0.7, seed: 3 },
  "sampled answers, truncated": { temperature: 1.2, topK: 5, minP: 0.02, seed: 4 },
  "answers held to a constraint": { temperature: 0.8, seed: 5, constraint: { regex: "(ab|cd){3,40}" } },
  "answers that shift": { temperature: 0, onFull: "shift", keepTokens: 3, maxTokens: 100 },
  "answers that end with the context": { temperature: 0, maxTokens: 1000 },
};

/** What an answer is, but for how long it took and what was guessed. */
function essence({ tokens, text, finish }: { tokens: unknown[]; text: string; finish: Finish }) {
  const { reason, stop, usage, droppedTokens } = finish;
  return { tokens, text, reason, stop, completionTokens: usage.completionTokens, droppedTokens };
}

/** Models by what is asked of them: gemma2's windows and softcaps need no second look at samplers and texts. */
const models: Record<string, string[]> = {
  "gguf/llama-q4_0.gguf": Object.keys(asked),
  "families/gemma2": ["greedy answers", "answers that shift"],
};

const shape = { threads: 1, contextLength: 112, chunkTokens: 24 };

for (const [name, all] of Object.entries(models)) {
  describe(name, () => {
    let model: Model;
    before(async () => {
      model = await load(golden(...name.split("/")), shape);
    });
    after(() => model?.dispose());

    for (const what of all) {
      it(`the same ${what}`, async () => {
        const options = asked[what];
        const alone = await answer(model, options);
        assert.equal(alone.finish.speculation, undefined);
        const lookUp = { ...options, speculation: "lookup" } as const;
        const some = await Promise.all(
          [1, 2, 5, undefined].map((guessTokens) => answer(model, { ...lookUp, guessTokens })),
        );
        for (const ahead of some) {
          assert.deepEqual(essence(ahead), essence(alone));
          assert.ok(ahead.finish.speculation);
        }
      });
    }

    it("runs guesses, and takes those that are right", async () => {
      const { finish } = await answer(model, { temperature: 0, speculation: "lookup", guessTokens: 4 });
      const { drafted, accepted } = finish.speculation!;
      assert.ok(drafted > 0 && accepted > 0 && accepted <= drafted, `${accepted} of ${drafted}`);
    });

    it("ends at a stop string within what was guessed", async () => {
      const whole = await answer(model, { temperature: 0 });
      const stop = whole.text.slice(20, 24);
      if (stop === "") return;
      const alone = await answer(model, { temperature: 0, stop });
      const ahead = await answer(model, { temperature: 0, stop, speculation: "lookup", guessTokens: 6 });
      assert.deepEqual(essence(ahead), essence(alone));
    });
  });
}

describe("a draft", () => {
  const target = golden("gguf", "llama-q4_0.gguf");
  /** As good as a draft can be, and one that knows nothing of it. */
  const drafts: Record<string, string> = {
    "that is always right": target,
    "that is always wrong": golden("gguf", "llama-q8_0.gguf"),
  };
  const drafted = ["greedy answers with penalties", "sampled answers", "answers that shift"];
  for (const [which, path] of Object.entries(drafts)) {
    it(`${which} changes no answer`, async () => {
      const model = await load(target, { ...shape, draft: path });
      for (const what of drafted) {
        const options = asked[what];
        const alone = await answer(model, { ...options, speculation: "off" });
        assert.equal(alone.finish.speculation, undefined);
        const some = [3, undefined].map((guessTokens) => answer(model, { ...options, guessTokens }));
        for (const ahead of await Promise.all(some)) {
          assert.deepEqual(essence(ahead), essence(alone));
          assert.ok(ahead.finish.speculation);
        }
      }
      const { finish } = await answer(model, { temperature: 0, guessTokens: 4 });
      const { drafted: all, accepted } = finish.speculation!;
      assert.ok(all > 0 && accepted === (path === target ? all : 0), `${accepted} of ${all}`);
      await model.dispose();
    });
  }

  it("may be a model that runs; an answer goes on without one that is gone", async () => {
    const draft = await load(target, shape);
    const model = await load(target, { ...shape, draft });
    const options = { temperature: 0, guessTokens: 4, maxTokens: 12 };
    const { tokens, finish } = await answer(model, options);
    assert.ok(finish.speculation!.accepted > 0);
    await draft.dispose();
    const without = await answer(model, options);
    assert.deepEqual(without.tokens, tokens);
    assert.deepEqual(without.finish.speculation, { drafted: 0, accepted: 0 });
    await model.dispose();
  });

  it("is refused where its vocabulary is another one, and asked for in vain where there is none", async () => {
    const isRefusal = (pattern: RegExp) => (error: unknown) =>
      error instanceof BaimoError && error.code === "request" && pattern.test(error.message);
    await assert.rejects(
      load(target, { ...shape, draft: golden("gguf", "qwen2-q8_0.gguf") }),
      isRefusal(
        /qwen2-q8_0 cannot be the draft of llama-q4_0: .* token 0, which is "<unk>" and in the draft "!"/,
      ),
    );
    const model = await load(target, shape);
    await assert.rejects(answer(model, { speculation: "draft" }), isRefusal(/no draft.*--draft/));
    await model.dispose();
  });
});

it("guesses nothing where a state cannot go back", async () => {
  const model = await load(golden("families", "qwen3_next"), { threads: 1, contextLength: 128 });
  const { finish } = await answer(model, {
    temperature: 0,
    speculation: "lookup",
    guessTokens: 4,
    maxTokens: 8,
  });
  assert.equal(finish.speculation, undefined);
  await model.dispose();
});
