// `npm run bench -- --train-memory`: what `baimo train` says that it takes, and what it took.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trainTokenizer } from "../dist/src/tokenizers/index.js";
import { prepare, trainings } from "./train.mjs";

const targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
const lora = { adapter: "lora", r: 16, targets };

/** Keys of a run over those of every one. */
const configurations = [
  ["poet", { microBatch: 16, batch: 16 }],
  ["poet", { microBatch: 32, batch: 32 }],
  ["poet", { microBatch: 16, batch: 16, recompute: "block" }],
  ["poet", { microBatch: 16, batch: 16, optimizer: "muon" }],
  ["poet", { microBatch: 16, batch: 16, ...lora }],
  ["llama-15m", { microBatch: 8, batch: 8 }],
  ["llama-15m", { microBatch: 8, batch: 8, recompute: "attention" }],
  ["llama-15m", { microBatch: 2, batch: 2, sequenceLength: 512, ...lora, adapter: "dora" }],
  ["qwen3-0.6b-lora16", { microBatch: 1, batch: 1, ...lora }],
  ["qwen3-0.6b-lora16", { microBatch: 1, batch: 1, ...lora, recompute: "block" }],
];

/** Prints the peak where a process ends. */
const peak = "process.on('exit',()=>console.log(JSON.stringify({peak:process.resourceUsage().maxRSS*1024})))";

/** Four steps of each, a line of figures each. */
export async function* compareMemory({ threads = 2, only }) {
  const folder = mkdtempSync(join(tmpdir(), "baimo-memory-"));
  // Longer than a row, so that rows are full and all of the memory is written.
  const texts = Array.from({ length: 100 }, (_, i) => `line ${i} of a text that says nothing. `.repeat(400));
  const data = join(folder, "texts.jsonl");
  writeFileSync(data, texts.map((text) => JSON.stringify({ text })).join("\n"));
  const tokenizer = JSON.stringify(await trainTokenizer(texts, { vocabSize: 300 }));
  try {
    for (const [i, [name, keys]] of configurations.entries()) {
      if (only && !new RegExp(only).test(name)) continue;
      const model = await prepare(trainings.find((one) => one.name === name));
      if (!existsSync(join(model, "tokenizer.json"))) writeFileSync(join(model, "tokenizer.json"), tokenizer);
      const out = join(folder, String(i));
      const run = { stage: "continue", model, data: [data], out, steps: 4, saveEvery: 0, threads, ...keys };
      const config = join(folder, `${i}.json`);
      writeFileSync(config, JSON.stringify(run));
      const main = join(import.meta.dirname, "../dist/src/cli/main.js");
      const options = { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 26 };
      const child = spawnSync(
        process.execPath,
        ["--import", `data:text/javascript,${encodeURIComponent(peak)}`, main, "train", config, "--json"],
        options,
      );
      if (child.status !== 0) throw new Error(`baimo train of ${name} failed`);
      const lines = child.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      const foretold = lines.find(({ type }) => type === "planned").plan.memoryBytes;
      const measured = Math.max(...lines.flatMap(({ peak }) => peak ?? []));
      rmSync(out, { recursive: true });
      const off = (100 * (measured / foretold - 1)).toFixed(1);
      const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
      yield `${name} ${JSON.stringify(keys)}: ${megabytes(foretold)} foretold, ${megabytes(measured)} at the peak (${off}%)`;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
