// The GPU inside a worker: opened, tested, then the backend of the one rank.
import type { Backend } from "../../tensor/backend.ts";
import type { Bus } from "../bus.ts";
import type { WebgpuSetup } from "../device.ts";
import { openAdapter, openGpuDevice } from "./adapter.ts";
import { createWebgpuBackend } from "./backend.ts";
import { Gpu } from "./gpu.ts";
import { testGpu } from "./self-test.ts";

/** @throws {BaimoError} `device` where there is no GPU, or where it computes wrong */
export async function createWebgpuRank(setup: WebgpuSetup, bus: Bus, maxTokens: number): Promise<Backend> {
  const gpu = new Gpu(await openGpuDevice(await openAdapter()));
  await testGpu(gpu, setup);
  const { expectedBytes, bufferBytes } = setup;
  return createWebgpuBackend({
    gpu,
    maxTokens,
    expectedBytes,
    bufferBytes,
    stopRequested: () => bus.stopWanted,
  });
}
