// Every product against its reference on both builds; same bits in any tiling (D4).
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom } from "../../random.ts";
import {
  activationBytes,
  GROUP,
  type KernelBuild,
  type Kernels,
  type Matmul,
  type ProductMode,
  packedBytes,
  probeProducts,
  q8Offset,
  scratchBytes,
  type WeightType,
  weightForms,
} from "../module/module.ts";
import { assertClose, loadBuild, normals, seed, strided, TestMemory } from "../module/test-memory.ts";
import { floatCases, matmul, matmulQuantized, quantizedCases } from "./matmul.ts";
import { quantizeActivations, cases as quantizeCases } from "./quantize-activations.ts";
import { blockTypes, e2m1 as fp4, iq4 as levels, makeWeights } from "./test-weights.ts";

/** What a weight type needs from the module. */
interface Operand {
  readonly type: WeightType;
  readonly multiply: Matmul;
  readonly pack: (from: number, to: number, rowGroups: number, cols: number) => void;
  readonly unpack: (w: number, cols: number, row: number, out: number) => void;
}

function floatOperand(k: Kernels, type: "f32" | "f16" | "bf16" | "f8"): Operand {
  return {
    type,
    multiply: k[`matmul_${type}`],
    pack: (from, to, groups, cols) => k[`pack_${type}`](from, to, groups, cols, 0),
    unpack: (w, cols, row, out) => k[`unpack_row_${type}`](w, cols, row, out, 1, 0),
  };
}

function quantizedOperands(k: Kernels, build: KernelBuild, machine: ProductMode): Operand[] {
  const modes: ProductMode[] = build === "relaxed" && machine !== "wide" ? [machine, "wide"] : ["wide"];
  const q8 = modes.map((mode): Operand => {
    const offset = q8Offset(mode);
    return {
      type: "q8_0",
      multiply: k[`matmul_q8_0_${mode}`],
      pack: (from, to, groups, cols) => k.pack_q8_0(from, to, groups, cols, offset),
      unpack: (w, cols, row, out) => k.unpack_row_q8_0(w, cols, row, out, 1, offset),
    };
  });
  const q4: Operand = {
    type: "q4_0",
    multiply: k.matmul_q4_0,
    pack: (from, to, groups, cols) => k.pack_q4_0(from, to, groups, cols, 0),
    unpack: (w, cols, row, out) => k.unpack_row_q4_0(w, cols, row, out, 1, 0),
  };
  const blocks = blockTypes.map(
    (type): Operand => ({
      type,
      multiply: k[`matmul_${type}`],
      pack: (from, to, groups, cols) => k[`pack_${type}`](from, to, groups, cols, 0),
      unpack: (w, cols, row, out) => k[`unpack_row_${type}`](w, cols, row, out, 1, 0),
    }),
  );
  return [q4, ...q8, ...blocks];
}

/** Packs a matrix whose file form is `bytes`. */
function packed(b: TestMemory, operand: Operand, bytes: Uint8Array, rows: number, cols: number): number {
  const w = b.room(packedBytes(operand.type, rows / GROUP, cols));
  operand.pack(b.put(bytes), w, rows / GROUP, cols);
  return w;
}

/** A product of `tokens` rows of x (stride cols + 4), from token `first` on, over the row groups given. */
function product(
  b: TestMemory,
  operand: Operand,
  at: { w: number; groups: number; cols: number; x: number; first: number; tokens: number; scale?: number },
): Float32Array {
  const { w, groups, cols, tokens } = at;
  const stride = cols + 4;
  let x = at.x + at.first * stride * 4;
  const form = weightForms[operand.type].activations;
  if (form !== "f32") {
    const q = b.room(activationBytes(form, tokens, cols));
    b.k[`quantize_${form}`](x, stride, tokens, cols, q);
    x = q;
  }
  const rows = GROUP * groups;
  const y = b.result(tokens * (rows + 4));
  const scratch = b.room(scratchBytes(cols, 0));
  operand.multiply(w, groups, cols, x, stride, tokens, y, rows + 4, at.scale ?? 1, scratch);
  const wide = b.floats(y, tokens * (rows + 4));
  for (let t = 0; t < tokens; t++) {
    assert.ok(
      wide.subarray(t * (rows + 4) + rows, (t + 1) * (rows + 4)).every(Number.isNaN),
      "wrote past its rows",
    );
  }
  return Float32Array.from(
    { length: tokens * rows },
    (_, i) => wide[Math.floor(i / rows) * (rows + 4) + (i % rows)],
  );
}

