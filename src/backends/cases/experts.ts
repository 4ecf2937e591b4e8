// Cases of mixtures of experts: every kind of router, experts with gates and without.
import { activate } from "../../kernels/ops/activate.ts";
import { createRouter } from "../../kernels/ops/router.ts";
import { matmul } from "../../kernels/products/matmul.ts";
import type { ActivationKind, Experts, RouterConfig } from "../../tensor/backend.ts";
import { describe, normals, type OperationCase } from "./case.ts";

interface ExpertsOptions {
  readonly tokens: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly activation: ActivationKind;
  readonly gated: boolean;
  /** A bias on the choice of experts. */
  readonly biased: boolean;
  readonly router: Partial<RouterConfig>;
}

const plain: RouterConfig = {
  count: 8,
  perToken: 2,
  score: "softmax",
  jitter: 0,
  groups: 1,
  groupsPerToken: 1,
  groupScore: "max",
  normalize: 1,
  normalizeEps: 0,
  scale: 1,
};

export function expertsCase({ router: ways, ...options }: ExpertsOptions): OperationCase {
  const { tokens, hiddenSize, intermediateSize, activation, gated, biased } = options;
  const router = { ...plain, ...ways };
  const { count } = router;
  return {
    operation: "experts",
    about: describe({ ...options, ...ways }),
    kernels: () => ["scale_add", "copy_rows", "activate", "matmul_f32"],
    tolerance: 1e-5, // three products in f32, one after another
    async prepare(stage, random) {
      const b = stage.backend;
      const x = normals(random, tokens * hiddenSize);
      const logits = normals(random, tokens * count).map((logit) => 2 * logit);
      const selectionBias = biased ? normals(random, count).map((bias) => bias / 4) : undefined;
      const weights = Array.from({ length: count }, () => ({
        gate: gated ? normals(random, intermediateSize * hiddenSize) : undefined,
        up: normals(random, intermediateSize * hiddenSize),
        down: normals(random, hiddenSize * intermediateSize),
      }));
      const experts: Experts["experts"][number][] = [];
      for (const { gate, up, down } of weights) {
        experts.push({
          gate: gate && (await stage.floats(gate, hiddenSize)),
          up: await stage.floats(up, hiddenSize),
          down: await stage.floats(down, intermediateSize),
        });
      }
      const mixture = b.allocateMixture({
        router,
        hiddenSize,
        activation,
        activationLimit: 7,
        inner: stage.cut(intermediateSize),
        outer: stage.cut(hiddenSize),
      });
      const from = await stage.rows(x, hiddenSize);
      const scores = await stage.slice(logits, count);
      const out = b.allocate(hiddenSize, tokens);
      return {
        run() {
          b.experts(from, scores, { experts, selectionBias }, mixture, out);
          return b.read(out);
        },
        expected() {
          const answer = new Float64Array(tokens * hiddenSize);
          for (const { expert, rows, weights: shares } of createRouter(router).route(logits, selectionBias)) {
            for (const [i, token] of rows.entries()) {
              const row = x.subarray(token * hiddenSize, (token + 1) * hiddenSize);
              const y = runExpert(weights[expert], row, { intermediateSize, activation });
              for (let c = 0; c < hiddenSize; c++) answer[token * hiddenSize + c] += shares[i] * y[c];
            }
          }
          return Float32Array.from(answer);
        },
      };
    },
  };
}

/** down(activation(gate x) * up x) of one token. */
function runExpert(
  { gate, up, down }: { gate?: Float32Array; up: Float32Array; down: Float32Array },
  x: Float32Array,
  { intermediateSize, activation }: { intermediateSize: number; activation: ActivationKind },
): Float32Array {
  const multiply = (weight: Float32Array, rows: number, input: Float32Array) => {
    const y = new Float32Array(rows);
    matmul(weight, input, y, { rows, cols: input.length, tokens: 1 });
    return y;
  };
  const inner = multiply(gate ?? up, intermediateSize, x);
  activate(activation, inner, gate && multiply(up, intermediateSize, x), 7, inner);
  return multiply(down, x.length, inner);
}

const sizes = {
  tokens: 9,
  hiddenSize: 24,
  intermediateSize: 20,
  activation: "silu",
  gated: true,
  biased: false,
} as const;

export const expertCases: readonly OperationCase[] = [
  expertsCase({ ...sizes, router: {} }),
  expertsCase({ ...sizes, tokens: 1, router: {} }),
  expertsCase({ ...sizes, activation: "gelu", gated: false, router: { perToken: 3 } }),
  expertsCase({ ...sizes, activation: "clipped-swiglu", router: { perToken: 4 } }),
  expertsCase({ ...sizes, router: { normalize: 0, scale: 2 } }),
  expertsCase({ ...sizes, router: { normalize: 2 } }),
  expertsCase({ ...sizes, router: { normalize: 0, groups: 4, groupsPerToken: 2 } }),
  expertsCase({
    ...sizes,
    biased: true,
    router: {
      score: "sigmoid",
      groups: 4,
      groupsPerToken: 2,
      groupScore: "top2",
      normalizeEps: 1e-20,
      scale: 2.5,
    },
  }),
  expertsCase({ ...sizes, router: { score: "sparsemixer", jitter: 0.1 } }),
];
