// The kernels of training on both builds against their plain references; what the part exports.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { createRandom } from "../../random.ts";
import { kernelUrl } from "../module/kernel-url.ts";
import { compileKernels } from "../module/module.ts";
import { assertClose, normals, seed, TestMemory } from "../module/test-memory.ts";
import { activationNumber, kinds } from "../ops/activate.ts";
import { activateBackward, cases as activateCases } from "./activate-backward.ts";
import { cases as attentionCases, attentionSoftmax, attentionSoftmaxBackward } from "./attention-rows.ts";
import { crossEntropy, cases as logitCases } from "./cross-entropy.ts";
import { gemm, cases as gemmCases } from "./gemm.ts";
import { GEMM_SCRATCH, type TrainingKernels } from "./kernels.ts";
import { normBackward, cases as normCases } from "./norm-backward.ts";
import { adamw, addColumns, combine, cases as countCases, sumOfSquares } from "./optimize.ts";

const names: Record<keyof TrainingKernels, true> = {
  activate_backward: true,
  adamw: true,
  add_columns: true,
  attention_softmax: true,
  attention_softmax_backward: true,
  combine: true,
  gemm: true,
  logit_gradients: true,
  measure_logits: true,
  norm_backward: true,
  norm_weights_backward: true,
  sum_of_squares: true,
};