for (const build of ["relaxed", "simd"] as const) {
  describe(`products, ${build} build`, async () => {
    const module = await loadBuild(build);
    const machine = probeProducts(module);

    test("the plain build takes 8-bit weights the wide way", {
      skip: build === "relaxed" && "the other build",
    }, () => {
      assert.equal(machine, "wide");
    });

    for (const [index, shape] of quantizedCases.entries()) {
      test(`quantised products ${JSON.stringify(shape)}`, () => {
        const { rows, cols, tokens } = shape;
        const random = createRandom(seed + index);
        const b = new TestMemory(module);
        for (const operand of quantizedOperands(b.k, build, machine)) {
          if (cols % columnsOf(operand.type) !== 0) continue;
          const weights = makeWeights(operand.type, rows, cols, random);
          const w = packed(b, operand, weights.bytes, rows, cols);
          const x = normals(random, tokens * cols);
          const at = { w, groups: rows / GROUP, cols, x: strided(b, x, tokens, cols) };
          const y = product(b, operand, { ...at, first: 0, tokens });
          const expected = new Float32Array(tokens * rows);
          matmulQuantized(weights.values, quantizeActivations(x, shape), expected, shape);
          // integers within a block are exact; what is left is f32 sums of cols / 32 terms
          assertClose(y, expected, 1e-5, operand.type);
          assertSameBits(b, operand, at, y, rows, tokens);
          assertRows(b, operand, w, weights.values, rows, cols);
        }
      });
    }

    for (const [index, shape] of floatCases.entries()) {
      test(`float products ${JSON.stringify(shape)}`, () => {
        const { rows, cols, tokens } = shape;
        const random = createRandom(seed + index);
        const b = new TestMemory(module);
        for (const type of ["f32", "f16", "bf16", "f8"] as const) {
          if (type === "f8" && cols % 32 !== 0) continue;
          const operand = floatOperand(b.k, type);
          const weights = makeWeights(type, rows, cols, random);
          const w = packed(b, operand, weights.bytes, rows, cols);
          const x = normals(random, tokens * cols);
          const at = { w, groups: rows / GROUP, cols, x: strided(b, x, tokens, cols) };
          const y = product(b, operand, { ...at, first: 0, tokens });
          const expected = new Float32Array(tokens * rows);
          matmul(weights.values, x, expected, shape);
          // two f32 sums of up to 515 terms each: half an ulp (6e-8) a term at random signs
          assertClose(y, expected, 5e-6, type);
          assertSameBits(b, operand, at, y, rows, tokens);
          assertRows(b, operand, w, weights.values, rows, cols);
        }
      });
    }

    test("products in quads have the bits of pairs", {
      skip: build === "simd" && "has neither",
    }, () => {
      const [rows, cols, tokens] = [56, 96, 7];
      const random = createRandom(seed);
      const b = new TestMemory(module);
      for (const operand of quantizedOperands(b.k, build, machine)) {
        if (!["q4_0", "q4_1", "q5_0", "q5_1", "mxfp4"].includes(operand.type)) continue;
        const w = packed(b, operand, makeWeights(operand.type, rows, cols, random).bytes, rows, cols);
        const x = strided(b, normals(random, tokens * cols), tokens, cols);
        for (const some of [1, tokens]) {
          const at = { w, groups: rows / GROUP, cols, x, first: 0, tokens: some };
          b.k.choose_pairs(1);
          const inPairs = product(b, operand, at);
          b.k.choose_pairs(0);
          assert.deepEqual(product(b, operand, at), inPairs, operand.type);
        }
      }
    });

    for (const [mode, kind, nibbles] of [
      ["unsigned", 1, 0x77],
      ["signed", 2, 0x88],
    ] as const) {
      const skip = build === "simd" && "the plain build lacks it";
      test(`IQ4's levels as ${mode} bytes, those within 7 bits, are exact on every machine`, { skip }, () => {
        const [rows, cols, tokens] = [56, 256, 7];
        const random = createRandom(seed);
        const b = new TestMemory(module);
        for (const operand of quantizedOperands(b.k, build, machine)) {
          if (operand.type !== "iq4_nl" && operand.type !== "iq4_xs") continue;
          const { bytes } = makeWeights(operand.type, rows, cols, random);
          const [size, head] = operand.type === "iq4_nl" ? [18, 2] : [136, 8];
          // levels below 0 are below 128 when 128 is added, those above 0 as they are
          for (let i = 0; i < bytes.length; i++) {
            if (i % size >= head) bytes[i] = mode === "unsigned" ? bytes[i] & nibbles : bytes[i] | nibbles;
          }
          const w = packed(b, operand, bytes, rows, cols);
          const x = strided(b, normals(random, tokens * cols), tokens, cols);
          for (const some of [1, tokens]) {
            const at = { w, groups: rows / GROUP, cols, x, first: 0, tokens: some };
            b.k.choose_byte_products(0);
            const wide = product(b, operand, at);
            b.k.choose_byte_products(kind);
            assert.deepEqual(product(b, operand, at), wide, operand.type);
          }
        }
      });
    }

    test("extreme quants of blocks stay exact, whatever the signs of activations", () => {
      const [rows, cols, tokens] = [24, 256, 8];
      const b = new TestMemory(module);
      const signs = [
        () => 1,
        () => -1,
        (i: number) => 1 - (i & 2),
        (i: number) => (i & 2) - 1,
        (i: number) => 1 - 2 * (i & 1),
      ];
      for (const operand of quantizedOperands(b.k, build, machine)) {
        const type = blockTypes.find((one) => one === operand.type);
        if (!type) continue;
        for (const fill of [0x00, 0xff, 0x0f, 0xf0]) {
          for (const sign of signs) {
            const { bytes, values } = extremeBlocks(type, rows * cols, fill);
            const w = packed(b, operand, bytes, rows, cols);
            const x = Float32Array.from({ length: tokens * cols }, (_, i) => 127 * sign(i));
            const at = { w, groups: rows / GROUP, cols, x: strided(b, x, tokens, cols), first: 0 };
            const expected = new Float32Array(tokens * rows);
            matmul(values, x, expected, { rows, cols, tokens });
            for (const pairs of [1, 0]) {
              b.k.choose_pairs(pairs);
              assert.deepEqual(product(b, operand, { ...at, tokens }), expected, `${type} ${fill}`);
              const one = product(b, operand, { ...at, tokens: 1 });
              assert.deepEqual(one, expected.subarray(0, rows), `${type} ${fill}, one token`);
            }
          }
        }
      }
    });

    for (const mode of ["unsigned", "signed"] as const) {
      const skip = build === "simd" && "the plain build lacks it";
      test(`8-bit ${mode} products, bytes within 7 bits, are exact on every machine`, { skip }, () => {
        const [rows, cols, tokens] = [56, 96, 7];
        const random = createRandom(seed);
        const b = new TestMemory(module);
        const { bytes } = makeWeights("q8_0", rows, cols, random);
        // stored as 0..127 in either mode: as signed bytes, or 128 too high
        for (let i = 0; i < bytes.length; i++) {
          if (i % 34 > 1) bytes[i] = mode === "signed" ? bytes[i] & 0x7f : bytes[i] | 0x80;
        }
        const x = strided(b, normals(random, tokens * cols), tokens, cols);
        const [plain, relaxed] = (["wide", mode] as const).map((one) => {
          const operand: Operand = {
            type: "q8_0",
            multiply: b.k[`matmul_q8_0_${one}`],
            pack: (from, to, groups, k) => b.k.pack_q8_0(from, to, groups, k, q8Offset(one)),
            unpack: () => {},
          };
          const at = { w: packed(b, operand, bytes, rows, cols), groups: rows / GROUP, cols, x, first: 0 };
          return [1, tokens].map((some) => product(b, operand, { ...at, tokens: some }));
        });
        assert.deepEqual(relaxed, plain);
      });
    }

    test("extreme bytes stay exact", () => {
      const [rows, cols, tokens] = [16, 64, 8];
      const b = new TestMemory(module);
      for (const operand of quantizedOperands(b.k, build, machine)) {
        if (operand.type !== "q8_0" && operand.type !== "q4_0") continue; // blocks have a test of their own
        for (const fill of operand.type === "q8_0" ? [0x80, 0x7f, 0xff] : [0x00, 0xff, 0x0f]) {
          for (const sign of [1, -1]) {
            const { bytes, values } = makeWeights(operand.type, rows, cols, createRandom(seed));
            const size = bytes.length / ((rows * cols) / 32);
            for (let i = 0; i < bytes.length; i++) {
              if (i % size > 1) bytes[i] = fill;
              else bytes[i] = i % size === 0 ? 0 : 0x3c;
            }
            const value = (i: number) =>
              operand.type === "q8_0" ? (fill << 24) >> 24 : (i % 32 < 16 ? fill & 15 : fill >> 4) - 8;
            for (let i = 0; i < values.length; i++) values[i] = value(i);
            const w = packed(b, operand, bytes, rows, cols);
            const x = new Float32Array(tokens * cols).fill(127 * sign);
            const at = { w, groups: rows / GROUP, cols, x: strided(b, x, tokens, cols), first: 0 };
            const expected = new Float32Array(tokens * rows);
            matmul(values, x, expected, { rows, cols, tokens });
            assert.deepEqual(product(b, operand, { ...at, tokens }), expected, `${operand.type} ${fill}`);
            const one = product(b, operand, { ...at, tokens: 1 });
            assert.deepEqual(one, expected.subarray(0, rows), `${operand.type} ${fill}, one token`);
          }
        }
      }
    });

    test("subnormal scales are enlarged together, exactly", () => {
      const [rows, cols] = [8, 64];
      const random = createRandom(seed);
      for (const type of ["q4_0", "q8_0", "q4_1", "q5_0", "q5_1", "f16"] as const) {
        const b = new TestMemory(module);
        const operand =
          type === "f16"
            ? floatOperand(b.k, "f16")
            : quantizedOperands(b.k, build, machine).find((one) => one.type === type)!;
        for (const [top, enlarged] of [
          [0x2c00, 10],
          [0x6bff, 4],
          [0x7bff, 0],
        ]) {
          const { bytes } = makeWeights(type, rows, cols, random);
          const size = type === "f16" ? 2 : bytes.length / ((rows * cols) / 32);
          const view = new DataView(bytes.buffer);
          for (let i = 0; i < bytes.length; i += size) {
            view.setUint16(i, random.integer(0x10000) & 0x83ff, true);
            if (type === "q4_1" || type === "q5_1")
              view.setUint16(i + 2, random.integer(0x10000) & 0x83ff, true);
          }
          view.setUint16(size, 0, true);
          view.setUint16(2 * size, top, true);
          const w = packed(b, operand, bytes, rows, cols);
          const unpack = () =>
            Array.from({ length: rows }, (_, row) => {
              const out = b.result(cols);
              operand.unpack(w, cols, row, out);
              return b.floats(out, cols);
            });
          const before = unpack();
          assert.equal(b.k[`normalize_${type}`](w, rows / GROUP, cols), enlarged, `${type} ${top}`);
          const after = unpack().map((row) => row.map((value) => value * 2 ** -enlarged));
          assert.deepEqual(after, before);
          if (enlarged === 10)
            assert.equal(b.k[`normalize_${type}`](w, rows / GROUP, cols), 0, "none is left");
        }
        const { bytes } = makeWeights("q4_0", rows, cols, random);
        assert.equal(
          b.k.normalize_q4_0(
            packed(b, quantizedOperands(b.k, build, machine)[0], bytes, rows, cols),
            1,
            cols,
          ),
          0,
        );
      }
    });

    test("a product is scaled", () => {
      const b = new TestMemory(module);
      const random = createRandom(seed);
      const cols = 256;
      for (const operand of [...quantizedOperands(b.k, build, machine), floatOperand(b.k, "f16")]) {
        const { bytes } = makeWeights(operand.type, 40, cols, random);
        const at = {
          w: packed(b, operand, bytes, 40, cols),
          groups: 5,
          cols,
          x: strided(b, normals(random, 7 * cols), 7, cols),
          first: 0,
        };
        for (const tokens of [1, 7]) {
          const whole = product(b, operand, { ...at, tokens });
          const part = product(b, operand, { ...at, tokens, scale: 0.25 });
          assert.deepEqual(
            part,
            whole.map((value) => value / 4),
          );
        }
      }
    });

    for (const shape of quantizeCases) {
      test(`rounding activations ${JSON.stringify(shape)}`, () => {
        const { tokens, cols } = shape;
        const b = new TestMemory(module);
        const x = normals(createRandom(seed), tokens * cols);
        x.fill(0, 0, 32);
        const dst = b.room(activationBytes("q8", tokens, cols));
        b.k.quantize_q8(strided(b, x, tokens, cols), cols + 4, tokens, cols, dst);
        const { values, scales } = quantizeActivations(x, shape);
        const view = new DataView(b.memory.buffer);
        for (let t = 0; t < tokens; t++) {
          const tile = Math.min(3, tokens - (t - (t % 3)));
          for (let block = 0; block < cols / 32; block++) {
            const at = dst + (t - (t % 3)) * (cols / 32) * 44 + block * tile * 44;
            const sums = [0, 0]; // of every other pair of values
            for (let i = 0; i < 32; i++) {
              const value = values[t * cols + 32 * block + i];
              assert.equal(view.getInt8(at + (t % 3) * 44 + i), value);
              sums[(i >> 1) & 1] += value;
            }
            const meta = at + (t % 3) * 44 + 32;
            assert.equal(view.getFloat32(meta, true), scales[(t * cols) / 32 + block]);
            assert.equal(view.getInt16(meta + 4, true), 0 - 8 * sums[0]);
            assert.equal(view.getInt16(meta + 6, true), 0 - 8 * sums[1]);
            assert.equal(view.getInt32(meta + 8, true), 0 - 128 * (sums[0] + sums[1]));
          }
        }
      });
    }
  });
}

