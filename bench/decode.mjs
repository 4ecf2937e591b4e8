// `node bench/decode.mjs MODEL…`: foretold and measured decoding, in processor time of one thread.
//
// Foretold: bytes of each weight type at the rate at which its kernel reads memory (measured here, on random bytes), and a share for
// each layer, measured with the embedded model. Processor time is what a loaded machine leaves comparable; rates come before and
// after each model, and their mean counts.
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { weightTypeOf } from "../dist/src/backends/wasm/matrix.js";
import { load } from "../dist/src/index.js";
import * as kernels from "../dist/src/kernels/module/module.js";
import { fill } from "./loops.mjs";

const root = join(import.meta.dirname, "..");
const [rows, cols] = [2816, 2048];
const weightBytes = 96 << 20;
const [promptTokens, generatedTokens] = [32, 24];

const bytesOf = (name) => readFile(join(root, "dist/src/kernels", `kernels.${name}.wasm`));
const { module } = await kernels.compileKernels(bytesOf, { build: "relaxed" });
const memory = kernels.kernelMemory(Math.ceil((weightBytes + (20 << 20)) / 65536));
const k = kernels.instantiateKernels(module, memory);
const products = kernels.probeProducts(module);
fill(memory);

/** Seconds of processor time that a call takes. */
function processorSeconds(call) {
  const before = process.cpuUsage();
  call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Bytes a second at which one thread multiplies a vector by matrices of a type that lie in no cache. */
function rateOf(type) {
  const groups = rows / kernels.GROUP;
  const bytes = kernels.packedBytes(type, groups, cols);
  const copies = Math.floor(weightBytes / bytes);
  const [x, q, y, scratch] = [0, 4, 8, 12].map((mega) => weightBytes + (mega << 20));
  const form = kernels.weightForms[type].activations;
  if (form !== "f32") k[`quantize_${form}`](x, cols, 1, cols, q);
  const name = kernels.matmulName(type, products);
  const run = () => {
    for (let i = 0; i < copies; i++)
      k[name](i * bytes, groups, cols, form === "f32" ? x : q, cols, 1, y, rows, 1, scratch);
  };
  run();
  return (3 * copies * bytes) / processorSeconds(() => [run(), run(), run()]);
}

/** What `inspect` says that a token reads, by type of weight. */
function bytesByType(path) {
  const args = [join(root, "dist/src/cli/main.js"), "inspect", path, "--json", "-c", "128", "-t", "1"];
  const { config, tensors } = JSON.parse(
    spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1 << 28 }).stdout,
  );
  const hasHead = tensors.some(({ name }) => name === "output.weight");
  const used = config.experts ? config.experts.perToken / config.experts.count : 1;
  const byType = new Map();
  for (const { name, bytes, dtype, shape } of tensors) {
    if (shape.length < 2 || name.startsWith("position_embd") || (name.startsWith("token_embd") && hasHead))
      continue;
    const type = weightTypeOf(dtype);
    byType.set(type, (byType.get(type) ?? 0) + bytes * (name.includes("_exps.") ? used : 1));
  }
  return { byType, layers: config.numLayers };
}

/** Seconds of processor time a token. */
async function measure(path) {
  const model = await load(path, { device: "cpu", threads: 1, contextLength: 128 });
  try {
    const seconds = [];
    for (let round = 0; round < 3; round++) {
      const prompt = Array.from(
        { length: promptTokens },
        (_, i) => (17 * i + 31 * round) % model.config.vocabSize,
      );
      let before;
      for await (const { type } of model.complete(prompt, {
        temperature: 0,
        maxTokens: generatedTokens + 1,
        ignoreEos: true,
        speculation: "off",
      }))
        if (type === "text-delta") before ??= process.cpuUsage();
      const { user, system } = process.cpuUsage(before);
      seconds.push((user + system) / 1e6 / generatedTokens);
    }
    return seconds.sort((a, b) => a - b)[1];
  } finally {
    await model[Symbol.asyncDispose]();
  }
}

const reading = ({ byType }, rates) =>
  [...byType].reduce((sum, [type, bytes]) => sum + bytes / rates.get(type), 0);
const ratesFor = ({ byType }) => new Map([...byType.keys()].map((type) => [type, rateOf(type)]));

const poet = join(root, "assets/poet.gguf");
const small = bytesByType(poet);
const layerSeconds = Math.max(0, (await measure(poet)) - reading(small, ratesFor(small))) / small.layers;
console.log(`a layer's share ${(1e6 * layerSeconds).toFixed(0)} µs`);
for (const path of process.argv.slice(2)) {
  const about = bytesByType(path);
  const before = ratesFor(about);
  const measured = await measure(path);
  const after = ratesFor(about);
  const foretold = (reading(about, before) + reading(about, after)) / 2 + about.layers * layerSeconds;
  const rates = [...before].map(
    ([type, rate]) => `${type} ${((rate + after.get(type)) / 2e9).toFixed(1)} GB/s`,
  );
  console.log(
    `${basename(path).padEnd(26)} foretold ${(1e3 * foretold).toFixed(2)} ms  measured ${(1e3 * measured).toFixed(2)} ms  ` +
      `${(100 * (foretold / measured - 1)).toFixed(0)}%  ${rates.join(", ")}`,
  );
}
