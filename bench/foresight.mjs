// What `baimo inspect` predicts for a model: memory, bytes and operations a token (roofline).
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const cli = join(import.meta.dirname, "..", "dist", "src", "cli", "main.js");

/** Bytes of a key or value; both engines keep halves unless the weights are F32. */
const CACHED_BYTES = 2;

/**
 * Asks `inspect` about a model at a context length and a number of threads.
 *
 * expertShare  the part of the experts that is kept in memory
 *
 * Returns totalBytes (foretold peak), tokenBytes (weights that a token meets, as the file holds them) with positionBytes
 * more for each position of the context, promptOps (integer or float operations of the weights for a token of a prompt),
 * headOps (once a prompt), and whether these weights are floats. The last five are absent of models with an encoder.
 */
export function foretell(model, { contextLength, threads, expertShare = 1 }) {
  const args = [cli, "inspect", model, "--json", "-c", String(contextLength), "-t", String(threads)];
  const child = spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (child.status !== 0) throw new Error(`baimo ${args.slice(1).join(" ")}: ${child.stderr.slice(-2000)}`);
  const { config, memory, tensors, flopsPerToken, problem } = JSON.parse(child.stdout);
  if (!memory) throw new Error(`${model} cannot be run: ${problem}`);
  const totalBytes = memory.totalBytes - (1 - expertShare) * memory.expertBytes;
  if (config.encoderLayers > 0) return { totalBytes };
  const hasHead = tensors.some(({ name }) => name === "output.weight");
  const used = config.experts ? config.experts.perToken / config.experts.count : 1;
  let tokenBytes = 0;
  for (const { name, bytes } of tensors) {
    if (name === "position_embd.weight" || (name === "token_embd.weight" && hasHead)) continue;
    tokenBytes += name.includes("_exps.") ? bytes * used : bytes;
  }
  const { numLayers, numKvHeads, headDim, valueDim, vocabSize, hiddenSize } = config;
  const headOps = 2 * vocabSize * hiddenSize;
  const largest = tensors.reduce((a, b) => (b.name.startsWith("blk.") && b.bytes > a.bytes ? b : a), {
    bytes: 0,
  });
  return {
    totalBytes,
    tokenBytes,
    headOps,
    positionBytes: CACHED_BYTES * numLayers * numKvHeads * (headDim + valueDim),
    promptOps: flopsPerToken - headOps,
    floats: ["F32", "F16", "BF16"].includes(largest.dtype),
  };
}
