// ModelConfig: the flat record of knobs that drives the one forward pass.
import { BaimoError } from "../../errors.ts";
import type { ActivationKind, NormKind, RouterConfig } from "../../tensor/backend.ts";

/** How RoPE's angles are stretched beyond the context of pre-training. */
export type RopeScaling =
  | { readonly type: "none" }
  /** Positions divided by `factor` (arXiv:2306.15595). */
  | { readonly type: "linear"; readonly factor: number }
  /** Llama 3.1: low frequencies divided by `factor`, high ones kept, a ramp between. */
  | {
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFreqFactor: number;
      readonly highFreqFactor: number;
      readonly originalContextLength: number;
    }
  /** YaRN (arXiv:2309.00071): interpolation by parts, with attention temperature. */
  | {
      readonly type: "yarn";
      readonly factor: number;
      readonly originalContextLength: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      /** The ramp begins and ends at whole dimensions. */
      readonly truncate: boolean;
      /** Multiplies cos and sin. */
      readonly attentionFactor: number;
    }
  /** One divisor a pair of dimensions, as stored in GGUF's `rope_freqs.weight`. */
  | { readonly type: "factors"; readonly factors: readonly number[]; readonly attentionFactor: number }
  /** LongRoPE (arXiv:2402.13753): other divisors once the sequence is longer than the original context. */
  | {
      readonly type: "longrope";
      readonly short: readonly number[];
      readonly long: readonly number[];
      readonly originalContextLength: number;
      readonly shortFactor: number;
      readonly longFactor: number;
    }
  /** Dynamic NTK: the base grows with the length of the sequence beyond `originalContextLength`. */
  | { readonly type: "dynamic"; readonly factor: number; readonly originalContextLength: number }
  /** Qwen 1's dynamic NTK: the base grows by steps, each time the length doubles. */
  | { readonly type: "qwen-ntk"; readonly originalContextLength: number };

/** One set of rotary angles. */
export interface RopeConfig {
  readonly theta: number;
  /** How many of a head's first dimensions turn. */
  readonly dims: number;
  readonly scaling: RopeScaling;
}

/** What multiplies the queries of a position: grows slowly beyond `originalContextLength`. */
export type QueryScaling =
  /** max(1, ln(i) / ln(original)) for the i-th position from 1 (Qwen 1's log-n attention). */
  | { readonly type: "log-n"; readonly originalContextLength: number }
  /** 1 + beta ln(1 + floor(position / original)) (Llama 4, Ministral 3). */
  | { readonly type: "floor-log"; readonly beta: number; readonly originalContextLength: number };

/** A mixture of experts. */
export interface ExpertsConfig extends RouterConfig {
  readonly intermediateSize: number;
  /** A learned bias a expert that is added to scores for the choice alone (arXiv:2408.15664). */
  readonly selectionBias: boolean;
  readonly routerBias: boolean;
  readonly bias: boolean;
  /** Width of the experts that every token meets; 0 for none. */
  readonly sharedIntermediateSize: number;
  /** The shared experts' answer is multiplied by a sigmoid of its own. */
  readonly sharedGate: boolean;
  /** Layers with a plain MLP instead. */
  readonly denseLayers: readonly boolean[];
}

/** Multi-head latent attention (arXiv:2405.04434 §2.1). */
export interface LatentConfig {
  /** Rank of the queries' latent; 0: queries are projected directly. */
  readonly queryRank: number;
  readonly keyValueRank: number;
  /** Dimensions of a key that turn, shared by all heads; the others are `headDim - ropeDim`. */
  readonly ropeDim: number;
  /** Of the latents' norms. */
  readonly normEps: number;
}

/** Gated delta net (arXiv:2412.06464). */
export interface DeltaConfig {
  readonly keyHeads: number;
  readonly valueHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  /** Width of the causal convolution. */
  readonly kernel: number;
}

/** How the final states of a text become one: their mean, or that of its last or first token. */
export type Pooling = "mean" | "last" | "cls";

/** What makes scores of a text: weights over its pooled final state. */
export interface ClassifierConfig {
  /** How many scores. */
  readonly classes: number;
  /** The state of the first token, or the mean of all. */
  readonly pooling: Exclude<Pooling, "last">;
  /** What lies between state and scores: a square layer with an activation, and maybe a norm. */
  readonly dense?: {
    readonly bias: boolean;
    readonly activation: ActivationKind | "tanh";
    readonly norm: boolean;
  };
}

/** Everything the forward pass needs to know of a model. One knob, one branch in the forward pass. */
export interface ModelConfig {
  /** The architecture's name as the checkpoint gives it, for display only. */
  readonly architecture: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  /** The context length that the checkpoint states. */
  readonly contextLength: number;
  readonly bosTokenId?: number;
  readonly eosTokenIds: readonly number[];

