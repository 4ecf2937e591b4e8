// The one forward pass: every family, every backend, prefill and decode.
import type { Activation, Backend, Largest, Matrix, Norm, Run, Slice, Vector } from "../../tensor/backend.ts";
import type { ModelConfig } from "../config/config.ts";
import type { BranchNorms, MlpWeights, NormWeights } from "../weights/weights.ts";
import { adaptedAmong, adaptedRows } from "./adapters.ts";
import { attendEncoded, attendWithin, mix, storeEncoderKeys } from "./mixers.ts";
import type { Block, Feed, Pass, Transformer } from "./model.ts";
import { project } from "./project.ts";
import { ropeAngles, ropeFrequencies } from "./rope.ts";
import type { MlpSpace } from "./workspace.ts";

/** What a forward pass may be asked to show on its way. */
export interface ForwardOptions {
  /** Called with the input of each block (by `forward`) and the output of the final norm (by `logitsOf`). */
  onHidden?: (layer: number, hidden: Float32Array | Promise<Float32Array>) => void;
}

/**
 * Runs tokens through all blocks; their keys and values join the caches of their sequences.
 * The hidden state stays in the workspace for `logitsOf`.
 *
 * tokens  [tokens] ids, at most backend.maxTokens
 * runs    which of them are whose, and where they stand; in order, every row in one
 * @returns false when a stop was asked for; the caches are then unchanged before the runs and undefined after
 */
export function forward(
  model: Transformer,
  tokens: Int32Array,
  runs: readonly Run[],
  options: ForwardOptions = {},
): boolean {
  const pass = { ...model, runs, adapted: adaptedRows(model.adapters, runs) };
  model.last.runs = runs;
  const { backend: b, decoder, workspace: w } = model;
  setAngles(pass);
  embedTokens(pass, tokens);
  for (const block of decoder.blocks) {
    if (b.stopRequested()) return false;
    options.onHidden?.(block.layer, b.read(w.hidden));
    runBlock(pass, block);
  }
  return true;
}

/** One block of the decoder, over the hidden state in place. */
function runBlock(pass: Pass, block: Block): void {
  const { config, workspace: w } = pass;
  const { mixerNorms, cross, feedNorms, feed } = block;
  const input = enter(pass, mixerNorms.before, w.normed);
  const shared = config.residual === "parallel-shared" ? input : undefined;
  const ahead = w.ahead ? enter(pass, feedNorms.before, w.ahead) : shared;
  leave(pass, mixerNorms, mix(pass, block, input));
  if (cross) {
    const asked = enter(pass, cross.norms.before, w.normed);
    leave(pass, cross.norms, attendEncoded(pass, cross, block.layer, asked));
  }
  leave(pass, feedNorms, runFeed(pass, feed, ahead ?? enter(pass, feedNorms.before, w.normed)));
}

/** The input of a branch: the hidden state through the norm before it, if there is one. */
function enter(
  { backend: b, config, workspace: w }: Pass,
  before: NormWeights<Vector> | undefined,
  out: Activation,
): Activation {
  if (!before) return w.hidden;
  const target = config.residualFromNorm ? w.hidden : out;
  b.norm(w.hidden, normOf(config, before), target);
  return target;
}

/** Adds a branch's answer to the hidden state, with the norms around the sum. */
function leave(
  { backend: b, config, workspace: w }: Pass,
  { end, after }: BranchNorms<Vector>,
  answer: Activation,
): void {
  if (end) b.norm(answer, normOf(config, end), answer);
  b.add(w.hidden, answer, config.residualScale);
  if (after) b.norm(w.hidden, normOf(config, after), w.hidden);
}

function normOf(config: ModelConfig, { weight, bias }: NormWeights<Vector>): Norm {
  return { kind: config.norm, eps: config.normEps, weight, bias };
}

function setAngles({ backend: b, config, workspace: w, runs }: Pass): void {
  for (const [i, rope] of config.ropes.entries()) {
    const { cos, sin } = ropeAngles(({ length }) => w.frequencies[i] ?? ropeFrequencies(rope, length), runs);
    b.setAngles(i, cos, sin, rope.dims / 2);
  }
}

/** The rows of the embedding, scaled, normalised, projected and with their positions as the config has it. */
function embedTokens(pass: Pass, tokens: Int32Array): void {
  const { backend: b, config, weights, workspace: w, runs } = pass;
  const rows = w.embedded ?? w.hidden;
  b.embed(weights.embedding, tokens, rows);
  if (config.embeddingScale !== 1) b.scale(rows, config.embeddingScale);
  if (weights.projectIn && w.projectedIn) {
    project(pass, rows, [weights.projectIn, w.projectedIn]);
    copy(b, b.gather(w.projectedIn), w.hidden);
  }
  const add = (table: Matrix, ids: Int32Array, out: Activation) => {
    b.embed(table, ids, out);
    b.add(w.hidden, out, 1);
  };
  if (weights.tokenTypes && w.added) add(weights.tokenTypes, typesOf(runs), w.added);
  if (weights.positions && w.added) add(weights.positions, positionsOf(config, runs, tokens), w.added);
  if (weights.embeddingNorm) b.norm(w.hidden, normOf(config, weights.embeddingNorm), w.hidden);
}

