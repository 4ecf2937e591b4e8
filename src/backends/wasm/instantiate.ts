// Instantiates the kernels that the main thread chose over a rank's memory.
import { instantiateKernels, type KernelModule, type Kernels } from "../../kernels/module/module.ts";
import type { DType } from "../../tensor/dtype.ts";

/** What an engine's threads need to compute alike: the main thread chooses once for all. */
export interface KernelChoice {
  readonly module: KernelModule;
  /** The plain-SIMD build, where kernels of it replace some. */
  readonly fallback?: KernelModule;
  readonly replaced: readonly string[];
  /** Element types whose weights become f16 while they load. */
  readonly converted: readonly DType[];
}

/** A function that instantiates the chosen kernels over a memory. */
export function createInstantiate(
  choice: Pick<KernelChoice, "module" | "fallback" | "replaced">,
): (memory: WebAssembly.Memory) => Kernels {
  return (memory) =>
    mixKernels(instantiateKernels(choice.module, memory), choice.fallback, choice.replaced, memory);
}

/** Instances over one memory, with some kernels taken from the plain build. */
export function mixKernels(
  kernels: Kernels,
  plain: KernelModule | undefined,
  replaced: readonly string[],
  memory: WebAssembly.Memory,
): Kernels {
  if (!plain || replaced.length === 0) return kernels;
  const others = Object.entries(instantiateKernels(plain, memory));
  return { ...kernels, ...Object.fromEntries(others.filter(([name]) => replaced.includes(name))) };
}
