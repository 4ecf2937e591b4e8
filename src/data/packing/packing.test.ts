// Packed corpora: every token once, documents apart, an order that any step can be asked for.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { BaimoError } from "../../errors.ts";
import { createRandom } from "../../random.ts";
import { tokenizerFromJson } from "../../tokenizers/files/json.ts";
import { trainTokenizer } from "../../tokenizers/train/train-tokenizer.ts";
import { type Piece, packBestFit } from "./best-fit.ts";
import { createOrder, sequencesOfStep } from "./order.ts";
import { packCorpus } from "./pack-corpus.ts";
import { openPackedCorpus } from "./packed-corpus.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-packed-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const random = createRandom(5);
const rows = Array.from({ length: 60 }, (_, i) => ({
  id: `d${i}`,
  text: "床前明月光，疑是地上霜。".repeat(1 + random.integer(6)).slice(random.integer(9)),
}));
const [input, tokenizer, output] = ["rows.jsonl", "tokenizer.json", "packed"].map((name) =>
  join(folder, name),
);
const SEQUENCE = 32;

before(async () => {
  writeFileSync(input, rows.map((row) => JSON.stringify(row)).join("\n"));
  const file = await trainTokenizer(
    rows.map(({ text }) => text),
    { vocabSize: 280 },
  );
  writeFileSync(tokenizer, JSON.stringify(file));
  await packCorpus([input], { output, tokenizer, sequenceLength: SEQUENCE, shardTokens: 500 });
});

it("every token of every document is in one place, with positions and labels of its own", async () => {
  const corpus = await openPackedCorpus(output);
  const { encode, tokenToId } = tokenizerFromJson(JSON.parse(readFileSync(tokenizer, "utf8")));
  const { manifest } = corpus;
  assert.ok(manifest.shards.length > 1);
  const documents = rows.map(() => new Map<number, number>());
  let room = 0;
  for (let sequence = 0; sequence < manifest.sequences; sequence++) {
    const { tokens, positions, labels, documents: numbers } = await corpus.readSequence(sequence);
    let at = 0;
    for (const [number, piece] of corpus.piecesOf(sequence).entries()) {
      for (let i = 0; i < piece.length; i++, at++) {
        assert.deepEqual([numbers[at], positions[at]], [number, i]);
        assert.equal(labels[at], i + 1 < piece.length ? tokens[at + 1] : -100);
        documents[piece.document].set(piece.start + i, tokens[at]);
      }
    }
    room += SEQUENCE - at;
    assert.ok(
      numbers.subarray(at).every((number) => number === -1) &&
        labels.subarray(at).every((label) => label === -100),
    );
  }
  for (const [i, { text }] of rows.entries()) {
    const found = Array.from(documents[i]).sort(([a], [b]) => a - b);
    assert.deepEqual(
      found.map(([, token]) => token),
      [...encode(text), tokenToId("<|endoftext|>")],
    );
  }
  assert.ok(room < 0.1 * manifest.tokens, `${room} of ${manifest.tokens} stay empty`);
  assert.deepEqual([...(await corpus.namesOf([3, 59])).values()], ["d3", "d59"]);
  await corpus.close();
});

it("best fit leaves no sequence that could hold another's only piece", () => {
  const pieces: Piece[] = [5, 3, 3, 2, 2, 1, 8, 4, 4].map((length, document) => ({
    document,
    start: 0,
    length,
  }));
  const sums = packBestFit(pieces, 8).map((sequence) =>
    sequence.reduce((sum, { length }) => sum + length, 0),
  );
  assert.deepEqual(sums, [8, 8, 8, 8]);
  assert.deepEqual(packBestFit([], 8), []);
});

it("the order has each sequence once an epoch, and is a function of seed, manifest and step", () => {
  for (const sequences of [1, 2, 7, 64, 1000]) {
    const order = createOrder({ seed: 1, manifestHash: "ab", sequences });
    const epochs = [0, 1].map((epoch) =>
      Array.from({ length: sequences }, (_, i) => order(epoch * sequences + i)),
    );
    for (const epoch of epochs) assert.equal(new Set(epoch).size, sequences);
    if (sequences < 64) continue;
    assert.notDeepEqual(epochs[0], epochs[1]);
    for (const other of [
      { seed: 2, manifestHash: "ab" },
      { seed: 1, manifestHash: "ac" },
    ])
      assert.notDeepEqual(
        epochs[0].slice(0, 9),
        Array.from({ length: 9 }, (_, i) => createOrder({ ...other, sequences })(i)),
      );
    assert.deepEqual(sequencesOfStep(order, 3, 4), epochs[0].slice(12, 16));
    const fixed = epochs[0].filter((sequence, at) => sequence === at).length;
    assert.ok(fixed < 10, `${fixed} of ${sequences} stay in their places`);
  }
});

it("a damaged folder is refused", async () => {
  const path = join(output, "manifest.json");
  const good = readFileSync(path, "utf8");
  for (const [from, to] of [
    ['"sequences": ', '"sequences": 1'],
    ['"tokens-00000.bin"', '"../tokens.bin"'],
    ['"uint16"', '"int8"'],
    ["{", "["],
  ]) {
    writeFileSync(path, good.replace(from, to));
    await assert.rejects(
      openPackedCorpus(output),
      (error) => error instanceof BaimoError && error.code === "format",
    );
  }
  writeFileSync(path, good);
  await assert.rejects(packCorpus([input], { output, tokenizer, sequenceLength: 8 }), /packed: is not empty/);
});
