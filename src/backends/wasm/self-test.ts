// The self-test: checks the kernels that a model will use and replaces wrong ones.
import { BaimoError } from "../../errors.ts";
import type { KernelModule, Kernels, ProductMode } from "../../kernels/module/module.ts";
import type { CacheType } from "../../tensor/backend.ts";
import type { DType } from "../../tensor/dtype.ts";
import { Bus, busBytes } from "../bus.ts";
import type { ModelOperations, WeightSample } from "../device.ts";
import { createReferenceBackend } from "../reference/backend.ts";
import { createWasmBackend } from "./backend.ts";
import { Bank } from "./bank.ts";
import { mixKernels } from "./instantiate.ts";
import { type Answer, runOperations, SELF_TEST_TOKENS } from "./self-test-operations.ts";
import { isClose, ProductTest, toHalves } from "./self-test-products.ts";

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

/** One thing that must come out right. */
interface Test {
  readonly about: string;
  kernels(products: ProductMode): readonly string[];
  passes(subject: Subject): Promise<boolean>;
  /** For products: the weights, which may be converted. */
  readonly sample?: WeightSample;
}

/** A choice of kernels under test. Memory and answers are made once for all tests. */
class Subject {
  readonly instantiate: Instantiate;
  readonly products: ProductMode;
  #bank?: Bank;
  #answers?: Promise<Answer[]>;

  constructor(instantiate: Instantiate, products: ProductMode) {
    this.instantiate = instantiate;
    this.products = products;
  }

  get bank(): Bank {
    return (this.#bank ??= new Bank(this.instantiate));
  }

  /** What the operations answer, up to the first that traps. */
  answers(use: KernelUse): Promise<Answer[]> {
    return (this.#answers ??= this.#run(use));
  }

  async #run(use: KernelUse): Promise<Answer[]> {
    // one rank shares with nobody, and a page may have no memory to share
    const alone = { ranks: 1, words: 0, floats: 0 };
    const bus = new Bus(new ArrayBuffer(busBytes(alone)), 0, alone);
    const { instantiate, products } = this;
    const backend = createWasmBackend({ bus, instantiate, products, maxTokens: SELF_TEST_TOKENS });
    const answers: Answer[] = [];
    await withoutTraps(() => runOperations(backend, use, answers));
    return answers;
  }
}

/**
 * Runs the tests; a kernel that answers wrong is replaced by the plain build's (it alone first, then with those that work
 * with it), 8-bit products by 16-bit ones, and where that does not help, the type's weights are to be converted.
 *
 * @throws {BaimoError} `device` when a kernel is wrong for which there is nothing else
 */
export async function chooseKernels(use: KernelUse, builds: Builds): Promise<TestedKernels> {
  const warnings: string[] = [];
  const converted: DType[] = [];
  let replaced: readonly string[] = [];
  let plain: KernelModule | undefined;
  const subjectWith = (names: readonly string[], products: ProductMode) =>
    new Subject((memory) => mixKernels(builds.instantiate(memory), plain, names, memory), products);
  let subject = subjectWith([], builds.products);

  const tests = [...use.samples.map(testProduct), ...(await testOperations(use))];
  const passed: Test[] = [];
  for (let test = tests.shift(); test; test = tests.shift()) {
    if (!(await test.passes(subject))) {
      plain ??= await builds.plain?.();
      if (!(await repair(test))) {
        tests.unshift(convert(test));
        continue;
      }
    }
    passed.push(test);
  }
  // What was right before some kernels changed has to be right still.
  if (warnings.length > 0) {
    for (const test of passed) if (!(await test.passes(subject))) fail(test);
  }
  return { replaced, converted, products: subject.products, warnings };

  /** Takes the first choice with which the test passes; false where there is none. */
  async function repair(test: Test): Promise<boolean> {
    for (const products of new Set<ProductMode>([subject.products, "wide"])) {
      const names = test.kernels(products);
      const choices: string[][] = plain ? [...names.map((name) => [name]), [...names]] : [];
      if (products !== subject.products) choices.unshift([]);
      for (const choice of choices) {
        const candidate = subjectWith([...replaced, ...choice], products);
        if (!(await test.passes(candidate))) continue;
        if (choice.length > 0) warn(choice.join(", "), test, "the plain build's kernel takes its place");
        else warn(test.kernels(subject.products)[0], test, "16-bit products take the place of 8-bit ones");
        replaced = [...replaced, ...choice];
        subject = candidate;
        return true;
      }
    }
    return false;
  }

  /** The test of the same weights as f16, which is how they will be loaded. */
  function convert(test: Test): Test {
    if (!test.sample || test.sample.dtype === "F16") return fail(test);
    const { dtype } = test.sample;
    converted.push(dtype);
    warn(test.kernels(subject.products)[0], test, `${dtype} weights become F16 while they load`);
    return testProduct(toHalves(test.sample));
  }

  function warn(name: string, test: Test, remedy: string): void {
    warnings.push(`kernel ${name} failed its self-test (${test.about}); ${remedy}`);
  }

  function fail(test: Test): never {
    throw new BaimoError(
      "device",
      `kernels: ${test.about} comes out wrong in this JavaScript engine with every choice among ` +
        `${test.kernels(subject.products).join(", ")}; try another version of it, or the option device: "reference"`,
    );
  }
}

function testProduct(sample: WeightSample): Test {
  const test = new ProductTest(sample);
  return {
    about: `products with ${sample.name}`,
    sample,
    kernels: (products) => test.kernels(products),
    passes: async ({ bank, products }) =>
      (await withoutTraps(async () => test.passes(bank, bank.kernels, products))) ?? false,
  };
}

async function testOperations(use: KernelUse): Promise<Test[]> {
  const expected: Answer[] = [];
  await runOperations(createReferenceBackend({ maxTokens: SELF_TEST_TOKENS }), use, expected);
  return expected.map(({ operation, kernels, values }, i) => ({
    about: operation,
    kernels: () => kernels,
    passes: async (subject) =>
      isClose((await subject.answers(use))[i]?.values ?? new Float32Array(0), values),
  }));
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
