// K-quant products against the unpacked weights on both builds; same bits in any tiling (D4).
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dequantize } from "../../formats/blocks/dequantize.ts";
import { createRandom, type Random } from "../../random.ts";
import { byteLength } from "../../tensor/dtype.ts";
import { activationBytes, GROUP, packedBytes, scratchBytes } from "../module/module.ts";
import { assertClose, loadBuild, normals, seed, strided, TestMemory } from "../module/test-memory.ts";
import { type MatmulShape, matmul, matmulQuantized } from "./matmul.ts";
import { quantizeActivationsBy256 } from "./quantize-activations.ts";

/** The types, and where in a file's block their halves stand. */
const types = [
  { type: "q6_k", dtype: "Q6_K", halves: [208] },
  { type: "q5_k", dtype: "Q5_K", halves: [0, 2] },
  { type: "q4_k", dtype: "Q4_K", halves: [0, 2] },
  { type: "q3_k", dtype: "Q3_K", halves: [108] },
  { type: "q2_k", dtype: "Q2_K", halves: [80, 82] },
] as const;

type KQuant = (typeof types)[number];

/** Row groups alone, odd and even in number, one block and several, tiles whole and broken, several chunks of tokens. */
const shapes: readonly MatmulShape[] = [
  { rows: 8, cols: 256, tokens: 1 },
  { rows: 56, cols: 512, tokens: 2 },
  { rows: 32, cols: 256, tokens: 3 },
  { rows: 48, cols: 768, tokens: 7 },
  { rows: 40, cols: 2048, tokens: 1 },
  { rows: 24, cols: 512, tokens: 66 },
  { rows: 16, cols: 5632, tokens: 50 },
];

/** Blocks of random bytes, so that every integer occurs, with scales of either sign and ordinary size. */
function randomBlocks({ dtype, halves }: KQuant, count: number, random: Random): Uint8Array {
  const bytes = Uint8Array.from({ length: byteLength(dtype, count) }, () => random.integer(256));
  const view = new DataView(bytes.buffer);
  const size = byteLength(dtype, 256);
  for (let block = 0; block < bytes.length; block += size) {
    for (const at of halves) {
      view.setUint16(block + at, (random.integer(2) << 15) | (0x1c00 + random.integer(0x800)), true);
    }
  }
  return bytes;
}

function pack(b: TestMemory, { type }: KQuant, bytes: Uint8Array, rows: number, cols: number): number {
  const w = b.put(new Uint8Array(packedBytes(type, rows / GROUP, cols)).fill(255));
  b.k[`pack_${type}`](b.put(bytes), w, rows / GROUP, cols, 0);
  return w;
}

/** A product of `tokens` rows of x (stride cols + 4), from token `first` on, over `groups` row groups. */
function product(
  b: TestMemory,
  { type }: KQuant,
  at: { w: number; groups: number; cols: number; x: number; first: number; tokens: number; scale?: number },
): Float32Array {
  const { w, groups, cols, x, first, tokens, scale = 1 } = at;
  const rows = GROUP * groups;
  const prepared = b.room(activationBytes("q8k", tokens, cols));
  b.k.quantize_q8k(x + first * (cols + 4) * 4, cols + 4, tokens, cols, prepared);
  const y = b.result(tokens * (rows + 4));
  const scratch = b.room(scratchBytes(cols, 0));
  b.k[`matmul_${type}`](w, groups, cols, prepared, 0, tokens, y, rows + 4, scale, scratch);
  const wide = b.floats(y, tokens * (rows + 4));
  const values = new Float32Array(tokens * rows);
  for (let t = 0; t < tokens; t++) {
    const row = wide.subarray(t * (rows + 4), (t + 1) * (rows + 4));
    values.set(row.subarray(0, rows), t * rows);
    assert.ok(row.subarray(rows).every(Number.isNaN), "wrote past its rows");
  }
  return values;
}

