// `node bench/decode.mjs MODEL…`: foretold and measured decoding, in processor time of one thread.
//
// Foretold: bytes of each weight type at the rate at which its kernel reads memory (measured here, on random bytes), and a share for
// each layer, measured with the embedded model. Processor time is what a loaded machine leaves comparable; rates and tokens are
// measured in turn, since a shared machine's memory is twice as fast in one second as in the next.
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { weightTypeOf } from "../dist/src/backends/wasm/matrix.js";
import { load } from "../dist/src/index.js";
import * as kernels from "../dist/src/kernels/module/module.js";
import { fill } from "./loops.mjs";

const root = join(import.meta.dirname, "..");
const weightBytes = 96 << 20;
const [promptTokens, generatedTokens] = [8, 16];
const [skipped, rounds, leastSeconds, restMs] = [2, 16, 0.1, 20];

const bytesOf = (name) => readFile(join(root, "dist/src/kernels", `kernels.${name}.wasm`));
const memory = kernels.kernelMemory(Math.ceil((weightBytes + (20 << 20)) / 65536));
fill(memory);

/** Kernels of these types alone, as the engine compiles them: of all at once, Node 24's may come out slower. */
async function openKernels(types) {
  const { module } = await kernels.compileKernels(bytesOf, { build: "relaxed", types });
  return { k: kernels.instantiateKernels(module, memory), products: kernels.probeProducts(module) };
}

/** Seconds of processor time that a call takes. */
function processorSeconds(call) {
  const before = process.cpuUsage();
  call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/**
 * Bytes a second at which one thread multiplies vectors by matrices of a type and shape, one after another as a token does, each
 * vector rounded as the kernel wants it: all in all as many bytes as the model has, or more than any cache.
 */
function rateOf({ k, products }, { type, rows, cols }, modelBytes) {
  const whole = Math.ceil(rows / kernels.GROUP);
  const groupBytes = kernels.packedBytes(type, 1, cols);
  const groups = Math.min(whole, Math.floor(weightBytes / groupBytes));
  const bytes = groups * groupBytes;
  const copies = Math.max(1, Math.round(Math.min(weightBytes - bytes, modelBytes) / bytes));
  const [x, q, y, scratch] = [0, 4, 8, 12].map((mega) => weightBytes + (mega << 20));
  const form = kernels.weightForms[type].activations;
  const name = kernels.matmulName(type, products);
  const run = () => {
    for (let i = 0; i < copies; i++) {
      if (form !== "f32") k[`quantize_${form}`](x, cols, 1, cols, q);
      const stride = groups * kernels.GROUP;
      k[name](i * bytes, groups, cols, form === "f32" ? x : q, cols, 1, y, stride, 1, scratch);
    }
  };
  let [passes, seconds] = [0, 0];
  for (; seconds < leastSeconds / 4; passes++) seconds += processorSeconds(run);
  return (passes * copies * bytes) / seconds;
}

/** What `inspect` says that a token reads: bytes by type and shape of matrix. */
function matricesOf(path) {
  const args = [join(root, "dist/src/cli/main.js"), "inspect", path, "--json", "-c", "128", "-t", "1"];
  const { config, tensors } = JSON.parse(
    spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1 << 28 }).stdout,
  );
  const hasHead = tensors.some(({ name }) => name === "output.weight");
  const used = config.experts ? config.experts.perToken / config.experts.count : 1;
  const matrices = new Map();
  for (const { name, bytes, dtype, shape } of tensors) {
    if (shape.length < 2 || name.startsWith("position_embd") || (name.startsWith("token_embd") && hasHead))
      continue;
    const [rows, cols] = shape.slice(-2);
    const matrix = { type: weightTypeOf(dtype), rows, cols };
    const key = JSON.stringify(matrix);
    const before = matrices.get(key)?.bytes ?? 0;
    matrices.set(key, { matrix, bytes: before + bytes * (name.includes("_exps.") ? used : 1) });
  }
  const all = [...matrices.values()];
  return { matrices: all, total: all.reduce((sum, { bytes }) => sum + bytes, 0), layers: config.numLayers };
}

/**
 * Rounds of both in turn, since a machine's memory is fast in one second and slow in the next: rates, some tokens, rates. The first
 * rounds count for nothing: V8 still compiles.
 */
async function measure(path) {
  const { matrices, total, layers } = matricesOf(path);
  const opened = await openKernels([...new Set(matrices.map(({ matrix }) => matrix.type))]);
  const reading = async () => {
    await setTimeout(restMs); // the engine's thread falls asleep: its processor time is of the same process
    return matrices.reduce((sum, { matrix, bytes }) => sum + bytes / rateOf(opened, matrix, total), 0);
  };
  const model = await load(path, { device: "cpu", threads: 1, contextLength: 128 });
  try {
    const found = [];
    let before = await reading();
    for (let round = 0; round < skipped + rounds; round++) {
      const seconds = await tokenSeconds(model, round);
      const after = await reading();
      if (round >= skipped) found.push({ seconds, reading: (before + after) / 2 });
      before = after;
    }
    return { total, layers, found };
  } finally {
    await model[Symbol.asyncDispose]();
  }
}

/**
 * Seconds of processor time a token: what a long answer takes beyond one of a single token, since the engine is ahead of who reads
 * its events. Over so many answers that they are longer than the clock's steps.
 */
async function tokenSeconds(model, round) {
  let [seconds, answers] = [0, 0];
  for (; seconds < leastSeconds; answers++) {
    const start = 31 * round + 7 * answers;
    const short = await answerSeconds(model, start, 1);
    seconds += (await answerSeconds(model, start + 3, generatedTokens + 1)) - short;
  }
  return seconds / answers / generatedTokens;
}

async function answerSeconds(model, start, maxTokens) {
  const { vocabSize } = model.config;
  const prompt = Array.from({ length: promptTokens }, (_, i) => (17 * i + start) % vocabSize);
  const before = process.cpuUsage();
  for await (const _ of model.complete(prompt, {
    temperature: 0,
    maxTokens,
    ignoreEos: true,
    speculation: "off",
  }));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const middle = (values, at = 0.5) => values.sort((a, b) => a - b)[Math.floor(at * values.length)];
const small = await measure(join(root, "assets/poet.gguf"));
const layerSeconds = Math.max(
  0,
  middle(small.found.map(({ seconds, reading }) => (seconds - reading) / small.layers)),
);
console.log(`a layer's share ${(1e6 * layerSeconds).toFixed(0)} µs`);
for (const path of process.argv.slice(2)) {
  const { found, layers, total } = await measure(path);
  const ratios = found.map(({ seconds, reading }) => (reading + layers * layerSeconds) / seconds - 1);
  const [low, likely, high] = [0.25, 0.5, 0.75].map((at) => `${(100 * middle(ratios, at)).toFixed(0)}%`);
  const reading = middle(found.map((each) => each.reading));
  console.log(
    `${basename(path).padEnd(26)} foretold ${(1e3 * (reading + layers * layerSeconds)).toFixed(2)} ms  ` +
      `measured ${(1e3 * middle(found.map((each) => each.seconds))).toFixed(2)} ms  ` +
      `in turn ${likely} (half of them ${low} to ${high})  ${(total / reading / 1e9).toFixed(1)} GB/s`,
  );
}
