// All ops but products and attention against references, on both builds; bits in chunks (D4).
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom } from "../../random.ts";
import { activate, cases as activateCases, activationNumber, kinds } from "../ops/activate.ts";
import { checksum, cases as checksumCases } from "../ops/checksum.ts";
import {
  addRows,
  clip,
  cases as elementwiseCases,
  joinHeads,
  scaleAdd,
  sigmoidMul,
} from "../ops/elementwise.ts";
import { createDeltaState, cases as deltaCases, gatedDelta } from "../ops/gated-delta.ts";
import { norm, cases as normCases } from "../ops/norm.ts";
import { rope, cases as ropeCases } from "../ops/rope.ts";
import { type Kernels, scratchBytes } from "./module.ts";
import { assertClose, loadBuild, normals, seed, strided, TestMemory } from "./test-memory.ts";

/** The names that TypeScript believes in, complete by its own check. */
const names: Record<keyof Kernels, true> = {
  activate: true,
  add: true,
  add_rows: true,
  attention_f16: true,
  attention_f32: true,
  attention_q8: true,
  checksum: true,
  choose_byte_products: true,
  choose_pairs: true,
  clip: true,
  convolve: true,
  copy_rows: true,
  delta_rule: true,
  join_heads: true,
  matmul_bf16: true,
  matmul_f16: true,
  matmul_f32: true,
  matmul_iq4_nl: true,
  matmul_iq4_xs: true,
  matmul_mxfp4: true,
  matmul_q4_0: true,
  matmul_q4_1: true,
  matmul_q5_0: true,
  matmul_q5_1: true,
  matmul_q2_k: true,
  matmul_q3_k: true,
  matmul_q4_k: true,
  matmul_q5_k: true,
  matmul_q6_k: true,
  matmul_q8_0_signed: true,
  matmul_q8_0_unsigned: true,
  matmul_q8_0_wide: true,
  norm: true,
  norm_heads: true,
  normalize_f16: true,
  normalize_q4_0: true,
  normalize_q4_1: true,
  normalize_q5_0: true,
  normalize_q5_1: true,
  normalize_q2_k: true,
  normalize_q3_k: true,
  normalize_q4_k: true,
  normalize_q5_k: true,
  normalize_q6_k: true,
  normalize_q8_0: true,
  pack_bf16: true,
  pack_f16: true,
  pack_f32: true,
  pack_iq4_nl: true,
  pack_iq4_xs: true,
  pack_mxfp4: true,
  pack_q4_0: true,
  pack_q4_1: true,
  pack_q5_0: true,
  pack_q5_1: true,
  pack_q2_k: true,
  pack_q3_k: true,
  pack_q4_k: true,
  pack_q5_k: true,
  pack_q6_k: true,
  pack_q8_0: true,
  probe_products: true,
  probe_relaxed: true,
  quantize_q8: true,
  quantize_q8k: true,
  rope: true,
  scale: true,
  scale_add: true,
  sigmoid_mul: true,
  store_k_f16: true,
  store_k_f32: true,
  store_k_q8: true,
  store_v_f16: true,
  store_v_f32: true,
  store_v_q8: true,
  unpack_row_bf16: true,
  unpack_row_f16: true,
  unpack_row_f32: true,
  unpack_row_iq4_nl: true,
  unpack_row_iq4_xs: true,
  unpack_row_mxfp4: true,
  unpack_row_q4_0: true,
  unpack_row_q4_1: true,
  unpack_row_q5_0: true,
  unpack_row_q5_1: true,
  unpack_row_q2_k: true,
  unpack_row_q3_k: true,
  unpack_row_q4_k: true,
  unpack_row_q5_k: true,
  unpack_row_q6_k: true,
  unpack_row_q8_0: true,
};

