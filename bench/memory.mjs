// `node bench/memory.mjs [MODEL…]`: foretold memory of models beside the measured peak.
//
// What `baimo inspect` foretells against the peak of `baimo bench`. The last column is the load.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { loadavg } from "node:os";
import { basename, join } from "node:path";
import { foretell } from "./foresight.mjs";
import { prepareModel } from "./random-model.mjs";

const root = join(import.meta.dirname, "..");
const cli = join(root, "dist", "src", "cli", "main.js");
const fixtures = join(root, "..", "shared", "fixtures");
const [promptTokens, generatedTokens, threads] = [64, 32, 2];

const made = [
  "llama-1.1b-Q4_0",
  "qwen3-0.6b-Q8_0",
  "qwen3-0.6b-Q4_K_M",
  "mixtral-1.5b-Q4_0",
  "gpt2-124m-F16",
  "gpt2-124m-Q8_0",
  "bloom-560m-Q4_0",
];
const given = ["gguf/llama-q8_0.gguf", "gguf/mixtral-q4_0.gguf", "stories260k/stories260k-f32.gguf"];

/** What `baimo bench` measures of a model, in a process of its own. */
function measure(path) {
  const args = [
    cli,
    "bench",
    path,
    "--json",
    "-p",
    promptTokens,
    "-n",
    generatedTokens,
    "-r",
    3,
    "-t",
    threads,
  ];
  const child = spawnSync(process.execPath, args.map(String), { encoding: "utf8", maxBuffer: 1 << 28 });
  if (child.status !== 0) throw new Error(child.stderr.slice(-2000));
  return JSON.parse(child.stdout);
}

const asked = process.argv.slice(2);
const fixed = given.map((name) => join(fixtures, name)).filter(existsSync);
const models = asked.length > 0 ? asked : [...made, ...fixed];
const contextLength = promptTokens + generatedTokens + 1;
const signed = (ratio) => `${ratio > 1 ? "+" : ""}${(100 * (ratio - 1)).toFixed(1)}%`;
for (const model of models) {
  const path = existsSync(model) ? model : (await prepareModel(model)).path;
  const { totalBytes } = foretell(path, { contextLength, threads });
  const result = measure(path);
  console.log(
    [
      basename(path).padEnd(28),
      `foretold ${(totalBytes / 2 ** 20).toFixed(1)} MiB`,
      `peak ${(result.peakMemoryBytes / 2 ** 20).toFixed(1)} MiB`,
      signed(totalBytes / result.peakMemoryBytes),
      `load ${loadavg()[0].toFixed(1)}`,
    ].join("  "),
  );
}
