// Which stored rows make up each tensor of a GGUF file: two plans of one model laid over each other, the checkpoint's and
// the file's. Leans on weight-plan.ts.
import { BaimoError } from "../errors.ts";
import type { MatrixPlan, StoredTensor, TensorSource, VectorPlan, WeightPlan } from "./weight-plan.ts";

/** A stored tensor that gives rows, or columns where it is transposed. */
export interface RowsFrom {
  readonly stored: StoredTensor;
  readonly transposed: boolean;
  /** Transposed: the first of the stored rows, of which there are as many as the width. */
  readonly first: number;
  /** Rows are divided by their length. */
  readonly normalized: boolean;
}

/** One tensor to write. Matrices by rows; vectors by values, each a row of one. */
export interface LayoutTensor {
  readonly name: string;
  /** Outermost first. */
  readonly shape: readonly number[];
  readonly kind: "matrix" | "vector";
  readonly from: RowsFrom[];
  /** For each row which of `from` it comes from; -1 for a row of zeros. */
  readonly source: Int32Array;
  /** The stored row there; the column, where that is transposed. */
  readonly row: Int32Array;
  /** 1 is added to every value. */
  readonly plusOne: boolean;
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

type Leaf = MatrixPlan | VectorPlan;

/** Every weight of a plan by the part that it plays; biases beside their matrices. */
function leavesOf(plan: WeightPlan): Map<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  const visit = (path: string, value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("kind" in value) {
      const leaf = value as Leaf;
      leaves.set(path, leaf);
      if (leaf.kind === "matrix" && leaf.bias) leaves.set(`${path}.bias`, leaf.bias);
      return;
    }
    for (const [key, inner] of Object.entries(value)) visit(path === "" ? key : `${path}.${key}`, inner);
  };
  visit("", plan);
  return leaves;
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
    plusOne: boolean,
  ): Draft => {
    let draft = drafts.get(name);
    if (!draft) {
      const values = shape.reduce((a, b) => a * b, 1);
      const rows = kind === "matrix" ? values / shape.at(-1)! : values;
      draft = {
        ...{ name, shape, kind, plusOne, from: [], filled: 0 },
        source: new Int32Array(rows).fill(-1),
        row: new Int32Array(rows),
      };
      drafts.set(name, draft);
    }
    return draft;
  };
  const wanted = leavesOf(target);
  const left = new Map(wanted);
  for (const [path, leaf] of leavesOf(source)) {
    const place =
      wanted.get(path) ?? (path.endsWith(".bias") ? biasOf(wanted.get(path.slice(0, -5))) : undefined);
    if (!place || (place.kind === "matrix") !== (leaf.kind === "matrix")) {
      throw new BaimoError("request", `"${leaf.name}" has no place in a GGUF file of this architecture`);
    }
    left.delete(path);
    const { name } = place.stored;
    const shape = shapes.get(name) ?? shapeOf(place.stored);
    if (leaf.kind === "matrix") putMatrix(draftOf(name, shape, "matrix", false), leaf, place as MatrixPlan);
    else {
      const added = leaf.onePlus && !(place as VectorPlan).onePlus;
      putVector(draftOf(name, shape, "vector", added), leaf, place as VectorPlan);
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
    draftOf(leaf.stored.name, shapes.get(leaf.stored.name) ?? shapeOf(leaf.stored), "vector", false);
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
function biasOf(matrix: Leaf | undefined): VectorPlan | undefined {
  if (matrix?.kind !== "matrix") return undefined;
  const { stored, first, order, rows } = matrix;
  const name = stored.name.replace(/weight$/, "bias");
  const bias = { ...stored, name, rows: 1, cols: stored.rows };
  return { kind: "vector", name, length: rows, stored: bias, first, order, onePlus: false };
}

function sourceIndex(draft: Draft, part: RowsFrom): number {
  const known = draft.from.findIndex(
    (one) =>
      one.stored.name === part.stored.name &&
      one.transposed === part.transposed &&
      one.first === part.first &&
      one.normalized === part.normalized,
  );
  return known >= 0 ? known : draft.from.push(part) - 1;
}

function putMatrix(draft: Draft, from: MatrixPlan, to: MatrixPlan): void {
  if (to.transposed)
    throw new BaimoError("request", `"${draft.name}" is stored transposed, which is not written`);
  if (from.scales)
    throw new BaimoError("request", `"${from.name}" is MXFP4 in two tensors, which is not converted`);
  const { stored, transposed } = from;
  const part = { stored, transposed, first: transposed ? from.first : 0, normalized: from.normalized };
  const index = sourceIndex(draft, part);
  for (let r = 0; r < from.rows; r++) {
    const at = to.first + (to.order ? to.order[r] : r);
    const row = from.order ? from.order[r] : r;
    if (draft.source[at] < 0) draft.filled++;
    draft.source[at] = index;
    draft.row[at] = transposed ? row : from.first + row;
  }
}

function putVector(draft: Draft, from: VectorPlan, to: VectorPlan): void {
  if (from.negatedExp !== to.negatedExp)
    throw new BaimoError(
      "request",
      `"${draft.name}" is stored as -exp of "${from.name}", which is not written`,
    );
  const part = { stored: from.stored, transposed: false, first: 0, normalized: false };
  const index = sourceIndex(draft, part);
  // A bias by distance is stored by bucket.
  const length = from.buckets ? from.stored.rows * from.stored.cols : from.length;
  for (let i = 0; i < length; i++) {
    const at = to.first + (to.order ? to.order[i] : i);
    if (draft.source[at] < 0) draft.filled++;
    draft.source[at] = index;
    draft.row[at] = from.first + (from.order ? from.order[i] : i);
  }
}
