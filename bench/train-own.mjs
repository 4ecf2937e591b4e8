// One round of training in a process of its own: a line of JSON with tokens a second.
//
// Settings, from argv[2]: folder, threads, rows, length, steps, lora, optimizer.
import { openCheckpoint } from "../dist/src/formats/index.js";
import { describeModel } from "../dist/src/models/open-model.js";
import { TrainingSession } from "../dist/src/train/session.js";

const { folder, threads, rows, length, steps, lora } = JSON.parse(process.argv[2]);
const checkpoint = await openCheckpoint(folder);
const { config, weights } = await describeModel(checkpoint);
const adamw = { lr: 1e-3, beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0 };
const targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
const adapter = lora > 0 ? { r: lora, alpha: 2 * lora, rs: false, dora: false, targets, seed: 1 } : undefined;
const session = await TrainingSession.open({
  parts: { config, weights, maxTokens: rows * length, adapter },
  files: checkpoint.files,
  objective: { kind: "tokens", options: { adamw, clip: 1, schedule: { kind: "constant" } } },
  threads,
});
const times = [];
for (let step = 0; step < steps; step++) {
  const tokens = Int32Array.from(
    { length: rows * length },
    (_, i) => (i * 7919 + step * 104729) % config.vocabSize,
  );
  const batch = {
    tokens,
    targets: tokens.map((_, i) => tokens[i + 1] ?? 0),
    documents: Array(rows).fill(length),
  };
  const began = performance.now();
  await session.step([batch], { loss: Number.MAX_VALUE, gradNorm: Number.MAX_VALUE });
  times.push((performance.now() - began) / 1000);
}
await session.close();
await checkpoint.close();
// The first step compiles.
const best = Math.min(...times.slice(1));
console.log(
  JSON.stringify({
    tokensPerSecond: (rows * length) / best,
    plannedBytes: session.bytes,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  }),
);
