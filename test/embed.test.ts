// Vectors and ranks of texts: against golden runs, with the same bits however texts run together.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openCheckpoint, writeSafetensors } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import type { TraceableModel } from "../src/generate/model.ts";
import type { Embedding } from "../src/generate/types.ts";
import { loadChatModel } from "./chat-model.ts";
import { golden, maxDifference, readJson } from "./places.ts";

/** Golden values of a family's folder, f32. */
async function goldenValues(name: string): Promise<(key: string) => Float32Array> {
  const answers = await openCheckpoint(golden("families", name, "golden.safetensors"));
  const values = new Map<string, Float32Array>();
  for (const key of answers.tensors.keys())
    values.set(key, new Float32Array((await answers.readTensor(key)).slice().buffer));
  await answers.close();
  return (key) => values.get(key) ?? assert.fail(`no golden "${key}"`);
}

const vectorsOf = (embeddings: readonly Embedding[]) => embeddings.map(({ vector }) => vector);
const lengthOf = (vector: Float32Array) => Math.hypot(...vector);
/** Sums of products are float32: what the golden families allow. */
const TOLERANCE = 5e-4;

describe("an encoder alone", () => {
  const stored = readJson(golden("families", "bert", "golden.json"));
  const { texts, prompt } = stored;
  let model: TraceableModel;
  let expected: (key: string) => Float32Array;
  before(async () => {
    model = await load(golden("families", "bert"), { threads: 2 });
    expected = await goldenValues("bert");
  });
  after(() => model?.dispose());

  it("gives the mean of the final states, as its 1_Pooling says", async () => {
    const found = await model.embed(texts, { normalize: false });
    for (const [i, { vector }] of found.entries())
      assert.ok(maxDifference(vector, expected(`mean.${i}`)) <= TOLERANCE);
    assert.equal(found[2].tokens, 3, "the word and a token on either side");
  });

  it("normalises as its modules say, and puts prompts before texts", async () => {
    const found = vectorsOf(await model.embed(texts, { promptName: "query" }));
    for (const [i, vector] of found.entries()) {
      const mean = expected(`asked.${i}`);
      const length = lengthOf(mean);
      assert.ok(
        maxDifference(
          vector,
          mean.map((x) => x / length),
        ) <= TOLERANCE,
      );
    }
    assert.deepEqual(vectorsOf(await model.embed(texts, { prompt })), found);
    const short = vectorsOf(await model.embed(texts, { prompt, dimensions: 8 }));
    for (const vector of short) {
      assert.equal(vector.length, 8);
      assert.ok(Math.abs(lengthOf(vector) - 1) < 1e-6);
    }
  });

  it("takes ids, and pools as it is asked to", async () => {
    const [{ input_ids: ids }] = stored.cases;
    const states = expected("hidden.0.2");
    const width = model.config.hiddenSize;
    for (const [pooling, row] of [
      ["cls", 0],
      ["last", ids.length - 1],
    ] as const) {
      const [{ vector }] = await model.embed([ids], { pooling, normalize: false });
      assert.ok(maxDifference(vector, states.subarray(row * width, (row + 1) * width)) <= TOLERANCE);
    }
  });

  it("gives the same bits alone, among others, and for any number of threads", async () => {
    const many = Array.from({ length: 21 }, (_, i) => texts.join(" ").slice(i));
    const together = vectorsOf(await model.embed(many));
    for (const i of [0, 9, 20]) assert.deepEqual(vectorsOf(await model.embed([many[i]])), [together[i]]);
    const other = await load(golden("families", "bert"), { threads: 1, parallel: 3 });
    assert.deepEqual(vectorsOf(await other.embed(many)), together);
    await other.dispose();
  });

  it("refuses what is too long, or cuts it where its publisher does", async () => {
    const long = "cat ".repeat(70);
    await assert.rejects(model.embed([long]), /text 0 has 72 tokens, but the model was loaded for 64/);
    const [cut] = await model.embed([long], { truncate: true });
    assert.equal(cut.tokens, 32);
    assert.deepEqual([cut.vector], vectorsOf(await model.embed(["cat ".repeat(30)])));
    await assert.rejects(model.embed([[]]), /text 0 has no tokens/);
    await assert.rejects(model.embed(["a"], { promptName: "title" }), /it has "query", "document"/);
    await assert.rejects(model.embed(["a"], { dimensions: 33 }), /vectors of 32 dimensions/);
  });

  it("foretells no tokens, and ranks nothing without a classifier", async () => {
    const refusal = /foretells no tokens: it has no language head; it is for embed\(\)$/;
    await assert.rejects(model.complete("a").next(), refusal);
    await assert.rejects(model.logits([1]), refusal);
    await assert.rejects(model.score([{ context: "a", continuation: "b" }]), refusal);
    assert.throws(() => model.chat([{ role: "user", content: "a" }]), refusal);
    await assert.rejects(model.rerank("a", ["b"]), /cannot rank texts/);
  });
});