  /** A token sees those before it; otherwise the whole text, which runs in one step (an encoder alone). */
  readonly causal: boolean;
  /** Layers of the encoder that a decoder asks; 0 for none. */
  readonly encoderLayers: number;
  /** What a decoder behind an encoder begins with. */
  readonly decoderStartTokenId?: number;

  /** Width of the embedding where it is not hiddenSize: projected in and out (OPT-350m). */
  readonly embeddingSize: number;
  readonly embeddingScale: number;
  readonly embeddingNorm: boolean;
  /** Rows of a learned table of positions, the first `offset` of which are not used; 0 for none. */
  readonly learnedPositions: number;
  readonly learnedPositionOffset: number;
  /** A token that is not counted: it stands in the row before the first position (RoBERTa's padding). */
  readonly uncountedTokenId?: number;
  /** Rows of a table of token types, which tell a pair's first text from its second; 0 for none. */
  readonly tokenTypes: number;

  readonly norm: NormKind;
  readonly normEps: number;
  /** "one-plus": what is stored is added to 1. */
  readonly normWeight: "plain" | "one-plus" | "none";
  readonly normBias: boolean;
  /** Before a branch, after the sum, at the end of a branch, or both before and at the end. */
  readonly normPlace: "pre" | "post" | "branch" | "sandwich";
  readonly finalNorm: boolean;
  /** Otherwise the first block's attention has no norm, where the others have one before it. */
  readonly firstNorm: boolean;
  /** "parallel": attention and MLP both read the block's input, through one norm ("parallel-shared") or two. */
  readonly residual: "sequential" | "parallel" | "parallel-shared";
  readonly residualScale: number;
  /** What goes on beside a branch is the norm's output, not its input (a BLOOM option). */
  readonly residualFromNorm: boolean;

  readonly numHeads: number;
  readonly numKvHeads: number;
  /** Of queries and keys. */
  readonly headDim: number;
  readonly valueDim: number;
  readonly latent?: LatentConfig;
  /** Biases of the query, key and value projections. */
  readonly qkvBias: boolean;
  /** Bias of the attention's output projection. */
  readonly outputBias: boolean;
  /** A norm of queries and keys before RoPE: of each head with one weight, with a weight a head, or of the whole row. */
  readonly qkNorm: "none" | "head" | "each-head" | "full";
  /** Queries, keys and values are clipped to ±this; 0: not. */
  readonly qkvClip: number;
  /** They are clipped after that norm instead of before it. */
  readonly clipAfterNorm: boolean;
  readonly attentionScale: number;
  /** The scale of layer l is divided by l + 1 besides (an option of GPT-2's). */
  readonly attentionScaleByDepth: boolean;
  /** cap * tanh(score / cap); 0: none. */
  readonly attentionSoftcap: number;
  /** A learned score a head that takes part in the softmax and has no value (arXiv:2309.17453). */
  readonly attentionSinks: boolean;
  /** The attention's answer is multiplied by a sigmoid gate. */
  readonly attentionGate: boolean;
  /** For each layer the number of last positions that a query sees, itself included; 0 sees all. */
  readonly slidingWindow: readonly number[];
  /** Rotary angles in use, and for each layer which; -1 for none. */
  readonly ropes: readonly RopeConfig[];
  readonly layerRopes: readonly number[];
  readonly queryScaling?: QueryScaling;
  /** ALiBi (arXiv:2108.12409): one slope a head; empty for none. */
  readonly alibiSlopes: readonly number[];
  /** T5's learned bias by distance (arXiv:1910.10683 §2.1); 0 buckets for none. */
  readonly relativeBuckets: number;
  readonly relativeMaxDistance: number;

  readonly intermediateSize: number;
  readonly activation: ActivationKind;
  /** activation(gate x) * up x, or activation(up x) alone. */
  readonly gatedMlp: boolean;
  /** For activations that clip; 0 for the others. */
  readonly activationLimit: number;
  readonly mlpBias: boolean;
  readonly experts?: ExpertsConfig;

  /** Layers whose mixer is a gated delta net instead of attention. */
  readonly deltaLayers: readonly boolean[];
  readonly delta?: DeltaConfig;

  /** States become logits of the next token. */
  readonly languageHead: boolean;
  readonly classifier?: ClassifierConfig;
  /** How its embeddings are pooled, where the checkpoint says so. */
  readonly pooling?: Pooling;
  /** The output projection is the embedding matrix. */
  readonly tiedEmbeddings: boolean;
  readonly headBias: boolean;
  /** Each row of the output projection is divided by its length (Baichuan 2). */
  readonly headNormalized: boolean;
  readonly logitScale: number;
  /** cap * tanh(logit / cap); 0: none. */
  readonly logitSoftcap: number;
}

