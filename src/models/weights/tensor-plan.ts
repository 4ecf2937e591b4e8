// Where each weight of a model lies in its checkpoint: plain data that can be posted to a worker.
import type { Encoding } from "../../formats/quantized/encoding.ts";
import { type DType, dtypes } from "../../tensor/dtype.ts";
import { leavesOf, type WeightTree } from "./weights.ts";

/** What cuts a matrix for the ranks: its rows in even parts, or the query heads or key heads whose rows they are. */
export type RowCut = "rows" | "heads" | "delta";

/** A stored tensor as [rows, cols], one row after another. */
export interface StoredTensor {
  readonly name: string;
  readonly file: number;
  readonly offset: number;
  readonly dtype: DType;
  readonly rows: number;
  readonly cols: number;
  /** Of a weight that lies in several stored tensors: how. `dtype` is then the form in which it is read. */
  readonly encoding?: Encoding;
}

/** A weight matrix [rows, cols] in a stored tensor. */
export interface MatrixPlan {
  readonly kind: "matrix";
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly cut: RowCut;
  readonly stored: StoredTensor;
  /** Row r is stored row first + (order ? order[r] : r). Transposed: that column, of `cols` stored rows from `first`. */
  readonly first: number;
  readonly order?: Int32Array;
  readonly transposed: boolean;
  /** Transposed: so many parts, the rows of one after those of another, each of `cols` stored rows. */
  readonly parts: number;
  /** Stored rows from one part to the next, where they are not `cols`. */
  readonly partRows?: number;
  /** The rows of so many heads, each multiplied with values of its head alone. */
  readonly heads?: number;
  /** Each row is divided by its length. */
  readonly normalized: boolean;
  readonly bias?: VectorPlan;
  /** One of many experts, of which a token meets few. */
  readonly expert: boolean;
}

/** The element type in which a matrix is read. */
export function readType({ stored, normalized, transposed }: MatrixPlan): DType {
  // Blocks that lie across the rows are read as values.
  return normalized || (transposed && dtypes[stored.dtype].elements > 1) ? "F32" : stored.dtype;
}

/** A weight vector: values first + (order ? order[i] : i) of a stored tensor. "values" are read by the main program. */
export interface VectorPlan {
  readonly kind: "vector" | "values";
  readonly name: string;
  readonly length: number;
  readonly stored: StoredTensor;
  readonly first: number;
  readonly order?: Int32Array;
  /** What is stored is added to 1. */
  readonly onePlus: boolean;
  /** What is stored is -exp of the values. */
  readonly negatedExp?: boolean;
  /** [buckets, heads] as stored, to be spread over distances: [heads, 2 * maxDistance + 1]. */
  readonly buckets?: {
    readonly count: number;
    readonly maxDistance: number;
    readonly bidirectional: boolean;
  };
}

/** A whole model. */
export type WeightPlan = WeightTree<MatrixPlan, VectorPlan, VectorPlan>;

/** A leaf of a plan. */
export type TensorPlan = MatrixPlan | VectorPlan;

/** Whether a part of a plan is a leaf. */
export function isTensorPlan(part: object): part is TensorPlan {
  return "kind" in part && (part.kind === "matrix" || part.kind === "vector" || part.kind === "values");
}

/** The tensors of a plan or of a part of one, in the order in which they are loaded. Biases belong to their matrices. */
export function tensorsOf(part: object): TensorPlan[] {
  return leavesOf(part, isTensorPlan).map(({ leaf }) => leaf);
}

/** The matrices among them. */
export function matricesOf(part: object): MatrixPlan[] {
  return tensorsOf(part).flatMap((tensor) => (tensor.kind === "matrix" ? [tensor] : []));
}
