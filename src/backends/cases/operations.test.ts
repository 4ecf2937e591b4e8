// Every case of the table on every backend against its reference; same bits however it is cut.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  instantiateKernels,
  type KernelBuild,
  kernelMemory,
  probeProducts,
} from "../../kernels/module/module.ts";
import { loadBuild } from "../../kernels/module/test-memory.ts";
import type { Backend } from "../../tensor/backend.ts";
import { Bus, busBytes } from "../bus.ts";
import { createReferenceBackend } from "../reference/backend.ts";
import { createWasmBackend } from "../wasm/backend.ts";
import { CASE_TOKENS, type OperationCase, prepareCase } from "./case.ts";
import { operationCases } from "./table.ts";

/** A backend to be held to the table. */
interface Subject {
  readonly name: string;
  /** Whether it rounds as the CPU's kernels do: see `PreparedCase.expected`. */
  readonly rounded: boolean;
  create(): Backend;
}

const subjects: readonly Subject[] = [
  { name: "reference", rounded: false, create: () => createReferenceBackend({ maxTokens: CASE_TOKENS }) },
  await wasm("relaxed"),
  await wasm("simd"),
  // The next backend stands here.
];

/** One rank. What its memory holds before anything is written there is not a number: who reads it is found out. */
async function wasm(build: KernelBuild): Promise<Subject> {
  const module = await loadBuild(build);
  const products = probeProducts(module);
  const alone = { ranks: 1, words: 0, floats: 1 << 14 };
  const instantiate = (memory: WebAssembly.Memory) => {
    // The module's own data lies below, and nearly all of a case within.
    new Uint8Array(memory.buffer, 65_536, 2 << 20).fill(255);
    return instantiateKernels(module, memory);
  };
  return {
    name: `wasm, ${build} build, ${products} 8-bit products`,
    rounded: true,
    create: () =>
      createWasmBackend({
        bus: new Bus(new ArrayBuffer(busBytes(alone)), 0, alone),
        instantiate,
        products,
        maxTokens: CASE_TOKENS,
      }),
  };
}

for (const { name, rounded, create } of subjects) {
  describe(`operations on ${name}`, () => {
    for (const one of operationCases) {
      test(`${one.operation}: ${one.about}`, async () => {
        const backend = create();
        const prepared = await prepareCase(one, backend);
        backend.finishLoading();
        const answer = (await prepared.run()).slice();
        assertAnswer(answer, prepared.expected(rounded), one, prepared.allowed);
        for (const [way, run] of Object.entries(prepared.same ?? {}))
          assert.deepEqual(bits(await run()), bits(answer), `${way}, other bits`);
      });
    }
  });
}

test("every kernel of a forward pass is in the table", async () => {
  const exported = Object.keys(instantiateKernels(await loadBuild("relaxed"), kernelMemory(1)));
  const modes = ["unsigned", "signed", "wide"] as const;
  const blamed = new Set<string>(operationCases.flatMap((one) => modes.flatMap((mode) => one.kernels(mode))));
  const aside = /^probe_|^choose_|^checksum$/;
  assert.deepEqual(
    exported.filter((name) => !aside.test(name) && !blamed.has(name)),
    [],
  );
});

function assertAnswer(
  answer: Float32Array,
  expected: Float32Array,
  { tolerance }: OperationCase,
  allowed?: (i: number, expected: number) => number,
): void {
  assert.equal(answer.length, expected.length);
  const size = Math.sqrt(expected.reduce((sum, value) => sum + value ** 2, 0) / expected.length);
  for (let i = 0; i < answer.length; i++) {
    const limit = allowed ? allowed(i, expected[i]) : tolerance * size;
    const off = Math.abs(answer[i] - expected[i]);
    // Written so that what is not a number fails; the words are made only where they are needed.
    if (!(off <= limit))
      assert.fail(`value ${i} is ${answer[i]}, not ${expected[i]}: off by ${off}, limit ${limit}`);
  }
}

function bits(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}
