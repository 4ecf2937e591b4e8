// The one GPU of a test file: whatever WebGPU finds, a software adapter too.
import { openAdapter, openGpuDevice } from "./adapter.ts";
import { Gpu } from "./gpu.ts";

/** The GPU, or why there is none. */
export async function openTestGpu(): Promise<Gpu | string> {
  try {
    return new Gpu(await openGpuDevice(await openAdapter()));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
