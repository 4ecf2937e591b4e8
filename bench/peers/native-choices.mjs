// Choices in native llama.cpp, no head multiplied: the arguments of bench/choices.mjs.
import { documentsFromArguments, documentsOf } from "../documents.mjs";
import { median } from "../measure.mjs";
import { openLlama } from "./open-llama.mjs";

const { model: path, count, threads, rounds } = documentsFromArguments(process.argv.slice(2));
const { llama, model } = await openLlama(path, threads);
const context = await model.createContext({
  contextSize: 2048,
  batchSize: 512,
  threads: { ideal: threads, min: threads },
});
const sequence = context.getSequence();
const took = [];
for (let round = 0; round < rounds; round++) {
  const since = performance.now();
  for (const choices of documentsOf(count, round)) {
    await sequence.clearHistory();
    await sequence.evaluateWithoutGeneratingNewTokens(choices[0].context);
    const start = sequence.nextTokenIndex;
    for (const { continuation } of choices) {
      await sequence.evaluateWithoutGeneratingNewTokens(continuation);
      await sequence.eraseContextTokenRanges([{ start, end: sequence.nextTokenIndex }]);
    }
  }
  took.push((performance.now() - since) / 1000 / count);
}
console.log(JSON.stringify({ secondsTogether: median(took) }));
await llama.dispose();
