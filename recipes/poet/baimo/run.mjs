// The poet by baimo alone: prepared, trained, exported, judged.
//
//     node run.mjs [--corpus FOLDER] [--small]        # stop and start it as you like
//
// --small: a shape of 0.4 M and 60 steps, in minutes, to see that it works.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { prepare } from "./prepare.mjs";

const { values } = parseArgs({
  options: {
    corpus: { type: "string", default: join(import.meta.dirname, "../../../../shared/corpus") },
    small: { type: "boolean", default: false },
  },
});
const shape = { hiddenSize: 64, intermediateSize: 160, numLayers: 2, numHeads: 4, numKvHeads: 2, headDim: 16 };
/** Keys in the place of those of train.yaml. */
const small = { steps: 60, decayStart: 40, warmup: 10, evaluateEvery: 60 };

process.chdir(import.meta.dirname);
if (!existsSync("work/data.json")) console.log(prepare(values.corpus, "work", values.small ? shape : {}));
const node = (...words) => {
  const { status } = spawnSync(process.execPath, words, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
};
const baimo = (...words) => node("../../../dist/src/cli/main.js", ...words);
baimo("train", "train.yaml", ...Object.entries(values.small ? small : {}).flatMap(([key, value]) => ["--set", `${key}=${value}`]));
baimo("convert", "work/poet", "work/poet.gguf", "--type", "Q8_0", "--force");
node("evaluate.mjs", "--out", "work");