/** Every token alone, and row groups by halves, must give the bits of the whole product. */
function assertSameBits(
  b: TestMemory,
  operand: Operand,
  at: { w: number; groups: number; cols: number; x: number },
  y: Float32Array,
  rows: number,
  tokens: number,
) {
  for (const batch of [1, 2, 3, 4, 5, 6, 8]) {
    if (batch > tokens) break;
    for (let first = 0; first < tokens; first += batch) {
      const some = Math.min(batch, tokens - first);
      const part = product(b, operand, { ...at, first, tokens: some });
      assert.deepEqual(
        part,
        y.slice(first * rows, (first + some) * rows),
        `${operand.type}: batch of ${batch}`,
      );
    }
  }
  const head = Math.floor(at.groups / 3);
  for (const [from, groups] of [
    [0, head],
    [head, at.groups - head],
  ]) {
    if (groups === 0) continue;
    const w = at.w + packedBytes(operand.type, from, at.cols);
    const part = product(b, operand, { ...at, w, groups, first: 0, tokens });
    for (let t = 0; t < tokens; t++) {
      const whole = y.slice(t * rows + GROUP * from, t * rows + GROUP * (from + groups));
      assert.deepEqual(
        part.slice(t * GROUP * groups, (t + 1) * GROUP * groups),
        whole,
        `${operand.type}: split of rows`,
      );
    }
  }
}

