// What an adapter is: pairs of thin matrices in its files, parts beside the weights of a model.
import type { Checkpoint } from "../../formats/checkpoint.ts";
import type { TensorInfo } from "../../formats/tensor-info.ts";
import type { LowRankSource } from "../../tensor/backend.ts";
import type { Dialect } from "../families/find.ts";

/** What is added to the product of one module: factor * B (A x). */
export interface LoraPair {
  /** The module's name in the base model, without ".weight". */
  readonly module: string;
  /** [rank, in] */
  readonly a: TensorInfo;
  /** [out, rank] */
  readonly b: TensorInfo;
  readonly rank: number;
  readonly factor: number;
}

/** An adapter's files, understood. */
export interface AdapterFile {
  readonly checkpoint: Checkpoint;
  /** Whose names its modules have. */
  readonly dialect: Dialect;
  readonly pairs: readonly LoraPair[];
  /** What the files say of the model that it was trained on. */
  readonly base?: string;
}

/** The part of an adapter beside one weight matrix: plain data that can be posted to a worker. */
export interface AdapterPart extends LowRankSource {
  /** The keys that lead to the matrix in the tree of weights. */
  readonly path: readonly string[];
  readonly factor: number;
}
