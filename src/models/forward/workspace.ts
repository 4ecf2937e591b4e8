// What a forward pass writes to: activations, slices and caches, allocated once a model.
import type { Activation, Backend, DeltaState, KvCache, Slice } from "../../tensor/backend.ts";
import type { ModelConfig } from "../config/config.ts";
import { cutDeltaHeads, cutFor, cutHeads } from "../weights/partitions.ts";
import { dependsOnLength, type RopeFrequencies, ropeFrequencies } from "./rope.ts";
import { createRouter, type Router } from "./router.ts";

/** Rows whose logits are computed at a time. */
export const LOGIT_ROWS = 8;

/** Room for one gated MLP's inner values. */
export interface MlpSpace {
  readonly gate: Slice;
  readonly up: Slice;
}

/** The activations of a forward pass. */
export interface Workspace {
  /** Of each RoPE whose frequencies no length changes. */
  readonly frequencies: readonly (RopeFrequencies | undefined)[];
  readonly hidden: Activation;
  readonly normed: Activation;
  /** The MLP's input, where it is made before attention's answer is added. */
  readonly ahead?: Activation;
  readonly embedded?: Activation;
  readonly positions?: Activation;
  readonly projectedIn?: Slice;
  readonly query: Slice;
  readonly key: Slice;
  readonly value: Slice;
  readonly attended: Slice;
  readonly attentionGate?: Slice;
  readonly latent?: LatentSpace;
  readonly delta?: DeltaSpace;
  readonly projected: Slice;
  readonly mlp: ReadonlyMap<number, MlpSpace>;
  readonly mixture?: MixtureSpace;
  readonly encoder?: EncoderSpace;
  readonly headInput: Activation;
  readonly projectedOut?: Slice;
  readonly logits: Slice;
}

interface LatentSpace {
  readonly query?: Slice;
  readonly keyValue: Slice;
  readonly keyRope: Slice;
  readonly key: Slice;
  readonly joined: Activation;
}

interface DeltaSpace {
  readonly query: Slice;
  readonly key: Slice;
  readonly value: Slice;
  readonly gate: Slice;
  readonly beta: Slice;
  readonly alpha: Slice;
  readonly out: Slice;
}

interface MixtureSpace {
  readonly router: Slice;
  readonly chooser: Router;
  readonly input: Activation;
  readonly mixed: Activation;
  readonly sharedGate?: Slice;
}

interface EncoderSpace {
  /** All tokens of the encoder's text. */
  readonly states: Activation;
}

/** Keys, values and states of one sequence. */
export interface Caches {
  readonly decoder: KvCache;
  /** One layer at a time. */
  readonly encoder?: KvCache;
  /** Keys and values of the encoder's answer, for each decoder layer. */
  readonly cross?: KvCache;
  readonly delta?: DeltaState;
}

/** Columns of the widest slice that is gathered. */
export function widestActivation(config: ModelConfig): number {
  const { hiddenSize, embeddingSize, numHeads, numKvHeads, headDim, valueDim, latent, delta, experts } =
    config;
  return Math.max(
    hiddenSize,
    embeddingSize,
    config.intermediateSize,
    numHeads * headDim,
    numHeads * valueDim,
    numKvHeads * headDim,
    numKvHeads * valueDim,
    latent?.queryRank ?? 0,
    latent?.keyValueRank ?? 0,
    experts?.count ?? 0,
    experts?.intermediateSize ?? 0,
    experts?.sharedIntermediateSize ?? 0,
    (delta?.valueHeads ?? 0) * (delta?.valueDim ?? 0),
  );
}

/** What allocates: a backend, or one who counts what it would take. */
export type Allocator = Pick<
  Backend,
  "ranks" | "maxTokens" | "allocate" | "allocateSlice" | "allocateCache" | "allocateDeltaState"
>;

