// Which stored rows make up each tensor of a GGUF file, from two plans of one model.
import { BaimoError } from "../../errors.ts";
import type { TensorSource } from "../weights/finder.ts";
import {
  isTensorPlan,
  type MatrixPlan,
  type StoredTensor,
  type TensorPlan,
  type VectorPlan,
  type WeightPlan,
} from "../weights/tensor-plan.ts";
import { leavesOf } from "../weights/weights.ts";

/** One tensor to write. Matrices by rows; vectors by values, each a row of one. */
export interface LayoutTensor {
  readonly name: string;
  /** Outermost first. */
  readonly shape: readonly number[];
  readonly kind: "matrix" | "vector";
  /** Weights of the checkpoint: matrices, or vectors. */
  readonly from: (MatrixPlan | VectorPlan)[];
  /** Index into `from` for each row; -1: zeros. */
  readonly source: Int32Array;
  /** The row of that weight. */
  readonly row: Int32Array;
  /** Minus the exponential of every value is stored. */
  readonly negatedExp: boolean;
}

/** A source that holds any tensor it is asked for, and keeps their shapes. */
export function createBlankSource(
  marks: readonly string[],
): TensorSource & { shapes: Map<string, readonly number[]> } {
  const shapes = new Map<string, readonly number[]>();
  const marked = new Set(marks);
  return {
    name: "the GGUF file",
    shapes,
    tensors: {
      get(name, shape) {
        shapes.set(name, shape);
        return { name, dtype: "F32", shape, file: 0, offset: 0, byteLength: 0 };
      },
      has: (name) => marked.has(name),
      keys: () => [],
    },
  };
}

/** Every weight of a plan by the part that it plays; biases beside their matrices. */
function weightsByPart(plan: WeightPlan): Map<string, TensorPlan> {
  const parts = new Map<string, TensorPlan>();
  for (const { path, leaf } of leavesOf(plan, isTensorPlan)) {
    parts.set(path.join("."), leaf);
    if (leaf.kind === "matrix" && leaf.bias) parts.set([...path, "bias"].join("."), leaf.bias);
  }
  return parts;
}

interface Draft extends LayoutTensor {
  filled: number;
}

/**
 * Lays a checkpoint's plan over that of a file yet to be written.
 *
 * shapes  of the file's tensors by name, as its plan asked for them
 * @throws {BaimoError} `request` when the file has no place for a weight
 */
export function layOut(
  source: WeightPlan,
  target: WeightPlan,
  shapes: ReadonlyMap<string, readonly number[]>,
): LayoutTensor[] {
  const drafts = new Map<string, Draft>();
  const draftOf = (
    name: string,
    shape: readonly number[],
    kind: "matrix" | "vector",
    negatedExp = false,
  ): Draft => {
    let draft = drafts.get(name);
    if (!draft) {
      const values = shape.reduce((a, b) => a * b, 1);
      const rows = kind === "matrix" ? values / shape.at(-1)! : values;
      draft = {
        name,
        shape,
        kind,
        negatedExp,
        from: [],
        filled: 0,
        source: new Int32Array(rows).fill(-1),
        row: new Int32Array(rows),
      };
      drafts.set(name, draft);
    }
    return draft;
  };
  const wanted = weightsByPart(target);
  const left = new Map(wanted);
  for (const [path, leaf] of weightsByPart(source)) {
    const place =
      wanted.get(path) ?? (path.endsWith(".bias") ? biasOf(wanted.get(path.slice(0, -5))) : undefined);
    if (!place || (place.kind === "matrix") !== (leaf.kind === "matrix")) {
      throw new BaimoError("request", `"${leaf.name}" has no place in a GGUF file of this architecture`);
    }
    left.delete(path);
    const { name } = place.stored;
    const shape = shapes.get(name) ?? shapeOf(place.stored);
    if (leaf.kind === "matrix") putMatrix(draftOf(name, shape, "matrix"), leaf, place as MatrixPlan);
    else {
      const vector = place as VectorPlan;
      putVector(draftOf(name, shape, "vector", vector.negatedExp), leaf, vector);
    }
  }
  for (const [path, leaf] of left) {
    // What is only a matrix here may have a bias that is zero.
    if (!path.endsWith(".bias")) {
      throw new BaimoError(
        "request",
        `a GGUF file of this architecture needs "${leaf.stored.name}", which is not there`,
      );
    }
    draftOf(leaf.stored.name, shapes.get(leaf.stored.name) ?? shapeOf(leaf.stored), "vector");
  }
  for (const { name, kind, filled, source: rows } of drafts.values()) {
    if (kind === "matrix" && filled !== rows.length) {
      throw new BaimoError(
        "request",
        `only ${filled} of ${rows.length} rows of "${name}" are in the checkpoint`,
      );
    }
  }
  return [...drafts.values()];
}

const shapeOf = ({ rows, cols }: StoredTensor): number[] => (rows === 1 ? [cols] : [rows, cols]);

/** The bias beside a matrix that the file's plan does not ask for, but that a reader takes where it is. */
function biasOf(matrix: TensorPlan | undefined): VectorPlan | undefined {
  if (matrix?.kind !== "matrix") return undefined;
  const { stored, first, order, rows } = matrix;
  const name = stored.name.replace(/weight$/, "bias");
  const bias = { ...stored, name, rows: 1, cols: stored.rows };
  return { kind: "vector", name, length: rows, stored: bias, first, order, onePlus: false };
}

function putMatrix(draft: Draft, from: MatrixPlan, to: MatrixPlan): void {
  if (to.transposed)
    throw new BaimoError("request", `"${draft.name}" is stored transposed, which is not written`);
  put(draft, from, from.rows, to);
}

function putVector(draft: Draft, from: VectorPlan, to: VectorPlan): void {
  const { rows, cols } = from.stored;
  // A bias by distance is stored by bucket.
  const plain = from.buckets ? { ...from, buckets: undefined, length: rows * cols } : from;
  put(draft, plain, plain.length, to);
}

function put(draft: Draft, from: TensorPlan, count: number, to: TensorPlan): void {
  const index = draft.from.push(from) - 1;
  for (let r = 0; r < count; r++) {
    const at = to.first + (to.order ? to.order[r] : r);
    if (draft.source[at] < 0) draft.filled++;
    draft.source[at] = index;
    draft.row[at] = r;
  }
}
