// What a family is: a translation of a checkpoint's fields and tensor names into ModelConfig. Data, no mathematics.
import type { ModelConfig } from "../config.ts";
import type { ConfigReader } from "../config-reader.ts";

/** The parts that a checkpoint's tensors play. `{l}` in a name stands for the layer, `{e}` for the expert. */
export interface TensorNames {
  readonly embedding: string;
  readonly finalNorm: string;
  readonly head: string;
  readonly attentionNorm: string;
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly queryNorm: string;
  readonly keyNorm: string;
  readonly output: string;
  readonly mlpNorm: string;
  readonly gate: string;
  readonly up: string;
  readonly down: string;
  readonly router: string;
  /** Stacked [expert, out, in] where the name has no `{e}`. */
  readonly expertGate: string;
  readonly expertUp: string;
  readonly expertDown: string;
}

/** One family of models. */
export interface Family {
  readonly name: string;
  /** Values of `model_type` in config.json. */
  readonly modelTypes: readonly string[];
  /** Values of `general.architecture` in GGUF. */
  readonly ggufArchitectures: readonly string[];
  /** GGUF stores query and key rows with RoPE's pairs interleaved. */
  readonly ggufInterleavedRope: boolean;
  /** Reads the knobs; `dialect` says whose field names the reader holds. */
  readConfig(reader: ConfigReader, dialect: Dialect): ModelConfig;
}

/** Whose names a checkpoint uses. */
export type Dialect = "huggingface" | "gguf";
