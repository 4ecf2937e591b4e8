// Work stealing between ranks: same bits whoever computes a row, and every row once.
//
// Two ranks of one thread take turns: one helps whenever the other has computed a piece.
//
// Two ranks of one thread take turns: one helps whenever the other has computed a piece.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { kernelUrl } from "../../kernels/module/kernel-url.ts";
import {
  compileKernels,
  GROUP,
  instantiateKernels,
  type Kernels,
  type Matmul,
  matmulName,
  packedBytes,
  type WeightType,
} from "../../kernels/module/module.ts";
import { createRandom } from "../../random.ts";
import { Bus, busBytes, LINE } from "../bus.ts";
import { Bank } from "./bank.ts";
import { productsOf, SharedProducts } from "./work-stealing.ts";

const seed = 20_261_122;
const COLS = 512;
const STRIDE = 3000;
const ROW_GROUPS = 301;

describe(`products that ranks share (seed ${seed})`, async () => {
  const bytesOf = (name: string) => readFile(kernelUrl(name));
  const { module } = await compileKernels(bytesOf, { build: "simd", types: ["q8_0", "q4_0", "f32"] });
  const instantiate = (memory: WebAssembly.Memory) => instantiateKernels(module, memory);
  const shape = { ranks: 3, words: 0, floats: 0 };

  /** Three ranks; `helped` is called with the rows that a helper has computed. */
  function createRanks(helped: (y: number, rowGroups: number) => void) {
    const shared = new SharedArrayBuffer(busBytes(shape));
    const banks = [0, 1, 2].map(() => new Bank(instantiate));
    const homes = banks.map(({ memory }) => memory);
    const counted = (memory: WebAssembly.Memory): Kernels => {
      const kernels = { ...instantiate(memory) };
      for (const type of ["q8_0", "q4_0"] as const) {
        const name = matmulName(type, "wide");
        const matmul: Matmul = kernels[name];
        kernels[name] = (w, rowGroups, cols, x, xStride, tokens, y, ...rest) => {
          helped(y, rowGroups);
          matmul(w, rowGroups, cols, x, xStride, tokens, y, ...rest);
        };
      }
      return kernels;
    };
    return banks.map((bank, rank) => {
      const bus = new Bus(shared, rank, shape);
      return { bank, bus, shared: new SharedProducts({ bus, mode: "wide", instantiate: counted, homes }) };
    });
  }

  for (const tokens of [1, 3, 20]) {
    it(`come out the same with help and without, ${tokens} tokens`, () => {
      const done: { y: number; rowGroups: number }[] = [];
      const [owner, ...helpers] = createRanks((y, rowGroups) => done.push({ y, rowGroups }));
      const { bank, shared } = owner;
      const random = createRandom(seed);
      const input = bank.allocate(tokens * COLS * 8);
      const x = bank.allocate(tokens * COLS * 4);
      for (let i = 0; i < tokens * COLS; i++) bank.f32[x / 4 + i] = random.uniform() - 0.5;
      bank.kernels.quantize_q8(x, COLS, tokens, COLS, input);
      const scratch = bank.allocate(1 << 20);
      const helperScratch = bank.allocate(1 << 20);
      const products = (["q8_0", "q4_0", "q8_0"] as WeightType[]).map((type, i) => {
        const bytes = packedBytes(type, ROW_GROUPS, COLS);
        const w = bank.allocate(bytes);
        // scales of ordinary size in both forms
        for (let at = w; at < w + bytes; at++) bank.u8[at] = 0x20 + random.integer(16);
        return { type, w, rowGroups: ROW_GROUPS - i, y: bank.allocate(tokens * STRIDE * 4), scale: 2 ** -i };
      });
      const own = productsOf(bank.kernels, "wide");

      const run = (helps: boolean): Int32Array[] => {
        const turn = (matmul: Matmul): Matmul => {
          return (...args) => {
            helpers[done.length % 2].bus.idle();
            matmul(...args);
          };
        };
        const mine = helps ? { ...own, q8_0: turn(own.q8_0), q4_0: turn(own.q4_0) } : own;
        for (const { y } of products) bank.f32.fill(7, y / 4, y / 4 + tokens * STRIDE);
        shared.begin(input, COLS, tokens);
        for (const { type, w, rowGroups, y, scale } of products)
          shared.add(type, w, rowGroups, COLS, y, STRIDE, scale);
        shared.run(mine, scratch, helperScratch);
        return products.map(({ y }) => new Int32Array(bank.f32.slice(y / 4, y / 4 + tokens * STRIDE).buffer));
      };

      const alone = run(false);
      assert.equal(done.length, 0, "nobody helps before anything is open");
      for (const { type, w, rowGroups, y, scale } of products) {
        bank.f32.fill(7, y / 4, y / 4 + tokens * STRIDE);
        own[type](w, rowGroups, COLS, input, COLS, tokens, y, STRIDE, scale, scratch);
      }
      for (const [i, { y }] of products.entries())
        assert.deepEqual(alone[i], new Int32Array(bank.f32.slice(y / 4, y / 4 + tokens * STRIDE).buffer));
      const helped = run(true);
      assert.deepEqual(helped, alone);
      const rows = done.reduce((sum, { rowGroups }) => sum + rowGroups * GROUP, 0);
      assert.ok(rows > 0, "helpers computed rows");
      const starts = done.map(({ y }) => y);
      assert.equal(new Set(starts).size, starts.length, "no rows were computed twice");
      // What was a call's is closed behind it.
      for (const { bus } of helpers) bus.idle();
      assert.equal(done.length, starts.length);
    });
  }

  it("does not wait for a helper that has failed", () => {
    const [owner, helper] = createRanks(() => {});
    helper.bus.poison();
    const work = owner.bus.workOf(0);
    assert.throws(() => owner.bus.waitForWork(work, LINE, 1), /another worker of this engine failed/);
  });
});
