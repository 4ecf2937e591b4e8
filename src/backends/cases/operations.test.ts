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
import { CASE_TOKENS, type Rounding } from "./case.ts";
import { casesOn, operationCases } from "./table.ts";
import { checkCase } from "./test-case.ts";

/** A backend to be held to the table. */
interface Subject {
  readonly name: string;
  readonly rounding: Rounding;
  create(): Backend;
}

const subjects: readonly Subject[] = [
  { name: "reference", rounding: "none", create: () => createReferenceBackend({ maxTokens: CASE_TOKENS }) },
  await wasm("relaxed"),
  await wasm("simd"),
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
    rounding: "cpu",
    create: () =>
      createWasmBackend({
        bus: new Bus(new ArrayBuffer(busBytes(alone)), 0, alone),
        instantiate,
        products,
        maxTokens: CASE_TOKENS,
      }),
  };
}

for (const { name, rounding, create } of subjects) {
  describe(`operations on ${name}`, () => {
    for (const one of casesOn(create())) {
      test(`${one.operation}: ${one.about}`, async () => {
        await checkCase(one, create(), rounding);
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
