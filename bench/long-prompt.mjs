// A prompt beside conversations: node bench/long-prompt.mjs MODEL [TOKENS] [COUNT] [THREADS]
import { load } from "../dist/src/index.js";
import { createRandom } from "../dist/src/random.js";

const [path, tokens = "4000", count = "8", threads = "2"] = process.argv.slice(2);
if (!path) throw new Error("which model? Give the path of one");
const [length, conversations] = [Number(tokens), Number(count)];
const random = createRandom(1);
const promptOf = (size) => Array.from({ length: size }, () => 10 + random.integer(20_000));
const model = await load(path, {
  threads: Number(threads),
  contextLength: length + 512,
  parallel: conversations + 1,
  cacheTokens: (length + 512) * 2 + conversations * 1664,
});
const sampling = { temperature: 0, ignoreEos: true };

/** Milliseconds until the first token of a prompt that is in no cache. */
async function firstToken() {
  const since = performance.now();
  for await (const event of model.complete(promptOf(length), { ...sampling, maxTokens: 1 })) {
    if (event.type === "text-delta") break;
  }
  return performance.now() - since;
}

const gaps = { before: [], beside: [] };
let phase;
const stop = new AbortController();

async function converse() {
  let last;
  try {
    const { signal } = stop;
    for await (const event of model.complete(promptOf(64), { ...sampling, maxTokens: 1500, signal })) {
      if (event.type !== "text-delta") continue;
      const now = performance.now();
      if (last !== undefined && phase !== undefined) gaps[phase].push(now - last);
      last = now;
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
}

const p95 = (values) => values.sort((a, b) => a - b)[Math.floor(0.95 * values.length)];
const alone = await firstToken();
const all = Array.from({ length: conversations }, converse);
await new Promise((done) => setTimeout(done, 8000));
phase = "before";
await new Promise((done) => setTimeout(done, 8000));
phase = "beside";
const beside = await firstToken();
phase = undefined;
stop.abort();
await Promise.all(all);
console.log(
  JSON.stringify({
    aloneSeconds: alone / 1000,
    besideSeconds: beside / 1000,
    times: beside / alone,
    usualGap: p95(gaps.before),
    gapBeside: p95(gaps.beside),
    gaps: [gaps.before.length, gaps.beside.length],
  }),
);
await model.dispose();
