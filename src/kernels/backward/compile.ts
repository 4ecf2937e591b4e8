// Compiles the kernels that training needs.
import { readKernelFile } from "../module/kernel-file.ts";
import { compileKernels, type KernelModule } from "../module/module.ts";

/** The core of the module and its part for training. @throws {BaimoError} `device` where no build compiles */
export async function compileTrainingKernels(): Promise<KernelModule> {
  return (await compileKernels(readKernelFile, { types: ["f32"], training: true })).module;
}
