// The poet by baimo alone: prepared, pre-trained, tuned, exported, judged.
//
//     node run.mjs [--corpus FOLDER] [--small]        # stop and start it as you like
//
// --small: a shape of 0.2 M and 120 steps of each, in minutes, to see that it works.
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { load } from "../../../dist/src/generate/load.js";
import { formOf } from "./forms.mjs";
import { prepare } from "./prepare.mjs";

const { values } = parseArgs({
  options: {
    corpus: { type: "string", default: join(import.meta.dirname, "../../../../shared/corpus") },
    small: { type: "boolean", default: false },
  },
});
const model = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_act: "silu",
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  max_position_embeddings: 512,
  tie_word_embeddings: true,
  attention_bias: false,
  mlp_bias: false,
  hidden_size: values.small ? 64 : 256,
  intermediate_size: values.small ? 160 : 640,
  num_hidden_layers: values.small ? 2 : 5,
  num_attention_heads: values.small ? 4 : 8,
  num_key_value_heads: values.small ? 2 : 4,
  vocab_size: values.small ? 2048 : 6144,
};
/** Keys of the two runs, in the place of those in their files. */
const small = { batch: 16, microBatch: 16, sequenceLength: 96, steps: 120, decayStart: 80, warmup: 10, evaluateEvery: 120 };

process.chdir(import.meta.dirname);
if (!existsSync("work/model/config.json")) {
  const most = values.small ? 20_000 : Number.POSITIVE_INFINITY;
  console.log(await prepare({ corpus: values.corpus, work: "work", model, most }));
}
const baimo = (...words) => {
  const { status } = spawnSync(process.execPath, ["../../../dist/src/cli/main.js", ...words], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
};
const keys = Object.entries(values.small ? small : {}).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
baimo("train", "pretrain.yaml", ...keys);
baimo("train", "tune.yaml", ...keys);
// GGUF has no name for words of one Han character; no token of this vocabulary is longer, so that Qwen's words cut alike.
baimo("convert", "work/poet", "work/poet.gguf", "--type", "Q8_0", "--pre", "qwen2", "--force");

/** Of so many poems asked for in each form, those that are of it. */
const poet = await load("work/poet.gguf", { contextLength: 256 });
const judged = {};
let sample = "";
for (const form of ["五言绝句", "七言绝句", "五言律诗", "七言律诗"]) {
  const asked = Array.from({ length: values.small ? 10 : 50 }, async (_, seed) => {
    let text = "";
    for await (const event of poet.chat([{ role: "user", content: `写一首${form}` }], { seed, maxTokens: 200 }))
      if (event.type === "text-delta") text += event.text;
    return text;
  });
  const poems = await Promise.all(asked);
  judged[form] = poems.filter((text) => formOf(text) === form).length / poems.length;
  sample ||= poems[0];
}
await poet.dispose();
writeFileSync("work/judged.json", `${JSON.stringify(judged, undefined, 2)}\n`);
console.log(`${sample}\n\nof the form that was asked for: ${JSON.stringify(judged)}`);
