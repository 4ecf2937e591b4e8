// The self-test: checks the kernels that a model will use and replaces wrong ones.
import { BaimoError } from "../../errors.ts";
import { dequantize } from "../../formats/blocks/dequantize.ts";
import type { KernelModule, Kernels, ProductMode } from "../../kernels/module/module.ts";
import type { CacheType } from "../../tensor/backend.ts";
import type { DType } from "../../tensor/dtype.ts";
import { Bus, busBytes } from "../bus.ts";
import { CASE_TOKENS, type OperationCase, type PreparedCase, prepareCase } from "../cases/case.ts";
import { casesOf } from "../cases/model-cases.ts";
import { linearCase, lookupCase, toHalves } from "../cases/products.ts";
import type { ModelOperations, WeightSample } from "../device.ts";
import { createWasmBackend } from "./backend.ts";
import { mixKernels } from "./instantiate.ts";

/** Tokens of a product: a tile and its tail. */
const TOKENS = 4;
/** Largest difference over the largest value: f32 sums of hundreds of terms stay far below, a wrong kernel far above. */
const TOLERANCE = 1e-4;
/** No product of sane weights comes near; beyond, sums in f32 overflow. */
const LARGEST = 1e30;

/** What a model will ask of the kernels. */
export interface KernelUse {
  /** Rows of a matrix of each element type that the model multiplies by or looks up. */
  readonly samples: readonly WeightSample[];
  readonly operations: ModelOperations;
  readonly cacheType: CacheType;
}

type Instantiate = (memory: WebAssembly.Memory) => Kernels;

/** The kernels to choose from. */
export interface Builds {
  readonly instantiate: Instantiate;
  readonly products: ProductMode;
  /** The plain build, compiled when asked for, where `instantiate` is not that already. */
  readonly plain?: () => Promise<KernelModule>;
}

/** Kernels that have answered right. */
export interface TestedKernels {
  /** Names of kernels to be taken from the plain build. */
  readonly replaced: readonly string[];
  /** Element types that no build computes right: their weights become f16 while they load. */
  readonly converted: readonly DType[];
  readonly products: ProductMode;
  readonly warnings: readonly string[];
}

/** One case that must come out right. */
interface Test extends OperationCase {
  /** For products: the weights, which may be converted. */
  readonly sample?: WeightSample;
}

/** A choice of kernels under test, by some tests: on a backend of its own, made when the first of them is asked for. */
class Subject {
  readonly products: ProductMode;
  readonly #instantiate: Instantiate;
  readonly #tests: readonly Test[];
  #prepared?: Promise<ReadonlyMap<Test, PreparedCase>>;

  constructor(instantiate: Instantiate, products: ProductMode, tests: readonly Test[]) {
    this.#instantiate = instantiate;
    this.products = products;
    this.#tests = tests;
  }

