// Many conversations beside one: node conversations.mjs MODEL [COUNT] [THREADS] [TOKENS] [ROUNDS]
import { load } from "../dist/src/index.js";
import { manyFromArguments, measureMany } from "./many.mjs";

const settings = manyFromArguments(process.argv.slice(2));
const model = await load(settings.model, {
  threads: settings.threads,
  contextLength: settings.contextLength,
  parallel: settings.count,
  cacheTokens: settings.contextLength * settings.count,
});

async function* generate(prompt, maxTokens) {
  for await (const event of model.complete(prompt, { temperature: 0, maxTokens, ignoreEos: true })) {
    if (event.type === "text-delta") yield event.tokens.length;
  }
}

await measureMany(generate, settings);
await model.dispose();
