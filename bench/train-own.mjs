// One round of training in a process of its own: a line of JSON with tokens a second.
//
// Settings, from argv[2]: folder, threads, rows, length, steps, lora; and, where they are not the usual ones, dora, muon,
// recompute.
import { openCheckpoint } from "../dist/src/formats/index.js";
import { describeModel } from "../dist/src/models/open-model.js";
import { TrainingSession, withRuntime } from "../dist/src/train/session.js";

const settings = JSON.parse(process.argv[2]);
const { folder, threads, rows, length, steps, lora, dora = false, recompute = "none" } = settings;
const checkpoint = await openCheckpoint(folder);
const { config, weights } = await describeModel(checkpoint);
const adamw = { lr: 1e-3, beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0 };
const muon = settings.muon
  ? { lr: 0.02, momentum: 0.95, nesterov: true, weightDecay: 0, scale: "original" }
  : undefined;
const targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
const adapter = lora > 0 ? { r: lora, alpha: 2 * lora, rs: false, dora, targets, seed: 1 } : undefined;
const session = await TrainingSession.open({
  parts: { config, weights, maxTokens: rows * length, adapter, recompute },
  files: checkpoint.files,
  objective: { kind: "tokens", options: { adamw, muon, clip: 1, schedule: { kind: "constant" } } },
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
    plannedBytes: withRuntime(session.bytes, threads),
    peakBytes: process.resourceUsage().maxRSS * 1024,
  }),
);
