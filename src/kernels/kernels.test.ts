// Every op of the kernel module but products over every case, on both builds, against its reference; bits against chunks (D4).
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom } from "../random.ts";
import { attention, cases as attentionCases } from "./attention.ts";
import { addRows, cases as elementwiseCases, scaleAdd } from "./elementwise.ts";
import {
  areaBytes,
  type CacheType,
  cachedValue,
  keyIndex,
  cases as kvStoreCases,
  valueIndex,
} from "./kv-store.ts";
import { halfToFloat } from "./matmul.ts";
import { type Kernels, scratchBytes } from "./module.ts";
import { cases as normCases, rmsNorm } from "./norm.ts";
import { rope, cases as ropeCases } from "./rope.ts";
import { siluMul, cases as siluMulCases } from "./silu-mul.ts";
import { assertClose, loadBuild, normals, seed, strided, TestMemory } from "./test-memory.ts";

/** The names that TypeScript believes in, complete by its own check. */
const names: Record<keyof Kernels, true> = {
  add: true,
  add_rows: true,
  attention_f16: true,
  attention_f32: true,
  choose_pairs: true,
  matmul_bf16: true,
  matmul_f16: true,
  matmul_f32: true,
  matmul_q4_0: true,
  matmul_q4_k: true,
  matmul_q8_0_signed: true,
  matmul_q8_0_unsigned: true,
  matmul_q8_0_wide: true,
  normalize_f16: true,
  normalize_q4_0: true,
  normalize_q4_k: true,
  normalize_q8_0: true,
  pack_bf16: true,
  pack_f16: true,
  pack_f32: true,
  pack_q4_0: true,
  pack_q4_k: true,
  pack_q8_0: true,
  probe_products: true,
  probe_relaxed: true,
  quantize_q8: true,
  quantize_q8k: true,
  rms_norm: true,
  rope: true,
  scale_add: true,
  silu_mul: true,
  store_k_f16: true,
  store_k_f32: true,
  store_v_f16: true,
  store_v_f32: true,
  unpack_row_bf16: true,
  unpack_row_f16: true,
  unpack_row_f32: true,
  unpack_row_q4_0: true,
  unpack_row_q4_k: true,
  unpack_row_q8_0: true,
};