  /** Whether one of the tests comes out right. @throws {BaimoError} `format` where the weights themselves are at fault */
  async passes(test: Test): Promise<boolean> {
    const prepared = (await (this.#prepared ??= this.#prepare())).get(test);
    if (!prepared) return false;
    const expected = await prepared.expected("cpu");
    if (test.sample && !expected.every((value) => Math.abs(value) < LARGEST)) throw damaged(test.sample);
    const answer = await withoutTraps(async () => prepared.run());
    return answer !== undefined && isClose(answer, expected);
  }

  /** All that can be prepared: where a kernel traps that packs weights, a case is left out. */
  async #prepare(): Promise<ReadonlyMap<Test, PreparedCase>> {
    // one rank shares with nobody, and a page may have no memory to share
    const alone = { ranks: 1, words: 0, floats: 0 };
    const backend = createWasmBackend({
      bus: new Bus(new ArrayBuffer(busBytes(alone)), 0, alone),
      instantiate: this.#instantiate,
      products: this.products,
      maxTokens: CASE_TOKENS,
    });
    const prepared = new Map<Test, PreparedCase>();
    for (const test of this.#tests) {
      const one = await withoutTraps(() => prepareCase(test, backend));
      if (one) prepared.set(test, one);
    }
    backend.finishLoading();
    return prepared;
  }
}

/**
 * Runs the tests; a kernel that answers wrong is replaced by the plain build's (it alone first, then with those that work
 * with it), 8-bit products by 16-bit ones, and where that does not help, the type's weights are to be converted.
 *
 * @throws {BaimoError} `device` when a kernel is wrong for which there is nothing else, `format` for weights with which
 *   the plain reference itself comes to no number
 */
export async function chooseKernels(use: KernelUse, builds: Builds): Promise<TestedKernels> {
  const warnings: string[] = [];
  const converted: DType[] = [];
  let replaced: readonly string[] = [];
  let plain: KernelModule | undefined;
  let tests: Test[] = [...casesOf(use.operations, use.cacheType), ...use.samples.flatMap(testsOf)];
  let passed: Test[] = [];
  const subjectWith = (names: readonly string[], products: ProductMode, its: readonly Test[]) =>
    new Subject((memory) => mixKernels(builds.instantiate(memory), plain, names, memory), products, its);
  let subject = subjectWith([], builds.products, [...tests]);

  for (let test = tests.shift(); test; test = tests.shift()) {
    if (!(await subject.passes(test))) {
      plain ??= await builds.plain?.();
      const repaired = await repair(test);
      if (!repaired) convert(test);
      subject = subjectWith(replaced, repaired ?? subject.products, [...passed, test, ...tests]);
      if (!repaired) continue;
    }
    passed.push(test);
  }
  // What was right before some kernels changed has to be right still.
  if (warnings.length > 0) {
    for (const test of passed) if (!(await subject.passes(test))) fail(test);
  }
  return { replaced, converted, products: subject.products, warnings };

  /** Takes the first choice with which the test passes, and returns its products; undefined where there is none. */
  async function repair(test: Test): Promise<ProductMode | undefined> {
    for (const products of new Set<ProductMode>([subject.products, "wide"])) {
      const names = test.kernels(products);
      const choices: string[][] = plain ? [...names.map((name) => [name]), [...names]] : [];
      if (products !== subject.products) choices.unshift([]);
      for (const choice of choices) {
        if (!(await subjectWith([...replaced, ...choice], products, [test]).passes(test))) continue;
        if (choice.length > 0) warn(choice.join(", "), test, "the plain build's kernel takes its place");
        else warn(test.kernels(subject.products)[0], test, "16-bit products take the place of 8-bit ones");
        replaced = [...replaced, ...choice];
        return products;
      }
    }
    return undefined;
  }

  /** Has the same weights tested as f16, which is how they will be loaded. */
  function convert(test: Test): void {
    const { sample } = test;
    if (!sample || sample.dtype === "F16") return fail(test);
    converted.push(sample.dtype);
    warn(test.kernels(subject.products)[0], test, `${sample.dtype} weights become F16 while they load`);
    const isOther = (one: Test) => one.sample !== sample;
    passed = passed.filter(isOther);
    tests = [...testsOf(toHalves(sample)), ...tests.filter(isOther)];
  }

  function warn(name: string, test: Test, remedy: string): void {
    warnings.push(`kernel ${name} failed its self-test (${test.operation}, ${test.about}); ${remedy}`);
  }

  function fail(test: Test): never {
    throw new BaimoError(
      "device",
      `kernels: ${test.operation}, ${test.about}, comes out wrong in this JavaScript engine with every choice among ` +
        `${test.kernels(subject.products).join(", ")}; try another version of it, or the option device: "reference"`,
    );
  }
}

/** Products with a model's weights, and their rows where those are looked up. */
function testsOf(sample: WeightSample): Test[] {
  const cases = [linearCase(sample, TOKENS)];
  if (sample.embedding) cases.push(lookupCase(sample));
  return cases.map((one) => ({ ...one, sample }));
}

/** Whether both are the same but for rounding. */
function isClose(found: Float32Array, expected: Float32Array): boolean {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (
    found.length === expected.length &&
    expected.every((value, i) => Math.abs(value - found[i]) <= TOLERANCE * largest)
  );
}

/** The failure of weights that no kernel can be tested with. */
function damaged({ name, dtype, rows, cols, bytes }: WeightSample): BaimoError {
  const values = dequantize(dtype, bytes, rows * cols);
  const largest = values.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  const found = values.every(Number.isFinite)
    ? `weights as large as ${largest}`
    : "weights that are no numbers";
  return new BaimoError(
    "format",
    `tensor "${name}" (${dtype}) holds ${found}; the file is damaged: download it again, or convert the model again`,
  );
}

/** What `run` returns, or undefined where a kernel traps. */
async function withoutTraps<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return undefined;
    throw error;
  }
}
