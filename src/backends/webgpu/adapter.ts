// Finds a GPU: the WebGPU of a browser or Deno, or in Node that of the npm package `webgpu`.
import { BaimoError } from "../../errors.ts";

/** What an adapter says of itself. */
export interface AdapterIdentity {
  /** For people. */
  readonly name: string;
  /** Computed by the processor: it is right, and slow. */
  readonly isSoftware: boolean;
}

/** Node's WebGPU ends when nobody holds it. */
let held: GPU | undefined;

const NOWHERE =
  'there is no WebGPU here: in Node install the npm package "webgpu", in Deno pass --unstable-webgpu, in a page use a browser that has it';

/** @throws {BaimoError} `device` where there is no WebGPU, or no GPU that it can use */
export async function openAdapter(): Promise<GPUAdapter> {
  const adapter = await (await openWebgpu()).requestAdapter({ powerPreference: "high-performance" });
  if (!adapter)
    throw new BaimoError(
      "device",
      'WebGPU finds no GPU here; install its driver (on Linux one for Vulkan) or use the device "cpu"',
    );
  return adapter;
}

async function openWebgpu(): Promise<GPU> {
  const own = (globalThis.navigator as Navigator | undefined)?.gpu;
  if (own) return own;
  if (held) return held;
  // Not a literal, so that no bundler follows it into a page.
  const name = "webgpu";
  try {
    const { create } = (await import(name)) as { create(flags: readonly string[]): GPU };
    return (held = create([]));
  } catch (cause) {
    throw new BaimoError("device", NOWHERE, { cause });
  }
}

/** A device with all that the adapter allows of what shaders need. */
export async function openGpuDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const {
    maxBufferSize,
    maxStorageBufferBindingSize,
    maxStorageBuffersPerShaderStage,
    maxComputeWorkgroupStorageSize,
  } = adapter.limits;
  return adapter.requestDevice({
    label: "baimo",
    requiredLimits: {
      maxBufferSize,
      maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage,
      maxComputeWorkgroupStorageSize,
    },
  });
}

/** What to call an adapter, and whether it is one in name alone. */
export function identify({ info }: GPUAdapter): AdapterIdentity {
  const { vendor, architecture, description, device } = info;
  const parts = [vendor, architecture].filter(Boolean).join(" ");
  const name =
    description && !description.includes(vendor)
      ? `${description} (${parts})`
      : description || device || parts || "a GPU";
  const isSoftware = /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i.test(
    `${parts} ${description} ${device}`,
  );
  return {
    name,
    isSoftware: isSoftware || (info as { isFallbackAdapter?: boolean }).isFallbackAdapter === true,
  };
}
