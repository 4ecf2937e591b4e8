// Compiles the kernels that training needs.
import { readKernelFile } from "../module/kernel-file.ts";
import { compileKernels, type KernelModule, type WeightType } from "../module/module.ts";

/** The core of the module, its part for training, and the kernels of frozen weights. @throws {BaimoError} `device` where no build compiles */
export async function compileTrainingKernels(frozen: readonly WeightType[] = []): Promise<KernelModule> {
  return (await compileKernels(readKernelFile, { types: ["f32", ...frozen], training: true })).module;
}
