// config.json as transformers 5 writes it: every family reads it as it reads the older one.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { openCheckpoint } from "../src/formats/index.ts";
import { describeModel } from "../src/models/open-model.ts";
import { golden, goldenSets, readJson, unlessBeside } from "./places.ts";

const configs: Readonly<Record<string, object>> = readJson(golden("transformers-5.json"));
const missing = unlessBeside("families");
if (missing) it("families that are not copied here", { skip: missing }, () => {});

async function describe(path: string) {
  const checkpoint = await openCheckpoint(path);
  try {
    const { config, weights } = await describeModel(checkpoint);
    return { config, weights };
  } finally {
    await checkpoint.close();
  }
}

for (const { name, path } of goldenSets("families")) {
  const written = configs[name.replace(/ .*/, "")];
  if (!written) continue; // a family that is not in transformers
  it(name, async () => {
    const folder = await mkdtemp(join(tmpdir(), "baimo-config-"));
    try {
      for (const file of await readdir(path)) {
        if (file !== "config.json") await symlink(join(path, file), join(folder, file));
      }
      await writeFile(join(folder, "config.json"), JSON.stringify(written));
      assert.deepEqual(await describe(folder), await describe(path));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

it("GPT-OSS with rope_parameters alone does not take what the family assumes", () => {
  const { rope_parameters, rope_scaling } = configs.gpt_oss as Record<string, { factor: number } | undefined>;
  assert.equal(rope_scaling, undefined);
  assert.equal(rope_parameters?.factor, 4); // the family's own is 32
});
