// Cases of operations on each head or value alone: RoPE, activations, sums, gates.
import { activate, cases as activateShapes, kinds } from "../../kernels/ops/activate.ts";
import { clip, cases as elementwiseShapes, scaleAdd, sigmoidMul } from "../../kernels/ops/elementwise.ts";
import { type RopeShape, rope, cases as ropeShapes } from "../../kernels/ops/rope.ts";
import type { ActivationKind } from "../../tensor/backend.ts";
import { describe, normals, type OperationCase } from "./case.ts";

/** A few roundings of f32, 6e-8 each, of values around 1. */
const ROUNDINGS = 1e-6;
export function ropeCase(shape: RopeShape): OperationCase {
  const { tokens, heads, headDim, ropeDim } = shape;
  return {
    operation: "rope",
    about: describe(shape),
    kernels: () => ["rope"],
    tolerance: ROUNDINGS,
    async prepare(stage, random) {
      const b = stage.backend;
      const x = normals(random, tokens * heads * headDim);
      const angles = normals(random, (tokens * ropeDim) / 2);
      const [cos, sin] = [angles.map(Math.cos), angles.map(Math.sin)];
      const own = await stage.slice(x, heads * headDim, headDim);
      const whole = await stage.rows(x, heads * headDim);
      const set = () => b.setAngles(1, cos, sin, ropeDim / 2);
      return {
        run() {
          set();
          b.rope(own, headDim, 1);
          return stage.read(own);
        },
        same: {
          whole: () => {
            set();
            b.rope(whole, headDim, 1);
            return b.read(whole);
          },
        },
        expected() {
          const expected = x.slice();
          rope(expected, cos, sin, shape);
          return expected;
        },
      };
    },
  };
}

interface ActivateOptions {
  readonly kind: ActivationKind;
  readonly tokens: number;
  readonly width: number;
  readonly gated: boolean;
  readonly limit: number;
}

export function activateCase({ kind, tokens, width, gated, limit }: ActivateOptions): OperationCase {
  return {
    operation: "activate",
    about: describe({ kind, tokens, width, gated }),
    kernels: () => ["activate"],
    tolerance: ROUNDINGS,
    async prepare(stage, random) {
      const b = stage.backend;
      const x = normals(random, tokens * width).map((value, i) => value * (i % 2 ? 20 : 1));
      x.set([-100, 100, -0.01].slice(0, width));
      const y = gated ? normals(random, tokens * width).map((value) => value * 5) : undefined;
      const gate = await stage.slice(x, width);
      const up = y && (await stage.slice(y, width));
      return {
        run() {
          b.activate(kind, gate, up, limit);
          return stage.read(gate);
        },
        expected() {
          const expected = new Float32Array(x.length);
          activate(kind, x, y, limit, expected);
          return expected;
        },
        // e^x takes x's own rounding many times over where x is large; what underflows may be zero
        allowed: (i, expected) =>
          (2e-6 + 1.2e-7 * Math.abs(x[i]) ** (kind === "silu" ? 1 : 3)) * Math.abs(expected) + 1e-34,
      };
    },
  };
}

interface CountShape {
  readonly tokens: number;
  readonly width: number;
}

/** A gate for each value, or one for each row. */
export function sigmoidMulCase({ tokens, width, byRow }: CountShape & { byRow: boolean }): OperationCase {
  return {
    operation: "sigmoidMul",
    about: describe({ tokens, width, byRow }),
    kernels: () => ["sigmoid_mul"],
    tolerance: ROUNDINGS,
    async prepare(stage, random) {
      const b = stage.backend;
      const [x, gates] = [normals(random, tokens * width), normals(random, tokens * (byRow ? 1 : width))];
      const expected = () => {
        const product = x.slice();
        sigmoidMul(product, gates);
        return product;
      };
      if (byRow) {
        const [rows, gate] = [await stage.rows(x, width), await stage.rows(gates, 1)];
        const run = () => {
          b.sigmoidMul(rows, gate);
          return b.read(rows);
        };
        return { run, expected };
      }
      const [rows, gate] = [await stage.slice(x, width), await stage.slice(gates, width)];
      const run = () => {
        b.sigmoidMul(rows, gate);
        return stage.read(rows);
      };
      return { run, expected };
    },
  };
}

export function clipCase({ tokens, width }: CountShape): OperationCase {
  return {
    operation: "clip",
    about: describe({ tokens, width }),
    kernels: () => ["clip"],
    tolerance: 0, // every value is one of its inputs
    async prepare(stage, random) {
      const x = normals(random, tokens * width);
      const rows = await stage.slice(x, width);
      return {
        run() {
          stage.backend.clip(rows, 0.5);
          return stage.read(rows);
        },
        expected() {
          const expected = x.slice();
          clip(expected, 0.5);
          return expected;
        },
      };
    },
  };
}

/** One factor for all, or one a row. */
export function scaleCase({ tokens, width, byRow }: CountShape & { byRow: boolean }): OperationCase {
  return {
    operation: "scale",
    about: describe({ tokens, width, byRow }),
    kernels: () => ["scale"],
    tolerance: 0, // one rounding, on every machine
    async prepare(stage, random) {
      const x = normals(random, tokens * width);
      const factors = normals(random, tokens);
      const factor = byRow ? factors : factors[0];
      const rows = await stage.slice(x, width);
      return {
        run() {
          stage.backend.scale(rows, factor);
          return stage.read(rows);
        },
        expected: () => x.map((value, i) => value * factors[byRow ? Math.floor(i / width) : 0]),
      };
    },
  };
}

export function addCase({ tokens, width, factor }: CountShape & { factor: number }): OperationCase {
  return {
    operation: "add",
    about: describe({ tokens, width, factor }),
    kernels: () => [factor === 1 ? "add" : "scale_add"],
    tolerance: factor === 1 ? 0 : ROUNDINGS, // a sum of two has one rounding, on every machine
    async prepare(stage, random) {
      const b = stage.backend;
      const [x, y] = [normals(random, tokens * width), normals(random, tokens * width)];
      const [into, from] = [await stage.rows(x, width), await stage.rows(y, width)];
      return {
        run() {
          b.add(into, from, factor);
          return b.read(into);
        },
        expected() {
          const expected = x.slice();
          scaleAdd(expected, y, Math.fround(factor));
          return expected;
        },
      };
    },
  };
}

const counts = elementwiseShapes.map(({ count }) => ({ tokens: 3, width: count }));

export const pointwiseCases: readonly OperationCase[] = [
  ...ropeShapes.map(ropeCase),
  ...activateShapes.flatMap((shape) =>
    kinds.flatMap((kind) => [true, false].map((gated) => activateCase({ ...shape, kind, gated, limit: 7 }))),
  ),
  ...counts.flatMap((shape) => [
    ...[false, true].map((byRow) => sigmoidMulCase({ ...shape, byRow })),
    ...[false, true].map((byRow) => scaleCase({ ...shape, byRow })),
    ...[1, -0.3].map((factor) => addCase({ ...shape, factor })),
    clipCase(shape),
  ]),
];
