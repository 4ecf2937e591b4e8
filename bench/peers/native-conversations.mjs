// Many conversations at once in native llama.cpp: the arguments of bench/conversations.mjs.
import { manyFromArguments, measureMany } from "../many.mjs";
import { openLlama } from "./open-llama.mjs";

const settings = manyFromArguments(process.argv.slice(2));
const { threads } = settings;
const { llama, model } = await openLlama(settings.model, threads);
const context = await model.createContext({
  contextSize: settings.contextLength,
  sequences: settings.count,
  batchSize: 512,
  threads: { ideal: threads, min: threads },
});

async function* generate(prompt, maxTokens) {
  const sequence = context.getSequence();
  try {
    let done = 0;
    for await (const _ of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
      yield 1;
      if (++done >= maxTokens) return;
    }
  } finally {
    await sequence.dispose();
  }
}

await measureMany(generate, settings);
await llama.dispose();