for (const build of ["relaxed", "simd"] as const) {
  for (const one of types) {
    const { type, dtype } = one;
    describe(`${dtype} products, ${build} build`, async () => {
      const module = await loadBuild(build);

      for (const [index, shape] of shapes.entries()) {
        test(JSON.stringify(shape), () => {
          const { rows, cols, tokens } = shape;
          const random = createRandom(seed + index);
          const b = new TestMemory(module);
          const bytes = randomBlocks(one, rows * cols, random);
          const weights = dequantize(dtype, bytes, rows * cols);
          const w = pack(b, one, bytes, rows, cols);
          const x = normals(random, tokens * cols);
          const at = { w, groups: rows / GROUP, cols, x: strided(b, x, tokens, cols) };
          const y = product(b, one, { ...at, first: 0, tokens });
          const expected = new Float32Array(tokens * rows);
          matmulQuantized(weights, quantizeActivationsBy256(x, shape), expected, shape);
          // integers within a block are exact; what is left is f32 sums of cols / 128 terms
          assertClose(y, expected, 1e-5, type);
          for (const batch of [1, 2, 3, 4, 5, 8]) {
            if (batch > tokens || tokens * cols > 100_000) break;
            for (let first = 0; first < tokens; first += batch) {
              const some = Math.min(batch, tokens - first);
              const part = product(b, one, { ...at, first, tokens: some });
              assert.deepEqual(part, y.slice(first * rows, (first + some) * rows), `batch of ${batch}`);
            }
          }
          const head = Math.floor(rows / (3 * GROUP));
          const tail = product(b, one, {
            ...at,
            first: 0,
            tokens,
            w: w + packedBytes(type, head, cols),
            groups: rows / GROUP - head,
          });
          for (let t = 0; t < tokens; t++) {
            const own = tail.subarray(t * (rows - GROUP * head), (t + 1) * (rows - GROUP * head));
            assert.deepEqual(own, y.subarray(t * rows + GROUP * head, (t + 1) * rows), "split of rows");
          }
          const out = b.result(cols);
          for (let row = 0; row < rows; row++) {
            b.k[`unpack_row_${type}`](w, cols, row, out, 1, 0);
            assert.deepEqual(b.floats(out, cols), weights.slice(row * cols, (row + 1) * cols), `row ${row}`);
          }
        });
      }

      test("extreme integers stay exact", () => {
        const [rows, cols, tokens] = [16, 256, 7];
        const b = new TestMemory(module);
        for (const fill of [0x00, 0xff, 0x7f, 0x80]) {
          for (const sign of [1, -1]) {
            const bytes = new Uint8Array(byteLength(dtype, rows * cols)).fill(fill);
            const view = new DataView(bytes.buffer);
            const size = byteLength(dtype, 256);
            // 2^-14 and 2^-12 keep sums and products in the 24 bits of a float
            for (let block = 0; block < bytes.length; block += size) {
              for (const half of one.halves) view.setUint16(block + half, 0x0400, true);
            }
            const w = pack(b, one, bytes, rows, cols);
            const x = new Float32Array(tokens * cols).fill(127 * sign);
            const at = { w, groups: rows / GROUP, cols, x: strided(b, x, tokens, cols), first: 0 };
            const expected = new Float32Array(tokens * rows);
            matmul(dequantize(dtype, bytes, rows * cols), x, expected, { rows, cols, tokens });
            // the sum beside a minimum's is one rounding away from the difference
            assertClose(product(b, one, { ...at, tokens }), expected, 3e-7, `${type} ${fill}`);
            assertClose(
              product(b, one, { ...at, tokens: 1 }),
              expected.subarray(0, rows),
              3e-7,
              `${type} ${fill}`,
            );
          }
        }
      });

      test("subnormal scales are enlarged together, exactly", () => {
        const [rows, cols] = [8, 512];
        const random = createRandom(seed);
        for (const [top, enlarged] of [
          [0x2c00, 10],
          [0x6bff, 4],
          [0x7bff, 0],
        ]) {
          const b = new TestMemory(module);
          const bytes = randomBlocks(one, rows * cols, random);
          const view = new DataView(bytes.buffer);
          const size = byteLength(dtype, 256);
          for (let block = 0; block < bytes.length; block += size) {
            for (const at of one.halves) view.setUint16(block + at, random.integer(0x10000) & 0x83ff, true);
          }
          view.setUint16(one.halves[0] + size, 0, true);
          view.setUint16(one.halves[one.halves.length - 1] + 2 * size, top, true);
          const w = pack(b, one, bytes, rows, cols);
          const unpack = () =>
            Array.from({ length: rows }, (_, row) => {
              const out = b.result(cols);
              b.k[`unpack_row_${type}`](w, cols, row, out, 2 ** -10, 0);
              return b.floats(out, cols);
            });
          const before = unpack();
          assert.equal(b.k[`normalize_${type}`](w, rows / GROUP, cols), enlarged, `${top}`);
          assert.deepEqual(
            unpack().map((row) => row.map((value) => value * 2 ** -enlarged)),
            before,
          );
          if (enlarged === 10)
            assert.equal(b.k[`normalize_${type}`](w, rows / GROUP, cols), 0, "none is left");
        }
      });

      test("a product is scaled", () => {
        const [rows, cols] = [40, 256];
        const b = new TestMemory(module);
        const random = createRandom(seed);
        const w = pack(b, one, randomBlocks(one, rows * cols, random), rows, cols);
        const at = { w, groups: 5, cols, x: strided(b, normals(random, 7 * cols), 7, cols), first: 0 };
        for (const tokens of [1, 7]) {
          const whole = product(b, one, { ...at, tokens });
          assert.deepEqual(
            product(b, one, { ...at, tokens, scale: 0.25 }),
            whole.map((value) => value / 4),
          );
        }
      });
    });
  }

  describe(`rounding in blocks of 256, ${build} build`, async () => {
    const module = await loadBuild(build);
    for (const shape of [
      { tokens: 1, cols: 256 },
      { tokens: 5, cols: 512 },
      { tokens: 6, cols: 768 },
    ]) {
      test(JSON.stringify(shape), () => {
        const { tokens, cols } = shape;
        const b = new TestMemory(module);
        const x = normals(createRandom(seed), tokens * cols);
        if (tokens > 1) x.fill(0, 0, 256);
        const dst = b.room(activationBytes("q8k", tokens, cols));
        b.k.quantize_q8k(strided(b, x, tokens, cols), cols + 4, tokens, cols, dst);
        const { values, scales } = quantizeActivationsBy256(x, shape);
        const view = new DataView(b.memory.buffer);
        for (let t = 0; t < tokens; t++) {
          const first = t - (t % 3);
          for (let block = 0; block < cols / 256; block++) {
            const tile = Math.min(3, tokens - first);
            const at = dst + 372 * (first * (cols / 256) + block * tile + (t % 3));
            const own = values.subarray(t * cols + 256 * block, t * cols + 256 * block + 256);
            assert.equal(view.getFloat32(at + 368, true), scales[(t * cols) / 256 + block]);
            for (let chunk = 0; chunk < 4; chunk++) {
              for (const part of [0, 1]) {
                const from = 64 * chunk + 32 * part;
                const sum = (start: number, count: number) =>
                  own.subarray(from + start, from + start + count).reduce((a, value) => a + value, 0);
                for (let i = 0; i < 32; i++) {
                  const place = at + 64 * chunk + 4 * (i >> 1) + 2 * part + (i & 1);
                  assert.equal(view.getInt8(place), own[from + i]);
                }
                const half = (place: number) => view.getInt16(at + place + 2 * part, true);
                for (let i = 0; i < 4; i++) {
                  assert.equal(half(256 + 16 * chunk + 4 * i), 0 - 32 * sum(8 * i, 8));
                }
                for (let i = 0; i < 2; i++) assert.equal(half(320 + 8 * chunk + 4 * i), sum(16 * i, 16));
                assert.equal(half(352 + 4 * chunk), sum(0, 32));
              }
            }
          }
        }
      });
    }
  });
}
