// Kernels for an engine: compiled, probed and tested once, by the main thread. Leans on the self-test.
import { BaimoError } from "../../errors.ts";
import { kernelUrl } from "../../kernels/module/kernel-url.ts";
import {
  compileKernels,
  instantiateKernels,
  type KernelBuild,
  type KernelModule,
  type KernelPart,
  type ProductMode,
  probeProducts,
  type WeightType,
} from "../../kernels/module/module.ts";
import type { KernelChoice } from "./instantiate.ts";
import { weightTypeOf } from "./matrix.ts";
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
  return compileKernels(readPart, { build, types: typesOf(use) });
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
            (fallback = (await compileKernels(readPart, { build: "simd", types: typesOf(use), join: false }))
              .module),
  });
  const name = build === "relaxed" ? `relaxed SIMD, ${products} 8-bit products` : "plain SIMD";
  return { choice: { module, fallback, replaced, converted }, products, digest, name, warnings };
}

function typesOf({ samples }: KernelUse): WeightType[] {
  return samples.map(({ dtype }) => weightTypeOf(dtype));
}

/** The bytes of one part in one build, which lie beside the kernels' code. */
async function readPart(name: `${KernelPart}.${KernelBuild}`): Promise<Uint8Array> {
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