for (const build of ["relaxed", "simd"] as const) {
  describe(`kernels of training, ${build} build`, async () => {
    const bytesOf = (name: string) => readFile(kernelUrl(name as `core.${typeof build}`));
    const { module } = await compileKernels(bytesOf, { build, types: ["f32"], training: true });
    const random = createRandom(seed);
    const floats = (count: number) => normals(random, count);
    const open = () => {
      const b = new TestMemory(module);
      return { b, k: b.k as unknown as TrainingKernels };
    };

    test("the part exports what the interface names", () => {
      const exported = WebAssembly.Module.exports(module[1]).map(({ name }) => name);
      assert.deepEqual(exported.sort(), Object.keys(names));
    });

    for (const shape of gemmCases) {
      const { m, n, k, aColumns, bColumns, add } = shape;
      test(`gemm ${m} x ${n} x ${k}, by columns: ${aColumns}, ${bColumns}, add: ${add}`, () => {
        const { b, k: kernels } = open();
        const [a, w, y] = [floats(m * k), floats(n * k), floats(m * n)];
        const at = [a, w, y].map((values) => b.put(values));
        const scratch = b.room(GEMM_SCRATCH);
        const [aStride, bStride] = [aColumns ? m : k, bColumns ? n : k];
        kernels.gemm(
          at[0],
          aStride,
          Number(aColumns),
          at[1],
          bStride,
          Number(bColumns),
          m,
          n,
          k,
          at[2],
          n,
          Number(add),
          scratch,
        );
        gemm(a, w, y, shape);
        assertClose(b.floats(at[2], m * n), y, 1e-5, "y");
      });
    }

    for (const shape of normCases) {
      const { rows, width, period, kind } = shape;
      test(`norm, ${kind}, ${rows} x ${width}, period ${period}`, () => {
        const { b, k } = open();
        const [x, dy, dx] = [floats(rows * width), floats(rows * width), new Float32Array(rows * width)];
        const weight = shape.weight ? floats(period * width) : undefined;
        const [dWeight, dBias] = [floats(period * width), floats(period * width)];
        const [px, pdy, pdx, pw, pdw, pdb] = [x, dy, dx, weight ?? dx, dWeight, dBias].map((values) =>
          b.put(values),
        );
        const stats = b.room(8 * rows);
        const layer = kind === "layer" ? 1 : 0;
        k.norm_backward(px, pdy, rows, width, layer, 1e-5, weight ? pw : 0, period, 0, pdx, 0, stats);
        k.norm_weights_backward(px, pdy, stats, rows, width, period, 0, period * width, pdw, pdb);
        normBackward({ x, dy, weight }, { dx, dWeight, dBias }, { ...shape, eps: 1e-5 });
        assertClose(b.floats(pdx, dx.length), dx, 2e-5, "dx");
        assertClose(b.floats(pdw, dWeight.length), dWeight, 1e-5, "dWeight");
        assertClose(b.floats(pdb, dBias.length), dBias, 1e-5, "dBias");
      });
    }

    for (const { count } of activateCases) {
      for (const kind of kinds) {
        for (const gated of [true, false]) {
          test(`activation ${kind}, ${gated ? "gated, " : ""}${count}`, () => {
            const { b, k } = open();
            const limit = kind === "clipped-swiglu" ? 0.8 : 0;
            const [gate, up, dy] = [floats(count), floats(count), floats(count)];
            const [dGate, dUp] = [new Float32Array(count), new Float32Array(count)];
            const [pg, pu, pd] = [gate, up, dy].map((values) => b.put(values));
            const [pdg, pdu] = [b.result(count), b.result(count)];
            k.activate_backward(activationNumber(kind), pg, gated ? pu : 0, pd, count, limit, pdg, pdu);
            activateBackward(kind, { gate, up: gated ? up : undefined, dy }, { dGate, dUp }, limit);
            assertClose(b.floats(pdg, count), dGate, 1e-5, "dGate");
            if (gated) assertClose(b.floats(pdu, count), dUp, 1e-5, "dUp");
          });
        }
      }
    }

    for (const shape of attentionCases) {
      const { rows, cols, at, window, scale, softcap, sink } = shape;
      test(`softmax of ${rows} x ${cols} scores`, () => {
        const { b, k } = open();
        const [raw, d] = [floats(rows * cols), floats(rows * cols)];
        const [p, sinks, dRaw, sums] = [rows * cols, rows, rows * cols, rows].map(
          (count) => new Float32Array(count),
        );
        const [pr, pp, pd] = [raw, raw, d].map((values) => b.put(values));
        const [ps, pSums] = [b.room(4 * rows), b.room(4 * rows)];
        k.attention_softmax(
          pp,
          cols,
          rows,
          cols,
          at,
          window,
          scale,
          softcap,
          sink === undefined ? 0 : 1,
          sink ?? 0,
          ps,
        );
        attentionSoftmax(raw, p, sinks, shape);
        assertClose(b.floats(pp, p.length), p, 1e-5, "probabilities");
        if (sink !== undefined) assertClose(b.floats(ps, rows), sinks, 1e-5, "sinks");
        k.attention_softmax_backward(pp, pd, pr, cols, rows, cols, at, window, scale, softcap, pSums);
        attentionSoftmaxBackward({ raw, probabilities: p, d }, dRaw, sums, shape);
        assertClose(b.floats(pSums, rows), sums, 1e-5, "sums");
        if (rows > 1) assertClose(b.floats(pd, dRaw.length), dRaw, 1e-5, "gradients");
      });
    }

    for (const shape of logitCases) {
      const { rows, width, scale, softcap } = shape;
      test(`cross-entropy of ${rows} x ${width} logits`, () => {
        const { b, k } = open();
        const [logits, weights, gradient] = [
          floats(rows * width),
          floats(rows),
          new Float32Array(rows * width),
        ];
        const targets = Int32Array.from({ length: rows }, (_, r) => (r === 1 ? -100 : r % width));
        const z = 1e-3;
        const wanted = crossEntropy(logits, { targets, weights, z }, gradient, shape);
        const [pl, pt] = [b.put(logits), b.put(targets)];
        const measures = b.room(12 * rows);
        k.measure_logits(pl, width, rows, width, pt, scale, softcap, measures);
        const found = b.floats(measures, 3 * rows);
        const plans = new Float32Array(3 * rows);
        for (let r = 0; r < rows; r++) {
          const [top, total, own] = found.subarray(3 * r, 3 * r + 3);
          const logSum = top + Math.log(total);
          const isCounted = targets[r] >= 0;
          if (isCounted) assert.ok(Math.abs(logSum - own - wanted[r].crossEntropy) < 1e-5);
          plans.set([top, isCounted ? (weights[r] * (1 + 2 * z * logSum)) / total : 0, weights[r]], 3 * r);
        }
        k.logit_gradients(pl, width, rows, width, pt, b.put(plans), scale, softcap);
        assertClose(b.floats(pl, gradient.length), gradient, 1e-5, "gradient");
      });
    }

    for (const { count } of countCases) {
      test(`optimisers over ${count}`, () => {
        const { b, k } = open();
        const [p, g, m, y] = [floats(count), floats(count), floats(count), floats(count)];
        const v = floats(count).map(Math.abs);
        const [pp, pg, pm, pv, py] = [p, g, m, v, y].map((values) => b.put(values));
        const step = { by: 0.7, keep: 0.99, beta1: 0.9, beta2: 0.95, rate: 0.1, root: 1.3, eps: 1e-8 };
        assert.ok(Math.abs(k.sum_of_squares(pp, count) / sumOfSquares(p) - 1) < 1e-9);
        k.adamw(pp, pg, pm, pv, count, 0.7, 0.99, 0.9, 1 - 0.9, 0.95, 1 - 0.95, 0.1, 1.3, 1e-8);
        adamw({ p, g, m, v }, step);
        for (const [at, values] of [
          [pp, p],
          [pm, m],
          [pv, v],
        ] as const)
          assertClose(b.floats(at, count), values, 1e-6, "adamw");
        k.combine(pg, py, 0.3, -2, py, count);
        combine(g, y, 0.3, -2, y);
        assertClose(b.floats(py, count), y, 1e-6, "combine");
        const columns = count / 2;
        const out = floats(columns);
        const po = b.put(out);
        k.add_columns(pg, columns, 2, columns, po);
        addColumns(g, columns, out);
        assertClose(b.floats(po, columns), out, 1e-6, "add_columns");
      });
    }
  });
}
