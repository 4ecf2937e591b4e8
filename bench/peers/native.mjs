// One measurement of native llama.cpp through node-llama-cpp: JSON in argv, JSON out.
import { getModuleVersion } from "node-llama-cpp";
import { measure } from "../measure.mjs";
import { openLlama } from "./open-llama.mjs";

/** Opens a model with llama.cpp's own defaults (mmap, f16 cache). */
async function open({ model: modelPath, threads, contextLength, flashAttention = "auto" }) {
  const { llama, model } = await openLlama(modelPath, threads);
  const context = await model.createContext({
    contextSize: contextLength,
    batchSize: 512,
    threads: { ideal: threads, min: threads },
    flashAttention,
  });
  const sequence = context.getSequence();
  let before = 0;
  return {
    vocabSize: model.fileInfo.metadata.tokenizer.ggml.tokens.length,
    async *generate(tokens, count, { goesOn }) {
      // What was generated after the prompt before goes; the prompt itself may stay.
      const kept = goesOn ? Math.min(before, sequence.nextTokenIndex) : 0;
      if (kept === 0) await sequence.clearHistory();
      else if (kept < sequence.nextTokenIndex) {
        await sequence.eraseContextTokenRanges([{ start: kept, end: sequence.nextTokenIndex }]);
      }
      before = tokens.length;
      let done = 0;
      for await (const token of sequence.evaluate(tokens.slice(kept), {
        temperature: 0,
        yieldEogToken: true,
      })) {
        yield [token];
        if (++done >= count) break;
      }
    },
    about: async () => ({
      engine: `node-llama-cpp ${await getModuleVersion()}`,
      llamaCpp: llama.llamaCppRelease?.release,
      threads: context.currentThreads,
      flashAttention: context.flashAttention,
      mmap: model.useMmap,
      systemInfo: llama.systemInfo,
    }),
  };
}

await measure(open);
