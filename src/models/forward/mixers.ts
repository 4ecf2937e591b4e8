// How tokens see each other: attention, latent attention, cross attention, gated delta nets.
import type { Activation, AttentionOptions, Matrix, Run, Slice, Vector } from "../../tensor/backend.ts";
import type { ModelConfig } from "../config/config.ts";
import type { Block, LoadedAttention, Mixer, Pass } from "./model.ts";
import { project, projectHeads } from "./project.ts";
import { queryFactors } from "./rope.ts";

type MixerOf<Kind> = Extract<Mixer, { kind: Kind }>;

/** The answer of a block's mixer; the keys and values, or the states, of x join its sequences. */
export function mix(pass: Pass, { mixer, layer }: Block, x: Activation): Activation {
  switch (mixer.kind) {
    case "attention":
      return attendHeads(pass, mixer, layer, x);
    case "latent":
      return attendLatent(pass, mixer, layer, x);
    case "delta":
      return mixRecurrently(pass, mixer, layer, x);
  }
}

/** Keys and values for the cache. */
interface KeysValues {
  readonly key: Activation | Slice;
  readonly value: Activation | Slice;
}

/** Self-attention. Keys of texts that run whole are those of one layer at a time. */
function attend(
  { backend: b, config, caches, runs }: Pass,
  options: AttentionOptions,
  layer: number,
  { query, key, value }: KeysValues & { readonly query: Slice },
  out: Slice,
): void {
  if (config.queryScaling) b.scale(query, queryFactors(config.queryScaling, runs));
  const kept = config.causal ? layer : 0;
  b.storeKeysValues(caches.decoder, kept, key, value, runs);
  b.attention(caches.decoder, kept, query, out, options, runs);
}

function attendHeads(pass: Pass, mixer: MixerOf<"attention">, layer: number, x: Activation): Activation {
  const { weights, space, options } = mixer;
  const { query, attended, gate } = space;
  attend(pass, options, layer, { query, ...projectAttention(pass, mixer, layer, x) }, attended);
  if (gate) pass.backend.sigmoidMul(attended, gate);
  return projectOut(pass, weights.output, attended);
}

/** Queries into the workspace; keys and values for the cache: clipped, normalised and turned as the config has it. */
function projectAttention(
  pass: Pass,
  { weights, space }: MixerOf<"attention">,
  layer: number,
  x: Activation,
): KeysValues {
  const { backend: b, caches, config } = pass;
  project(pass, x, [weights.query, space.query], [weights.key, space.key], [weights.value, space.value]);
  if (weights.gate && space.gate) project(pass, x, [weights.gate, space.gate]);
  if (config.qkvClip > 0 && !config.clipAfterNorm) clip(pass, space.query, space.key, space.value);
  const key = normQueriesKeys(pass, weights, space);
  const value = b.gatherHeads(space.value, caches.decoder);
  if (config.qkvClip > 0 && config.clipAfterNorm) clip(pass, space.query, key, value);
  turn(pass, layer, config.headDim, space.query, key);
  return { key, value };
}

function clip({ backend: b, config }: Pass, ...parts: (Activation | Slice)[]): void {
  for (const part of parts) b.clip(part, config.qkvClip);
}

/** Normalises queries and keys where the model has norms for them. Returns the keys, for the cache. */
function normQueriesKeys(
  { backend: b, caches, config }: Pass,
  { queryNorm, keyNorm }: LoadedAttention,
  space: { query: Slice; key: Slice },
): Activation | Slice {
  if (!queryNorm || !keyNorm) return b.gatherHeads(space.key, caches.decoder);
  const [ofQuery, ofKey] = [queryNorm, keyNorm].map((weight) => headNorm(config, weight));
  if (config.qkNorm === "full") {
    const [query, key] = [b.gather(space.query), b.gather(space.key)];
    b.norm(query, ofQuery, query);
    b.keepOwn(query, space.query);
    b.norm(key, ofKey, key);
    return key;
  }
  const key = b.gatherHeads(space.key, caches.decoder);
  b.headNorm(space.query, ofQuery, config.headDim);
  b.headNorm(key, ofKey, config.headDim);
  return key;
}

function headNorm({ norm: kind, normEps: eps }: ModelConfig, weight: Vector) {
  return { kind, eps, weight };
}

/** RoPE with the layer's own angles, if it has any. */
function turn(
  { backend: b, config }: Pass,
  layer: number,
  headDim: number,
  ...parts: (Activation | Slice)[]
): void {
  const angles = config.layerRopes[layer];
  if (angles >= 0) for (const part of parts) b.rope(part, headDim, angles);
}

/**
 * Multi-head latent attention in its absorbed form, for prompts and single tokens alike: what would make keys of the latent is
 * multiplied into the queries, so that the cache has for all heads one key, the part that RoPE turns and then the latent.
 */
