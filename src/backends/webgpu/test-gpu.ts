// The one GPU of a process of tests: whatever WebGPU finds, a software adapter too.
import { after } from "node:test";
import { openAdapter, openGpuDevice } from "./adapter.ts";
import { Gpu } from "./gpu.ts";

let shared: Promise<Gpu | string> | undefined;

/** The GPU that files of tests share with its compiled shaders, which cost a software adapter most; or why there is none. */
export function openSharedGpu(): Promise<Gpu | string> {
  shared ??= openTestGpu();
  return shared;
}
after(async () => {
  const gpu = await shared;
  if (gpu && typeof gpu !== "string") gpu.device.destroy();
});

/** A GPU of one's own, or why there is none. */
export async function openTestGpu(): Promise<Gpu | string> {
  try {
    return new Gpu(await openGpuDevice(await openAdapter()));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
