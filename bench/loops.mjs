// What this machine's WebAssembly can do at best: runs loops.as.ts on one or more threads.
//
//   node bench/loops.mjs '{"threads":2}'     JSON out: bytes read, integer operations and float operations a second
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const root = resolve(import.meta.dirname, "..");

/** Bytes that the read loop goes through: beyond every cache. */
export const READ_BYTES = 160 << 20;

/** Pages of 64 KiB that a memory of the kernels, and of the loops, may have. */
const MAX_PAGES = 65_536;

/** The loops of loops.as.ts as a module's bytes. */
export async function compileLoops(build) {
  const { default: asc } = await import("assemblyscript/asc");
  let bytes;
  const features = build === "relaxed" ? "simd,relaxed-simd,threads" : "simd,threads";
  const flags = ["--enable", features, "--runtime", "stub", "-O1", "--noAssert", "--importMemory"];
  // as the kernels' memory is
  flags.push("--sharedMemory", "--maximumMemory", String(MAX_PAGES));
  const { error, stderr } = await asc.main(
    ["bench/loops.as.ts", "--outFile", "loops.wasm", "--baseDir", root, ...flags],
    {
      writeFile: (_, contents) => void (bytes = contents),
      readFile: (name, base) => readFile(join(base, name), "utf8").catch(() => null),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`loops.as.ts: ${stderr}`);
  return bytes;
}

/** The loops over a memory, each with what one run of it costs. */
export async function openLoops(bytes, memory) {
  const { withEngineFlags } = await import("../dist/src/kernels/module/engine-flags.js");
  const module = await withEngineFlags(() => WebAssembly.compile(bytes));
  const { read, multiply, dot } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  return [
    { name: "loop: read", cost: { bytes: READ_BYTES, flops: 0 }, run: () => read(0, READ_BYTES) },
    { name: "loop: multiply", cost: { bytes: 0, flops: 64e6 }, run: () => multiply(1e6) },
    { name: "loop: dot", integer: true, cost: { bytes: 0, flops: 256e6 }, run: () => dot(1e6) },
  ];
}

/** Seconds of one run: the best of several stretches. */
export function bestSeconds(run) {
  let [best, repeats] = [Infinity, 1];
  for (const started = performance.now(); performance.now() - started < 700; ) {
    const from = performance.now();
    for (let i = 0; i < repeats; i++) run();
    const spent = performance.now() - from;
    best = Math.min(best, spent / repeats / 1e3);
    repeats = Math.max(1, Math.ceil(25 / ((spent + 0.001) / repeats)));
  }
  return best;
}

/** Random bytes, none of which is an infinite, subnormal or large half or float. */
export function fill(memory) {
  const halves = new Uint16Array(memory.buffer);
  let state = 1;
  for (let i = 0; i < halves.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    halves[i] = 0x2460 | ((state >>> 16) & 0x871f);
  }
}

/** Waits until `count` arrivals have been counted. */
export function meet(gate, count) {
  const here = new Int32Array(gate);
  Atomics.add(here, 0, 1);
  while (Atomics.load(here, 0) < count);
}

/** One thread's seconds for each loop, all threads beginning together. */
async function measureThread({ bytes, gate, threads }) {
  const initial = Math.ceil(READ_BYTES / 65536);
  const memory = new WebAssembly.Memory({ initial, maximum: MAX_PAGES, shared: true });
  fill(memory);
  const seconds = [];
  for (const { run } of await openLoops(bytes, memory)) {
    run();
    meet(gate, threads * (seconds.length + 1));
    seconds.push(bestSeconds(run));
  }
  return seconds;
}

/** What all threads together reach; the slowest of them counts. */
async function measureCeilings({ threads }) {
  const settings = {
    ceilings: true,
    threads,
    gate: new SharedArrayBuffer(4),
    bytes: await compileLoops("relaxed"),
  };
  const runs = await Promise.all(
    Array.from({ length: threads }, () => {
      const worker = new Worker(new URL(import.meta.url), { workerData: settings });
      return new Promise((done, fail) => worker.once("message", done).once("error", fail));
    }),
  );
  const slowest = (loop) => Math.max(...runs.map((seconds) => seconds[loop]));
  return {
    readBytesPerSecond: (threads * READ_BYTES) / slowest(0),
    floatOpsPerSecond: (threads * 64e6) / slowest(1),
    integerOpsPerSecond: (threads * 256e6) / slowest(2),
  };
}

if (isMainThread && process.argv[1] === fileURLToPath(import.meta.url)) {
  const ceilings = await measureCeilings({ threads: 1, ...JSON.parse(process.argv[2] ?? "{}") });
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const about = { engine: "loops", node: process.version };
  console.log(JSON.stringify({ ...ceilings, runs: [], cpuMs: (userCPUTime + systemCPUTime) / 1000, about }));
} else if (workerData?.ceilings) {
  parentPort.postMessage(await measureThread(workerData));
}
