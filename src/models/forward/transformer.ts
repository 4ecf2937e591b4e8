// The one forward pass: every family, every backend, prefill and decode.
import type { Activation, AttentionOptions, Backend, Matrix, Norm, Vector } from "../../tensor/backend.ts";
import type { ModelConfig } from "../config/config.ts";
import type {
  LayerWeights,
  MixtureParts,
  MlpParts,
  ModelWeights,
  NormParts,
  StackWeights,
} from "../weights/weights.ts";
import { attend, attendEncoded, mixRecurrently, storeEncoderKeys } from "./attention.ts";
import { ropeAngles, ropeFrequencies } from "./rope.ts";
import type { Caches, Workspace } from "./workspace.ts";

/** Blocks that run one after another over one cache: the decoder's, or the encoder's. */
export interface Stack {
  readonly weights: StackWeights;
  /** One for each layer. */
  readonly attention: readonly AttentionOptions[];
}

/** A model ready to run on one rank. */
export interface Transformer {
  readonly backend: Backend;
  readonly config: ModelConfig;
  readonly weights: ModelWeights;
  readonly decoder: Stack;
  readonly encoder?: Stack;
  readonly caches: Caches;
  readonly workspace: Workspace;
  /** What the passes leave for each other. */
  readonly state: { encodedTokens: number };
}

/** Puts a model together from what was loaded. Loads the small tables that only the config knows. */
export async function assembleTransformer(
  parts: Pick<Transformer, "backend" | "config" | "weights" | "caches" | "workspace">,
): Promise<Transformer> {
  const { backend, config, weights } = parts;
  const { alibiSlopes, relativeMaxDistance: reach } = config;
  const slopes =
    alibiSlopes.length > 0
      ? await backend.loadVector({
          name: "ALiBi slopes",
          length: alibiSlopes.length,
          read: async () => Float32Array.from(alibiSlopes),
        })
      : undefined;
  const stackOf = (stack: StackWeights, causal: boolean): Stack => ({
    weights: stack,
    attention: stack.layers.map((layer, l) => ({
      causal,
      slopes,
      softcap: config.attentionSoftcap,
      scale: config.attentionScale / (config.attentionScaleByDepth ? l + 1 : 1),
      window: causal ? config.slidingWindow[l] : 0,
      sinks: layer.attention?.sinks,
      bias: stack.relativeBias && { table: stack.relativeBias, reach },
    })),
  });
  return {
    ...parts,
    decoder: stackOf(weights.decoder, true),
    encoder: weights.encoder && stackOf(weights.encoder, false),
    state: { encodedTokens: 0 },
  };
}

/** What a forward pass may be told and asked to show on its way. */
export interface ForwardOptions {
  /** Tokens of the whole sequence, where the angles depend on it; default: up to the last of these. */
  totalLength?: number;
  /** Called with the input of each block (by `forward`) and the output of the final norm (by `logitsOf`). */
  onHidden?: (layer: number, hidden: Float32Array) => void;
}

/**
 * Runs tokens at `position`, `position` + 1, … through all blocks; their keys and values join the cache.
 * The hidden state stays in the workspace for `logitsOf`.
 *
 * tokens  [tokens] ids, at most backend.maxTokens
 * @returns false when a stop was asked for; the cache is then unchanged before `position` and undefined after it
 */
export function forward(
  model: Transformer,
  tokens: Int32Array,
  position: number,
  options: ForwardOptions = {},
): boolean {
  const { backend: b, weights, workspace: w } = model;
  setAngles(model, position, tokens.length, options.totalLength ?? position + tokens.length);
  embedTokens(model, tokens, position);
  for (const [l, layer] of weights.decoder.layers.entries()) {
    if (b.stopRequested()) return false;
    options.onHidden?.(l, b.read(w.hidden));
    runBlock(model, layer, l, position);
  }
  return true;
}

/** One block of the decoder, over the hidden state in place. */
function runBlock(model: Transformer, layer: LayerWeights, l: number, position: number): void {
  const { config, workspace: w } = model;
  const input = enter(model, layer.mixerNorms.before, w.normed);
  const shared = config.residual === "parallel-shared" ? input : undefined;
  const ahead = w.ahead ? enter(model, layer.mlpNorms.before, w.ahead) : shared;
  leave(model, layer.mixerNorms, mix(model, layer, l, input, position));
  if (layer.cross) {
    const asked = enter(model, layer.crossNorms?.before, w.normed);
    leave(model, layer.crossNorms, attendEncoded(model, layer.cross, l, asked));
  }
  const answer = runMlpOrMixture(model, layer, ahead ?? enter(model, layer.mlpNorms.before, w.normed));
  leave(model, layer.mlpNorms, answer);
}

