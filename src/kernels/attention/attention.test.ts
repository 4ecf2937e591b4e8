// The KV cache and attention against their references on both builds; same bits in chunks (D4).
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom } from "../../random.ts";
import type { CacheType } from "../../tensor/backend.ts";
import { scratchBytes } from "../module/module.ts";
import { assertClose, loadBuild, normals, seed, strided, TestMemory } from "../module/test-memory.ts";
import { halfToFloat } from "../products/test-weights.ts";
import { type AttentionCase, attention, cases as attentionCases } from "./attention.ts";
import {
  areaBytes,
  cachedValues,
  kernelSuffix,
  keyPlace,
  cases as kvStoreCases,
  valuePlace,
} from "./kv-store.ts";

for (const build of ["relaxed", "simd"] as const) {
  describe(`attention, ${build} build`, async () => {
    const module = await loadBuild(build);

    for (const type of ["F16", "F32", "Q8"] as const) {
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
          const expected = cachedRows(source, type, headDim);
          for (let t = 0; t < tokens; t++) {
            for (let i = 0; i < headDim; i++) {
              const value = expected[t * headDim + i] + 0;
              assert.equal(k(position + t, i) + 0, value, `k of ${source[t * headDim + i]}`);
              assert.equal(v(position + t, i) + 0, value, `v of ${source[t * headDim + i]}`);
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
          const { tokens, heads, headDim, valueDim, position, length, softcap = 0, reach } = shape;
          const random = createRandom(seed + index);
          const b = new TestMemory(module);
          const positions = Math.max(length, position + tokens);
          const q = normals(random, tokens * heads * headDim);
          const [key, value] = [normals(random, positions * headDim), normals(random, positions * valueDim)];
          const k = stored(b, type, key, { tokens: positions, headDim, position: 0 }).kAt;
          const v = stored(b, type, value, { tokens: positions, headDim: valueDim, position: 0 }).vAt;
          const options = {
            sinks: shape.sinks ? normals(random, heads) : undefined,
            slopes: shape.slopes ? normals(random, heads).map((slope) => Math.abs(slope) / 8) : undefined,
            bias: reach ? { table: normals(random, heads * (2 * reach + 1)), reach } : undefined,
          };
          const expected = new Float32Array(tokens * heads * valueDim);
          const scale = Math.fround(1 / Math.sqrt(headDim));
          attention({
            ...shape,
            ...options,
            softcap,
            q,
            out: expected,
            scale,
            k: cachedRows(key, type, headDim),
            v: cachedRows(value, type, valueDim),
          });
          const cache = { k, v, scale, ...options };
          const result = attended(b, type, shape, q, cache, tokens);
          // scores of f32 sums of headDim terms, weights within a few ulp
          assertClose(result, expected, 1e-5, "attention");
          for (const chunk of [1, 2, 7]) {
            const again = attended(b, type, shape, q, cache, chunk);
            assert.deepEqual(again, result, `${chunk} tokens at a time give other bits`);
          }
        });
      }
    }
  });
}

function cachedRows(x: Float32Array, type: CacheType, width: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += width) out.set(cachedValues(x.slice(at, at + width), type), at);
  return out;
}

/** Stores the source as keys and as values into areas of NaN; gives the areas and readers of them. */
function stored(
  b: TestMemory,
  type: CacheType,
  source: Float32Array,
  shape: { tokens: number; headDim: number; position: number },
) {
  const { tokens, headDim, position } = shape;
  const [kBytes, vBytes] = areaBytes(type, position + tokens + 1, { headDim, valueDim: headDim });
  const [kAt, vAt] = [b.put(new Uint8Array(kBytes).fill(255)), b.put(new Uint8Array(vBytes).fill(255))];
  const from = strided(b, source, tokens, headDim);
  b.k[`store_k_${kernelSuffix(type)}`](from, headDim + 4, tokens, headDim, kAt, position);
  b.k[`store_v_${kernelSuffix(type)}`](from, headDim + 4, tokens, headDim, vAt, position);
  const read = (at: number, { element, scale }: ReturnType<typeof keyPlace>) => {
    const view = new DataView(b.memory.buffer, at);
    if (type === "F32") return view.getFloat32(element, true);
    if (type === "Q8") return Math.fround(view.getInt8(element) * view.getFloat32(scale, true));
    const half = view.getUint16(element, true);
    return half === 0xffff ? Number.NaN : halfToFloat(half);
  };
  return {
    kAt,
    vAt,
    k: (p: number, i: number) => read(kAt, keyPlace(type, p, i, headDim)),
    v: (p: number, i: number) => read(vAt, valuePlace(type, p, i, headDim)),
  };
}

/** Attention of all tokens, `chunk` tokens a call. */
function attended(
  b: TestMemory,
  type: CacheType,
  shape: AttentionCase,
  q: Float32Array,
  cache: {
    k: number;
    v: number;
    scale: number;
    sinks?: Float32Array;
    slopes?: Float32Array;
    bias?: { table: Float32Array; reach: number };
  },
  chunk: number,
): Float32Array {
  const { tokens, heads, headDim, valueDim, position, window, causal, length, softcap = 0 } = shape;
  const [width, outWidth] = [heads * headDim, heads * valueDim];
  const from = strided(b, q, tokens, width);
  const out = b.result(tokens * outWidth);
  const scratch = b.room(scratchBytes(4, Math.max(headDim, valueDim)));
  const { k, v, scale, sinks, slopes, bias } = cache;
  const [sinksAt, slopesAt] = [sinks ? b.put(sinks) : 0, slopes ? b.put(slopes) : 0];
  const biasAt = bias ? b.put(bias.table) : 0;
  for (let t = 0; t < tokens; t += chunk) {
    const some = Math.min(chunk, tokens - t);
    // biome-ignore format: a group of arguments a line
    b.k[`attention_${kernelSuffix(type)}`](
      from + 4 * t * (width + 4), width + 4, some, heads, headDim, valueDim,
      k, v, position + t, causal ? 0 : length, window, scale, softcap,
      sinksAt, slopesAt, biasAt, bias?.reach ?? 0,
      out + 4 * t * outWidth, outWidth, scratch,
    );
  }
  return b.floats(out, tokens * outWidth);
}
