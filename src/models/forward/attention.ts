// The mixers of a block: attention, latent attention, cross-attention, gated delta nets.
import type { Activation, Matrix, Slice, Vector } from "../../tensor/backend.ts";
import type { ModelConfig } from "../config/config.ts";
import type { AttentionParts, DeltaParts } from "../weights/weights.ts";
import { queryFactors } from "./rope.ts";
import type { Transformer } from "./transformer.ts";

type Attention = AttentionParts<Matrix, Vector>;

/** Causal self-attention of layer l; the keys and values of x join the cache. */
export function attend(
  model: Transformer,
  weights: Attention,
  l: number,
  x: Activation,
  position: number,
): Activation {
  const { backend: b, config, caches, decoder, workspace: w } = model;
  const { key, value } = weights.latent
    ? projectLatent(model, weights, l, x)
    : projectHeads(model, weights, l, x);
  if (config.queryScaling) b.scale(w.query, queryFactors(config.queryScaling, position, x.tokens));
  b.storeKeysValues(caches.decoder, l, key, value, position);
  const span = { position, length: position + x.tokens };
  b.attention(caches.decoder, l, w.query, w.attended, decoder.attention[l], span);
  if (weights.gate && w.attentionGate) b.sigmoidMul(w.attended, w.attentionGate);
  return projectOut(model, weights.output, w.attended);
}

/** Queries into the workspace; keys and values for the cache: clipped, normalised and turned as the config has it. */
function projectHeads(
  model: Transformer,
  weights: Attention,
  l: number,
  x: Activation,
): { key: Activation | Slice; value: Activation | Slice } {
  const { backend: b, caches, config, workspace: w } = model;
  b.linear(x, [weights.query, w.query], [weights.key, w.key], [weights.value, w.value]);
  if (weights.gate && w.attentionGate) b.linear(x, [weights.gate, w.attentionGate]);
  if (config.qkvClip > 0 && !config.clipAfterNorm) clip(model, w.query, w.key, w.value);
  const key = normQueriesKeys(model, weights);
  const value = b.gatherHeads(w.value, caches.decoder);
  if (config.qkvClip > 0 && config.clipAfterNorm) clip(model, w.query, key, value);
  turn(model, l, config.headDim, w.query, key);
  return { key, value };
}

function clip({ backend: b, config }: Transformer, ...parts: (Activation | Slice)[]): void {
  for (const part of parts) b.clip(part, config.qkvClip);
}

/** Normalises queries and keys where the model has norms for them. Returns the keys, for the cache. */
function normQueriesKeys(model: Transformer, { queryNorm, keyNorm }: Attention): Activation | Slice {
  const { backend: b, caches, config, workspace: w } = model;
  if (!queryNorm || !keyNorm) return b.gatherHeads(w.key, caches.decoder);
  const [ofQuery, ofKey] = [queryNorm, keyNorm].map((weight) => headNorm(config, weight));
  if (config.qkNorm === "full") {
    const [query, key] = [b.gather(w.query), b.gather(w.key)];
    b.norm(query, ofQuery, query);
    b.keepOwn(query, w.query);
    b.norm(key, ofKey, key);
    return key;
  }
  const key = b.gatherHeads(w.key, caches.decoder);
  b.headNorm(w.query, ofQuery, config.headDim);
  b.headNorm(key, ofKey, config.headDim);
  return key;
}

function headNorm({ norm: kind, normEps: eps }: ModelConfig, weight: Vector) {
  return { kind, eps, weight };
}

/** RoPE with the layer's own angles, if it has any. */
function turn(
  { backend: b, config }: Transformer,
  l: number,
  headDim: number,
  ...parts: (Activation | Slice)[]
) {
  const angles = config.layerRopes[l];
  if (angles >= 0) for (const part of parts) b.rope(part, headDim, angles);
}

/**
 * Multi-head latent attention with its keys and values written out, for prompts and single tokens alike. Every key is
 * the shared part that RoPE turns and then the head's own.
 */
