// The self-test against kernels broken on purpose: each is noticed, named and replaced.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { kernelUrl } from "../../kernels/module/kernel-url.ts";
import {
  compileKernels,
  instantiateKernels,
  type KernelModule,
  type Kernels,
  kernelMemory,
  probeProducts,
} from "../../kernels/module/module.ts";
import { createRandom } from "../../random.ts";
import { weightBytes } from "../cases/weight-types.ts";
import type { WeightSample } from "../device.ts";
import { dtypesWithKernels } from "./matrix.ts";
import { chooseKernels, type KernelUse } from "./self-test.ts";

const seed = 7;
const build = async (name: "relaxed" | "simd") => {
  const bytesOf = (file: string) => readFile(kernelUrl(file));
  return (await compileKernels(bytesOf, { build: name })).module;
};
const relaxed = await build("relaxed");
const plain = await build("simd");
const machine = probeProducts(relaxed);

const random = createRandom(seed);
const samples = dtypesWithKernels.map((dtype): WeightSample => {
  const [rows, cols] = [20, 256];
  const values = Float32Array.from({ length: rows * cols }, () => random.normal());
  const bytes = weightBytes(dtype, values);
  return { name: `weights in ${dtype}`, dtype, rows, cols, bytes, embedding: true };
});

/** A use of every kernel, with one of the cache's types. */
function everything(cacheType: "F32" | "F16" | "Q8"): KernelUse {
  return {
    samples,
    cacheType,
    operations: {
      norm: "layer",
      normEps: 1e-5,
      headNorm: true,
      headDim: 24,
      valueDim: 20,
      ropeDims: 16,
      softcap: 30,
      windowed: true,
      sinks: true,
      slopes: true,
      relativeBias: true,
      causal: true,
      encoder: true,
      valueInKey: true,
      activation: "gelu",
      activationLimit: 0,
      gatedMlp: true,
      sigmoidGates: true,
      clips: true,
      biases: true,
      delta: { keyHeads: 2, valueHeads: 4, keyDim: 8, valueDim: 12, kernel: 4 },
    },
  };
}

/** Does nothing; normalising says that it has enlarged scales. */
const broken = (name: string) => () => (name.startsWith("normalize") ? 3 : 0);

const breaking =
  (module: KernelModule, ...names: string[]) =>
  (memory: WebAssembly.Memory): Kernels => ({
    ...instantiateKernels(module, memory),
    ...Object.fromEntries(names.map((name) => [name, broken(name)])),
  });

/** Kernels that take no part in a forward pass, and 8-bit products that this machine does not use. */
const unused = /^probe_|^choose_|^checksum$|^matmul_q8_0_(?!wide)/;

describe(`self-test (seed ${seed}, ${machine} 8-bit products)`, () => {
  const names = Object.keys(instantiateKernels(relaxed, kernelMemory(1)));
  const builds = { products: "wide", plain: async () => plain } as const;

  for (const cacheType of ["F32", "F16", "Q8"] as const) {
    test(`good kernels pass, keys and values in ${cacheType}`, async () => {
      const chosen = await chooseKernels(everything(cacheType), {
        instantiate: breaking(relaxed),
        products: machine,
        plain: () => assert.fail("is not needed"),
      });
      assert.deepEqual(chosen, { replaced: [], converted: [], products: machine, warnings: [] });
    });
  }

  for (const name of names.filter((one) => !unused.test(one))) {
    test(`${name}, broken, is named and replaced`, async () => {
      const cacheType = name.endsWith("_q8") ? "Q8" : name.endsWith("_f16") ? "F16" : "F32";
      const instantiate = breaking(relaxed, name);
      const { replaced, converted, warnings } = await chooseKernels(everything(cacheType), {
        ...builds,
        instantiate,
      });
      assert.deepEqual(replaced, [name]);
      assert.deepEqual(converted, []);
      assert.equal(warnings.length, 1);
      assert.match(
        warnings[0],
        new RegExp(`^kernel ${name} failed its self-test \\(.+\\); the plain build's`),
      );
    });
  }

  test("8-bit products that are wrong for this machine give way to 16-bit ones", async () => {
    const products = machine === "unsigned" ? "signed" : "unsigned";
    const chosen = await chooseKernels(everything("F32"), {
      ...builds,
      instantiate: breaking(relaxed),
      products,
    });
    assert.equal(chosen.products, "wide");
    assert.deepEqual(chosen.replaced, []);
    assert.match(
      chosen.warnings.join(),
      new RegExp(`^kernel matmul_q8_0_${products} failed.+16-bit products`),
    );
  });

  test("a type that no build computes becomes F16", async () => {
    const { converted, replaced, warnings } = await chooseKernels(everything("F32"), {
      instantiate: breaking(plain, "matmul_q5_1"),
      products: "wide",
    });
    assert.deepEqual(converted, ["Q5_1"]);
    assert.deepEqual(replaced, []);
    assert.match(warnings.join(), /^kernel matmul_q5_1 failed.+weights in Q5_1.+Q5_1 weights become F16/);
  });

  test("weights that are no numbers, or far too large, are the file's fault and no kernel's", async () => {
    for (const [value, words] of [
      [Number.NaN, /tensor "weights in F32" \(F32\) holds weights that are no numbers/],
      [Number.NEGATIVE_INFINITY, /weights that are no numbers/],
      [-1e38, /weights as large as -9.99\d+e\+37/],
    ] as const) {
      const sound = everything("F32");
      const damaged = sound.samples.map((sample) => ({ ...sample, bytes: sample.bytes.slice() }));
      const use = { ...sound, samples: damaged };
      const sample = damaged.find(({ dtype }) => dtype === "F32")!;
      new DataView(sample.bytes.buffer).setFloat32(4 * 300, value, true);
      await assert.rejects(
        chooseKernels(use, { ...builds, instantiate: breaking(relaxed) }),
        (error: Error & { code?: string }) => error.code === "format" && words.test(error.message),
      );
    }
  });

  test("a kernel with nothing in its place is an error that names it", async () => {
    for (const [kernel, about] of [
      ["norm", "norm"],
      ["matmul_f16", "weights in F16"],
    ]) {
      await assert.rejects(
        chooseKernels(everything("F32"), { instantiate: breaking(plain, kernel), products: "wide" }),
        (error: Error & { code?: string }) =>
          error.code === "device" && error.message.includes(about) && error.message.includes(kernel),
      );
    }
  });
});
