// Cases of norms, of rows and of heads.
import { type NormShape, norm, cases as normShapes } from "../../kernels/ops/norm.ts";
import type { NormKind } from "../../tensor/backend.ts";
import { describe, normals, type OperationCase } from "./case.ts";

/** A few roundings of f32, after a sum over the row whose errors are its terms' at random signs. */
const ROW_SUM = 2e-6;

interface NormOptions {
  readonly kind: NormKind;
  readonly eps: number;
  readonly weighted: boolean;
  readonly biased: boolean;
}

export function normCase({ rows, width, ...options }: NormShape & NormOptions): OperationCase {
  const { kind, eps, weighted, biased } = options;
  return {
    operation: "norm",
    about: describe({ rows, width, kind, weighted, biased }),
    kernels: () => ["norm"],
    tolerance: ROW_SUM,
    async prepare(stage, random) {
      const b = stage.backend;
      const x = normals(random, rows * width).map((value) => value + 0.5);
      const weight = weighted ? normals(random, width) : undefined;
      const bias = biased ? normals(random, width) : undefined;
      const from = await stage.rows(x, width);
      const out = b.allocate(width, rows);
      const loaded = {
        kind,
        eps,
        weight: weight && (await stage.vector(weight)),
        bias: bias && (await stage.vector(bias)),
      };
      return {
        run() {
          b.norm(from, loaded, out);
          return b.read(out);
        },
        same: {
          "in place": () => {
            b.norm(from, loaded, from);
            return b.read(from);
          },
        },
        expected() {
          const expected = new Float32Array(x.length);
          norm(x, expected, { rows, width, kind, eps, weight, bias });
          return expected;
        },
      };
    },
  };
}

interface HeadNormShape extends NormOptions {
  readonly tokens: number;
  readonly heads: number;
  readonly headDim: number;
  /** Each head has weights of its own. */
  readonly each: boolean;
}

export function headNormCase(shape: HeadNormShape): OperationCase {
  const { tokens, heads, headDim, kind, eps, weighted, biased, each } = shape;
  const width = heads * headDim;
  return {
    operation: "headNorm",
    about: describe({ ...shape, eps: undefined }),
    kernels: () => ["norm_heads"],
    tolerance: ROW_SUM,
    async prepare(stage, random) {
      const b = stage.backend;
      const x = normals(random, tokens * width);
      const [weight, bias] = [weighted, biased].map((has) =>
        has ? normals(random, each ? width : headDim) : undefined,
      );
      const own = await stage.slice(x, width, headDim);
      const whole = await stage.rows(x, width);
      const loaded = {
        kind,
        eps,
        weight: weight && (await stage.vector(weight)),
        bias: bias && (await stage.vector(bias)),
      };
      return {
        run() {
          b.headNorm(own, loaded, headDim);
          return stage.read(own);
        },
        same: {
          whole: () => {
            b.headNorm(whole, loaded, headDim);
            return b.read(whole);
          },
        },
        expected() {
          const expected = new Float32Array(x.length);
          for (let at = 0; at < x.length; at += headDim) {
            const first = each ? at % width : 0;
            norm(x.subarray(at, at + headDim), expected.subarray(at, at + headDim), {
              rows: 1,
              width: headDim,
              kind,
              eps,
              weight: weight?.subarray(first, first + headDim),
              bias: bias?.subarray(first, first + headDim),
            });
          }
          return expected;
        },
      };
    },
  };
}

const normKinds: readonly NormOptions[] = (["rms", "layer"] as const).flatMap((kind) => [
  { kind, eps: 1e-5, weighted: false, biased: false },
  { kind, eps: 1e-5, weighted: true, biased: false },
  { kind, eps: 1e-5, weighted: true, biased: true },
]);

export const normCases: readonly OperationCase[] = [
  ...normShapes.flatMap((shape) => normKinds.map((options) => normCase({ ...shape, ...options }))),
  ...[false, true].flatMap((each) =>
    normKinds.map((options) => headNormCase({ tokens: 3, heads: 5, headDim: 12, each, ...options })),
  ),
];
