// A worker's side of a device: the backend of its rank, and tasks before a model is known.
import type { Backend } from "../tensor/backend.ts";
import type { Bus } from "./bus.ts";
import type { DeviceAnswer, DeviceSetup, DeviceTask } from "./device.ts";
import { createWasmRank, createWasmTasks } from "./wasm/rank.ts";

/** Makes the backend of one rank. */
export async function createBackend(setup: DeviceSetup, bus: Bus, maxTokens: number): Promise<Backend> {
  if (setup.device === "wasm") return createWasmRank(setup, bus, maxTokens);
  if (setup.device === "webgpu") {
    const { createWebgpuRank } = await import("./webgpu/rank.ts");
    return createWebgpuRank(setup, bus, maxTokens);
  }
  const { createReferenceBackend } = await import("./reference/backend.ts");
  return createReferenceBackend({ maxTokens, stopRequested: () => bus.stopWanted });
}

/** Answers a device's tasks, one after another. */
export const createTasks: () => (task: DeviceTask) => DeviceAnswer = createWasmTasks;
