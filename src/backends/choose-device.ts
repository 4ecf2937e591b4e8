// Which device "auto" is: the GPU where a probe finds it faster, else the CPU.
import type { DeviceChoice, DeviceName } from "./device.ts";

/** The device for a choice; where "auto" is not the GPU, why. */
export async function chooseDevice(choice: DeviceChoice): Promise<{ device: DeviceName; why?: string }> {
  if (choice !== "auto") return { device: choice };
  const { whyNotGpu } = await import("./webgpu/probe.ts");
  const why = await whyNotGpu();
  return why === undefined ? { device: "webgpu" } : { device: "cpu", why };
}
