// quantize, convert, imatrix and inspect --perplexity as a person meets them.
import assert from "node:assert/strict";
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openCheckpoint } from "../src/formats/index.ts";
import { baimo, folder, jsonLines, type Result } from "./baimo.ts";
import { beside, golden, unlessBeside } from "./places.ts";

const wide = golden("gguf", "llama-f32.gguf");
const out = (name: string) => join(folder, name);
const text = out("text.txt");
writeFileSync(text, "the quick brown fox jumps over the lazy dog. ".repeat(12));

test("quantize writes what it says, and never over a file unasked", async () => {
  const { status, stdout, stderr } = await baimo(["quantize", wide, out("q8.gguf"), "q8_0", "--json"]);
  assert.equal(stderr, "");
  assert.equal(status, 0);
  const summary = JSON.parse(stdout);
  assert.equal(summary.fileType, "Q8_0");
  assert.equal(summary.bytesBefore, 1_640_960);
  assert.ok(summary.bitsPerWeight > 8.5 && summary.bitsPerWeight < 8.6);
  const run = await baimo([
    "run",
    out("q8.gguf"),
    "--tokens",
    "1,5,9",
    "-n",
    "4",
    "--temperature",
    "0",
    "--json",
  ]);
  assert.equal(run.status, 0, run.stderr);

  const again = await baimo(["quantize", wide, out("q8.gguf"), "Q4_0"]);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /q8\.gguf: is there already; --force replaces it/);
  const twice = await baimo(["quantize", out("q8.gguf"), out("q4.gguf"), "Q4_0"]);
  assert.equal(twice.status, 1);
  assert.match(twice.stderr, /is Q8_0 already[\s\S]*--requantize/);
  const forced = await baimo(["quantize", out("q8.gguf"), out("q8.gguf"), "Q4_0", "--force", "--requantize"]);
  assert.equal(forced.status, 0, forced.stderr);
  assert.match(forced.stdout, /Q4_0 +15 tensors/);
  const unknown = await baimo(["quantize", wide, out("x.gguf"), "Q9"]);
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /'Q9' is invalid for argument 'type'. Allowed: "F32"/);
  const nowhere = await baimo(["quantize", wide, out("missing/x.gguf"), "Q8_0"]);
  assert.match(nowhere.stderr, /there is no folder/);
});

test("an importance matrix is measured, read and shown", async () => {
  const file = out("imatrix.gguf");
  const measured = await baimo(["imatrix", wide, text, "-o", file, "--chunk", "64", "--json"]);
  assert.equal(measured.status, 0, measured.stderr);
  const { matrices, chunkSize } = JSON.parse(measured.stdout);
  assert.equal(matrices, 14); // seven in each of two layers
  assert.equal(chunkSize, 64);
  const written = await baimo(["quantize", wide, out("weighted.gguf"), "Q4_0", "--imatrix", file]);
  assert.equal(written.status, 0, written.stderr);
  assert.match(written.stderr, /lacks 2 tensors, which were packed without/);
  const [plain, weighted] = [out("plain.gguf"), out("weighted.gguf")];
  await baimo(["quantize", wide, plain, "Q4_0"]);
  const size = (path: string) => readFileSync(path).length;
  assert.ok(size(weighted) > size(plain)); // the first ffn_down has a minimum, too
  const folderOnly = await baimo(["imatrix", golden("families", "llama"), text, "-o", out("no.gguf")]);
  assert.equal(folderOnly.status, 1);
});

test("inspect says how well a model predicts a text", async () => {
  const { status, stdout, stderr } = await baimo([
    "inspect",
    wide,
    "--perplexity",
    text,
    "-c",
    "64",
    "--json",
  ]);
  assert.equal(stderr, "");
  assert.equal(status, 0);
  const { perplexity } = JSON.parse(stdout);
  assert.equal(perplexity.windowTokens, 64);
  assert.equal(perplexity.scored, perplexity.tokens); // the tokenizer has BOS
  assert.ok(
    Math.abs(
      perplexity.perplexity / 2 ** ((perplexity.bitsPerByte * perplexity.bytes) / perplexity.scored) - 1,
    ) < 1e-9,
  );
  const missing = await baimo(["inspect", wide, "--perplexity", out("none.txt")]);
  assert.match(missing.stderr, /none\.txt: there is no such file/);
});

test("perplexity of a published text is the published one", {
  skip: unlessBeside("stories260k"),
}, async () => {
  const stories = JSON.parse(readFileSync(beside("stories260k", "golden.json"), "utf8"));
  const path = out("story.txt");
  writeFileSync(path, stories.documented_sample_text);
  const model = beside("stories260k", "stories260k-f32.gguf");
  const { stdout } = await baimo(["inspect", model, "--perplexity", path, "-c", "512", "--json"]);
  const { perplexity } = JSON.parse(stdout).perplexity;
  assert.ok(Math.abs(Math.log(perplexity) - stories.documented_sample_mean_nll) < 1e-4, `${perplexity}`);
});

test("convert writes a folder as one file that runs", async () => {
  const source = out("folder");
  mkdirSync(source);
  cpSync(golden("families", "llama"), source, { recursive: true });
  copyFileSync(golden("tokenizers", "synth-spm-legacy-1", "tokenizer.json"), join(source, "tokenizer.json"));
  const target = out("converted.gguf");
  const { status, stdout, stderr } = await baimo(["convert", source, target]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /converted\.gguf: F16, 59,376 weights/);
  assert.match(stderr, /left out: \d+ tokens past the 160 rows/);
  const checkpoint = await openCheckpoint(target);
  assert.equal(checkpoint.metadata.get("general.architecture"), "llama");
  await checkpoint.close();
  const args = ["--tokens", "3,5,9", "-n", "6", "--temperature", "0", "--json"];
  const [before, after] = await Promise.all([
    baimo(["run", source, ...args]),
    baimo(["run", target, ...args]),
  ]);
  assert.equal(after.status, 0, after.stderr);
  const ids = (result: Result) =>
    jsonLines(result.stdout).flatMap((event) => (event.tokens ?? []).map(({ id }: { id: number }) => id));
  assert.equal(ids(before).length, 6);
  assert.deepEqual(ids(after), ids(before));
  const opt = await baimo(["convert", golden("families", "gpt2-depth"), out("no.gguf")]);
  assert.equal(opt.status, 1);
  assert.match(opt.stderr, /no place for attentionScaleByDepth/);
});