function mix(
  model: Transformer,
  layer: LayerWeights,
  l: number,
  x: Activation,
  position: number,
): Activation {
  if (layer.delta) return mixRecurrently(model, layer.delta, l, x, position);
  if (layer.attention) return attend(model, layer.attention, l, x, position);
  return x;
}

/** The input of a branch: the hidden state through the norm before it, if there is one. */
function enter(
  { backend: b, config, workspace: w }: Transformer,
  before: NormParts<Vector> | undefined,
  out: Activation,
): Activation {
  if (!before) return w.hidden;
  const target = config.residualFromNorm ? w.hidden : out;
  b.norm(w.hidden, normOf(config, before), target);
  return target;
}

/** Adds a branch's answer to the hidden state, with the norms around the sum. */
function leave(
  { backend: b, config, workspace: w }: Transformer,
  norms: { end?: NormParts<Vector>; after?: NormParts<Vector> } | undefined,
  answer: Activation,
): void {
  if (norms?.end) b.norm(answer, normOf(config, norms.end), answer);
  b.add(w.hidden, answer, config.residualScale);
  if (norms?.after) b.norm(w.hidden, normOf(config, norms.after), w.hidden);
}

function normOf(config: ModelConfig, { weight, bias }: NormParts<Vector>): Norm {
  return { kind: config.norm, eps: config.normEps, weight, bias };
}

function setAngles(
  { backend: b, config, workspace: w }: Transformer,
  position: number,
  tokens: number,
  total: number,
): void {
  for (const [i, rope] of config.ropes.entries()) {
    const { cos, sin } = ropeAngles(w.frequencies[i] ?? ropeFrequencies(rope, total), position, tokens);
    b.setAngles(i, cos, sin, rope.dims / 2);
  }
}

/** The rows of the embedding, scaled, normalised, projected and with their positions as the config has it. */
function embedTokens(model: Transformer, tokens: Int32Array, position: number): void {
  const { backend: b, config, weights, workspace: w } = model;
  const rows = w.embedded ?? w.hidden;
  b.embed(weights.embedding, tokens, rows);
  if (config.embeddingScale !== 1) b.scale(rows, config.embeddingScale);
  if (weights.projectIn && w.projectedIn) {
    b.linear(rows, [weights.projectIn, w.projectedIn]);
    copy(b, b.gather(w.projectedIn), w.hidden);
  }
  if (weights.positions && w.positions) {
    const first = position + config.learnedPositionOffset;
    b.embed(
      weights.positions,
      tokens.map((_, t) => first + t),
      w.positions,
    );
    b.add(w.hidden, w.positions, 1);
  }
  if (weights.embeddingNorm) b.norm(w.hidden, normOf(config, weights.embeddingNorm), w.hidden);
}

function copy(b: Backend, from: Activation, to: Activation): void {
  b.takeRows(
    from,
    Int32Array.from({ length: from.tokens }, (_, row) => row),
    to,
  );
}

function runMlpOrMixture(model: Transformer, layer: LayerWeights, x: Activation): Activation {
  if (layer.mixture) return mixExperts(model, layer.mixture, x);
  if (!layer.mlp) throw new Error("a block has an MLP or a mixture of experts");
  return runMlp(model, layer.mlp, model.config.intermediateSize, x);
}

/** down(activation(gate x) * up x); valid until the next product into the same workspace. */
function runMlp(
  { backend: b, config, workspace: w }: Transformer,
  { gate, up, down }: MlpParts<Matrix>,
  width: number,
  x: Activation,
): Activation {
  const space = w.mlp.get(width);
  if (!space) throw new Error(`no workspace for an MLP of width ${width}`);
  const { activation, activationLimit: limit } = config;
  if (gate) b.linear(x, [gate, space.gate], [up, space.up]);
  else b.linear(x, [up, space.gate]);
  b.activate(activation, space.gate, gate ? space.up : undefined, limit);
  b.linear(b.gather(space.gate), [down, w.projected]);
  return b.gather(w.projected);
}

/** In the order in which `runMlp` multiplies by them. */
function matricesOfMlp({ gate, up, down }: MlpParts<Matrix>): Matrix[] {
  return gate ? [gate, up, down] : [up, down];
}

