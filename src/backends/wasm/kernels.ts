// Kernels for an engine: compiled, probed and tested once; those that fail are taken from the plain-SIMD build.
import { BaimoError } from "../../errors.ts";
import {
  compileKernels,
  instantiateKernels,
  type KernelBuild,
  type KernelModule,
  type KernelPart,
  type Kernels,
  type ProductMode,
  probeProducts,
} from "../../kernels/module.ts";
import type { DType } from "../../tensor/dtype.ts";
import { weightTypeOf } from "./matrix.ts";
import { chooseKernels, type KernelUse, mixKernels } from "./self-test.ts";

/** What an engine's threads need to compute alike: the main thread chooses once for all. */
export interface KernelChoice {
  readonly module: KernelModule;
  /** The plain-SIMD build, where kernels of it replace some. */
  readonly fallback?: KernelModule;
  readonly replaced: readonly string[];
  /** Element types whose weights become f16 while they load. */
  readonly converted: readonly DType[];
}

/** Kernels that have passed the self-test. */
export interface PreparedKernels {
  readonly choice: KernelChoice;
  readonly products: ProductMode;
  /** Of the module: other kernels may pack otherwise. */
  readonly digest: string;
  /** For people: the build and how 8-bit products are formed. */
  readonly name: string;
  readonly warnings: readonly string[];
}

/**
 * Compiles the best build, tests every kernel that a model will use against its reference, and replaces the wrong ones.
 * @throws {BaimoError} `device` when no build compiles, or when a kernel is wrong for which there is nothing else
 */
export async function prepareKernels(
  use: KernelUse,
  options: { build?: KernelBuild } = {},
): Promise<PreparedKernels> {
  const types = use.samples.map(({ dtype }) => weightTypeOf(dtype));
  const { module, build, digest } = await compileKernels(readPart, { ...options, types });
  let fallback: KernelModule | undefined;
  const { replaced, converted, products, warnings } = await chooseKernels(use, {
    instantiate: (memory) => instantiateKernels(module, memory),
    products: probeProducts(module),
    plain:
      build === "simd"
        ? undefined
        : async () =>
            (fallback = (await compileKernels(readPart, { build: "simd", types, join: false })).module),
  });
  const name = build === "relaxed" ? `relaxed SIMD, ${products} 8-bit products` : "plain SIMD";
  return { choice: { module, fallback, replaced, converted }, products, digest, name, warnings };
}

/** A function that instantiates the chosen kernels over a memory. */
export function createInstantiate(choice: KernelChoice): (memory: WebAssembly.Memory) => Kernels {
  return (memory) =>
    mixKernels(instantiateKernels(choice.module, memory), choice.fallback, choice.replaced, memory);
}

/** The bytes of one part in one build, which lie beside the kernels' code. */
async function readPart(name: `${KernelPart}.${KernelBuild}`): Promise<Uint8Array> {
  const url = new URL(`../../kernels/kernels.${name}.wasm`, import.meta.url);
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
