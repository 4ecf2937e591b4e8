// What a forward pass writes to: activations, slices and caches, allocated once a model.
import type { Allocator, RunShape } from "../../backends/device.ts";
import {
  type Activation,
  type DeltaState,
  type KvCache,
  type KvCacheShape,
  type Mixture,
  PAGE,
  type Slice,
} from "../../tensor/backend.ts";
import type { ModelConfig } from "../config/config.ts";
import { cutDeltaHeads, cutFor, cutHeads } from "../weights/partitions.ts";
import { dependsOnLength, type RopeFrequencies, ropeFrequencies } from "./rope.ts";

/** Rows whose logits are computed at a time. */
export const LOGIT_ROWS = 16;

/** Room for attention: queries, keys and values of the rank's heads, and the answer. */
export interface AttentionSpace {
  readonly query: Slice;
  readonly key: Slice;
  readonly value: Slice;
  readonly attended: Slice;
  readonly gate?: Slice;
}

/** Room for what comes before the heads of latent attention. */
export interface LatentSpace {
  readonly query?: Slice;
  readonly keyValue: Slice;
  readonly keyRope: Slice;
  /** Queries as the latent is asked, and what it answers. */
  readonly asked: Slice;
  readonly answered: Slice;
}

/** Room for a gated delta net. */
export interface DeltaSpace {
  readonly query: Slice;
  readonly key: Slice;
  readonly value: Slice;
  readonly gate: Slice;
  readonly beta: Slice;
  readonly alpha: Slice;
  readonly out: Slice;
}

/** Room for an MLP's inner values. */
export interface MlpSpace {
  readonly gate: Slice;
  readonly up: Slice;
}

/** Room for mixtures of experts. */
export interface MixtureSpace {
  readonly router: Slice;
  readonly experts: Mixture;
  readonly mixed: Activation;
  readonly sharedGate?: Slice;
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
  /** Positions and token types, before they are added. */
  readonly added?: Activation;
  readonly projectedIn?: Slice;
  readonly attention: AttentionSpace;
  readonly latent?: LatentSpace;
  readonly delta?: DeltaSpace;
  readonly projected: Slice;
  readonly mlp: ReadonlyMap<number, MlpSpace>;
  readonly mixture?: MixtureSpace;
  readonly encoder?: EncoderSpace;
  readonly headInput: Activation;
  readonly projectedOut?: Slice;
  readonly logits?: Slice;
}

interface EncoderSpace {
  /** All tokens of the encoder's text. */
  readonly states: Activation;
}

/** Keys, values and states of some sequences. */
export interface Caches {
  readonly decoder: KvCache;
  /** One layer at a time. */
  readonly encoder?: KvCache;
  /** Keys and values of the encoder's answer, for each decoder layer. */
  readonly cross?: KvCache;
  readonly delta?: DeltaState;
}

/** Columns of the widest slice that is gathered. */
function widestActivation(config: ModelConfig): number {
  const { hiddenSize, embeddingSize, numHeads, numKvHeads, headDim, valueDim, latent, delta, experts } =
    config;
  return Math.max(
    hiddenSize,
    embeddingSize,
    config.intermediateSize,
    latent ? 0 : numHeads * headDim,
    numHeads * valueDim,
    latent ? 0 : numKvHeads * headDim,
    numKvHeads * valueDim,
    latent?.queryRank ?? 0,
    latent?.keyValueRank ?? 0,
    experts?.count ?? 0,
    experts?.intermediateSize ?? 0,
    experts?.sharedIntermediateSize ?? 0,
    (delta?.valueHeads ?? 0) * (delta?.valueDim ?? 0),
  );
}

/** Keys and values as the cache has them: in latent attention one key for all heads, whose value is the latent at its end. */
export function cachedHeads({
  latent,
  numKvHeads,
  headDim,
  valueDim,
}: ModelConfig): Pick<KvCacheShape, "numKvHeads" | "headDim" | "valueDim" | "valueInKey"> {
  if (!latent) return { numKvHeads, headDim, valueDim };
  const { keyValueRank, ropeDim } = latent;
  return { numKvHeads: 1, headDim: ropeDim + keyValueRank, valueDim: keyValueRank, valueInKey: true };
}

/** Floats that ranks exchange at a time: the widest activation of a chunk, logits, a head's page of the cache, or its state. */
export function exchangeFloats(config: ModelConfig, maxTokens: number, logitRows = LOGIT_ROWS): number {
  const logits = config.languageHead ? logitRows * config.vocabSize : 0;
  const { headDim, valueDim } = cachedHeads(config);
  const page = PAGE * (headDim + valueDim + 4);
  const { delta } = config;
  const state = delta
    ? Math.max(
        delta.keyDim * (delta.valueDim + 3),
        delta.keyHeads * delta.keyDim,
        delta.valueHeads * delta.valueDim,
      )
    : 0;
  return Math.max(maxTokens * widestActivation(config), logits, page, state);
}

