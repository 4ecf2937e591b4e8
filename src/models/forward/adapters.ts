// Adapters in a forward pass: which rows have which, and what is added to their products.
import type {
  Activation,
  AdapterUse,
  Backend,
  LowRank,
  Matrix,
  Product,
  RowSpan,
  Run,
  Slice,
} from "../../tensor/backend.ts";
import type { AdapterPart } from "../adapters/adapter.ts";
import { type LoadedWeights, partAt } from "../weights/weights.ts";

/** What an adapter adds to the product of one weight matrix. */
interface Addend {
  readonly low: LowRank;
  readonly factor: number;
}

/** An adapter on one rank. */
export type LoadedAdapter = ReadonlyMap<Matrix, Addend>;

/** Neighbouring rows with the same adapters. */
export interface AdaptedRows extends RowSpan {
  readonly adapters: readonly { readonly addends: LoadedAdapter; readonly scale: number }[];
}

/** Loads a rank's share of an adapter. @throws {BaimoError} `memory` */
export function loadAdapter(
  backend: Backend,
  weights: LoadedWeights,
  parts: readonly AdapterPart[],
): LoadedAdapter {
  // The path of a part leads to a matrix: placeAdapter found it in the plan of these weights.
  const matrices = parts.map(({ path }) => partAt(weights, path) as Matrix);
  const loaded = backend.loadLowRank(parts.map((part, i) => [matrices[i], part]));
  return new Map(parts.map(({ factor }, i) => [matrices[i], { low: loaded[i], factor }]));
}

/** The rows of a pass that have adapters; runs that have the same are taken together. */
export function adaptedRows(
  loaded: ReadonlyMap<number, LoadedAdapter>,
  runs: readonly (RowSpan & Pick<Run, "adapters">)[],
): AdaptedRows[] {
  const spans: { first: number; rows: number; uses: readonly AdapterUse[] }[] = [];
  for (const { first, rows, adapters: uses = [] } of runs) {
    const last = spans.at(-1);
    if (uses.length === 0) continue;
    if (last && last.first + last.rows === first && isSame(last.uses, uses)) last.rows += rows;
    else spans.push({ first, rows, uses });
  }
  return spans.map(({ first, rows, uses }) => ({
    first,
    rows,
    adapters: uses.map(({ adapter, scale }) => {
      const addends = loaded.get(adapter);
      if (!addends) throw new Error(`adapter ${adapter} is not loaded`);
      return { addends, scale };
    }),
  }));
}

function isSame(a: readonly AdapterUse[], b: readonly AdapterUse[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ adapter, scale }, i) => adapter === b[i].adapter && scale === b[i].scale)
  );
}

/** The same for rows picked from a pass. */
export function adaptedAmong(
  loaded: ReadonlyMap<number, LoadedAdapter>,
  runs: readonly Run[],
  picked: Int32Array,
): AdaptedRows[] {
  if (!runs.some(({ adapters }) => adapters)) return [];
  const each = Array.from(picked, (row, i) => {
    const run = runs.find(({ first, rows }) => row >= first && row < first + rows);
    return { first: i, rows: 1, adapters: run?.adapters };
  });
  return adaptedRows(loaded, each);
}

/** Adds to finished products what the adapters of their rows say. */
export function addAdapters(
  backend: Backend,
  adapted: readonly AdaptedRows[],
  x: Activation | Slice,
  products: readonly Product[],
): void {
  for (const span of adapted) {
    for (const { addends, scale } of span.adapters) {
      for (const [weight, y] of products) {
        const addend = addends.get(weight);
        if (addend) backend.addLowRank(x, addend.low, y, span, Math.fround(scale * addend.factor));
      }
    }
  }
}
