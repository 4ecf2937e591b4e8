// The server under load beside its engine alone: node bench/serve.mjs [MODEL] [SECONDS] [THREADS]
import { fork } from "node:child_process";
import { Agent, request as httpRequest } from "node:http";
import { describeMachine } from "./machine.mjs";

const [source = "poet", seconds = "60", threads = "1"] = process.argv.slice(2);
const PARALLEL = 64;
const MAX_WAITING = 70;
const agent = new Agent({ keepAlive: true });

const host = fork(new URL("serve-host.mjs", import.meta.url), [
  JSON.stringify({ source, threads: Number(threads), parallel: PARALLEL, maxWaiting: MAX_WAITING }),
]);
const waiting = new Map();
let ids = 0;
const ask = (task, given) =>
  new Promise((resolve) => {
    waiting.set(++ids, resolve);
    host.send({ id: ids, task, given });
  });
const url = await new Promise((resolve) =>
  host.on("message", (message) => {
    if (message.url) resolve(message.url);
    else waiting.get(message.id)?.(message.result);
  }),
);

/** One streamed answer over HTTP: status, when the first token came, how many did. */
function stream({ prompt, maxTokens, logprobs }) {
  const body = JSON.stringify({
    model: "m",
    stream: true,
    ignore_eos: true,
    max_tokens: maxTokens,
    logprobs: logprobs !== undefined,
    top_logprobs: logprobs,
    stream_options: { include_usage: true },
    messages: [{ role: "user", content: prompt }],
  });
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = httpRequest(`${url}/v1/chat/completions`, { method: "POST", agent, headers }, (response) => {
      const { statusCode: status } = response;
      const answered = performance.now() - started;
      let first;
      let text = "";
      response.setEncoding("utf8").on("data", (piece) => {
        if (first === undefined && /"content":"[^"]/.test(piece)) first = performance.now() - started;
        text = (text + piece).slice(-2000);
      });
      response.on("end", () => {
        const tokens = Number(/"completion_tokens":(\d+)/.exec(text)?.[1] ?? 0);
        resolve({ status, answered, first, tokens, whole: text.endsWith("data: [DONE]\n\n") });
      });
      response.on("error", reject);
    });
    sent.on("error", reject).end(body);
  });
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(0);
const say = (what, text) => console.log(`${what.padEnd(44)}${text}`);

console.log(JSON.stringify(describeMachine()));
for (let i = 0; i < 5; i++) await stream({ prompt: "春", maxTokens: 40 });
await ask("answer", { prompt: "春", maxTokens: 40 });

// First token of a warm prompt of 20 tokens, the engine's and the server's in turn.
const prompt = "春眠不觉晓处处闻啼鸟夜来风雨声";
const [own, served] = [[], []];
for (let i = 0; i < 80; i++) {
  own.push((await ask("answer", { prompt, maxTokens: 2 })).first);
  served.push((await stream({ prompt, maxTokens: 2 })).first);
}
const tenth = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 10)];
for (const [name, of] of [
  ["median", median],
  ["fastest tenth", tenth],
]) {
  say(`first token, ${name}: engine, server`, `${of(own).toFixed(2)} ms, ${of(served).toFixed(2)} ms`);
}

// Sixteen at once.
for (const logprobs of [undefined, 5]) {
  const rates = { engine: [], server: [] };
  for (let round = 0; round < 8; round++) {
    const request = { prompt: `第${round}首`, maxTokens: 100, logprobs };
    rates.engine.push((await ask("together", { count: 16, ...request })).rate);
    const started = performance.now();
    const answers = await Promise.all(Array.from({ length: 16 }, () => stream(request)));
    const tokens = answers.reduce((sum, each) => sum + each.tokens, 0);
    rates.server.push((1000 * tokens) / (performance.now() - started));
  }
  // The best of eight: neighbours only take away.
  const [engine, server] = [Math.max(...rates.engine), Math.max(...rates.server)];
  const loss = (100 * (1 - server / engine)).toFixed(1);
  say(
    `16 streams${logprobs ? " with logprobs" : ""}: engine, server`,
    `${engine.toFixed(0)}, ${server.toFixed(0)} tokens/s: ${loss}% less`,
  );
}

// Sixty-four for as long as was asked.
await ask("watch");
const clients = Array.from({ length: 64 }, () => ({ tokens: 0, answers: 0 }));
const failures = [];
const until = performance.now() + Number(seconds) * 1000;
const heaps = [];
const looking = setInterval(async () => heaps.push(await ask("memory")), 5000);
await Promise.all(
  clients.map(async (client, i) => {
    while (performance.now() < until) {
      const { status, tokens, whole } = await stream({
        prompt: `第${i}首，第${client.answers}句`,
        maxTokens: 60,
      });
      if (status !== 200 || !whole || tokens !== 60) failures.push(status);
      client.tokens += tokens;
      client.answers++;
    }
  }),
);
clearInterval(looking);
const tokens = clients.map((client) => client.tokens);
const loop = await ask("seen");
say(
  "64 streams: failures, tokens/s",
  `${failures.length}, ${(tokens.reduce((a, b) => a + b) / Number(seconds)).toFixed(0)}`,
);
say("slowest client's tokens to the median's", (Math.min(...tokens) / median(tokens)).toFixed(2));
const third = Math.ceil(heaps.length / 3);
for (const [name, part] of [
  ["first", heaps.slice(0, third)],
  ["last", heaps.slice(-third)],
]) {
  say(
    `memory, ${name} third: heap, resident`,
    `${megabytes(median(part.map((each) => each.heapUsed)))} MiB, ${megabytes(median(part.map((each) => each.rss)))} MiB`,
  );
}
say("event loop: longest stall, 99 of 100", `${loop.longestMs.toFixed(1)} ms, ${loop.p99Ms.toFixed(1)} ms`);
const total = tokens.reduce((a, b) => a + b);
say(
  "main thread's work: at a stretch, a token",
  `${loop.stretchMs.toFixed(1)} ms (${loop.longStretches} over 20 ms), ${((1000 * loop.workMs) / total).toFixed(0)} us`,
);

// Past the bound.
const flood = await Promise.all(
  Array.from({ length: 200 }, (_, i) => stream({ prompt: `${i}`, maxTokens: 60 })),
);
const refused = flood.filter(({ status }) => status === 429);
// The flood itself is sent and read by one thread; refusals are timed one by one while the queue is full.
const full = Promise.all(
  Array.from({ length: PARALLEL + MAX_WAITING }, (_, i) => stream({ prompt: `${i}`, maxTokens: 200 })),
);
await new Promise((resolve) => setTimeout(resolve, 300));
const single = [];
for (let i = 0; i < 20; i++) {
  const { status, answered } = await stream({ prompt: "x", maxTokens: 1 });
  if (status === 429) single.push(answered);
}
await full;
say(
  "200 at once: refused with 429",
  `${refused.length}, others ${flood.filter(({ status }) => status !== 429 && status !== 200).length}`,
);
say(
  "429 past the bound: median, longest",
  `${median(single)?.toFixed(1)} ms, ${Math.max(...single).toFixed(1)} ms of ${single.length}`,
);
host.kill();
agent.destroy();
process.exit();