/** The longest context that a model can have whatever it is asked for: a table of positions ends somewhere. */
export function longestContext(config: ModelConfig): number {
  const { learnedPositions, learnedPositionOffset } = config;
  return learnedPositions > 0 ? learnedPositions - learnedPositionOffset : 1 << 24;
}

/** Positions that the model was made for: what its checkpoint states, or what stretched angles reach if that is more. */
export function trainedContext({ contextLength, ropes }: ModelConfig): number {
  const reach = ropes.map(({ scaling }) => {
    if (!("factor" in scaling)) return contextLength;
    const original = "originalContextLength" in scaling ? scaling.originalContextLength : contextLength;
    return scaling.factor * original;
  });
  return Math.max(contextLength, ...reach);
}

/** What a family has to say in any case. */
export type RequiredKnobs = Pick<
  ModelConfig,
  | "architecture"
  | "vocabSize"
  | "hiddenSize"
  | "intermediateSize"
  | "numLayers"
  | "numHeads"
  | "contextLength"
  | "eosTokenIds"
  | "normEps"
>;

/** Some of the knobs: what a family reads, over the line that it belongs to. */
export type Knobs = Partial<ModelConfig>;

/** A plain Llama without RoPE. */
function defaultKnobs({ hiddenSize, numLayers, numHeads, headDim, ropes }: RequiredKnobs & Knobs) {
  const size = headDim ?? hiddenSize / numHeads;
  return {
    causal: true,
    encoderLayers: 0,
    embeddingSize: hiddenSize,
    embeddingScale: 1,
    embeddingNorm: false,
    learnedPositions: 0,
    learnedPositionOffset: 0,
    tokenTypes: 0,
    norm: "rms",
    normWeight: "plain",
    normBias: false,
    normPlace: "pre",
    finalNorm: true,
    firstNorm: true,
    residual: "sequential",
    residualScale: 1,
    residualFromNorm: false,
    numKvHeads: numHeads,
    headDim: size,
    valueDim: size,
    qkvBias: false,
    outputBias: false,
    qkNorm: "none",
    qkvClip: 0,
    clipAfterNorm: false,
    attentionScaleByDepth: false,
    attentionScale: 1 / Math.sqrt(size),
    attentionSoftcap: 0,
    attentionSinks: false,
    attentionGate: false,
    slidingWindow: new Array(numLayers).fill(0),
    ropes: [],
    layerRopes: new Array(numLayers).fill(ropes?.length ? 0 : -1),
    alibiSlopes: [],
    relativeBuckets: 0,
    relativeMaxDistance: 0,
    activation: "silu",
    gatedMlp: true,
    activationLimit: 0,
    mlpBias: false,
    deltaLayers: new Array(numLayers).fill(false),
    languageHead: true,
    tiedEmbeddings: false,
    headBias: false,
    headNormalized: false,
    logitScale: 1,
    logitSoftcap: 0,
  } satisfies Knobs;
}

/** Knobs without a default: those that a family has to say, and those that may stay unsaid. */
const others: Readonly<Record<Exclude<keyof ModelConfig, keyof ReturnType<typeof defaultKnobs>>, true>> = {
  architecture: true,
  vocabSize: true,
  hiddenSize: true,
  intermediateSize: true,
  numLayers: true,
  numHeads: true,
  contextLength: true,
  eosTokenIds: true,
  normEps: true,
  bosTokenId: true,
  decoderStartTokenId: true,
  uncountedTokenId: true,
  classifier: true,
  pooling: true,
  latent: true,
  queryScaling: true,
  experts: true,
  delta: true,
};

/**
 * A whole configuration from the knobs that are set.
 * @throws {BaimoError} `config` when one of them does not exist
 */
export function completeConfig(knobs: RequiredKnobs & Knobs): ModelConfig {
  const defaults = defaultKnobs(knobs);
  for (const knob of Object.keys(knobs)) {
    if (Object.hasOwn(defaults, knob) || Object.hasOwn(others, knob)) continue;
    throw new BaimoError("config", `"${knob}" is no knob of ModelConfig; a family's file misspells one`);
  }
  checkRanges(knobs);
  return { ...defaults, ...knobs };
}

/** Values with which the mathematics has no sense. */
function checkRanges({ normEps, ropes = [] }: RequiredKnobs & Knobs): void {
  if (!(normEps >= 0))
    throw new BaimoError("config", `the norms' epsilon must not be negative, but is ${normEps}`);
  for (const { theta } of ropes) {
    if (!(theta > 0)) throw new BaimoError("config", `RoPE's theta must be above 0, but is ${theta}`);
  }
}
