// One measurement of @huggingface/transformers (ONNX Runtime, CPU): JSON in argv, JSON out.
//
// `model` is a folder that onnx.mjs made.
//
// `model` is a folder that onnx.mjs made.
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { AutoModelForCausalLM, env, Tensor } from "@huggingface/transformers";
import { measure } from "../measure.mjs";

/** Opens a graph with as many threads for each operation, and operations one after the other. */
async function open({ model: folder, threads }) {
  env.allowRemoteModels = false;
  env.localModelPath = dirname(folder);
  const model = await AutoModelForCausalLM.from_pretrained(basename(folder), {
    dtype: "fp32",
    device: "cpu", // of the activations; the blocks are in the graph
    session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
  });
  return {
    vocabSize: model.config.vocab_size,
    async *generate(tokens, count) {
      const inputs = new Tensor("int64", BigInt64Array.from(tokens, BigInt), [1, tokens.length]);
      yield* new ReadableStream({
        start(controller) {
          let prompt = true; // comes first
          const put = ([ids]) => {
            if (!prompt) controller.enqueue([Number(ids.at(-1))]);
            prompt = false;
          };
          model
            .generate({ inputs, max_new_tokens: count, do_sample: false, streamer: { put, end() {} } })
            .then(
              () => controller.close(),
              (error) => controller.error(error),
            );
        },
      });
    },
    about: () => {
      const { version } = JSON.parse(
        readFileSync(new URL(import.meta.resolve("onnxruntime-node/package.json"))),
      );
      return { engine: `@huggingface/transformers ${env.version}`, onnxRuntime: version };
    },
  };
}

await measure(open);