/** The row of the table of positions for every row. What is not counted is so in a text that runs whole. */
function positionsOf(config: ModelConfig, runs: readonly Run[], tokens: Int32Array): Int32Array {
  const { learnedPositionOffset: offset, uncountedTokenId: uncounted } = config;
  return Int32Array.from(
    runs.flatMap(({ first, rows, position }) => {
      let next = offset + position;
      return Array.from(tokens.subarray(first, first + rows), (id) =>
        id === uncounted ? offset - 1 : next++,
      );
    }),
  );
}

/** The type of every row: 1 for those of a pair's second text. */
function typesOf(runs: readonly Run[]): Int32Array {
  return Int32Array.from(
    runs.flatMap(({ rows, position, second = Infinity }) =>
      Array.from({ length: rows }, (_, row) => (position + row < second ? 0 : 1)),
    ),
  );
}

function copy(b: Backend, from: Activation, to: Activation): void {
  b.takeRows(
    from,
    Int32Array.from({ length: from.tokens }, (_, row) => row),
    to,
  );
}

/** The answer of an MLP or of a mixture of experts; valid until the next product into the same workspace. */
function runFeed(pass: Pass, feed: Feed, x: Activation): Activation {
  if (feed.kind === "mlp") return runMlp(pass, feed.weights, feed.space, x);
  const { backend: b } = pass;
  const { weights, space, shared } = feed;
  project(pass, x, [weights.router, space.router]);
  b.experts(x, space.router, weights, space.experts, space.mixed);
  if (shared) {
    const answer = runMlp(pass, shared.weights, shared.space, x);
    if (shared.gate && space.sharedGate) {
      project(pass, x, [shared.gate, space.sharedGate]);
      b.sigmoidMul(answer, b.gather(space.sharedGate));
    }
    b.add(space.mixed, answer, 1);
  }
  return space.mixed;
}

/** down(activation(gate x) * up x) */
function runMlp(
  pass: Pass,
  { gate, up, down }: MlpWeights<Matrix>,
  space: MlpSpace,
  x: Activation,
): Activation {
  const { backend: b, config, workspace: w } = pass;
  if (gate) project(pass, x, [gate, space.gate], [up, space.up]);
  else project(pass, x, [up, space.gate]);
  b.activate(config.activation, space.gate, gate ? space.up : undefined, config.activationLimit);
  project(pass, b.gather(space.gate), [down, w.projected]);
  return b.gather(w.projected);
}

/**
 * Runs an encoder over its whole text, and keeps for each decoder layer the keys and values of its answer.
 * @returns false when a stop was asked for
 */
export function encode(model: Transformer, tokens: Int32Array, options: ForwardOptions = {}): boolean {
  const { backend: b, encoder, decoder, config, workspace: w } = model;
  const states = w.encoder?.states;
  if (!encoder || !states) throw new Error("this model has no encoder");
  model.text.tokens = 0;
  const chunks = chunksOf(tokens.length, b.maxTokens).map((rows) => ({
    rows,
    pass: passOf(model, rows, tokens),
  }));
  const show = (layer: number) => options.onHidden?.(layer, b.read(states));
  states.tokens = tokens.length;
  for (const { rows, pass } of chunks) {
    embedTokens(pass, tokens.subarray(rows[0], rows[0] + rows.length));
    b.putRows(w.hidden, rows, states);
  }
  for (const { layer, mixer, mixerNorms, feed, feedNorms } of encoder.blocks) {
    if (b.stopRequested()) return false;
    show(layer);
    if (mixer.kind !== "attention") throw new Error("an encoder's block has attention");
    // Every token sees every other: all keys and values of the layer come before its first query.
    for (const { rows, pass } of chunks) {
      b.takeRows(states, rows, w.hidden);
      storeEncoderKeys(pass, mixer.weights, enter(pass, mixerNorms.before, w.normed));
    }
    for (const { rows, pass } of chunks) {
      b.takeRows(states, rows, w.hidden);
      leave(pass, mixerNorms, attendWithin(pass, mixer, enter(pass, mixerNorms.before, w.normed)));
      leave(pass, feedNorms, runFeed(pass, feed, enter(pass, feedNorms.before, w.normed)));
      b.putRows(w.hidden, rows, states);
    }
  }
  if (encoder.finalNorm) b.norm(states, normOf(config, encoder.finalNorm), states);
  show(encoder.blocks.length);
  for (const { rows, pass } of chunks) {
    b.takeRows(states, rows, w.hidden);
    for (const { cross, layer } of decoder.blocks) {
      if (cross) storeEncoderKeys(pass, cross.weights, w.hidden, layer);
    }
  }
  model.text.tokens = tokens.length;
  return true;
}