/** The sum of the chosen experts' answers, added in the order of experts, and of the shared ones'. */
function mixExperts(
  model: Transformer,
  { router, selectionBias, experts, shared, sharedGate }: MixtureParts<Matrix, Float32Array>,
  x: Activation,
): Activation {
  const { backend: b, config, workspace: w } = model;
  const space = w.mixture;
  if (!space || !config.experts) throw new Error("no workspace for a mixture of experts");
  b.linear(x, [router, space.router]);
  const logits = b.read(b.gather(space.router));
  b.clear(space.mixed, x);
  const routes = space.chooser.route(logits, selectionBias);
  // In memory they need no announcement, and a step no garbage.
  if (b.pages) {
    const chosen = routes.flatMap(({ expert }) => matricesOfMlp(experts[expert]));
    b.expect(chosen, { sweep: 2 * routes.length > experts.length });
  }
  for (const { expert, rows, weights } of routes) {
    b.takeRows(x, rows, space.input);
    const answer = runMlp(model, experts[expert], config.experts.intermediateSize, space.input);
    b.addRows(space.mixed, answer, rows, weights);
  }
  if (shared) {
    const answer = runMlp(model, shared, config.experts.sharedIntermediateSize, x);
    if (sharedGate && space.sharedGate) {
      b.linear(x, [sharedGate, space.sharedGate]);
      b.sigmoidMul(answer, b.gather(space.sharedGate));
    }
    b.add(space.mixed, answer, 1);
  }
  return space.mixed;
}

/**
 * Runs an encoder over its whole text, and keeps for each decoder layer the keys and values of its answer.
 * @returns false when a stop was asked for
 */
export function encode(model: Transformer, tokens: Int32Array, options: ForwardOptions = {}): boolean {
  const { backend: b, encoder, config, weights, workspace: w } = model;
  const states = w.encoder?.states;
  if (!encoder || !states) throw new Error("this model has no encoder");
  model.state.encodedTokens = 0;
  const chunks = chunksOf(tokens.length, b.maxTokens);
  const show = (layer: number) => options.onHidden?.(layer, b.read(states));
  states.tokens = tokens.length;
  for (const rows of chunks) {
    embedTokens(model, tokens.subarray(rows[0], rows[0] + rows.length), rows[0]);
    b.putRows(w.hidden, rows, states);
  }
  for (const [l, layer] of encoder.weights.layers.entries()) {
    if (b.stopRequested()) return false;
    show(l);
    const { attention, mixerNorms, mlpNorms } = layer;
    if (!attention) throw new Error("an encoder's block has attention");
    // Every token sees every other: all keys and values of the layer come before its first query.
    for (const rows of chunks) {
      b.takeRows(states, rows, w.hidden);
      storeEncoderKeys(model, attention, enter(model, mixerNorms.before, w.normed), rows[0]);
    }
    for (const rows of chunks) {
      b.takeRows(states, rows, w.hidden);
      const input = enter(model, mixerNorms.before, w.normed);
      const span = { position: rows[0], length: tokens.length };
      leave(model, mixerNorms, attendEncoded(model, attention, l, input, span));
      leave(model, mlpNorms, runMlpOrMixture(model, layer, enter(model, mlpNorms.before, w.normed)));
      b.putRows(w.hidden, rows, states);
    }
  }
  const { finalNorm } = encoder.weights;
  if (finalNorm) b.norm(states, normOf(config, finalNorm), states);
  show(encoder.weights.layers.length);
  for (const rows of chunks) {
    b.takeRows(states, rows, w.hidden);
    for (const [l, { cross }] of weights.decoder.layers.entries()) {
      if (cross) storeEncoderKeys(model, cross, w.hidden, rows[0], l);
    }
  }
  model.state.encodedTokens = tokens.length;
  return true;
}

/** Row numbers in pieces of at most `most`. */
function chunksOf(total: number, most: number): Int32Array[] {
  return Array.from({ length: Math.ceil(total / most) }, (_, c) =>
    Int32Array.from({ length: Math.min(most, total - c * most) }, (_, row) => c * most + row),
  );
}

/**
 * Logits of rows [first, first + rows) of the last forward pass, at most LOGIT_ROWS of them.
 * @returns on rank 0 a view [rows, vocabSize], valid until the next operation; elsewhere empty
 */
export function logitsOf(
  model: Transformer,
  first: number,
  rows: number,
  options: ForwardOptions = {},
): Float32Array {
  const { backend: b, config, weights, workspace: w } = model;
  const { finalNorm, layers } = weights.decoder;
  b.takeRows(
    w.hidden,
    Int32Array.from({ length: rows }, (_, i) => first + i),
    w.headInput,
  );
  let input: Activation = w.headInput;
  if (finalNorm) b.norm(input, normOf(config, finalNorm), input);
  if (weights.projectOut && w.projectedOut) {
    b.linear(input, [weights.projectOut, w.projectedOut]);
    input = b.gather(w.projectedOut);
  }
  options.onHidden?.(layers.length, b.read(input));
  b.linear(input, [weights.head ?? weights.embedding, w.logits]);
  const logits = b.collect(w.logits);
  const { logitScale, logitSoftcap: cap } = config;
  if (logitScale !== 1) for (let i = 0; i < logits.length; i++) logits[i] *= logitScale;
  if (cap > 0) for (let i = 0; i < logits.length; i++) logits[i] = cap * Math.tanh(logits[i] / cap);
  return logits;
}
