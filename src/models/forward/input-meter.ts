// A backend around a backend that sums the squared inputs of every weight matrix.
import type { ColumnSums } from "../../formats/gguf/importance.ts";
import type { Backend, Matrix } from "../../tensor/backend.ts";
import { isTensorPlan, type WeightPlan } from "../weights/tensor-plan.ts";
import { type LoadedWeights, leavesOf, partAt } from "../weights/weights.ts";

/** A measurement that goes on until the backend's observer is taken away. */
export interface InputMeter {
  /** By the stored tensor's name; experts that are one tensor are measured each for itself. */
  take(): Promise<Map<string, ColumnSums>>;
}

/** Where a matrix's input is summed. */
interface MeteredMatrix {
  readonly name: string;
  readonly matrices: number;
  readonly index: number;
  readonly cols: number;
}

/** Meters the blocks' matrices. Activations are whole on every rank, so that one rank's meter sees them all. */
export function startInputMeter(backend: Backend, plan: WeightPlan, weights: LoadedWeights): InputMeter {
  const metered = new Map<Matrix, MeteredMatrix>();
  findMatrices(plan.decoder, weights.decoder, metered);
  if (plan.encoder && weights.encoder) findMatrices(plan.encoder, weights.encoder, metered);
  const sums = new Map<string, { sums: Float64Array; counts: Float64Array; cols: number }>();

  const add = ({ name, matrices, index, cols }: MeteredMatrix, values: Float32Array, rows: number) => {
    let entry = sums.get(name);
    if (!entry) {
      entry = { sums: new Float64Array(matrices * cols), counts: new Float64Array(matrices), cols };
      sums.set(name, entry);
    }
    entry.counts[index] += rows;
    for (let row = 0, from = 0; row < rows; row++) {
      for (let i = index * cols; i < (index + 1) * cols; i++) entry.sums[i] += values[from++] ** 2;
    }
  };
  let added: Promise<unknown> = Promise.resolve();
  backend.observeProducts((x, matrices) => {
    const met = matrices.flatMap((matrix) => metered.get(matrix) ?? []);
    if (met.length === 0) return;
    const rows = x.tokens;
    added = Promise.all([backend.read(x), added]).then(([values]) => {
      for (const matrix of met) add(matrix, values, rows);
    });
  });
  return {
    async take() {
      await added;
      return new Map(
        Array.from(sums, ([name, entry]) => [
          name,
          { sums: Float32Array.from(entry.sums), counts: Float32Array.from(entry.counts) },
        ]),
      );
    },
  };
}

/** Finds the matrices of a stack; of those that are one stored tensor and read the same, the first is measured. */
function findMatrices(plan: object, weights: object, found: Map<Matrix, MeteredMatrix>): void {
  const seen = new Set<string>();
  for (const { path, leaf } of leavesOf(plan, isTensorPlan)) {
    if (leaf.kind !== "matrix") continue;
    const { stored, rows, cols, first, expert, transposed } = leaf;
    const index = expert ? Math.floor(first / (transposed ? cols : rows)) : 0;
    const key = `${stored.name} ${index}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const matrices = expert ? Math.round((stored.rows * stored.cols) / (rows * cols)) : 1;
    // what loadWeights has made of a MatrixPlan
    found.set(partAt(weights, path) as Matrix, { name: stored.name, matrices, index, cols });
  }
}
