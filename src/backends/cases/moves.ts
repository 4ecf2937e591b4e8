// Cases of operations that only move rows and columns: every bit arrives.
import { findLargestOf } from "../../kernels/ops/largest.ts";
import type { Largest } from "../../tensor/backend.ts";
import { describe, normals, type OperationCase } from "./case.ts";

/** Nothing is computed. */
const EXACT = 0;

interface RowsShape {
  readonly tokens: number;
  readonly width: number;
}

/** Rows of an f32 table, some of them more than once. */
export function embedCase({ tokens, width }: RowsShape): OperationCase {
  return {
    operation: "embed",
    about: `looking up rows: ${describe({ tokens, width })}`,
    kernels: () => ["unpack_row_f32", "pack_f32"],
    tolerance: EXACT,
    async prepare(stage, random) {
      const vocabulary = tokens + 3;
      const values = normals(random, vocabulary * width);
      const ids = Int32Array.from({ length: tokens }, () => random.integer(vocabulary));
      const table = await stage.floats(values, width);
      const out = stage.backend.allocate(width, tokens);
      return {
        run() {
          stage.backend.embed(table, ids, out);
          return stage.backend.read(out);
        },
        expected: () => pick(values, width, ids),
      };
    },
  };
}

/** This rank's columns, and all ranks' put together again; whole on rank 0 alone. */
export function gatherCase({ tokens, width }: RowsShape): OperationCase {
  return {
    operation: "gather",
    about: `copying columns: ${describe({ tokens, width })}`,
    kernels: () => ["copy_rows"],
    tolerance: EXACT,
    async prepare(stage, random) {
      const b = stage.backend;
      const values = normals(random, tokens * width);
      const whole = await stage.rows(values, width);
      const own = stage.room(width, tokens);
      return {
        run() {
          b.keepOwn(whole, own);
          return stage.read(own);
        },
        same: {
          collect: async () => {
            b.keepOwn(whole, own);
            const collected = (await b.collect(own)).slice();
            return b.rank === 0 ? collected : values;
          },
        },
        expected: () => values,
      };
    },
  };
}

/** Rows taken out of order, some twice; and put elsewhere, the others left as they were. */
export function takeRowsCase({ tokens, width }: RowsShape): OperationCase {
  return {
    operation: "takeRows",
    about: describe({ tokens, width }),
    kernels: () => ["copy_rows"],
    tolerance: EXACT,
    async prepare(stage, random) {
      const values = normals(random, tokens * width);
      const rows = Int32Array.from({ length: tokens }, () => random.integer(tokens));
      const [from, out] = [await stage.rows(values, width), stage.backend.allocate(width, tokens)];
      return {
        run() {
          stage.backend.takeRows(from, rows, out);
          return stage.backend.read(out);
        },
        expected: () => pick(values, width, rows),
      };
    },
  };
}

export function putRowsCase({ tokens, width }: RowsShape): OperationCase {
  return {
    operation: "putRows",
    about: describe({ tokens, width }),
    kernels: () => ["copy_rows"],
    tolerance: EXACT,
    async prepare(stage, random) {
      const [values, before] = [normals(random, tokens * width), normals(random, 2 * tokens * width)];
      const places = Int32Array.from({ length: tokens }, (_, i) => 2 * (tokens - 1 - i) + random.integer(2));
      const [from, to] = [await stage.rows(values, width), await stage.rows(before, width)];
      return {
        run() {
          stage.backend.putRows(from, places, to);
          return stage.backend.read(to);
        },
        expected() {
          const after = before.slice();
          for (const [i, row] of places.entries())
            after.set(values.subarray(i * width, (i + 1) * width), row * width);
          return after;
        },
      };
    },
  };
}

interface LargestShape extends RowsShape {
  readonly count: number;
  /** Values are multiples of it, so that some are equal; 0: they are not rounded. */
  readonly step: number;
  /** Values that are no numbers, or infinite, at random columns. */
  readonly odd?: readonly number[];
}

/** Columns and values arrive as they are; weights are added in single precision. */
export function largestCase(shape: LargestShape): OperationCase {
  const { tokens, width, count, step, odd = [] } = shape;
  const kept = Math.min(count, width);
  const plain = (value: number) =>
    Number.isFinite(value) ? value : Number.isNaN(value) ? 2e38 : 1e38 * Math.sign(value);
  const weighs = odd.length === 0;
  const inOne = (found: readonly Largest[]) =>
    Float32Array.from(
      found.flatMap(({ columns, values, mass }) => [
        ...columns,
        ...Array.from(values, plain),
        weighs ? mass : 0,
      ]),
    );
  return {
    operation: "largest",
    about: describe(shape),
    kernels: () => [],
    tolerance: EXACT,
    async prepare(stage, random) {
      const values = normals(random, tokens * width).map((x) =>
        step > 0 ? Math.round((4 * x) / step) * step : 4 * x,
      );
      for (const value of odd)
        for (let row = 0; row < tokens; row++) values[row * width + random.integer(width)] = value;
      const factors = Float32Array.from({ length: tokens }, (_, row) => (weighs ? 0.5 + row : 0));
      const rows = await stage.slice(values, width);
      return {
        run: async () => inOne((await stage.backend.largest?.(rows, count, factors)) ?? []),
        expected: () =>
          inOne(
            Array.from({ length: tokens }, (_, row) =>
              findLargestOf(values.subarray(row * width, (row + 1) * width), count, factors[row]),
            ),
          ),
        allowed: (i, expected) => (i % (2 * kept + 1) === 2 * kept ? 2e-5 * expected : EXACT),
      };
    },
  };
}

function pick(values: Float32Array, width: number, rows: Int32Array): Float32Array {
  const picked = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries())
    picked.set(values.subarray(row * width, (row + 1) * width), i * width);
  return picked;
}

const shapes: readonly RowsShape[] = [
  { tokens: 1, width: 1 },
  { tokens: 1, width: 64 },
  { tokens: 7, width: 13 },
  { tokens: 40, width: 172 },
];

export const moveCases: readonly OperationCase[] = [
  ...shapes.flatMap((shape) => [embedCase, gatherCase, takeRowsCase, putRowsCase].map((make) => make(shape))),
  largestCase({ tokens: 1, width: 1, count: 4, step: 0 }),
  largestCase({ tokens: 3, width: 172, count: 5, step: 0 }),
  largestCase({ tokens: 2, width: 5000, count: 64, step: 1 }),
  largestCase({
    tokens: 2,
    width: 700,
    count: 16,
    step: 0.25,
    odd: [Number.NaN, Number.POSITIVE_INFINITY, Number.NaN],
  }),
  largestCase({ tokens: 1, width: 300, count: 300, step: 0.5, odd: [Number.NEGATIVE_INFINITY, -0] }),
];
