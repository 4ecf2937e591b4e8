// Look-up on repeated and on random text, and a cache from disk: node bench/speculation.mjs MODEL
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "../dist/src/index.js";

const [path, threads = "2", rounds = "5", tokens = "64", prefix = "2000"] = process.argv.slice(2);
if (!path) throw new Error("which model? Give the path of one");
const settings = { threads: Number(threads), contextLength: Number(prefix) + 200 };
let model = await load(path, settings);
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const ids = (salt, count) =>
  Array.from({ length: count }, (_, i) => 5 + ((salt * 131 + i * i * 37 + i * 11) % 30_000));

/** Milliseconds a token after the first, and what was guessed. */
async function generate(prompt, options) {
  const events = model.complete(prompt, { maxTokens: Number(tokens), ignoreEos: true, ...options });
  for (;;) {
    const { value, done } = await events.next();
    if (!done) continue;
    const { timings, usage, speculation } = value;
    return {
      ms: timings.generationMs / (usage.completionTokens - 1),
      promptMs: timings.promptMs,
      ...speculation,
    };
  }
}

/**
 * Text that repeats itself: a bias holds the answer to one word after another of the prompt, whatever the weights are. Random
 * text: drawn at a high temperature.
 */
const period = ids(7, 12);
const cases = {
  "repeated text": {
    prompt: Array.from({ length: 48 }, (_, i) => period[i % period.length]),
    options: { temperature: 0, constraint: undefined },
  },
  "random text": { prompt: ids(3, 48), options: { temperature: 3, topP: 1, seed: 1 } },
};
await generate(ids(1, 72), {});
for (const [name, { prompt, options }] of Object.entries(cases)) {
  const times = { off: [], lookup: [] };
  let last;
  for (let round = 0; round < Number(rounds); round++) {
    times.off.push((await generate(prompt, options)).ms);
    last = await generate(prompt, { ...options, speculation: "lookup" });
    times.lookup.push(last.ms);
  }
  const [off, lookup] = [median(times.off), median(times.lookup)];
  console.log(
    `${name}: ${off.toFixed(1)} ms a token, with look-up ${lookup.toFixed(1)}, ${(off / lookup).toFixed(2)} times as fast ` +
      `(${last.accepted} of ${last.drafted} guesses right)`,
  );
}

const shared = ids(9, Number(prefix));
const first = await generate([...shared, 21, 22, 23], { maxTokens: 2 });
const second = await generate([...shared, 31, 32, 33], { maxTokens: 2 });
const folder = mkdtempSync(join(tmpdir(), "baimo-cache-"));
const file = join(folder, "cache");
const saved = await model.saveCache(file, { tokens: shared });
await model.dispose();
model = await load(path, settings);
const started = performance.now();
const loaded = await model.loadCache(file);
const loadMs = performance.now() - started;
const third = await generate([...shared, 41, 42, 43], { maxTokens: 2 });
const share = (ms) => `${((100 * ms) / first.promptMs).toFixed(1)}%`;
console.log(
  `first token after ${prefix} tokens: ${first.promptMs.toFixed(0)} ms; shared ${second.promptMs.toFixed(0)} (${share(second.promptMs)}); ` +
    `from disk ${(loadMs + third.promptMs).toFixed(0)} (${share(loadMs + third.promptMs)}), ${loaded.tokens} tokens, ${saved.bytes} bytes`,
);
await model.dispose();
rmSync(folder, { recursive: true });
