// A GPU for tests where there is none: Chromium's SwiftShader, found as if it were Vulkan's loader.
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

const loaders = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
  "/usr/local/lib",
];
const chromiums = [
  process.env.CHROMIUM_PATH && dirname(process.env.CHROMIUM_PATH),
  "/usr/lib/chromium",
  "/opt/google/chrome",
];

/** Environment variables with which Node's WebGPU finds it; none where Vulkan is installed, or SwiftShader is not. */
export function softwareGpu(root) {
  if (process.platform !== "linux" || loaders.some((folder) => existsSync(join(folder, "libvulkan.so.1"))))
    return {};
  const found = chromiums
    .map((folder) => folder && join(folder, "libvk_swiftshader.so"))
    .find((path) => path && existsSync(path));
  if (!found) return {};
  const folder = join(root, "dist", "software-gpu");
  const link = join(folder, "libvulkan.so.1");
  mkdirSync(folder, { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(found, link);
  return { LD_LIBRARY_PATH: [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":") };
}
