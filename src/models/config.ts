// ModelConfig: the flat record of knobs that drives the one forward pass; leans on nothing.

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
      /** Multiplies cos and sin. */
      readonly attentionFactor: number;
    }
  /** One divisor a pair of dimensions, as stored in GGUF's `rope_freqs.weight`. */
  | { readonly type: "factors"; readonly factors: readonly number[]; readonly attentionFactor: number };

/** Everything the forward pass needs to know of a model. One knob, one branch in transformer.ts. */
export interface ModelConfig {
  /** The architecture's name as the checkpoint gives it, for display only. */
  readonly architecture: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  /** The context length that the checkpoint states. */
  readonly contextLength: number;
  readonly normEps: number;
  /** Biases of the query, key and value projections. */
  readonly qkvBias: boolean;
  /** Bias of the attention's output projection. */
  readonly outputBias: boolean;
  /** Biases of the MLP's projections. */
  readonly mlpBias: boolean;
  /** RMS norm of each query and key head, before RoPE. */
  readonly qkNorm: boolean;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling;
  /** For each layer the number of last positions that a query sees, itself included; 0 sees all. */
  readonly slidingWindow: readonly number[];
  /** The output projection is the embedding matrix. */
  readonly tiedEmbeddings: boolean;
  /** 0 for a dense model. */
  readonly numExperts: number;
  readonly numExpertsPerToken: number;
  readonly bosTokenId?: number;
  readonly eosTokenIds: readonly number[];
}
