// `npm run bench -- --train`: training beside PyTorch on the CPU, in alternating rounds.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeInitialModel } from "../dist/src/train/initialize.js";
import { median } from "./measure.mjs";

const llama = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_act: "silu",
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  max_position_embeddings: 512,
  tie_word_embeddings: true,
  attention_bias: false,
  mlp_bias: false,
  bos_token_id: 1,
  eos_token_id: 2,
};

/** What is trained: the poet's shape, a Llama of 15 M, LoRA beside a Qwen3 of 0.6 B. */
export const trainings = [
  {
    name: "poet",
    rows: 16,
    length: 256,
    steps: 4,
    lora: 0,
    config: {
      ...llama,
      hidden_size: 256,
      intermediate_size: 640,
      num_hidden_layers: 5,
      num_attention_heads: 8,
      num_key_value_heads: 4,
      head_dim: 32,
      vocab_size: 6144,
    },
  },
  {
    name: "llama-15m",
    rows: 8,
    length: 256,
    steps: 4,
    lora: 0,
    config: {
      ...llama,
      hidden_size: 288,
      intermediate_size: 768,
      num_hidden_layers: 6,
      num_attention_heads: 6,
      num_key_value_heads: 6,
      head_dim: 48,
      vocab_size: 32000,
    },
  },
  {
    name: "qwen3-0.6b-lora16",
    rows: 1,
    length: 256,
    steps: 3,
    lora: 16,
    config: {
      architectures: ["Qwen3ForCausalLM"],
      model_type: "qwen3",
      hidden_act: "silu",
      hidden_size: 1024,
      intermediate_size: 3072,
      num_hidden_layers: 28,
      num_attention_heads: 16,
      num_key_value_heads: 8,
      head_dim: 128,
      rms_norm_eps: 1e-6,
      vocab_size: 151936,
      max_position_embeddings: 40960,
      rope_theta: 1000000,
      tie_word_embeddings: true,
      attention_bias: false,
      bos_token_id: 1,
      eos_token_id: 2,
    },
  },
];

/** A folder with the random weights of a training's model. */
export async function prepare({ name, config }) {
  const folder = join(import.meta.dirname, "data", `train-${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), `${JSON.stringify(config, undefined, 2)}\n`);
  const weights = join(folder, "model.safetensors");
  if (!existsSync(weights))
    await writeInitialModel(readFileSync(join(folder, "config.json")), weights, { seed: 1 });
  return folder;
}

/**
 * Measures each in turn.
 *
 * rounds  of every cell
 * python  an interpreter that has torch and transformers, for PyTorch's rounds
 * only    names of trainings
 */
export async function compareTraining({ rounds = 3, threads = 2, python, only }) {
  const results = [];
  for (const training of trainings) {
    if (only && !new RegExp(only).test(training.name)) continue;
    const { name, rows, length, steps, lora } = training;
    const folder = await prepare(training);
    const run = (command, script, more = {}) => {
      const settings = JSON.stringify({ folder, threads, rows, length, steps, lora, ...more });
      const child = spawnSync(command, [join(import.meta.dirname, script), settings], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
      });
      if (child.status !== 0) throw new Error(`${script} of ${name} failed`);
      return JSON.parse(child.stdout.trim().split("\n").at(-1));
    };
    const cells = { own: [], ownAlone: [], torch: [] };
    let planned = 0;
    let peak = 0;
    for (let round = 0; round < rounds; round++) {
      const own = run(process.execPath, "train-own.mjs");
      cells.own.push(own.tokensPerSecond);
      planned = own.plannedBytes;
      peak = Math.max(peak, own.peakBytes);
      if (python) cells.torch.push(run(python, "train_torch.py").tokensPerSecond);
      cells.ownAlone.push(run(process.execPath, "train-own.mjs", { threads: 1 }).tokensPerSecond);
    }
    results.push({
      name,
      own: median(cells.own),
      ownAlone: median(cells.ownAlone),
      torch: python ? median(cells.torch) : undefined,
      plannedBytes: planned,
      peakBytes: peak,
    });
  }
  return results;
}

/** The results as lines for people. */
export function trainingLines(results) {
  return results.map(({ name, own, ownAlone, torch, plannedBytes, peakBytes }) => {
    const beside = torch === undefined ? "" : `, PyTorch ${torch.toFixed(0)} (${(own / torch).toFixed(2)})`;
    const memory = `memory ${(plannedBytes / 1e6).toFixed(0)} MB planned, ${(peakBytes / 1e6).toFixed(0)} MB peak`;
    return `${name}: ${own.toFixed(0)} tokens/s, one thread ${ownAlone.toFixed(0)} (${(own / ownAlone).toFixed(2)})${beside}; ${memory}`;
  });
}