for (const build of ["relaxed", "simd"] as const) {
  describe(`kernels, ${build} build`, async () => {
    const module = await loadBuild(build);

    test("the module exports what the interface names, and imports only memory", () => {
      const exported = module.flatMap((part) => WebAssembly.Module.exports(part).map((entry) => entry.name));
      assert.deepEqual([...new Set(exported)].sort(), Object.keys(names).sort());
      const imported = module.flatMap((part) => WebAssembly.Module.imports(part));
      assert.deepEqual(
        imported.map((entry) => `${entry.module}.${entry.name}`),
        module.map(() => "env.memory"),
      );
    });

    for (const length of checksumCases) {
      test(`checksum of ${length} bytes`, () => {
        const random = createRandom(seed);
        const bytes = Uint8Array.from({ length }, () => random.integer(256));
        const b = new TestMemory(module);
        const room = new Uint8Array(Math.ceil((length + 1) / 4) * 4);
        room.set(bytes);
        const at = b.put(new Float32Array(room.buffer));
        assert.equal(BigInt.asUintN(64, b.k.checksum(at, length)), checksum(bytes));
        if (length === 0) return;
        bytes[length >> 1] ^= 1;
        assert.notEqual(checksum(bytes), BigInt.asUintN(64, b.k.checksum(at, length)));
      });
    }

    for (const shape of normCases) {
      for (const kind of ["rms", "layer"] as const) {
        for (const [weighted, biased] of [
          [false, false],
          [true, false],
          [true, true],
        ]) {
          test(`${kind} norm ${JSON.stringify({ ...shape, weighted, biased })}`, () => {
            const { rows, width } = shape;
            const random = createRandom(seed);
            const b = new TestMemory(module);
            const x = normals(random, rows * width).map((value) => value + 0.5);
            const weight = weighted ? normals(random, width) : undefined;
            const bias = biased ? normals(random, width) : undefined;
            const expected = new Float32Array(rows * width);
            norm(x, expected, { ...shape, kind, eps: 1e-5, weight, bias });
            const at = strided(b, x, rows, width);
            const out = b.result(rows * width);
            const [weightAt, biasAt] = [weight ? b.put(weight) : 0, bias ? b.put(bias) : 0];
            const layer = kind === "layer" ? 1 : 0;
            b.k.norm(at, width + 4, rows, width, layer, 1e-5, weightAt, biasAt, out, width);
            const result = b.floats(out, rows * width);
            // a few ulp of f32; one value's own mean leaves nothing but roundings
            if (width > 1 || kind === "rms") assertClose(result, expected, 2e-6, "norm");
            const same = b.put(x);
            b.k.norm(same, width, rows, width, layer, 1e-5, weightAt, biasAt, same, width);
            assert.deepEqual(b.floats(same, rows * width), result, "in place");
          });
        }
      }
    }

    for (const each of [false, true]) {
      test(`norm of heads, ${each ? "a weight each" : "one weight"}`, () => {
        const [tokens, heads, headDim] = [3, 5, 12];
        const width = heads * headDim;
        const random = createRandom(seed);
        const b = new TestMemory(module);
        const [x, weight] = [normals(random, tokens * width), normals(random, each ? width : headDim)];
        const at = strided(b, x, tokens, width);
        b.k.norm_heads(at, width + 4, tokens, heads, headDim, 0, 1e-6, b.put(weight), 0, each ? headDim : 0);
        for (let t = 0; t < tokens; t++) {
          for (let h = 0; h < heads; h++) {
            const from = t * width + h * headDim;
            const expected = new Float32Array(headDim);
            const first = each ? h * headDim : 0;
            norm(x.subarray(from, from + headDim), expected, {
              rows: 1,
              width: headDim,
              kind: "rms",
              eps: 1e-6,
              weight: weight.subarray(first, first + headDim),
            });
            const found = b.floats(at + 4 * (t * (width + 4) + h * headDim), headDim);
            assertClose(found, expected, 2e-6, "norm_heads"); // as above
          }
        }
      });
    }

    for (const shape of ropeCases) {
      test(`rope ${JSON.stringify(shape)}`, () => {
        const { tokens, heads, headDim, ropeDim } = shape;
        const random = createRandom(seed);
        const b = new TestMemory(module);
        const x = normals(random, tokens * heads * headDim);
        const angles = normals(random, (tokens * ropeDim) / 2);
        const [cos, sin] = [angles.map(Math.cos), angles.map(Math.sin)];
        const at = strided(b, x, tokens, heads * headDim);
        const stride = heads * headDim + 4;
        b.k.rope(at, stride, tokens, heads, headDim, ropeDim, b.put(cos), b.put(sin));
        rope(x, cos, sin, shape);
        const wide = b.floats(at, tokens * stride);
        for (let t = 0; t < tokens; t++) {
          const row = wide.subarray(t * stride, t * stride + heads * headDim);
          assertClose(row, x.subarray(t * heads * headDim, (t + 1) * heads * headDim), 1e-6, "rope"); // 2 ulp
        }
      });
    }

    for (const shape of activateCases) {
      for (const kind of kinds) {
        for (const gated of [true, false]) {
          test(`${kind}${gated ? " times up" : ""} ${JSON.stringify(shape)}`, () => {
            const { tokens, width } = shape;
            const random = createRandom(seed);
            const b = new TestMemory(module);
            const gate = normals(random, tokens * width).map((value, i) => value * (i % 2 ? 20 : 1));
            gate.set([-100, 100, -0.01].slice(0, width));
            const up = gated ? normals(random, tokens * width).map((value) => value * 5) : undefined;
            const expected = new Float32Array(tokens * width);
            activate(kind, gate, up, 7, expected);
            const gateAt = strided(b, gate, tokens, width);
            const upAt = up ? strided(b, up, tokens, width) : 0;
            b.k.activate(activationNumber(kind), gateAt, width + 4, upAt, width + 4, tokens, width, 7);
            for (let i = 0; i < expected.length; i++) {
              const at = gateAt + 4 * (Math.floor(i / width) * (width + 4) + (i % width));
              const [found] = b.floats(at, 1);
              // e^x takes x's own rounding many times over where x is large; what underflows may be zero
              const limit =
                (2e-6 + 1.2e-7 * Math.abs(gate[i]) ** (kind === "silu" ? 1 : 3)) * Math.abs(expected[i]);
              const far = Math.abs(found - expected[i]);
              assert.ok(far <= limit + 1e-34, `${kind}(${gate[i]}): ${found}, not ${expected[i]}`);
            }
          });
        }
      }
    }

    for (const { count } of elementwiseCases) {
      test(`sums of ${count}`, () => {
        const random = createRandom(seed);
        const b = new TestMemory(module);
        const [x, y] = [normals(random, count), normals(random, count)];
        const at = b.put(x);
        b.k.add(at, b.put(y), count);
        scaleAdd(x, y, 1);
        assert.deepEqual(b.floats(at, count), x);
        b.k.scale_add(at, b.put(y), -0.3, count);
        scaleAdd(x, y, Math.fround(-0.3));
        assertClose(b.floats(at, count), x, 1e-6, "scale_add"); // one rounding or two
        const rows = normals(random, 3 * count);
        const wide = strided(b, rows, 3, count);
        b.k.add_rows(wide, count + 4, 3, count, b.put(y));
        addRows(rows, y);
        for (let t = 0; t < 3; t++) {
          const from = wide + 4 * t * (count + 4);
          assert.deepEqual(b.floats(from, count), rows.slice(t * count, (t + 1) * count));
        }
      });
    }

    for (const { count } of elementwiseCases) {
      test(`gates, limits and copies of ${count}`, () => {
        const random = createRandom(seed);
        const b = new TestMemory(module);
        const tokens = 3;
        const x = normals(random, tokens * count);
        const rowsAt = (at: number) =>
          Float32Array.from({ length: x.length }, (_, i) => {
            return b.floats(at + 4 * (Math.floor(i / count) * (count + 4) + (i % count)), 1)[0];
          });
        for (const width of new Set([count, 1])) {
          const gate = normals(random, tokens * width);
          const at = strided(b, x, tokens, count);
          b.k.sigmoid_mul(at, count + 4, strided(b, gate, tokens, width), width + 4, width, tokens, count);
          const expected = x.slice();
          sigmoidMul(expected, gate);
          assertClose(rowsAt(at), expected, 1e-6, "sigmoid_mul"); // a few ulp
        }
        const at = b.put(x);
        b.k.clip(at, 0.5, x.length);
        const clipped = x.slice();
        clip(clipped, 0.5);
        assert.deepEqual(b.floats(at, x.length), clipped);
        b.k.scale(at, 3, x.length);
        assert.deepEqual(
          b.floats(at, x.length),
          clipped.map((value) => value * 3),
        );
        const wide = b.result(tokens * (count + 4));
        b.k.copy_rows(b.put(x), count, tokens, count, wide, count + 4);
        assert.deepEqual(rowsAt(wide), x);
      });
    }

    test("heads joined with what they share", () => {
      const [tokens, heads, sharedDim, ownDim] = [3, 4, 6, 10];
      const random = createRandom(seed);
      const b = new TestMemory(module);
      const [shared, own] = [normals(random, tokens * sharedDim), normals(random, tokens * heads * ownDim)];
      const width = heads * (sharedDim + ownDim);
      const expected = new Float32Array(tokens * width);
      joinHeads(shared, own, expected, { tokens, heads, ownDim });
      const out = b.result(tokens * width);
      const [sharedAt, ownAt] = [
        strided(b, shared, tokens, sharedDim),
        strided(b, own, tokens, heads * ownDim),
      ];
      // biome-ignore format: a group of arguments a line
      b.k.join_heads(
        sharedAt, sharedDim + 4, sharedDim, ownAt, heads * ownDim + 4, ownDim,
        tokens, heads, out, width,
      );
      assert.deepEqual(b.floats(out, tokens * width), expected);
    });

    for (const shape of deltaCases) {
      test(`gated delta net ${JSON.stringify(shape)}`, () => {
        const { tokens, keyHeads, valueHeads, keyDim, valueDim, kernel } = shape;
        const random = createRandom(seed);
        const [keyWidth, valueWidth] = [keyHeads * keyDim, valueHeads * valueDim];
        const inputs = {
          query: normals(random, tokens * keyWidth),
          key: normals(random, tokens * keyWidth),
          value: normals(random, tokens * valueWidth),
          beta: normals(random, tokens * valueHeads),
          alpha: normals(random, tokens * valueHeads),
          queryKernel: normals(random, keyWidth * kernel),
          keyKernel: normals(random, keyWidth * kernel),
          valueKernel: normals(random, valueWidth * kernel),
          decay: normals(random, valueHeads),
          decayBias: normals(random, valueHeads),
        };
        const expected = new Float32Array(tokens * valueWidth);
        gatedDelta({ ...inputs, out: expected, state: createDeltaState(shape), shape, tokens, position: 0 });
        const whole = deltaOf(new TestMemory(module), shape, inputs, tokens);
        assertClose(whole, expected, 1e-5, "gated delta"); // f32 sums of keyDim terms, token after token
        for (const chunk of [1, 4]) {
          const parts = deltaOf(new TestMemory(module), shape, inputs, chunk);
          assert.deepEqual(parts, whole, `${chunk} tokens at a time give other bits`);
        }
      });
    }
  });
}

