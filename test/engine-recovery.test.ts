// A request that fails leaves the engine as it was: the next has the tokens that it would have had.
import assert from "node:assert/strict";
import { copyFile, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { openCheckpoint } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import { greedyIds } from "./greedy.ts";
import { golden } from "./places.ts";

const DAMAGED = 7;
const prompt = [1, 50, 300, 9];

/** A copy of a model whose embedding of one token is not a number. */
async function damage(source: string, target: string): Promise<void> {
  await copyFile(source, target);
  const checkpoint = await openCheckpoint(source);
  const embedding = checkpoint.tensors.get("token_embd.weight");
  await checkpoint.close();
  assert.ok(embedding?.dtype === "F32");
  const width = embedding.shape[1];
  const file = await open(target, "r+");
  await file.write(
    new Uint8Array(new Float32Array(width).fill(Number.NaN).buffer),
    0,
    width * 4,
    embedding.offset + DAMAGED * width * 4,
  );
  await file.close();
}

it("a logit that is no number fails its request alone", async () => {
  const folder = await mkdtemp(join(tmpdir(), "baimo-nan-"));
  const path = join(folder, "model.gguf");
  await damage(golden("gguf", "llama-f32.gguf"), path);
  const model = await load(path, { threads: 2, contextLength: 64 });
  try {
    const before = await greedyIds(model, prompt, 8);
    for (const bad of [[DAMAGED], [...prompt, DAMAGED, 4]]) {
      await assert.rejects(greedyIds(model, bad, 8), { code: "device", message: /is NaN/ });
      assert.equal(model.status, "ready");
      assert.deepEqual(await greedyIds(model, prompt, 8), before);
    }
  } finally {
    await model.dispose();
    await rm(folder, { recursive: true });
  }
});
