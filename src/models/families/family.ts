// The Family type: how a checkpoint's fields and tensor names become a ModelConfig.
import type { TypedMetadataValue } from "../../formats/gguf/gguf-writer.ts";
import type { Knobs, ModelConfig } from "../config/config.ts";
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
  readonly tokenTypes: Place;
  readonly embeddingNorm: Place;
  readonly projectIn: Place;
  readonly projectOut: Place;
  readonly finalNorm: Place;
  readonly head: Place;
  readonly classifierDense: Place;
  readonly classifierNorm: Place;
  readonly classifier: Place;
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

/** What a family may look at beside the fields. */
export interface CheckpointFacts {
  /** Whether the checkpoint holds a tensor of this name. */
  has(tensor: string): boolean;
  /** The shape of the tensor of this name, where there is a checkpoint. */
  shape?(tensor: string): readonly number[] | undefined;
  /**
   * The `count` values of a tensor that holds settings (RoPE's divisors in GGUF); undefined where it is not there.
   * @throws {BaimoError} `shape` when it has another number of values
   */
  values(tensor: string, count: number): readonly number[] | undefined;
}

/** Sizes that are read before a family's own fields. */
export interface Sizes {
  readonly numLayers: number;
  readonly hiddenSize: number;
  readonly numHeads: number;
  readonly headDim: number;
  readonly contextLength: number;
}

/** Reads a family's own fields. The knobs that it returns take the place of Llama's. */
export type ReadKnobs = (reader: ConfigReader, sizes: Sizes, facts: CheckpointFacts) => Knobs;

/** What is said of a family in either form. What is left out is as Llama has it. */
interface Form {
  /** Query and key rows are stored with RoPE's pairs interleaved: 2i beside 2i + 1. */
  readonly interleavedRope?: boolean;
  readonly knobs?: ReadKnobs;
  /** Instead of `knobs`, where the usual fields are not there at all: reads everything. */
  readonly read?: (reader: ConfigReader, facts: CheckpointFacts) => ModelConfig;
  /** Where the weights lie. */
  readonly names?: (config: ModelConfig, facts: CheckpointFacts) => ModelNames;
}

/** A family as config.json beside safetensors or PyTorch files has it. */
export interface HuggingFaceForm extends Form {
  /** Values of `model_type`. */
  readonly types: readonly string[];
  /** Other spellings of the usual fields, each before the usual one. */
  readonly spellings?: Readonly<Record<string, readonly string[]>>;
  /** What fields are where the file leaves them out, as the published configuration class has it. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** Checkpoints for several media keep the fields of the text part in `text_config`, and its tensors under a root. */
  readonly textPart?: boolean;
}

/** GGUF metadata to write: keys without the architecture's prefix. Undefined: not written. */
export type GgufKeys = Record<string, TypedMetadataValue | undefined>;

/** A family as GGUF has it. Names and keys are those of llama.cpp (gguf-py/gguf/constants.py). */
export interface GgufForm extends Form {
  /** Values of `general.architecture` that are read. */
  readonly architectures: readonly string[];
  /** The keys to write beside the usual ones. Left out: the family is not written. */
  readonly write?: (config: ModelConfig) => GgufKeys;
  /** The architecture to write, where it is not the first that is read. */
  readonly writtenAs?: string;
  /** Query, key and value are written as one tensor. */
  readonly packed?: boolean;
  /** The window's key is written; "here": llama.cpp reads past it. */
  readonly window?: "everywhere" | "here";
  /** Tensors by whose presence a reader goes; beside the packed one. */
  readonly marks?: (config: ModelConfig) => readonly string[];
}

/** One family of models, in two forms: how it is read from each, and how GGUF is written. */
export interface Family {
  readonly name: string;
  readonly huggingface?: HuggingFaceForm;
  readonly gguf?: GgufForm;
}

/** A family in one form, with nothing left out: what the rest of the program sees of it. */
export interface CompleteForm {
  readonly interleavedRope: boolean;
  /** Biases are read wherever there are any, whatever the knobs say. */
  readonly readsAllBiases: boolean;
  readConfig(reader: ConfigReader, facts: CheckpointFacts): ModelConfig;
  names(config: ModelConfig, facts: CheckpointFacts): ModelNames;
}