function assertRows(
  b: TestMemory,
  operand: Operand,
  w: number,
  values: Float32Array,
  rows: number,
  cols: number,
) {
  const out = b.result(cols);
  for (let row = 0; row < rows; row++) {
    operand.unpack(w, cols, row, out);
    assert.deepEqual(
      b.floats(out, cols),
      values.slice(row * cols, (row + 1) * cols),
      `${operand.type}: row ${row}`,
    );
  }
}

/** Columns of a file's block. */
function columnsOf(type: WeightType): number {
  return type === "iq4_xs" ? 256 : 32;
}

/** Blocks of scale 1 without minimums, whose other bytes are `fill`. */
function extremeBlocks(type: (typeof blockTypes)[number], count: number, fill: number) {
  const sizes = { q4_1: 20, q5_0: 22, q5_1: 24, iq4_nl: 18, iq4_xs: 136, mxfp4: 17 };
  const size = sizes[type];
  const bytes = new Uint8Array((count / columnsOf(type)) * size).fill(fill);
  const quant = (i: number) => {
    const nibble = i % 32 < 16 ? fill & 15 : fill >> 4;
    if (type === "mxfp4") return fp4[nibble];
    if (type === "iq4_nl" || type === "iq4_xs") return levels[nibble];
    const bit = ((fill >> (i & 7)) & 1) << 4;
    return type === "q4_1" ? nibble : type === "q5_0" ? (nibble | bit) - 16 : nibble | bit;
  };
  for (let at = 0; at < bytes.length; at += size) {
    if (type === "mxfp4") bytes[at] = 127;
    else bytes.set([0, 0x3c], at);
    if (type === "q4_1" || type === "q5_1") bytes.set([0, 0], at + 2);
    // 6-bit scales of 33, which stand for 1
    if (type === "iq4_xs") bytes.set([0xaa, 0xaa, 0x11, 0x11, 0x11, 0x11], at + 2);
  }
  return { bytes, values: Float32Array.from({ length: count }, (_, i) => quant(i)) };
}
