// The CPU as a device: kernels compiled and tested, threads chosen, memory counted.
import { throwIfAborted } from "../../errors.ts";
import type { Device, DeviceModel, PrepareOptions } from "../device.ts";
import { availableMemory, availableThreads, canShareMemory, type Thread } from "../threads.ts";
import { memoryOf } from "./bank.ts";
import { startExpertReader } from "./expert-reader.ts";
import type { KernelChoice } from "./instantiate.ts";
import { compileBuild, testKernels } from "./kernels.ts";
import { memoryNeeds, packedMatrixBytes, rankBudget } from "./memory.ts";
import { findPackedFile } from "./packed-file.ts";
import { probeThreads } from "./probe.ts";

/** Below this a token takes less time than waiting for another thread may cost on a machine that others use too. */
const ONE_THREAD_BYTES = 32 << 20;
/** Threads are not chosen beyond this; memory bandwidth ends long before. */
const MAX_THREADS = 32;
const ALONE =
  "one thread: more need shared memory, for which a page is served with the headers Cross-Origin-Opener-Policy: " +
  "same-origin and Cross-Origin-Embedder-Policy: require-corp";

export const wasmDevice: Device = {
  async prepare(model, files, options) {
    const { shape, signal, bankBytes } = options;
    const use = {
      samples: await model.readSamples(),
      operations: model.operations,
      cacheType: shape.cacheType,
    };
    const compiled = await compileBuild(use, options.kernels);
    const shares = canShareMemory();
    // Workers import what they need while this thread tests the kernels.
    const started = await options.startWorkers(shares ? await mostThreads(model, options) : 1);
    const { choice, products, digest, name, warnings } = await testKernels(compiled, use);
    const workers = options.threads === undefined ? await keepUsefulThreads(started, choice, model) : started;
    throwIfAborted(signal, "loading the model");
    const threads = workers.length;
    const memoryBytes = options.memoryBytes ?? (await availableMemory());
    const budget = rankBudget(model, shape, { threads, memoryBytes, readAhead: options.readAhead });
    const { expectedBytes, expertBytes } = budget;
    const descriptors = files.map((file) => file.descriptor);
    const { converted } = choice;
    const layout = { threads, products, bankBytes, converted, kernels: digest, readings: model.readings };
    const packed = options.packedCache && (await findPackedFile(files, options.packedCache, layout));
    const home = () => memoryOf({ limit: bankBytes, expected: expectedBytes });
    const homes = threads > 1 ? workers.map(home) : undefined;
    const reader = budget.readAhead ? await startExpertReader(descriptors, threads) : undefined;
    return {
      workers,
      setup: {
        device: "wasm",
        ...choice,
        products,
        homes,
        bankBytes,
        expectedBytes,
        expertBytes,
        packed,
        readAhead: reader?.shared,
      },
      kernels: name,
      warnings: shares ? warnings : [...warnings, ALONE],
      close: async () => reader?.close(),
    };
  },
  count: memoryNeeds,
};

/** Threads that may be worth having. */
async function mostThreads(model: DeviceModel, { threads }: PrepareOptions): Promise<number> {
  if (threads !== undefined) return threads;
  return weightBytesOf(model) < ONE_THREAD_BYTES ? 1 : Math.min(await availableThreads(), MAX_THREADS);
}

/** Ends those workers with which a token would take longer than without. */
async function keepUsefulThreads(
  workers: readonly Thread[],
  choice: KernelChoice,
  model: DeviceModel,
): Promise<readonly Thread[]> {
  const useful = await probeThreads(choice, workers, { bytes: weightBytesOf(model), gathers: model.gathers });
  await Promise.all(workers.slice(useful).map((worker) => worker.terminate()));
  return workers.slice(0, useful);
}

function weightBytesOf({ matrices }: DeviceModel): number {
  return matrices.reduce((sum, matrix) => sum + packedMatrixBytes(matrix), 0);
}
