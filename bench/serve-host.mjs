// The server that bench/serve.mjs loads, in a process of its own; it measures the engine, too.
import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { load } from "../dist/src/index.js";
import { createHandler } from "../dist/src/serve/index.js";
import { listen } from "../dist/src/serve/node.js";

const { source, threads, parallel, maxWaiting } = JSON.parse(process.argv[2]);
const model = await load(source, {
  threads,
  parallel,
  contextLength: 1024,
  cacheTokens: 65536,
  maxWaiting,
});
const server = await listen(createHandler({ models: new Map([["m", model]]) }), { port: 0 });
const delay = monitorEventLoopDelay({ resolution: 1 });
/** Milliseconds of processor time of this thread alone, which neighbours do not lengthen. */
const ownMs = () => Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e6;
let stretch = { longest: 0, long: 0, before: 0, began: 0, timer: undefined };

/** Runs one answer; when its first token came and how many did. */
async function answer({ prompt, maxTokens, logprobs }) {
  const started = performance.now();
  let first;
  let tokens = 0;
  for await (const event of model.chat([{ role: "user", content: prompt }], {
    maxTokens,
    ignoreEos: true,
    logprobs,
    readAnswer: true,
  })) {
    if (event.type !== "text-delta") continue;
    first ??= performance.now() - started;
    tokens += event.tokens.length;
  }
  return { first, tokens };
}

const tasks = {
  answer,
  /** So many answers at once: tokens a second. */
  async together({ count, ...request }) {
    const started = performance.now();
    const answers = await Promise.all(Array.from({ length: count }, () => answer(request)));
    const tokens = answers.reduce((sum, each) => sum + each.tokens, 0);
    return { rate: (1000 * tokens) / (performance.now() - started) };
  },
  watch() {
    delay.reset();
    delay.enable();
    stretch = { longest: 0, long: 0, before: ownMs(), began: ownMs() };
    stretch.timer = setInterval(() => {
      const now = ownMs();
      stretch.longest = Math.max(stretch.longest, now - stretch.before);
      if (now - stretch.before > 20) stretch.long++;
      stretch.before = now;
    }, 1);
    return {};
  },
  seen() {
    delay.disable();
    clearInterval(stretch.timer);
    const workMs = ownMs() - stretch.began;
    const { heapUsed, rss } = process.memoryUsage();
    return {
      longestMs: delay.max / 1e6,
      p99Ms: delay.percentile(99) / 1e6,
      stretchMs: stretch.longest,
      longStretches: stretch.long,
      workMs,
      heapUsed,
      rss,
    };
  },
  memory() {
    const { heapUsed, rss } = process.memoryUsage();
    return { heapUsed, rss };
  },
};

process.on("message", async ({ id, task, given }) => process.send({ id, result: await tasks[task](given) }));
process.on("disconnect", () => process.exit());
process.send({ url: server.url });
