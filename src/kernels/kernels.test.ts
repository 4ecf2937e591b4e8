// Every op of the kernel module over every case, on both builds, against its reference; bits against tiling (D4).
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { createRandom, type Random } from "../random.ts";
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
import { floatCases, halfToFloat, makeWeights, matmul, matmulQuantized, quantizedCases } from "./matmul.ts";
import {
  activationBytes,
  compileKernels,
  instantiateKernels,
  type KernelBuild,
  type Kernels,
  type Matmul,
  type ProductMode,
  packedBytes,
  probeProducts,
  q8Offset,
  scratchBytes,
  type WeightType,
} from "./module.ts";
import { cases as normCases, rmsNorm } from "./norm.ts";
import { quantizeActivations, cases as quantizeCases } from "./quantize-activations.ts";
import { rope, cases as ropeCases } from "./rope.ts";
import { siluMul, cases as siluMulCases } from "./silu-mul.ts";

const seed = 20_240_501;

/** A module over a memory of its own, with room handed out from the start. */
class Bench {
  readonly memory = new WebAssembly.Memory({ initial: 256 });
  readonly k: Kernels;
  #top = 64;

  constructor(module: WebAssembly.Module) {
    this.k = instantiateKernels(module, this.memory);
  }

  room(bytes: number): number {
    const at = this.#top;
    this.#top = Math.ceil((at + bytes) / 16) * 16;
    const missing = Math.ceil((this.#top + 64 - this.memory.buffer.byteLength) / 65536);
    if (missing > 0) this.memory.grow(missing);
    return at;
  }

  put(data: Uint8Array | Float32Array): number {
    const at = this.room(data.byteLength);
    new Uint8Array(this.memory.buffer).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    return at;
  }

  floats(at: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer.slice(at, at + 4 * count));
  }

  /** A result area full of NaN, so that what a kernel leaves out shows. */
  result(count: number): number {
    return this.put(new Float32Array(count).fill(Number.NaN));
  }
}

function normals(random: Random, count: number): Float32Array {
  return Float32Array.from({ length: count }, () => random.normal());
}

/** The largest difference, as a part of the root mean square of what was expected. */
function difference(actual: Float32Array, expected: Float32Array): number {
  let square = 0;
  let most = 0;
  for (let i = 0; i < expected.length; i++) {
    square += expected[i] ** 2;
    const distance = Math.abs(actual[i] - expected[i]);
    most = Number.isNaN(distance) ? Infinity : Math.max(most, distance);
  }
  return most / Math.max(Math.sqrt(square / expected.length), 1e-30);
}

function assertClose(actual: Float32Array, expected: Float32Array, limit: number, what: string) {
  const found = difference(actual, expected);
  assert.ok(found <= limit, `${what}: off by ${found}, limit ${limit} (seed ${seed})`);
}

/** What a weight type needs from the module. */
interface Operand {
  readonly type: WeightType;
  readonly multiply: Matmul;
  readonly pack: (from: number, to: number, rowGroups: number, cols: number) => void;
  readonly unpack: (w: number, cols: number, row: number, out: number) => void;
}

function floatOperand(k: Kernels, type: "f32" | "f16" | "bf16"): Operand {
  return {
    type,
    multiply: k[`matmul_${type}`],
    pack: k[`pack_${type}`],
    unpack: (w, cols, row, out) => k[`unpack_row_${type}`](w, cols, row, out, 1),
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
    pack: k.pack_q4_0,
    unpack: (w, cols, row, out) => k.unpack_row_q4_0(w, cols, row, out, 1),
  };
  return [q4, ...q8];
}

/** Packs a matrix whose file form is `bytes`. */
function packed(b: Bench, operand: Operand, bytes: Uint8Array, rows: number, cols: number): number {
  const w = b.room(packedBytes(operand.type, rows / 4, cols));
  operand.pack(b.put(bytes), w, rows / 4, cols);
  return w;
}

/** A product of `tokens` rows of x (stride cols + 4), from token `first` on, over the row groups given. */
function product(
  b: Bench,
  operand: Operand,
  at: { w: number; groups: number; cols: number; x: number; first: number; tokens: number; scale?: number },
): Float32Array {
  const { w, groups, cols, tokens } = at;
  const stride = cols + 4;
  let x = at.x + at.first * stride * 4;
  if (operand.type === "q4_0" || operand.type === "q8_0") {
    const q = b.room(activationBytes(operand.type, tokens, cols));
    b.k.quantize_q8(x, stride, tokens, cols, q);
    x = q;
  }
  const rows = 4 * groups;
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

/** Rows of x at stride cols + 4, with NaN between them. */
function strided(b: Bench, x: Float32Array, tokens: number, cols: number): number {
  const wide = new Float32Array(tokens * (cols + 4)).fill(Number.NaN);
  for (let t = 0; t < tokens; t++) wide.set(x.subarray(t * cols, (t + 1) * cols), t * (cols + 4));
  return b.put(wide);
}

async function load(build: KernelBuild): Promise<WebAssembly.Module> {
  const bytesOf = (name: KernelBuild) => readFile(new URL(`kernels.${name}.wasm`, import.meta.url));
  return (await compileKernels(bytesOf, { build })).module;
}

for (const build of ["relaxed", "simd"] as const) {
  describe(`kernels, ${build} build`, async () => {
    const module = await load(build);
    const machine = probeProducts(module);

    test("the interface names exactly the module's exports", () => {
      const names = WebAssembly.Module.exports(module).map((entry) => entry.name);
      const source = Object.keys(new Bench(module).k);
      assert.deepEqual(source.sort(), names.sort());
      assert.deepEqual(
        WebAssembly.Module.imports(module).map(({ module: from, name }) => `${from}.${name}`),
        ["env.memory"],
      );
    });

    test("the plain build needs no relaxed product", {
      skip: build === "relaxed" && "the other build",
    }, () => {
      assert.equal(machine, "wide");
    });

    for (const [index, shape] of quantizedCases.entries()) {
      test(`quantised products ${JSON.stringify(shape)}`, () => {
        const { rows, cols, tokens } = shape;
        const random = createRandom(seed + index);
        const b = new Bench(module);
        for (const operand of quantizedOperands(b.k, build, machine)) {
          const weights = makeWeights(operand.type, rows, cols, random);
          const w = packed(b, operand, weights.bytes, rows, cols);
          const x = normals(random, tokens * cols);
          const at = { w, groups: rows / 4, cols, x: strided(b, x, tokens, cols) };
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
        const b = new Bench(module);
        for (const type of ["f32", "f16", "bf16"] as const) {
          const operand = floatOperand(b.k, type);
          const weights = makeWeights(type, rows, cols, random);
          const w = packed(b, operand, weights.bytes, rows, cols);
          const x = normals(random, tokens * cols);
          const at = { w, groups: rows / 4, cols, x: strided(b, x, tokens, cols) };
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

    test("4-bit products in quads have the bits of pairs", {
      skip: build === "simd" && "has neither",
    }, () => {
      const [rows, cols, tokens] = [28, 96, 7];
      const random = createRandom(seed);
      const b = new Bench(module);
      const operand = quantizedOperands(b.k, build, machine)[0];
      const w = packed(b, operand, makeWeights("q4_0", rows, cols, random).bytes, rows, cols);
      const x = strided(b, normals(random, tokens * cols), tokens, cols);
      for (const some of [1, tokens]) {
        const at = { w, groups: rows / 4, cols, x, first: 0, tokens: some };
        b.k.choose_pairs(1);
        const inPairs = product(b, operand, at);
        b.k.choose_pairs(0);
        assert.deepEqual(product(b, operand, at), inPairs);
      }
    });

    for (const mode of ["unsigned", "signed"] as const) {
      const skip = build === "simd" && "the plain build lacks it";
      test(`8-bit ${mode} products, bytes within 7 bits, are exact on every machine`, { skip }, () => {
        const [rows, cols, tokens] = [28, 96, 7];
        const random = createRandom(seed);
        const b = new Bench(module);
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
          const at = { w: packed(b, operand, bytes, rows, cols), groups: rows / 4, cols, x, first: 0 };
          return [1, tokens].map((some) => product(b, operand, { ...at, tokens: some }));
        });
        assert.deepEqual(relaxed, plain);
      });
    }

    test("extreme bytes stay exact", () => {
      const [rows, cols, tokens] = [16, 64, 8];
      const b = new Bench(module);
      for (const operand of quantizedOperands(b.k, build, machine)) {
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
            const at = { w, groups: rows / 4, cols, x: strided(b, x, tokens, cols), first: 0 };
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
      for (const type of ["q4_0", "q8_0", "f16"] as const) {
        const b = new Bench(module);
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
          for (let i = 0; i < bytes.length; i += size)
            view.setUint16(i, random.integer(0x10000) & 0x83ff, true);
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
          assert.equal(b.k[`normalize_${type}`](w, rows / 4, cols), enlarged, `${type} ${top}`);
          const after = unpack().map((row) => row.map((value) => value * 2 ** -enlarged));
          assert.deepEqual(after, before);
          if (enlarged === 10) assert.equal(b.k[`normalize_${type}`](w, rows / 4, cols), 0, "none is left");
        }
        const { bytes } = makeWeights("q4_0", rows, cols, random);
        assert.equal(
          b.k.normalize_q4_0(
            packed(b, quantizedOperands(b.k, build, machine)[0], bytes, rows, cols),
            2,
            cols,
          ),
          0,
        );
      }
    });

    test("a product is scaled", () => {
      const b = new Bench(module);
      const random = createRandom(seed);
      for (const operand of [...quantizedOperands(b.k, build, machine), floatOperand(b.k, "f16")]) {
        const { bytes } = makeWeights(operand.type, 20, 64, random);
        const at = {
          w: packed(b, operand, bytes, 20, 64),
          groups: 5,
          cols: 64,
          x: strided(b, normals(random, 7 * 64), 7, 64),
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
        const b = new Bench(module);
        const x = normals(createRandom(seed), tokens * cols);
        x.fill(0, 0, 32);
        const dst = b.room(activationBytes("q8_0", tokens, cols));
        b.k.quantize_q8(strided(b, x, tokens, cols), cols + 4, tokens, cols, dst);
        const { values, scales } = quantizeActivations(x, shape);
        const view = new DataView(b.memory.buffer);
        for (let t = 0; t < tokens; t++) {
          const tile = Math.min(3, tokens - (t - (t % 3)));
          for (let block = 0; block < cols / 32; block++) {
            const at = dst + (t - (t % 3)) * (cols / 32) * 44 + block * tile * 44;
            let sum = 0;
            for (let i = 0; i < 32; i++) {
              const value = values[t * cols + 32 * block + i];
              assert.equal(view.getInt8(at + (t % 3) * 44 + i), value);
              sum += value;
            }
            const meta = at + (t % 3) * 44 + 32;
            assert.equal(view.getFloat32(meta, true), scales[(t * cols) / 32 + block]);
            assert.equal(view.getInt16(meta + 4, true), 0 - 4 * sum);
            assert.equal(view.getInt16(meta + 6, true), 0 - 4 * sum);
            assert.equal(view.getInt32(meta + 8, true), 0 - 128 * sum);
          }
        }
      });
    }

    for (const shape of normCases) {
      test(`rms norm ${JSON.stringify(shape)}`, () => {
        const { rows, width } = shape;
        const random = createRandom(seed);
        const b = new Bench(module);
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
        const b = new Bench(module);
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
        const b = new Bench(module);
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
        const b = new Bench(module);
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
          const b = new Bench(module);
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
          const b = new Bench(module);
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

/** Every token alone, and row groups by halves, must give the bits of the whole product. */
function assertSameBits(
  b: Bench,
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
      const whole = y.slice(t * rows + 4 * from, t * rows + 4 * (from + groups));
      assert.deepEqual(
        part.slice(t * 4 * groups, (t + 1) * 4 * groups),
        whole,
        `${operand.type}: split of rows`,
      );
    }
  }
}

function assertRows(b: Bench, operand: Operand, w: number, values: Float32Array, rows: number, cols: number) {
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

/** Stores the source as keys and as values into areas of NaN; gives the areas and readers of them. */
function stored(
  b: Bench,
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
  b: Bench,
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