/** Allocates what `forward` writes to. */
export function createWorkspace(
  backend: Allocator,
  config: ModelConfig,
  contextLength: number,
  logitRows = LOGIT_ROWS,
): Workspace {
  const { hiddenSize, embeddingSize, numHeads, numKvHeads, headDim, valueDim, latent, delta, experts } =
    config;
  const activation = (width: number, tokens?: number) => backend.allocate(width, tokens);
  const partition = (width: number) => cutFor(config, backend.ranks, { cut: "rows", rows: width });
  const rows = (width: number, tokens?: number) => backend.allocateSlice(partition(width), tokens);
  const byHeads = (width: number, cut: "heads" | "delta" = "heads") =>
    backend.allocateSlice(cutFor(config, backend.ranks, { cut, rows: width }));
  const projected = embeddingSize !== hiddenSize;
  const widths = new Set([config.intermediateSize]);
  if (experts && experts.sharedIntermediateSize > 0) widths.add(experts.sharedIntermediateSize);
  return {
    frequencies: config.ropes.map((rope) => (dependsOnLength(rope) ? undefined : ropeFrequencies(rope, 0))),
    hidden: activation(hiddenSize),
    normed: activation(hiddenSize),
    ahead: config.residual === "parallel" ? activation(hiddenSize) : undefined,
    embedded: projected ? activation(embeddingSize) : undefined,
    projectedIn: projected ? rows(hiddenSize) : undefined,
    added: config.learnedPositions > 0 || config.tokenTypes > 0 ? activation(hiddenSize) : undefined,
    attention: {
      query: byHeads(numHeads * headDim),
      key: rows(latent ? 0 : numKvHeads * headDim),
      value: rows(latent ? 0 : numKvHeads * valueDim),
      attended: byHeads(numHeads * valueDim),
      gate: config.attentionGate ? byHeads(numHeads * valueDim) : undefined,
    },
    latent: latent && {
      query: latent.queryRank > 0 ? rows(latent.queryRank) : undefined,
      keyValue: rows(latent.keyValueRank),
      keyRope: rows(latent.ropeDim),
      asked: byHeads(numHeads * (latent.ropeDim + latent.keyValueRank)),
      answered: byHeads(numHeads * latent.keyValueRank),
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
      experts: backend.allocateMixture({
        router: experts,
        hiddenSize,
        activation: config.activation,
        activationLimit: config.activationLimit,
        inner: partition(experts.intermediateSize),
        outer: partition(hiddenSize),
      }),
      mixed: activation(hiddenSize),
      sharedGate: experts.sharedGate ? rows(1) : undefined,
    },
    encoder: config.encoderLayers > 0 ? { states: activation(hiddenSize, contextLength) } : undefined,
    headInput: activation(hiddenSize, logitRows),
    projectedOut: projected ? rows(embeddingSize, logitRows) : undefined,
    logits: config.languageHead ? rows(config.vocabSize, logitRows) : undefined,
  };
}

/**
 * Allocates the caches. An encoder's text may be as long as one sequence, and there is one at a time. Where texts run whole, a
 * layer needs no keys of another.
 */
export function createCaches(
  backend: Allocator,
  config: ModelConfig,
  { contextLength, sequences, keptStates = 0, cacheTokens, cacheType: dtype }: Omit<RunShape, "maxTokens">,
): Caches {
  const { numLayers, numHeads, delta } = config;
  const cachedLayers = config.causal ? numLayers : 1;
  const heads = cutHeads(config, backend.ranks);
  const longest = Math.ceil(contextLength / PAGE);
  const pages = Math.ceil(cacheTokens / PAGE);
  const namedPages = sequences * longest;
  const shape = {
    numLayers: cachedLayers,
    numHeads,
    ...cachedHeads(config),
    heads,
    dtype,
    pages,
    namedPages,
  };
  const ofText = { ...shape, pages: longest };
  const hasEncoder = config.encoderLayers > 0;
  return {
    decoder: backend.allocateCache(shape),
    encoder: hasEncoder ? backend.allocateCache({ ...ofText, numLayers: 1 }) : undefined,
    cross: hasEncoder ? backend.allocateCache(ofText) : undefined,
    delta:
      delta &&
      backend.allocateDeltaState({
        ...delta,
        numLayers,
        sequences: sequences + keptStates,
        heads: cutDeltaHeads(config, backend.ranks),
      }),
  };
}
