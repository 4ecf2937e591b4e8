// Servers behind one in front: node bench/replicas.mjs [SECONDS] [STREAMS]
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { describeMachine } from "./machine.mjs";

const [seconds = "10", streams = "16"] = process.argv.slice(2).map(String);
const main = new URL("../dist/src/cli/main.js", import.meta.url).pathname;
const children = [];

function serve(...args) {
  const child = spawn(process.execPath, [main, "serve", ...args, "--port", "0", "--json"]);
  children.push(child);
  return new Promise((resolve, reject) => {
    child.stdout.once("data", (line) => resolve({ pid: child.pid, url: JSON.parse(line).url }));
    child.once("close", (status) => reject(new Error(`a server ended with ${status}`)));
  });
}

/** Seconds of processor time that a process has had (Linux). */
function processorTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const body = JSON.stringify({ model: "m", prompt: "春", max_tokens: 60, stream: true });

/** Asks for answers, so many at a time, until time is up: tokens a second, and the first token's time. */
async function load(url) {
  const until = performance.now() + Number(seconds) * 1000;
  const firsts = [];
  let tokens = 0;
  const client = async () => {
    while (performance.now() < until) {
      const started = performance.now();
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${url}/v1/completions`, { method: "POST", headers, body });
      const decoder = new TextDecoder();
      let first;
      for await (const piece of response.body) {
        first ??= performance.now() - started;
        tokens += decoder.decode(piece, { stream: true }).split('"text":').length - 1;
      }
      firsts.push(first);
    }
  };
  await Promise.all(Array.from({ length: Number(streams) }, client));
  firsts.sort((a, b) => a - b);
  return { rate: tokens / Number(seconds), first: firsts[Math.floor(firsts.length / 2)], tokens };
}

try {
  console.log(JSON.stringify(describeMachine()));
  const servers = await Promise.all([1, 2].map(() => serve("poet", "--name", "m", "--threads", "1")));
  const upstream = (...of) => of.flatMap(({ url }) => ["--upstream", `m=${url}/v1`]);
  const over = { one: await serve(...upstream(servers[0])), two: await serve(...upstream(...servers)) };
  const places = [
    ["one server", servers[0]],
    ["one server behind a gateway", over.one],
    ["two servers behind a gateway", over.two],
  ];
  for (const [name, { url, pid }] of places) {
    await load(url);
    const before = processorTime(pid);
    const { rate, first, tokens } = await load(url);
    const spent = ((processorTime(pid) - before) / tokens) * 1e6;
    const own = name === "one server" ? "the engine's included" : "of the gateway";
    console.log(
      `${name.padEnd(30)} ${rate.toFixed(0).padStart(6)} tokens/s, first token ${first.toFixed(1)} ms, ` +
        `${spent.toFixed(0)} µs of processor time a token (${own})`,
    );
  }
  // Eight long answers, four of each server; one is killed, and eight new ones are asked for at once.
  const start = async (maxTokens) => {
    const started = performance.now();
    const long = JSON.stringify({
      model: "m",
      prompt: "春",
      max_tokens: maxTokens,
      stream: true,
    });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${over.two.url}/v1/completions`, { method: "POST", headers, body: long });
    if (!response.ok) throw new Error(await response.text());
    const reader = response.body.getReader();
    const { value } = await reader.read();
    return { first: performance.now() - started, reader, text: new TextDecoder().decode(value) };
  };
  const isWhole = async ({ reader, text }) => {
    for (let next = await reader.read(); !next.done; next = await reader.read())
      text += new TextDecoder().decode(next.value);
    return text.endsWith("data: [DONE]\n\n");
  };
  const carried = await Promise.all(Array.from({ length: 8 }, () => start(400)));
  process.kill(servers[0].pid, "SIGKILL");
  const later = await Promise.all(Array.from({ length: 8 }, () => start(20)));
  const lost = (await Promise.all(carried.map(isWhole))).filter((whole) => !whole).length;
  const served = (await Promise.all(later.map(isWhole))).filter((whole) => whole).length;
  const longest = Math.max(...later.map(({ first }) => first));
  console.log(
    `one killed: ${lost} of 8 streams lost, ${served} of 8 new ones whole, their first tokens within ${longest.toFixed(0)} ms`,
  );
} finally {
  for (const child of children) child.kill();
}
