// Reads the file of a kernel module. It lies beside the code; a build for pages has it inside.
import { BaimoError } from "../../errors.ts";
import { kernelUrl } from "./kernel-url.ts";
import type { KernelBuild, KernelPart } from "./module.ts";

/**
 * The bytes of one part in one build.
 * @throws {BaimoError} `device` when the file cannot be had
 */
export async function readKernelFile(name: `${KernelPart}.${KernelBuild}`): Promise<Uint8Array> {
  const url = kernelUrl(name);
  if (url.protocol === "file:") {
    const { readFile } = await import("node:fs/promises");
    return readFile(url).catch((cause) => {
      throw new BaimoError(
        "device",
        `the kernel module ${url.pathname} cannot be read; run "npm run build"`,
        { cause },
      );
    });
  }
  const response = await fetch(url);
  if (!response.ok)
    throw new BaimoError("device", `the kernel module ${url} cannot be fetched: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
