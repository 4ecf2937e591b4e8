// Whether a configuration read back from GGUF is the one that it was written from.
import type { ModelConfig } from "../config/config.ts";
import { hasNoPlace } from "../families/write/llama-line.ts";
import { dependsOnLength, ropeFrequencies } from "../forward/rope.ts";

/** Knobs that are another thing in a file, or show there by the presence of tensors. */
const byTensors = new Set([
  "architecture",
  "eosTokenIds",
  "bosTokenId",
  "decoderStartTokenId",
  "qkvBias",
  "outputBias",
  "mlpBias",
  "headBias",
  "headNormalized",
  "normWeight",
  "ropes",
  "layerRopes",
  "slidingWindow",
  "experts.bias",
  "experts.routerBias",
]);

/**
 * Compares the configuration that a written file has with the one that it was made from.
 *
 * Returns what is lost without harm to texts of moderate length, as sentences.
 * @throws {BaimoError} `request` naming the knobs that GGUF does not hold
 */
export function compareConfigs(source: ModelConfig, written: ModelConfig, architecture: string): string[] {
  const lost: string[] = [];
  const compare = (path: string, a: unknown, b: unknown): void => {
    if (byTensors.has(path) || meansNothing(path, source)) return;
    if (typeof a === "number" && typeof b === "number") {
      // Files hold float32.
      if (Math.abs(a - b) > 1e-6 * Math.max(Math.abs(a), Math.abs(b)))
        lost.push(`${path} (${a}, read back ${b})`);
    } else if (typeof a === "object" && typeof b === "object" && a !== null && b !== null) {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
        const inner = path === "" ? key : `${path}.${key}`;
        compare(inner, (a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]);
      }
    } else if (a !== b) {
      lost.push(`${path} (${JSON.stringify(a)}, read back ${JSON.stringify(b)})`);
    }
  };
  const { queryScaling } = source;
  const isLogN = queryScaling?.type === "log-n" && !written.queryScaling;
  compare("", isLogN ? { ...source, queryScaling: undefined } : source, written);
  if (source.normWeight !== written.normWeight && source.normWeight !== "one-plus") {
    lost.push(`normWeight (${source.normWeight}, read back ${written.normWeight})`);
  }
  const notes: string[] = [];
  if (isLogN) notes.push("log-n attention: texts past the length of training will differ");
  for (let l = 0; l < source.numLayers; l++) {
    const [from, to] = [source.slidingWindow[l], written.slidingWindow[l]];
    if (from === to || (from >= source.contextLength && to === 0)) continue;
    if (to !== 0) lost.push(`slidingWindow of layer ${l} (${from}, read back ${to})`);
    else if (notes.length === 0) {
      notes.push(
        `the window of ${from} positions, which this architecture does not have: longer texts will differ`,
      );
    }
  }
  const grown = source.ropes.find((rope) => dependsOnLength(rope) && rope.scaling.type !== "longrope");
  if (grown && !written.ropes.some(dependsOnLength)) {
    notes.push(`RoPE scaling "${grown.scaling.type}": texts past the length of training will differ`);
  }
  if (!sameAngles(source, written)) lost.push(`RoPE (${JSON.stringify(source.ropes)})`);
  if (lost.length > 0)
    throw hasNoPlace(architecture, lost.slice(0, 4).join(", "), "the knobs of its config.json");
  return notes;
}

/** Knobs that others make idle. */
function meansNothing(path: string, config: ModelConfig): boolean {
  if (path === "clipAfterNorm") return config.qkvClip === 0;
  return path === "experts.normalize" && config.experts?.score === "sparsemixer";
}

/** Whether positions turn alike in every layer, for a short and for the longest sequence of training. */
function sameAngles(a: ModelConfig, b: ModelConfig): boolean {
  for (let l = 0; l < a.numLayers; l++) {
    const [one, other] = [a.ropes[a.layerRopes[l]], b.ropes[b.layerRopes[l]]];
    if (!one || !other) {
      if (one || other) return false;
      continue;
    }
    const grows = one.scaling.type === "dynamic" || one.scaling.type === "qwen-ntk";
    const trained = grows ? one.scaling.originalContextLength : a.contextLength;
    for (const length of [1, trained]) {
      const [x, y] = [ropeFrequencies(one, length), ropeFrequencies(other, length)];
      if (x.inverse.length !== y.inverse.length) return false;
      if (Math.abs(x.attentionFactor - y.attentionFactor) > 1e-6 * x.attentionFactor) return false;
      if (x.inverse.some((f, i) => Math.abs(f - y.inverse[i]) > 1e-6 * f)) return false;
    }
  }
  return true;
}
