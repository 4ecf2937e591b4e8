// Opens a model in native llama.cpp, on the CPU build that the package ships.
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

export async function openLlama(modelPath, threads) {
  const llama = await getLlama({
    gpu: false,
    build: "never",
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
    maxThreads: threads,
  });
  return { llama, model: await llama.loadModel({ modelPath }) };
}
