// Models with PyTorch weights give the logits of their safetensors twins.
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { load } from "../src/generate/load.ts";
import { golden, maxDifference, readJson } from "./places.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-golden-torch-"));
after(() => rmSync(folder, { recursive: true }));

async function logits(path: string, prompt: number[]): Promise<Float32Array> {
  const model = await load(path, { threads: 2, contextLength: 64 });
  try {
    return (await model.trace(prompt)).logits;
  } finally {
    await model.dispose();
  }
}

for (const [family, files] of [
  ["codellama", { "codellama.bin": "pytorch_model.bin" }],
  ["mistral", Object.fromEntries(readdirSync(golden("torch", "mistral")).map((n) => [`mistral/${n}`, n]))],
] as const) {
  test(`${family}: the logits of .bin files are those of safetensors, bit for bit`, async () => {
    for (const [from, to] of Object.entries(files)) copyFileSync(golden("torch", from), join(folder, to));
    copyFileSync(golden("families", family, "config.json"), join(folder, "config.json"));
    const { cases } = readJson(golden("families", family, "golden.json"));
    const prompt: number[] = cases[0].input_ids;
    const expected = await logits(golden("families", family), prompt);
    assert.equal(maxDifference(await logits(folder, prompt), expected), 0);
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
  });
}