/** A gated delta net over all tokens, `chunk` tokens a call. */
function deltaOf(
  b: TestMemory,
  shape: (typeof deltaCases)[number],
  inputs: Omit<Parameters<typeof gatedDelta>[0], "out" | "state" | "shape" | "tokens" | "position">,
  chunk: number,
): Float32Array {
  const { tokens, keyHeads, valueHeads, keyDim, valueDim, kernel } = shape;
  const convolved = (x: Float32Array, weights: Float32Array, width: number) => {
    const step = Math.ceil(width / 4) * 4;
    const transposed = new Float32Array(kernel * step);
    weights.forEach((weight, i) => {
      transposed[(i % kernel) * step + Math.floor(i / kernel)] = weight;
    });
    const history = b.put(new Float32Array((kernel - 1) * step));
    return { at: strided(b, x, tokens, width), weights: b.put(transposed), history, width, step };
  };
  const query = convolved(inputs.query, inputs.queryKernel, keyHeads * keyDim);
  const key = convolved(inputs.key, inputs.keyKernel, keyHeads * keyDim);
  const value = convolved(inputs.value, inputs.valueKernel, valueHeads * valueDim);
  const [beta, alpha] = [b.put(inputs.beta), b.put(inputs.alpha)];
  const [decay, decayBias] = [b.put(inputs.decay), b.put(inputs.decayBias)];
  const memory = b.put(new Float32Array(valueHeads * keyDim * Math.ceil(valueDim / 4) * 4));
  const out = b.result(tokens * valueHeads * valueDim);
  const scratch = b.room(scratchBytes(4, keyDim));
  for (let t = 0; t < tokens; t += chunk) {
    const some = Math.min(chunk, tokens - t);
    for (const { at, weights, history, width, step } of [query, key, value]) {
      b.k.convolve(at + 4 * t * (width + 4), width + 4, some, width, kernel, weights, history, step);
    }
    const from = ({ at, width }: typeof query) => [at + 4 * t * (width + 4), width + 4] as const;
    const heads = (at: number) => [at + 4 * t * valueHeads, valueHeads] as const;
    // biome-ignore format: a group of arguments a line
    b.k.delta_rule(
      ...from(query), ...from(key), ...from(value), ...heads(beta), ...heads(alpha),
      decay, decayBias, memory, some, keyHeads, valueHeads / keyHeads, keyDim, valueDim,
      out + 4 * t * valueHeads * valueDim, valueHeads * valueDim, scratch,
    );
  }
  return b.floats(out, tokens * valueHeads * valueDim);
}
