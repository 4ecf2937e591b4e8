// One measurement of this engine in a process of its own: JSON in argv, JSON out.
import { load } from "../dist/src/index.js";
import { measure } from "./measure.mjs";

/** Opens a model as an application would; `options` goes to `load` as it is (for example which kernel build to use). */
async function open({ model: path, threads, contextLength, options = {} }) {
  const model = await load(path, { device: "cpu", threads, contextLength, ...options });
  let experts;
  return {
    vocabSize: model.config.vocabSize,
    async *generate(tokens, maxTokens, { goesOn }) {
      for await (const event of model.complete(tokens, { temperature: 0, maxTokens, ignoreEos: true })) {
        if (event.type === "text-delta") yield event.tokens.map(({ id }) => id);
        if (event.type !== "finish") continue;
        experts = event.experts ?? experts;
        if (goesOn && event.usage.cachedTokens === 0) throw new Error("the prompt before was not kept");
      }
    },
    about: () => ({ engine: "baimo", node: process.version, ...model.engine, experts }),
  };
}

await measure(open);
