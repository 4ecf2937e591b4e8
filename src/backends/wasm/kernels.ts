// Kernels for an engine: compiled, probed and tested once; those that fail are taken from the plain-SIMD build.
import { BaimoError } from "../../errors.ts";
import {
  compileKernels,
  instantiateKernels,
  type KernelBuild,
  type Kernels,
  type ProductMode,
  probeProducts,
} from "../../kernels/module.ts";
import { findWrongKernels } from "./self-test.ts";

/** What an engine's threads need to instantiate the same kernels. */
export interface KernelChoice {
  readonly module: WebAssembly.Module;
  /** The plain-SIMD build, where kernels of it replace some. */
  readonly fallback?: WebAssembly.Module;
  readonly replaced: readonly string[];
}

/** Kernels that have passed the self-test. */
export interface PreparedKernels {
  readonly choice: KernelChoice;
  readonly products: ProductMode;
  /** For people: the build and how 8-bit products are formed. */
  readonly name: string;
  readonly warnings: readonly string[];
}

/**
 * Compiles the best build, tests every kernel against its reference, and replaces the wrong ones.
 * @throws {BaimoError} `device` when no build compiles, or when the plain build computes wrong too
 */
export async function prepareKernels(options: { build?: KernelBuild } = {}): Promise<PreparedKernels> {
  const { module, build } = await compileKernels(readBuild, options);
  const products = probeProducts(module);
  const name = build === "relaxed" ? `relaxed SIMD, ${products} 8-bit products` : "plain SIMD";
  const wrong = await findWrongKernels((memory) => instantiateKernels(module, memory), products);
  if (wrong.length === 0) return { choice: { module, replaced: [] }, products, name, warnings: [] };
  if (build === "simd")
    throw new BaimoError("device", `kernels: this runtime computes ${wrong.join(", ")} wrong`);
  const { module: fallback } = await compileKernels(readBuild, { build: "simd" });
  // 8-bit products come in pairs with their packing, so that one wrong product turns all to the 16-bit dot.
  const choice = {
    module,
    fallback,
    replaced: wrong.map((kernel) => kernel.replace(/_(un)?signed$/, "_wide")),
  };
  const wide = wrong.some((kernel) => kernel.startsWith("matmul_q8_0")) ? "wide" : products;
  const still = await findWrongKernels(createInstantiate(choice), wide);
  if (still.length > 0)
    throw new BaimoError("device", `kernels: both builds compute ${still.join(", ")} wrong here`);
  const warnings = wrong.map(
    (kernel) => `kernel ${kernel} failed its self-test; a slower one takes its place`,
  );
  return { choice, products: wide, name, warnings };
}

/** A function that instantiates the chosen kernels over a memory. */
export function createInstantiate(choice: KernelChoice): (memory: WebAssembly.Memory) => Kernels {
  return (memory) => {
    const kernels = instantiateKernels(choice.module, memory);
    if (!choice.fallback) return kernels;
    const plain = instantiateKernels(choice.fallback, memory);
    const replaced = Object.entries(plain).filter(([name]) => choice.replaced.includes(name));
    return { ...kernels, ...Object.fromEntries(replaced) };
  };
}

/** The bytes of one build, which lie beside the kernels' code. */
async function readBuild(build: KernelBuild): Promise<Uint8Array> {
  const url = new URL(`../../kernels/kernels.${build}.wasm`, import.meta.url);
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
