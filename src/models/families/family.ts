// The Family type: how a checkpoint's fields and tensor names become a ModelConfig.
import type { ModelConfig } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";

/** A part of a stored tensor. Stored tensors count as matrices of `shape`'s last size, all other sizes being rows. */
export interface StoredPart {
  /** Without its suffix; `{l}` stands for the layer, `{e}` for the expert. */
  readonly name: string;
  /** Default ".weight". */
  readonly suffix?: string;
  /** Default ".bias". */
  readonly biasSuffix?: string;
  /** The bias's whole name, where it does not begin as the weight's does. */
  readonly biasName?: string;
  /** The whole tensor's shape. */
  readonly shape: readonly number[];
  /** The stored row that is the first here; default 0. */
  readonly first?: number;
  /** The stored rows (columns where transposed) that are the rows here, in order, counted from `first`. */
  readonly order?: Int32Array;
  /** Stored as [in, out]. */
  readonly transposed?: boolean;
  /** So many matrices [in, out] one after another, where transposed; default 1. `order` is then that within its own. */
  readonly parts?: number;
  /** Stored as MXFP4 in two tensors: blocks of 16 bytes under `suffix`, their scales under this one. */
  readonly scaleSuffix?: string;
  /** What is stored is -exp of what is used. */
  readonly negatedExp?: boolean;
}

/** Where a tensor lies: its name without ".weight" where it is stored as it is used, or a part of a packed one. */
export type Place = string | StoredPart;

/** An expert's tensor: its name with `{e}`, or the part that holds expert e. A name without `{e}`: stacked [expert, out, in]. */
export type ExpertPlace = string | ((expert: number) => StoredPart);

/** The parts that a checkpoint's tensors play; a family names those that its knobs ask for. */
export interface TensorNames {
  readonly embedding: Place;
  readonly positions: Place;
  readonly embeddingNorm: Place;
  readonly projectIn: Place;
  readonly projectOut: Place;
  readonly finalNorm: Place;
  readonly head: Place;
  readonly relativeBias: Place;

  readonly attentionNorm: Place;
  readonly attentionEndNorm: Place;
  readonly attentionAfterNorm: Place;
  readonly query: Place;
  readonly key: Place;
  readonly value: Place;
  readonly output: Place;
  readonly attentionGate: Place;
  readonly queryNorm: Place;
  readonly keyNorm: Place;
  readonly sinks: Place;
  /** Multi-head latent attention: down projections, their norms, and keys and values together, head by head. */
  readonly queryDown: Place;
  readonly queryDownNorm: Place;
  readonly keyValueDown: Place;
  readonly keyValueDownNorm: Place;
  readonly keyValueUp: Place;
  /** Instead of `keyValueUp`, where they are stored apart. */
  readonly keyUp: Place;
  readonly valueUp: Place;

  readonly crossNorm: Place;
  readonly crossQuery: Place;
  readonly crossKey: Place;
  readonly crossValue: Place;
  readonly crossOutput: Place;

  readonly mlpNorm: Place;
  readonly mlpEndNorm: Place;
  readonly mlpAfterNorm: Place;
  readonly gate: Place;
  readonly up: Place;
  readonly down: Place;
  readonly router: Place;
  readonly selectionBias: Place;
  readonly expertGate: ExpertPlace;
  readonly expertUp: ExpertPlace;
  readonly expertDown: ExpertPlace;
  readonly sharedGate: Place;
  readonly sharedUp: Place;
  readonly sharedDown: Place;
  /** One row: the gate of the shared experts' answer. */
  readonly sharedRouter: Place;

  readonly deltaQuery: Place;
  readonly deltaKey: Place;
  readonly deltaValue: Place;
  readonly deltaGate: Place;
  readonly deltaBeta: Place;
  readonly deltaAlpha: Place;
  readonly deltaOutput: Place;
  readonly deltaQueryKernel: Place;
  readonly deltaKeyKernel: Place;
  readonly deltaValueKernel: Place;
  readonly deltaDecay: Place;
  readonly deltaDecayBias: Place;
  readonly deltaNorm: Place;
}

/** Names of the decoder (or of the whole model), and of the encoder's layers where there is one. */
export interface ModelNames {
  readonly decoder: Partial<TensorNames>;
  readonly encoder?: Partial<TensorNames>;
  /** Tensors that the publisher left in and that say nothing which the config does not. */
  readonly ignore?: RegExp;
}

/** Whose names a checkpoint uses. */
export type Dialect = "huggingface" | "gguf";

/** What `readConfig` and `names` may look at beside the fields. */
export interface CheckpointFacts {
  readonly dialect: Dialect;
  /** Whether the checkpoint holds a tensor of this name. */
  has(tensor: string): boolean;
  /** The shape of the tensor of this name, where there is a checkpoint. */
  shape?(tensor: string): readonly number[] | undefined;
}

/** One family of models. */
export interface Family {
  readonly name: string;
  /** Values of `model_type` in config.json. */
  readonly modelTypes: readonly string[];
  /** Values of `general.architecture` in GGUF. */
  readonly ggufArchitectures: readonly string[];
  /** Other spellings of config.json's usual fields, each before the usual one. */
  readonly spellings?: Readonly<Record<string, readonly string[]>>;
  /** What fields of config.json are where it leaves them out, as the published configuration class has it. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** The dialects whose files store query and key rows with RoPE's pairs interleaved: 2i beside 2i + 1. */
  readonly interleavedRope: readonly Dialect[];
  /** Reads the knobs. */
  readConfig(reader: ConfigReader, facts: CheckpointFacts): ModelConfig;
  /** Where the weights lie. Left out: the names of the Llama line, in either dialect. */
  names?(config: ModelConfig, facts: CheckpointFacts): ModelNames;
}