function attendLatent(
  pass: Pass,
  { weights, space, options, config: { ropeDim, normEps: eps } }: MixerOf<"latent">,
  layer: number,
  x: Activation,
): Activation {
  const { backend: b, config } = pass;
  const { latent } = space;
  const norm = (weight: Vector) => ({ kind: config.norm, eps, weight });
  const [keyValueDown, keyRope] = [
    [weights.keyValueDown, latent.keyValue],
    [weights.keyRope, latent.keyRope],
  ] as const;
  if (weights.queryDown && latent.query) {
    project(pass, x, [weights.queryDown.project, latent.query], keyValueDown, keyRope);
    const query = b.gather(latent.query);
    b.norm(query, norm(weights.queryDown.norm), query);
    project(pass, query, [weights.query, space.query]);
  } else {
    project(pass, x, [weights.query, space.query], keyValueDown, keyRope);
  }
  const value = b.gather(latent.keyValue);
  b.norm(value, norm(weights.keyValueNorm), value);
  const key = b.gather(latent.keyRope);
  turn(pass, layer, config.headDim, space.query);
  turn(pass, layer, ropeDim, key);
  projectHeads(pass, space.query, weights.key, latent.asked);
  attend(pass, options, layer, { query: latent.asked, key, value }, latent.answered);
  projectHeads(pass, latent.answered, weights.value, space.attended);
  return projectOut(pass, weights.output, space.attended);
}

/** Keeps keys and values that all tokens of a text will see: the encoder's own, or those that decoder layer `layer` asks. */
export function storeEncoderKeys(pass: Pass, weights: LoadedAttention, x: Activation, layer?: number): void {
  const { backend: b, caches, runs, workspace } = pass;
  const { key, value } = workspace.attention;
  const cache = layer === undefined ? caches.encoder : caches.cross;
  if (!cache) throw new Error("this model has no encoder");
  project(pass, x, [weights.key, key], [weights.value, value]);
  b.storeKeysValues(cache, layer ?? 0, b.gatherHeads(key, cache), b.gatherHeads(value, cache), runs);
}

/** Attention of an encoder's block, which sees the whole text. Its keys and values have been kept. */
export function attendWithin(
  pass: Pass,
  { weights, options, space }: MixerOf<"attention">,
  x: Activation,
): Activation {
  const { backend: b, caches, runs } = pass;
  if (!caches.encoder) throw new Error("this model has no encoder");
  project(pass, x, [weights.query, space.query]);
  b.attention(caches.encoder, 0, space.query, space.attended, options, runs);
  return projectOut(pass, weights.output, space.attended);
}

/** Attention over the encoder's answer. */
export function attendEncoded(
  pass: Pass,
  { weights, options }: NonNullable<Block["cross"]>,
  layer: number,
  x: Activation,
): Activation {
  const { backend: b, caches, text, workspace } = pass;
  const { query, attended } = workspace.attention;
  if (!caches.cross) throw new Error("this model has no encoder");
  project(pass, x, [weights.query, query]);
  const overText = (run: Run): Run => ({
    ...run,
    sequence: text.sequence,
    position: 0,
    length: text.tokens,
  });
  b.attention(caches.cross, layer, query, attended, options, pass.runs.map(overText));
  return projectOut(pass, weights.output, attended);
}

/** A gated delta net: its answer, normalised and gated head by head, projected. */
function mixRecurrently(
  pass: Pass,
  { weights, space, config: { valueDim } }: MixerOf<"delta">,
  layer: number,
  x: Activation,
): Activation {
  const { backend: b, caches, config, runs } = pass;
  if (!caches.delta) throw new Error("a delta net without states");
  project(
    pass,
    x,
    [weights.query, space.query],
    [weights.key, space.key],
    [weights.value, space.value],
    [weights.gate, space.gate],
    [weights.beta, space.beta],
    [weights.alpha, space.alpha],
  );
  const { queryKernel, keyKernel, valueKernel, decay, decayBias } = weights;
  const { query, key, value, beta, alpha } = space;
  const small = { queryKernel, keyKernel, valueKernel, decay, decayBias };
  b.gatedDelta(caches.delta, layer, { query, key, value, beta, alpha, ...small }, space.out, runs);
  b.headNorm(space.out, { kind: "rms", eps: config.normEps, weight: weights.norm }, valueDim);
  b.activate("silu", space.gate, space.out, 0);
  return projectOut(pass, weights.output, space.gate);
}

/** A mixer's answer, whole; valid until the next product into the same workspace. */
function projectOut(pass: Pass, output: Matrix, answer: Slice): Activation {
  const { backend: b, workspace: w } = pass;
  project(pass, b.gather(answer), [output, w.projected]);
  return b.gather(w.projected);
}
