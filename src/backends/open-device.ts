// Opens a kind of device by its name.
import type { Device, DeviceName } from "./device.ts";

/** The device of this name; its code is loaded when it is asked for. */
export async function openDevice(name: DeviceName): Promise<Device> {
  if (name === "reference") return (await import("./reference/device.ts")).referenceDevice;
  if (name === "webgpu") return (await import("./webgpu/device.ts")).webgpuDevice;
  return (await import("./wasm/device.ts")).wasmDevice;
}
