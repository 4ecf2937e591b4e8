// Keys and values in the cache where their reference says, to the bit: every type, both builds.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom } from "../../random.ts";
import { type CacheType, PAGE } from "../../tensor/backend.ts";
import { loadBuild, normals, seed, strided, TestMemory } from "../module/test-memory.ts";
import { halfToFloat } from "../products/test-weights.ts";
import {
  cachedValues,
  headPageBytes,
  kernelSuffix,
  keyPlace,
  cases as kvStoreCases,
  valuePlace,
} from "./kv-store.ts";

for (const build of ["relaxed", "simd"] as const) {
  describe(`KV cache, ${build} build`, async () => {
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
  const [kBytes, vBytes] = headPageBytes(type, { headDim, valueDim: headDim });
  // The sequence's pages are every other one, the last first.
  const count = Math.ceil((position + tokens + 1) / PAGE);
  const pages = Int32Array.from({ length: count }, (_, page) => 2 * (count - 1 - page));
  const area = (bytes: number) => b.put(new Uint8Array(2 * count * bytes).fill(255));
  const [kAt, vAt, table] = [area(kBytes), area(vBytes), b.put(pages)];
  const from = strided(b, source, tokens, headDim);
  b.k[`store_k_${kernelSuffix(type)}`](from, headDim + 4, tokens, headDim, kAt, table, position);
  b.k[`store_v_${kernelSuffix(type)}`](from, headDim + 4, tokens, headDim, vAt, table, position);
  const pageOf = (at: number, bytes: number, p: number) => at + pages[Math.floor(p / PAGE)] * bytes;
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
    k: (p: number, i: number) => read(pageOf(kAt, kBytes, p), keyPlace(type, p, i, headDim)),
    v: (p: number, i: number) => read(pageOf(vAt, vBytes, p), valuePlace(type, p, i, headDim)),
  };
}