function projectLatent(
  model: Transformer,
  weights: Attention,
  l: number,
  x: Activation,
): { key: Activation; value: Activation | Slice } {
  const { backend: b, caches, config, workspace: w } = model;
  const { latent } = weights;
  const space = w.latent;
  if (!latent || !space || !config.latent) throw new Error("latent attention without its weights");
  const eps = config.latent.normEps;
  const norm = (weight: Vector) => ({ kind: config.norm, eps, weight });
  if (latent.query && latent.queryNorm && space.query) {
    b.linear(
      x,
      [latent.query, space.query],
      [latent.keyValue, space.keyValue],
      [latent.keyRope, space.keyRope],
    );
    const query = b.gather(space.query);
    b.norm(query, norm(latent.queryNorm), query);
    b.linear(query, [weights.query, w.query]);
  } else {
    b.linear(x, [weights.query, w.query], [latent.keyValue, space.keyValue], [latent.keyRope, space.keyRope]);
  }
  const keyValue = b.gather(space.keyValue);
  b.norm(keyValue, norm(latent.keyValueNorm), keyValue);
  b.linear(keyValue, [weights.key, space.key], [weights.value, w.value]);
  const { ropeDim } = config.latent;
  const shared = b.gather(space.keyRope);
  turn(model, l, config.headDim, w.query);
  turn(model, l, ropeDim, shared);
  b.joinHeads(shared, b.gather(space.key), config.headDim - ropeDim, space.joined);
  return { key: space.joined, value: b.gatherHeads(w.value, caches.decoder) };
}

/** Keeps keys and values that all tokens of a text will see: the encoder's own, or those that decoder layer `l` asks. */
export function storeEncoderKeys(
  { backend: b, caches, workspace: w }: Transformer,
  weights: Attention,
  x: Activation,
  position: number,
  l?: number,
): void {
  const cache = l === undefined ? caches.encoder : caches.cross;
  if (!cache) throw new Error("this model has no encoder");
  b.linear(x, [weights.key, w.key], [weights.value, w.value]);
  b.storeKeysValues(cache, l ?? 0, b.gatherHeads(w.key, cache), b.gatherHeads(w.value, cache), position);
}

/** Attention over keys and values that were kept: of the encoder's text itself (`span` given), or of its answer. */
export function attendEncoded(
  model: Transformer,
  weights: Attention,
  l: number,
  x: Activation,
  span?: { position: number; length: number },
): Activation {
  const { backend: b, caches, config, encoder, state, workspace: w } = model;
  const own = span !== undefined;
  const cache = own ? caches.encoder : caches.cross;
  if (!cache || !encoder) throw new Error("this model has no encoder");
  b.linear(x, [weights.query, w.query]);
  const options = own
    ? encoder.attention[l]
    : { causal: false, window: 0, softcap: 0, scale: config.attentionScale };
  const whole = { position: 0, length: state.encodedTokens };
  b.attention(cache, own ? 0 : l, w.query, w.attended, options, span ?? whole);
  return projectOut(model, weights.output, w.attended);
}

/** A gated delta net: its answer, normalised and gated head by head, projected. */
export function mixRecurrently(
  model: Transformer,
  weights: DeltaParts<Matrix, Vector>,
  l: number,
  x: Activation,
  position: number,
): Activation {
  const { backend: b, caches, config, workspace: w } = model;
  const space = w.delta;
  if (!space || !caches.delta || !config.delta) throw new Error("a delta net without its workspace");
  b.linear(
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
  const kernels = { queryKernel, keyKernel, valueKernel, decay, decayBias };
  b.gatedDelta(caches.delta, l, { query, key, value, beta, alpha, ...kernels }, space.out, position);
  b.headNorm(space.out, { kind: "rms", eps: config.normEps, weight: weights.norm }, config.delta.valueDim);
  b.activate("silu", space.gate, space.out, 0);
  return projectOut(model, weights.output, space.gate);
}

/** A mixer's answer, whole; valid until the next product into the same workspace. */
function projectOut({ backend: b, workspace: w }: Transformer, output: Matrix, answer: Slice): Activation {
  b.linear(b.gather(answer), [output, w.projected]);
  return b.gather(w.projected);
}
