// Kernels for an engine: compiled, probed and self-tested once, on the main thread.
import { readKernelFile } from "../../kernels/module/kernel-file.ts";
import {
  compileKernels,
  instantiateKernels,
  type KernelBuild,
  type KernelModule,
  type ProductMode,
  probeProducts,
  type WeightType,
} from "../../kernels/module/module.ts";
import type { KernelChoice } from "./instantiate.ts";
import { weightTypeOf } from "./matrix.ts";
import { PROBED } from "./probe.ts";
import { chooseKernels, type KernelUse } from "./self-test.ts";

/** The best build that this engine takes. */
export interface CompiledKernels {
  readonly module: KernelModule;
  readonly build: KernelBuild;
  readonly digest: string;
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
 * Compiles the best build, as far as a model will use it.
 * @throws {BaimoError} `device` when no build compiles
 */
export function compileBuild(use: KernelUse, build?: KernelBuild): Promise<CompiledKernels> {
  return compileKernels(readKernelFile, { build, types: typesOf(use) });
}

/**
 * Tests every kernel that a model will use against its reference; those that fail are taken from the plain-SIMD build.
 * @throws {BaimoError} `device` when a kernel is wrong for which there is nothing else
 */
export async function testKernels(
  { module, build, digest }: CompiledKernels,
  use: KernelUse,
): Promise<PreparedKernels> {
  let fallback: KernelModule | undefined;
  const { replaced, converted, products, warnings } = await chooseKernels(use, {
    instantiate: (memory) => instantiateKernels(module, memory),
    products: probeProducts(module),
    plain:
      build === "simd"
        ? undefined
        : async () =>
            (fallback = (
              await compileKernels(readKernelFile, { build: "simd", types: typesOf(use), join: false })
            ).module),
  });
  const name = build === "relaxed" ? `relaxed SIMD, ${products} 8-bit products` : "plain SIMD";
  return { choice: { module, fallback, replaced, converted }, products, digest, name, warnings };
}

/** What a model's weights are, and those by which threads are measured. */
function typesOf({ samples }: KernelUse): WeightType[] {
  return [PROBED, ...samples.map(({ dtype }) => weightTypeOf(dtype))];
}