/** A pass over some rows of an encoder's text. */
function passOf(model: Transformer, rows: Int32Array, tokens: Int32Array): Pass {
  const run = {
    sequence: model.text.sequence,
    first: 0,
    rows: rows.length,
    position: rows[0],
    length: tokens.length,
  };
  return { ...model, runs: [run], adapted: [] };
}

/** Row numbers in pieces of at most `most`. */
function chunksOf(total: number, most: number): Int32Array[] {
  return Array.from({ length: Math.ceil(total / most) }, (_, c) =>
    Int32Array.from({ length: Math.min(most, total - c * most) }, (_, row) => c * most + row),
  );
}

/**
 * Logits of some rows of the last forward pass, at most LOGIT_ROWS of them.
 *
 * rows  [rows] numbers of rows of that pass
 * @returns on rank 0 a view [rows, vocabSize], valid until the next operation; elsewhere empty
 */
export async function logitsOf(
  model: Transformer,
  rows: Int32Array,
  options: ForwardOptions = {},
): Promise<Float32Array> {
  const logits = await headOf(model, rows, options);
  finishLogits(logits, model.config);
  return logits;
}

/** The head's product for some rows, before scale and softcap: every rank's share of the work. */
export function headOf(
  model: Transformer,
  rows: Int32Array,
  options: ForwardOptions = {},
): Float32Array | Promise<Float32Array> {
  return model.backend.collect(projectHead(model, rows, options));
}

/** Where the head's product for some rows is computed. */
function projectHead(model: Transformer, rows: Int32Array, options: ForwardOptions = {}): Slice {
  const { weights, workspace: w } = model;
  if (!w.logits) throw new Error("this model has no head");
  const states = statesOf(model, rows, options);
  project(passOver(model, rows), states, [weights.head ?? weights.embedding, w.logits]);
  return w.logits;
}

/**
 * This rank's columns of the logits of some rows, whose first is column `first`: views, valid until the next operation. `collect`
 * of the workspace's logits makes them whole.
 */
export function headColumns(model: Transformer, rows: Int32Array): { first: number; rows: Float32Array[] } {
  const { backend: b, config } = model;
  const logits = projectHead(model, rows);
  const columns = Array.from(rows, (_, row) => b.columns(logits, row));
  for (const row of columns) finishLogits(row, config);
  return { first: logits.partition[b.rank], rows: columns };
}

/**
 * The `count` largest logits of some rows, on a device that finds them. A scale and a cap keep their order, but may make some of them
 * equal to others that were left out; `mass` is that of capped logits only where there is no cap.
 *
 * factors  [rows] of `mass`
 */
export async function largestLogits(
  model: Transformer,
  rows: Int32Array,
  count: number,
  factors: readonly number[],
): Promise<Largest[]> {
  const { backend: b, config } = model;
  if (!b.largest) throw new Error("this device has all logits read");
  const logits = projectHead(model, rows);
  const scaled = Float32Array.from(factors, (factor) => factor * config.logitScale);
  const found = await b.largest(logits, count, scaled);
  for (const { values } of found) finishLogits(values, config);
  return found;
}

/** Scales and caps logits in place. */
function finishLogits(logits: Float32Array, { logitScale, logitSoftcap: cap }: ModelConfig): void {
  if (logitScale !== 1) for (let i = 0; i < logits.length; i++) logits[i] *= logitScale;
  if (cap > 0) for (let i = 0; i < logits.length; i++) logits[i] = cap * Math.tanh(logits[i] / cap);
}

/** A pass over some rows of the last one. */
function passOver(model: Transformer, rows: Int32Array): Pass {
  return { ...model, runs: [], adapted: adaptedAmong(model.adapters, model.last.runs, rows) };
}

/**
 * The final states of some rows of the last forward pass, at most LOGIT_ROWS of them: normalised, as the head reads them.
 *
 * rows  [rows] numbers of rows of that pass
 * @returns [rows, embeddingSize], valid until the next call
 */
export function statesOf(model: Transformer, rows: Int32Array, options: ForwardOptions = {}): Activation {
  const { backend: b, decoder, workspace: w } = model;
  b.takeRows(w.hidden, rows, w.headInput);
  const input = finishStates(passOver(model, rows), w.headInput);
  options.onHidden?.(decoder.blocks.length, b.read(input));
  return input;
}

/** Hidden states as the head reads them: normalised in place, projected where the config has it. */
export function finishStates(pass: Pass, states: Activation): Activation {
  const { backend: b, config, weights, decoder, workspace: w } = pass;
  if (decoder.finalNorm) b.norm(states, normOf(config, decoder.finalNorm), states);
  if (!weights.projectOut || !w.projectedOut) return states;
  project(pass, states, [weights.projectOut, w.projectedOut]);
  return b.gather(w.projectedOut);
}