describe("a cross-encoder", () => {
  for (const name of ["bert-rank", "xlm-roberta-rank", "modernbert-rank"]) {
    it(`${name} ranks texts as transformers scores pairs`, async () => {
      const { query, texts } = readJson(golden("families", name, "golden.json"));
      const expected = await goldenValues(name);
      const model = await load(golden("families", name), { threads: 1 });
      const ranked = await model.rerank(query, texts);
      assert.deepEqual(ranked.map(({ index }) => index).sort(), [0, 1, 2, 3]);
      for (const [place, { index, score, logit }] of ranked.entries()) {
        assert.ok(Math.abs(logit - expected(`pair.${index}`)[0]) <= TOLERANCE, `text ${index}`);
        assert.ok(Math.abs(score - 1 / (1 + Math.exp(-logit))) < 1e-12);
        assert.ok(place === 0 || ranked[place - 1].score >= score);
      }
      const long = "mountain ".repeat(60);
      await assert.rejects(model.rerank(query, ["moon", long]), /the query with text 1 has \d+ tokens/);
      const [cut] = await model.rerank(query, [long], { truncate: true });
      assert.equal(cut.tokens, model.contextLength);
      await model.dispose();
    });
  }
});

describe("a decoder", () => {
  const [, { input_ids: ids }] = readJson(golden("families", "qwen3", "golden.json")).cases;

  it("pools its final states, whatever chunks they come in", async () => {
    const expected = await goldenValues("qwen3");
    const model = await load(golden("families", "qwen3"), { threads: 2, contextLength: 64, chunkTokens: 7 });
    const { hiddenSize: width, numLayers } = model.config;
    const states = expected(`hidden.1.${numLayers}`);
    const [last] = await model.embed([ids], { normalize: false });
    assert.ok(maxDifference(last.vector, states.subarray(-width)) <= TOLERANCE);
    const mean = new Float32Array(width);
    for (let i = 0; i < states.length; i++) mean[i % width] += states[i] / ids.length;
    const both = await model.embed([ids, ids.slice(0, 20), ids], { pooling: "mean", normalize: false });
    for (const i of [0, 2]) assert.ok(maxDifference(both[i].vector, mean) <= TOLERANCE);
    const other = await load(golden("families", "qwen3"), { threads: 1, contextLength: 64, chunkTokens: 64 });
    assert.deepEqual(vectorsOf(await other.embed([ids])), vectorsOf(await model.embed([ids])));
    await Promise.all([model.dispose(), other.dispose()]);
  });

  it("may come without a head, its tensors named without a root", async () => {
    const folder = mkdtempSync(join(tmpdir(), "baimo-embed-"));
    const from = golden("families", "qwen3");
    const config = JSON.parse(readFileSync(join(from, "config.json"), "utf8"));
    writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, tie_word_embeddings: false }));
    cpSync(golden("families", "bert", "modules.json"), join(folder, "modules.json"));
    cpSync(golden("families", "bert", "1_Pooling"), join(folder, "1_Pooling"), { recursive: true });
    const checkpoint = await openCheckpoint(from);
    const tensors = [];
    for (const { name, dtype, shape } of checkpoint.tensors.values()) {
      if (name === "lm_head.weight") continue;
      tensors.push({
        name: name.replace("model.", ""),
        dtype,
        shape,
        data: await checkpoint.readTensor(name),
      });
    }
    await writeSafetensors(join(folder, "model.safetensors"), { tensors });
    await checkpoint.close();
    const [model, whole] = await Promise.all([folder, from].map((path) => load(path, { threads: 1 })));
    const options = { pooling: "mean", normalize: true } as const;
    assert.deepEqual(await model.embed([ids]), await whole.embed([ids], options));
    await assert.rejects(model.complete(ids).next(), /foretells no tokens/);
    await Promise.all([model.dispose(), whole.dispose()]);
    rmSync(folder, { recursive: true });
  });

  it("with a chat template is asked whether a text fits", async () => {
    const model = await loadChatModel({ contextLength: 1024 });
    const [yes, no] = ["yes", "no"].map((word) => model.tokenizer.tokenToId(word));
    if (yes === undefined || no === undefined) {
      await assert.rejects(model.rerank("a", ["b"]), /cannot rank texts/);
    } else {
      const [first, second] = await model.rerank("where is the river?", ["the moon", "by the mountain"]);
      assert.ok(first.score >= second.score);
    }
    await model.dispose();
  });
});
