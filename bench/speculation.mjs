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

/** Milliseconds a token after the first (of the clock, and of processors), and what was guessed. */
async function generate(prompt, options) {
  const events = model.complete(prompt, { maxTokens: Number(tokens), ignoreEos: true, ...options });
  let used;
  for (;;) {
    const { value, done } = await events.next();
    if (value.type === "text-delta") used ??= process.cpuUsage();
    if (!done) continue;
    const { user, system } = process.cpuUsage(used);
    const { timings, usage, speculation } = value;
    const count = usage.completionTokens - 1;
    const cpu = (user + system) / 1000 / count;
    return { ms: timings.generationMs / count, cpu, promptMs: timings.promptMs, ...speculation };
  }
}

/**
 * Text that repeats itself whatever the weights are: a penalty below zero has the answer say again what it has said. Random text:
 * drawn at a high temperature.
 */
const cases = {
  "repeated text": { temperature: 0, frequencyPenalty: -100 },
  "random text": { temperature: 3, topP: 1, seed: 1 },
};
await generate(ids(1, 72), {});
for (const [name, options] of Object.entries(cases)) {
  const off = [];
  const lookup = [];
  for (let round = 0; round < Number(rounds); round++) {
    off.push(await generate(ids(3, 48), options));
    lookup.push(await generate(ids(3, 48), { ...options, speculation: "lookup" }));
  }
  const [{ accepted, drafted }] = lookup;
  for (const [what, of] of [
    ["ms a token", ({ ms }) => ms],
    ["ms of processors a token", ({ cpu }) => cpu],
  ]) {
    const [without, beside] = [median(off.map(of)), median(lookup.map(of))];
    console.log(
      `${name}: ${without.toFixed(1)} ${what}, with look-up ${beside.toFixed(1)}, ` +
        `${(without / beside).toFixed(2)} times as fast (${accepted} of ${drafted} guesses right)`,
    );
  }
}

const shared = ids(9, Number(prefix));
const brief = { maxTokens: 2 };
const first = await generate([...shared, 21, 22, 23], brief);
const second = await generate([...shared, 31, 32, 33], brief);
const folder = mkdtempSync(join(tmpdir(), "baimo-cache-"));
const file = join(folder, "cache");
const saved = await model.saveCache(file, { tokens: shared });
await model.dispose();
model = await load(path, settings);
const started = performance.now();
const loaded = await model.loadCache(file);
const loadMs = performance.now() - started;
const third = await generate([...shared, 41, 42, 43], brief);
const share = (ms) => `${ms.toFixed(0)} ms (${((100 * ms) / first.promptMs).toFixed(1)}%)`;
console.log(
  `first token after ${prefix} tokens: ${first.promptMs.toFixed(0)} ms; shared ${share(second.promptMs)}; ` +
    `from disk ${share(loadMs + third.promptMs)}, of it loading ${loadMs.toFixed(0)} ms, ` +
    `${loaded.tokens} tokens, ${saved.bytes} bytes`,
);
await model.dispose();
rmSync(folder, { recursive: true });
