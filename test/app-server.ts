// A server for tests that kill it: a store, and a model that counts and takes its time.
import { setTimeout as sleep } from "node:timers/promises";
import type { ChatMessage, ChatOptions, Model } from "../src/generate/types.ts";
import { createHandler } from "../src/serve/index.ts";
import { listen } from "../src/serve/node.ts";
import { openStore } from "../src/store/open-store.ts";

/** Counts on from the last number that the answer has. */
async function* count(messages: readonly ChatMessage[], { signal, continueFinalMessage }: ChatOptions) {
  const said = continueFinalMessage ? String(messages.at(-1)?.content) : "";
  for (let i = said.split(",").length - 1; i < 2000 && !signal?.aborted; i++) {
    yield { type: "text-delta", text: `${i},`, tokens: [{ id: i }] };
    await sleep(1);
  }
  const usage = { promptTokens: 1, completionTokens: 1, cachedTokens: 0 };
  yield { type: "finish", reason: "stop", usage, timings: { promptMs: 0, generationMs: 0 }, seed: 1 };
}

const model = {
  name: "counter",
  contextLength: 4096,
  status: "ready",
  capabilities: {},
  engine: {},
  tokenizer: { chatTemplates: new Map() },
  encode: async () => [1],
  chat: count,
  complete: count,
} as unknown as Model; // what the application asks of a model

const store = await openStore(process.argv[2]);
const { url } = await listen(createHandler({ models: [model], application: { store } }), { port: 0 });
process.stdout.write(`${url}\n`);