/** Allocates what `forward` writes to. */
export function createWorkspace(backend: Allocator, config: ModelConfig, contextLength: number): Workspace {
  const { hiddenSize, embeddingSize, numHeads, numKvHeads, headDim, valueDim, latent, delta, experts } =
    config;
  const activation = (width: number, tokens?: number) => backend.allocate(width, tokens);
  const rows = (width: number, tokens?: number) =>
    backend.allocateSlice(cutFor(config, backend.ranks, { cut: "rows", rows: width }), tokens);
  const byHeads = (width: number, cut: "heads" | "delta" = "heads") =>
    backend.allocateSlice(cutFor(config, backend.ranks, { cut, rows: width }));
  const projected = embeddingSize !== hiddenSize;
  const widths = new Set([config.intermediateSize]);
  if (experts) widths.add(experts.intermediateSize);
  if (experts && experts.sharedIntermediateSize > 0) widths.add(experts.sharedIntermediateSize);
  return {
    frequencies: config.ropes.map((rope) => (dependsOnLength(rope) ? undefined : ropeFrequencies(rope, 0))),
    hidden: activation(hiddenSize),
    normed: activation(hiddenSize),
    ahead: config.residual === "parallel" ? activation(hiddenSize) : undefined,
    embedded: projected ? activation(embeddingSize) : undefined,
    projectedIn: projected ? rows(hiddenSize) : undefined,
    positions: config.learnedPositions > 0 ? activation(hiddenSize) : undefined,
    query: byHeads(numHeads * headDim),
    key: rows(numKvHeads * headDim),
    value: rows(numKvHeads * valueDim),
    attended: byHeads(numHeads * valueDim),
    attentionGate: config.attentionGate ? byHeads(numHeads * valueDim) : undefined,
    latent: latent && {
      query: latent.queryRank > 0 ? rows(latent.queryRank) : undefined,
      keyValue: rows(latent.keyValueRank),
      keyRope: rows(latent.ropeDim),
      key: rows(numHeads * (headDim - latent.ropeDim)),
      joined: activation(numHeads * headDim),
    },
    delta: delta && {
      query: byHeads(delta.keyHeads * delta.keyDim, "delta"),
      key: byHeads(delta.keyHeads * delta.keyDim, "delta"),
      value: byHeads(delta.valueHeads * delta.valueDim, "delta"),
      gate: byHeads(delta.valueHeads * delta.valueDim, "delta"),
      beta: byHeads(delta.valueHeads, "delta"),
      alpha: byHeads(delta.valueHeads, "delta"),
      out: byHeads(delta.valueHeads * delta.valueDim, "delta"),
    },
    projected: rows(hiddenSize),
    mlp: new Map(Array.from(widths, (width) => [width, { gate: rows(width), up: rows(width) }])),
    mixture: experts && {
      router: rows(experts.count),
      chooser: createRouter(experts),
      input: activation(hiddenSize),
      mixed: activation(hiddenSize),
      sharedGate: experts.sharedGate ? rows(1) : undefined,
    },
    encoder: config.encoderLayers > 0 ? { states: activation(hiddenSize, contextLength) } : undefined,
    headInput: activation(hiddenSize, LOGIT_ROWS),
    projectedOut: projected ? rows(embeddingSize, LOGIT_ROWS) : undefined,
    logits: rows(config.vocabSize, LOGIT_ROWS),
  };
}

/** Allocates the caches of one sequence. An encoder's text may be as long as the decoder's. */
export function createCaches(
  backend: Allocator,
  config: ModelConfig,
  options: { contextLength: number; dtype: "F32" | "F16" | "Q8" },
): Caches {
  const { numLayers, numHeads, numKvHeads, headDim, valueDim, delta } = config;
  const heads = cutHeads(config, backend.ranks);
  const shape = { numLayers, numHeads, numKvHeads, headDim, valueDim, heads, ...options };
  const hasEncoder = config.encoderLayers > 0;
  return {
    decoder: backend.allocateCache(shape),
    encoder: hasEncoder ? backend.allocateCache({ ...shape, numLayers: 1 }) : undefined,
    cross: hasEncoder ? backend.allocateCache(shape) : undefined,
    delta:
      delta &&
      backend.allocateDeltaState({ ...delta, numLayers, heads: cutDeltaHeads(config, backend.ranks) }),
  };
}
