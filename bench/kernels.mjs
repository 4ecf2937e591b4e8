// Measures every kernel: GB/s and GFLOP/s against its cost and against the machine's ceilings.
//
//   node bench/kernels.mjs [--build simd] [--workers 2] [--json] [name …]
//
// Built kernels are needed (npm run build). Names are parts of a kernel's name. With --workers 2 the same is measured on
// two threads at once and the slower is shown, because cores share the path to memory.
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { bestSeconds, compileLoops, fill, meet, openLoops, READ_BYTES } from "./loops.mjs";

const root = resolve(import.meta.dirname, "..");
const kernels = (name) => import(join(root, "dist/src/kernels", `${name}.js`));
const {
  compileKernels,
  instantiateKernels,
  kernelMemory,
  probeProducts,
  q8Offset,
  packedBytes,
  activationBytes,
  scratchBytes,
  weightForms,
  GROUP,
} = await kernels("module/module");
const matmul = await kernels("products/matmul");
const attention = await kernels("attention/attention");
const { cost: normCost } = await kernels("ops/norm");
const { cost: ropeCost } = await kernels("ops/rope");
const { activationNumber, cost: activateCost } = await kernels("ops/activate");
const { cost: sumCost } = await kernels("ops/elementwise");
const { cost: quantizeCost } = await kernels("products/quantize-activations");
const { cost: storeCost } = await kernels("attention/kv-store");
const { cost: deltaCost } = await kernels("ops/gated-delta");

/** One layer's largest matrix of a 1.1 B Llama, half its rows, and enough of them to leave every cache. */
const rows = 2816;
const cols = 2048;
const weightBytes = READ_BYTES;
const memoryBytes = weightBytes + (64 << 20);

if (isMainThread) await main();
else parentPort.postMessage(await measureAll(workerData));

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      build: { type: "string", default: "relaxed" },
      workers: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
    },
  });
  const task = {
    build: values.build,
    names: positionals,
    loops: await compileLoops(values.build),
    gate: new SharedArrayBuffer(8),
    workers: Number(values.workers),
  };
  const runs = await Promise.all(
    Array.from({ length: task.workers }, () => {
      const worker = new Worker(new URL(import.meta.url), { workerData: task });
      return new Promise((done, fail) => worker.once("message", done).once("error", fail));
    }),
  );
  const results = runs[0].map((first, i) => {
    const slowest = runs.map((run) => run[i]).sort((a, b) => b.seconds - a.seconds)[0];
    return { ...first, seconds: slowest.seconds };
  });
  if (values.json)
    console.log(
      JSON.stringify({ node: process.version, ...task, loops: undefined, gate: undefined, results }),
    );
  else print(results, values);
}

function print(results, { build, workers }) {
  const rate = (name, unit) => {
    const one = results.find((result) => result.name === name);
    return one && one[unit] / one.seconds;
  };
  const [read, dots, floats] = [
    rate("loop: read", "bytes"),
    rate("loop: dot", "flops"),
    rate("loop: multiply", "flops"),
  ];
  console.log(
    `Node ${process.version}, ${build} build, ${workers} at once; percentages are of the loops above them`,
  );
  console.log(
    `${"kernel".padEnd(34)}${"µs".padStart(10)}${"GB/s".padStart(9)}${"%".padStart(6)}${"GFLOP/s".padStart(10)}${"%".padStart(6)}`,
  );
  for (const { name, seconds, bytes, flops, integer } of results) {
    const ceiling = integer ? dots : floats;
    const share = (value, of) => (of ? `${Math.round((100 * value) / of)}` : "").padStart(6);
    console.log(
      name.padEnd(34) +
        (seconds * 1e6).toFixed(1).padStart(10) +
        (bytes / seconds / 1e9).toFixed(2).padStart(9) +
        share(bytes / seconds, read) +
        (flops / seconds / 1e9).toFixed(1).padStart(10) +
        share(flops / seconds, ceiling),
    );
  }
}

async function measureAll({ build, names, loops, gate, workers }) {
  const bytesOf = (name) => readFile(join(root, "dist/src/kernels", `kernels.${name}.wasm`));
  const { module } = await compileKernels(bytesOf, { build });
  const memory = kernelMemory(Math.ceil(memoryBytes / 65536));
  const k = instantiateKernels(module, memory);
  fill(memory);
  const ceilings = await openLoops(loops, memory);
  const results = [];
  let gates = 0;
  for (const one of [...ceilings, ...list(k, probeProducts(module))]) {
    if (names.length > 0 && !one.name.startsWith("loop") && !names.some((name) => one.name.includes(name)))
      continue;
    one.prepare?.();
    one.run();
    meet(gate, workers * ++gates);
    results.push({
      name: one.name,
      ...one.cost,
      integer: one.integer ?? false,
      seconds: bestSeconds(one.run) / (one.times ?? 1),
    });
  }
  return results;
}