for (const build of ["relaxed", "simd"] as const) {
  describe(`kernels, ${build} build`, async () => {
    const module = await loadBuild(build);

    test("the module exports what the interface names, and imports only memory", () => {
      const exported = WebAssembly.Module.exports(module).map((entry) => entry.name);
      assert.deepEqual(exported.sort(), Object.keys(names).sort());
      const imported = WebAssembly.Module.imports(module).map((entry) => `${entry.module}.${entry.name}`);
      assert.deepEqual(imported, ["env.memory"]);
    });

    for (const shape of normCases) {
      test(`rms norm ${JSON.stringify(shape)}`, () => {
        const { rows, width } = shape;
        const random = createRandom(seed);
        const b = new TestMemory(module);
        const [x, weight] = [normals(random, rows * width), normals(random, width)];
        const expected = new Float32Array(rows * width);
        rmsNorm(x, weight, expected, { ...shape, eps: 1e-5 });
        const at = strided(b, x, rows, width);
        const out = b.result(rows * width);
        b.k.rms_norm(at, width + 4, rows, width, b.put(weight), 1e-5, out, width);
        const result = b.floats(out, rows * width);
        assertClose(result, expected, 1e-6, "rms_norm"); // a few ulp of f32
        const same = b.put(x);
        b.k.rms_norm(same, width, rows, width, b.put(weight), 1e-5, same, width);
        assert.deepEqual(b.floats(same, rows * width), result, "in place");
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

    for (const shape of siluMulCases) {
      test(`silu mul ${JSON.stringify(shape)}`, () => {
        const { tokens, width } = shape;
        const random = createRandom(seed);
        const b = new TestMemory(module);
        const gate = normals(random, tokens * width).map((value) => value * 20);
        gate.set([-100, 100, -88].slice(0, width));
        const up = normals(random, tokens * width);
        const expected = new Float32Array(tokens * width);
        siluMul(gate, up, expected);
        const out = b.result(tokens * width);
        const [gateAt, upAt] = [strided(b, gate, tokens, width), strided(b, up, tokens, width)];
        b.k.silu_mul(gateAt, width + 4, upAt, width + 4, out, width, tokens, width);
        for (const [i, value] of b.floats(out, tokens * width).entries()) {
          // 8 ulp, and what underflows in e^-x may be zero
          assert.ok(
            Math.abs(value - expected[i]) <= 1e-6 * Math.abs(expected[i]) + 1e-34,
            `silu(${gate[i]}) ${value}`,
          );
        }
      });
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

    for (const type of ["f16", "f32"] as const) {
      for (const shape of kvStoreCases) {
        test(`storing keys and values as ${type} ${JSON.stringify(shape)}`, () => {
          const { tokens, headDim, position } = shape;
          const random = createRandom(seed);
          const b = new TestMemory(module);
          const source = normals(random, tokens * headDim).map(
            (value) => value * 10 ** (random.integer(12) - 6),
          );
          source.set([0, -0, 65519.9, -1e9, 2 ** -14, 2 ** -14 * 0.9999, 1 + 2 ** -11, 1 + 3 * 2 ** -11]);
          const { k, v } = stored(b, type, source, shape);
          for (let t = 0; t < tokens; t++) {
            for (let i = 0; i < headDim; i++) {
              const expected = cachedValue(source[t * headDim + i], type);
              assert.equal(k(position + t, i) + 0, expected + 0, `k of ${source[t * headDim + i]}`);
              assert.equal(v(position + t, i) + 0, expected + 0, `v of ${source[t * headDim + i]}`);
            }
          }
          assert.ok(
            Number.isNaN(k(position + tokens, 0)) && Number.isNaN(v(position + tokens, 0)),
            "wrote past its tokens",
          );
        });
      }

      for (const [index, shape] of attentionCases.entries()) {
        test(`attention over ${type} ${JSON.stringify(shape)}`, () => {
          const { tokens, heads, headDim, position } = shape;
          const random = createRandom(seed + index);
          const b = new TestMemory(module);
          const positions = position + tokens;
          const [q, kv] = [
            normals(random, tokens * heads * headDim),
            { tokens: positions, headDim, position: 0 },
          ];
          const [key, value] = [normals(random, positions * headDim), normals(random, positions * headDim)];
          const k = stored(b, type, key, kv).kAt;
          const v = stored(b, type, value, kv).vAt;
          const expected = new Float32Array(q.length);
          const cached = (x: number) => cachedValue(x, type);
          const scale = Math.fround(1 / Math.sqrt(headDim));
          attention({ ...shape, q, k: key.map(cached), v: value.map(cached), out: expected, scale });
          const result = attended(b, type, shape, q, { k, v, scale }, tokens);
          // scores of f32 sums of headDim terms, weights within a few ulp
          assertClose(result, expected, 1e-5, "attention");
          for (const chunk of [1, 2, 7]) {
            const again = attended(b, type, shape, q, { k, v, scale }, chunk);
            assert.deepEqual(again, result, `${chunk} tokens at a time give other bits`);
          }
        });
      }
    }
  });
}

/** Stores the source as keys and as values into areas of NaN; gives the areas and readers of them. */
function stored(
  b: TestMemory,
  type: CacheType,
  source: Float32Array,
  shape: { tokens: number; headDim: number; position: number },
) {
  const { tokens, headDim, position } = shape;
  const bytes = areaBytes(type, position + tokens + 1, headDim);
  const [kAt, vAt] = [b.put(new Uint8Array(bytes).fill(255)), b.put(new Uint8Array(bytes).fill(255))];
  const from = strided(b, source, tokens, headDim);
  b.k[`store_k_${type}`](from, headDim + 4, tokens, headDim, kAt, position);
  b.k[`store_v_${type}`](from, headDim + 4, tokens, headDim, vAt, position);
  const read = (at: number) => {
    if (type === "f32") return new DataView(b.memory.buffer).getFloat32(at, true);
    const half = new DataView(b.memory.buffer).getUint16(at, true);
    return half === 0xffff ? Number.NaN : halfToFloat(half);
  };
  const size = type === "f16" ? 2 : 4;
  return {
    kAt,
    vAt,
    k: (p: number, i: number) => read(kAt + size * keyIndex(p, i, headDim)),
    v: (p: number, i: number) => read(vAt + size * valueIndex(p, i, headDim)),
  };
}

/** Attention of all tokens, `chunk` tokens a call. */
function attended(
  b: TestMemory,
  type: CacheType,
  shape: (typeof attentionCases)[number],
  q: Float32Array,
  cache: { k: number; v: number; scale: number },
  chunk: number,
): Float32Array {
  const { tokens, heads, headDim, position, window } = shape;
  const width = heads * headDim;
  const from = strided(b, q, tokens, width);
  const out = b.result(tokens * width);
  const scratch = b.room(scratchBytes(4, headDim));
  const { k, v, scale } = cache;
  for (let t = 0; t < tokens; t += chunk) {
    const some = Math.min(chunk, tokens - t);
    const [qAt, outAt] = [from + 4 * t * (width + 4), out + 4 * t * width];
    b.k[`attention_${type}`](
      ...([
        qAt,
        width + 4,
        some,
        heads,
        headDim,
        k,
        v,
        position + t,
        window,
        scale,
        outAt,
        width,
        scratch,
      ] as const),
    );
  }
  return b.floats(out, tokens * width);
}
