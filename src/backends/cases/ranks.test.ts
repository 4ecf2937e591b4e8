// Every case of the table on three ranks of the CPU backend: the bits of one rank.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { instantiateKernels, probeProducts } from "../../kernels/module/module.ts";
import { loadBuild } from "../../kernels/module/test-memory.ts";
import { Bus, type BusShape, busBytes } from "../bus.ts";
import { createWasmBackend } from "../wasm/backend.ts";
import { CASE_TOKENS, type OperationCase, type PreparedCase, prepareCase } from "./case.ts";
import { casesOn } from "./table.ts";

const RANKS = 3;

/** The answers of one rank; all ranks call this together. */
async function answersOf(bus: Bus): Promise<{ cases: OperationCase[]; answers: Float32Array[] }> {
  const module = await loadBuild("relaxed");
  const backend = createWasmBackend({
    bus,
    instantiate: (memory) => instantiateKernels(module, memory),
    products: probeProducts(module),
    maxTokens: CASE_TOKENS,
  });
  const cases = casesOn(backend);
  const prepared: PreparedCase[] = [];
  for (const one of cases) prepared.push(await prepareCase(one, backend));
  backend.finishLoading();
  const answers: Float32Array[] = [];
  for (const one of prepared) answers.push((await one.run()).slice());
  return { cases, answers };
}

function busOf(ranks: number): { memory: ArrayBufferLike; shape: BusShape } {
  const shape = { ranks, words: 0, floats: CASE_TOKENS * 2051 };
  return {
    memory: ranks > 1 ? new SharedArrayBuffer(busBytes(shape)) : new ArrayBuffer(busBytes(shape)),
    shape,
  };
}

if (isMainThread) {
  describe(`operations on ${RANKS} ranks`, async () => {
    const alone = busOf(1);
    const { cases, answers: expected } = await answersOf(new Bus(alone.memory, 0, alone.shape));
    const shared = busOf(RANKS);
    const found = await Promise.all(
      Array.from({ length: RANKS }, (_, rank) => {
        const worker = new Worker(new URL(import.meta.url), { workerData: { rank, ...shared } });
        return new Promise<Float32Array[]>((done, fail) => worker.once("message", done).once("error", fail));
      }),
    );
    for (const [i, { operation, about }] of cases.entries()) {
      test(`${operation}: ${about}`, () => {
        for (const [rank, answers] of found.entries())
          assert.deepEqual(answers[i], expected[i], `rank ${rank}`);
      });
    }
  });
} else {
  const { rank, memory, shape } = workerData as { rank: number; memory: SharedArrayBuffer; shape: BusShape };
  const bus = new Bus(memory, rank, shape);
  try {
    parentPort?.postMessage((await answersOf(bus)).answers);
  } catch (error) {
    bus.poison();
    throw error;
  }
}