function list(k, products) {
  const scratchAt = weightBytes;
  const xAt = scratchAt + (2 << 20);
  const qAt = xAt + (8 << 20);
  const yAt = qAt + (8 << 20);
  const groups = rows / GROUP;
  const entries = [];
  const modes = products === "wide" ? ["wide"] : [products, "wide"];
  const products8 = modes.map((mode) => ["q8_0", `q8_0_${mode}`]);
  const others = Object.keys(weightForms).filter((type) => type !== "q8_0");
  for (const [type, name] of [...products8, ...others.map((type) => [type, type])]) {
    const form = weightForms[type].activations;
    const integer = form !== "f32";
    const bytes = packedBytes(type, groups, cols);
    const copies = Math.floor(weightBytes / bytes);
    for (const tokens of [1, 2, 4, 16, 120, 512]) {
      const shape = { rows, cols, tokens };
      const times = tokens === 1 ? copies : 1;
      entries.push({
        name: `matmul ${name} ${tokens}`,
        integer,
        times,
        cost: matmul.cost(type, shape),
        prepare: () => integer && k[`quantize_${form}`](xAt, cols, tokens, cols, qAt),
        run: () => {
          const x = integer ? qAt : xAt;
          for (let i = 0; i < times; i++) {
            k[`matmul_${name}`](i * bytes, groups, cols, x, cols, tokens, yAt, rows, 1, scratchAt);
          }
        },
      });
    }
  }
  for (const type of Object.keys(weightForms)) {
    const bytes = packedBytes(type, groups, cols);
    const copies = Math.floor(weightBytes / 2 / bytes);
    const offset = q8Offset(products);
    entries.push({
      name: `pack ${type}`,
      times: copies,
      cost: { bytes: 2 * bytes, flops: 0 },
      run: () => {
        for (let i = 0; i < copies; i++) {
          k[`pack_${type}`](i * bytes, weightBytes / 2 + i * bytes, groups, cols, offset);
        }
      },
    });
  }
  for (const tokens of [1, 512]) {
    entries.push({
      name: `quantize_q8 ${tokens}`,
      cost: quantizeCost({ tokens, cols }),
      run: () => k.quantize_q8(xAt, cols, tokens, cols, qAt),
    });
    entries.push({
      name: `norm ${tokens}`,
      cost: normCost({ rows: tokens, width: cols }),
      run: () => k.norm(xAt, cols, tokens, cols, 0, 1e-5, xAt, 0, qAt, cols),
    });
    entries.push({
      name: `rope ${tokens}`,
      cost: ropeCost({ tokens, heads: 16, headDim: 64, ropeDim: 64 }),
      run: () => k.rope(xAt, 1024, tokens, 16, 64, 64, qAt, qAt),
    });
    entries.push({
      name: `activate silu ${tokens}`,
      cost: activateCost({ tokens, width: rows }),
      run: () => k.activate(activationNumber("silu"), xAt, rows, qAt, rows, tokens, rows, 0),
    });
    entries.push({
      name: `add ${tokens}`,
      cost: sumCost({ count: tokens * cols }),
      run: () => k.add(xAt, qAt, tokens * cols),
    });
    const delta = { keyHeads: 8, valueHeads: 16, keyDim: 128, valueDim: 128, kernel: 4 };
    entries.push({
      name: `delta rule ${tokens}`,
      cost: deltaCost({ ...delta, tokens }),
      run: () =>
        k.delta_rule(
          xAt,
          1024,
          xAt,
          1024,
          xAt,
          2048,
          xAt,
          16,
          xAt,
          16,
          xAt,
          xAt, // query, key, value, beta, alpha, decays
          qAt,
          tokens,
          8,
          2,
          128,
          128,
          yAt,
          2048,
          scratchAt,
        ),
    });
    for (const cache of ["f16", "f32", "q8"]) {
      const size = { f16: 2, f32: 4, q8: 1 + 4 / 64 }[cache];
      const shape = { tokens, headDim: 64, position: 0 };
      entries.push({
        name: `store k and v ${cache} ${tokens}`,
        cost: { bytes: 2 * storeCost(cache.toUpperCase(), shape).bytes, flops: 0 },
        run: () => {
          k[`store_k_${cache}`](xAt, 256, tokens, 64, qAt, 0);
          k[`store_v_${cache}`](xAt, 256, tokens, 64, yAt, 0);
        },
      });
      const position = tokens === 1 ? 511 : 0;
      const heads = { heads: 8, headDim: 64, valueDim: 64, length: 0, causal: true, window: 0 };
      const [keys, values] = [qAt, qAt + (1 << 20)];
      entries.push({
        name: `attention ${cache} ${tokens} of 512`,
        cost: attention.cost({ ...heads, tokens, position }, size),
        prepare: () => {
          k[`store_k_${cache}`](xAt, 256, 512, 64, keys, 0);
          k[`store_v_${cache}`](xAt, 256, 512, 64, values, 0);
        },
        run: () =>
          k[`attention_${cache}`](
            xAt,
            512,
            tokens,
            8,
            64,
            64,
            keys,
            values,
            position,
            0,
            0,
            0.125,
            0,
            0,
            0,
            0,
            0,
            yAt,
            512,
            scratchAt, // no sinks, slopes or bias
          ),
      });
    }
  }
  const needed = scratchBytes(cols, 64);
  if (needed > 2 << 20 || activationBytes("q8k", 512, cols) > 8 << 20)
    throw new Error("bench: areas too small");
  return entries;
}
