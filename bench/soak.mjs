// Join, leave, abort for long: node --expose-gc bench/soak.mjs [MODEL] [MINUTES] [THREADS]
import { load } from "../dist/src/index.js";
import { createRandom } from "../dist/src/random.js";

const [path = "poet", minutes = "30", threads = "2"] = process.argv.slice(2);
const parallel = 8;
const contextLength = 1024;
const random = createRandom(1);
const model = await load(path, {
  threads: Number(threads),
  contextLength,
  parallel,
  cacheTokens: contextLength,
});
const promptOf = (length) => Array.from({ length }, () => 10 + random.integer(4000));
const counts = { finished: 0, aborted: 0, tokens: 0 };
const end = performance.now() + Number(minutes) * 60_000;

/** One conversation after another; a third is aborted after a random time, a third goes on from the one before. */
async function converse() {
  let before = [];
  while (performance.now() < end) {
    const prompt = [...before, ...promptOf(1 + random.integer(100))];
    const options = {
      maxTokens: 1 + random.integer(60),
      temperature: 1,
      seed: random.integer(1e9),
      ignoreEos: true,
    };
    const stop = random.integer(3) === 0 ? AbortSignal.timeout(random.integer(400)) : undefined;
    const tokens = [];
    for await (const event of model.complete(prompt, { ...options, signal: stop })) {
      if (event.type === "text-delta") tokens.push(...event.tokens.map(({ id }) => id));
      else if (event.type === "finish") counts[event.reason === "aborted" ? "aborted" : "finished"]++;
    }
    counts.tokens += tokens.length;
    before = random.integer(3) === 0 && prompt.length < 400 ? [...prompt, ...tokens] : [];
  }
}

function mebibytes() {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
}

const memory = [];
const sampling = setInterval(() => memory.push(Math.round(mebibytes())), 30_000);
await Promise.all(Array.from({ length: 2 * parallel }, converse));
clearInterval(sampling);
memory.push(Math.round(mebibytes()));

// Every page is back: one sequence takes the whole cache.
let filled = 0;
for await (const event of model.complete(promptOf(contextLength - 16), { maxTokens: 15, ignoreEos: true })) {
  if (event.type === "text-delta") filled += event.tokens.length;
}
const { user, system } = process.cpuUsage();
await new Promise((done) => setTimeout(done, 10_000));
const after = process.cpuUsage({ user, system });
const idleMilliseconds = (after.user + after.system) / 1000;
console.log(JSON.stringify({ ...counts, memory, filled, idleMilliseconds }));
await model.dispose();
