// Whether a GPU is worth its way: bytes of weights a second, beside the processor's memory.
import { BaimoError } from "../../errors.ts";
import { identify, openAdapter, openGpuDevice } from "./adapter.ts";
import { createWebgpuBackend } from "./backend.ts";
import { Gpu } from "./gpu.ts";

/** A matrix in Q8_0 of so many bytes, beyond the caches of most processors. */
const ROWS = 16_384;
const COLS = 2048;
const BYTES = (ROWS * COLS * 34) / 32;
/** Products that are timed together, after one that is not. */
const PRODUCTS = 8;

/** Why the CPU is to be taken in place of a GPU, or undefined where a probe of some tenths of a second finds the GPU faster. */
export async function whyNotGpu(): Promise<string | undefined> {
  try {
    const adapter = await openAdapter();
    const { name, isSoftware } = identify(adapter);
    if (isSoftware) return `${name} is no GPU`;
    const gpu = new Gpu(await openGpuDevice(adapter));
    try {
      const [there, here] = [await measureGpu(gpu), measureMemory()];
      const gigabytes = (rate: number) => (rate / 1e9).toFixed(1);
      return there > here
        ? undefined
        : `${name} reads ${gigabytes(there)} GB of weights a second, the processor ${gigabytes(here)}`;
    } finally {
      gpu.device.destroy();
    }
  } catch (error) {
    if (error instanceof BaimoError) return error.message;
    throw error;
  }
}

/** Bytes a second of products with one token. */
async function measureGpu(gpu: Gpu): Promise<number> {
  const backend = createWebgpuBackend({ gpu, maxTokens: 1, expectedBytes: BYTES });
  const weight = await backend.loadMatrix(
    { name: "probe", dtype: "Q8_0", rows: ROWS, cols: COLS, read: (_, __, target) => void target.fill(1) },
    [0, ROWS],
  );
  const [x, y] = [backend.allocate(COLS), backend.allocateSlice([0, ROWS])];
  const multiply = async (times: number) => {
    x.tokens = 1;
    for (let i = 0; i < times; i++) backend.linear(x, [[weight, y]]);
    await backend.collect(y);
  };
  await multiply(1);
  const started = performance.now();
  await multiply(PRODUCTS);
  return (PRODUCTS * BYTES * 1000) / (performance.now() - started);
}

/** Bytes a second that one thread reads and writes: several read at most a few times as many, and compute beside it. */
function measureMemory(): number {
  const [from, to] = [new Uint8Array(BYTES).fill(1), new Uint8Array(BYTES)];
  to.set(from);
  const started = performance.now();
  to.set(from);
  to.set(from);
  return (4 * BYTES * 1000) / (performance.now() - started);
}
