// What the kernel module exports and imports on both builds; kernels outside the forward pass.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom } from "../../random.ts";
import { checksum, cases as checksumCases } from "../ops/checksum.ts";
import { type Kernels, matmulName, type WeightType, weightForms } from "./module.ts";
import { loadBuild, seed, TestMemory } from "./test-memory.ts";

/** Kernels that are there for each weight type, or each type of cache. */
type OfTypes =
  `${"pack" | "unpack_row" | "matmul" | "normalize" | "store_k" | "store_v" | "attention"}_${string}`;

/** The others, complete by TypeScript's own check. */
const others: Record<Exclude<keyof Kernels, OfTypes>, true> = {
  activate: true,
  add: true,
  add_rows: true,
  checksum: true,
  choose_byte_products: true,
  choose_pairs: true,
  choose_words: true,
  clip: true,
  convolve: true,
  copy_rows: true,
  delta_rule: true,
  norm: true,
  norm_heads: true,
  probe_products: true,
  probe_relaxed: true,
  quantize_q8: true,
  quantize_q8k: true,
  rope: true,
  scale: true,
  scale_add: true,
  sigmoid_mul: true,
};

const weightTypes = Object.keys(weightForms) as WeightType[]; // keys of a record of weight types
const names = new Set([
  ...Object.keys(others),
  ...weightTypes.flatMap((type) => [`pack_${type}`, `unpack_row_${type}`]),
  ...weightTypes.filter((type) => weightForms[type].halves).map((type) => `normalize_${type}`),
  ...weightTypes.flatMap((type) =>
    (["unsigned", "signed", "wide"] as const).map((products) => matmulName(type, products)),
  ),
  ...["f16", "f32", "q8"].flatMap((type) => [`store_k_${type}`, `store_v_${type}`, `attention_${type}`]),
]);

for (const build of ["relaxed", "simd"] as const) {
  describe(`kernels, ${build} build`, async () => {
    const module = await loadBuild(build);

    test("the module exports what the interface names, and imports only memory", () => {
      const exported = module.flatMap((part) => WebAssembly.Module.exports(part).map((entry) => entry.name));
      assert.deepEqual([...new Set(exported)].sort(), [...names].sort());
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
  });
}
