// A backend around a backend that sums the squared inputs of every weight matrix.
import type { ColumnSums } from "../../formats/gguf/importance.ts";
import type { Activation, Backend, Matrix } from "../../tensor/backend.ts";
import type { MatrixPlan, WeightPlan } from "../weights/weight-plan.ts";
import type { ModelWeights } from "../weights/weights.ts";

/** A backend to run the forward pass on, and what it has measured. */
export interface InputMeter {
  readonly backend: Backend;
  /** By the stored tensor's name; experts that are one tensor are measured each for itself. */
  columns(): Map<string, ColumnSums>;
}

/** Where a matrix's input is summed. */
interface Place {
  readonly name: string;
  readonly matrices: number;
  readonly index: number;
  readonly cols: number;
}

/** Meters the blocks' matrices. Activations are whole on every rank, so that one rank's meter sees them all. */
export function createInputMeter(backend: Backend, plan: WeightPlan, weights: ModelWeights): InputMeter {
  const places = new Map<Matrix, Place>();
  placeMatrices(plan.decoder, weights.decoder, places);
  placeMatrices(plan.encoder, weights.encoder, places);
  const sums = new Map<string, { sums: Float64Array; counts: Float64Array; cols: number }>();

  const add = ({ name, matrices, index, cols }: Place, values: Float32Array, rows: number) => {
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
  const metered: Pick<Backend, "linear"> = {
    linear(x: Activation, ...products) {
      let values: Float32Array | undefined;
      for (const [weight] of products) {
        const place = places.get(weight);
        if (place) add(place, (values ??= backend.read(x)), x.tokens);
      }
      backend.linear(x, ...products);
    },
  };
  return {
    backend: Object.assign(Object.create(backend) as Backend, metered),
    columns: () =>
      new Map(
        Array.from(sums, ([name, entry]) => [
          name,
          { sums: Float32Array.from(entry.sums), counts: Float32Array.from(entry.counts) },
        ]),
      ),
  };
}

/** Finds the matrices of a part; of those that are one stored tensor and read the same, the first is measured. */
function placeMatrices(plan: unknown, weights: unknown, places: Map<Matrix, Place>): void {
  const seen = new Set<string>();
  const visit = (part: unknown, loaded: unknown): void => {
    if (typeof part !== "object" || part === null || typeof loaded !== "object" || loaded === null) return;
    if ("kind" in part) {
      if (part.kind !== "matrix") return;
      const { stored, rows, cols, first, expert, transposed } = part as MatrixPlan;
      const index = expert ? Math.floor(first / (transposed ? cols : rows)) : 0;
      const key = `${stored.name} ${index}`;
      if (seen.has(key)) return;
      seen.add(key);
      const matrices = expert ? Math.round((stored.rows * stored.cols) / (rows * cols)) : 1;
      places.set(loaded as Matrix, { name: stored.name, matrices, index, cols });
      return;
    }
    for (const key of Object.keys(part)) {
      visit((part as Record<string, unknown>)[key], (loaded as Record<string, unknown>)[key]);
    }
  };
  visit(plan, weights);
}
