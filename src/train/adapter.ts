// An adapter that learns beside frozen weights: LoRA, rsLoRA or DoRA, as PEFT has them.
import { BaimoError } from "../errors.ts";
import type { LoadedAdapter } from "../models/forward/adapters.ts";
import { createRandom } from "../random.ts";
import type { Matrix } from "../tensor/backend.ts";
import type { Learned, Module, Parameters } from "./parameters.ts";
import type { TrainedLowRank } from "./tape/backend.ts";
import type { Machine } from "./tape/machine.ts";
import { rowAt } from "./tape/products.ts";

/** What is trained: PEFT's `r`, `lora_alpha`, `use_rslora`, `use_dora` and `target_modules`. */
export interface AdapterOptions {
  readonly r: number;
  readonly alpha: number;
  readonly rs: boolean;
  readonly dora: boolean;
  /** Last parts of the modules' names. */
  readonly targets: readonly string[];
  /** Of A's first values. */
  readonly seed: number;
}

/** One module's matrices. */
interface Pair {
  readonly module: Module;
  readonly down: Learned;
  readonly up: Learned;
  readonly magnitude?: Learned;
}

/** The adapter of one rank. */
export class Adapter {
  readonly options: AdapterOptions;
  readonly learned: readonly Learned[];
  /** What the forward pass adds to which products. */
  readonly addends: LoadedAdapter;
  /** alpha / r, or alpha / sqrt(r). */
  readonly scaling: number;
  readonly #machine: Machine;
  readonly #pairs: readonly Pair[];

  /** @throws {BaimoError} `request` when a target names no module */
  constructor(machine: Machine, parameters: Parameters, options: AdapterOptions) {
    const { r, alpha, rs, dora, targets } = options;
    this.#machine = machine;
    this.options = options;
    this.scaling = alpha / (rs ? Math.sqrt(r) : r);
    const modules = parameters.modules.filter(({ name }) => targets.includes(lastPart(name)));
    const unknown = targets.find((target) => !modules.some(({ name }) => lastPart(name) === target));
    if (unknown !== undefined) {
      const known = [...new Set(parameters.modules.map(({ name }) => lastPart(name)))].join(", ");
      throw new BaimoError("request", `adapter target "${unknown}" names no module; there are ${known}`);
    }
    const learned: Learned[] = [];
    const learn = (name: string, rows: number, cols: number, isMatrix: boolean): Learned => {
      const [address, gradient, first, second] = [0, 1, 2, 3].map(() => machine.allocate(4 * rows * cols));
      const moments = [first, second] as const;
      const made = { name, rows, cols, address, gradient, moments, isMatrix, isBlockMatrix: isMatrix };
      learned.push(made);
      return made;
    };
    this.#pairs = modules.map((module) => {
      const { name, rows, cols } = module;
      return {
        module,
        down: learn(`${name}.lora_A.weight`, r, cols, true),
        up: learn(`${name}.lora_B.weight`, rows, r, true),
        magnitude: dora ? learn(`${name}.lora_magnitude_vector`, rows, 1, false) : undefined,
      };
    });
    this.learned = learned;
    const addends = new Map<Matrix, { low: TrainedLowRank; factor: number }>();
    for (const { module, down, up, magnitude } of this.#pairs) {
      for (const { matrix, first } of module.parts) {
        const at = ({ address, gradient, cols }: Learned) => ({
          address: address + 4 * first * cols,
          gradient: gradient + 4 * first * cols,
        });
        const low = { base: matrix, rank: r, down, up: at(up), magnitude: magnitude && at(magnitude) };
        addends.set(matrix, { low, factor: this.scaling });
      }
    }
    this.addends = addends;
  }

  /** PEFT's beginning: A uniform within ±1 / sqrt(inputs), B zero, magnitudes the lengths of the weights' rows. */
  start(): void {
    const { f32, kernels, rank } = this.#machine;
    if (rank === 0) {
      const random = createRandom(this.options.seed);
      for (const { module, down, magnitude } of this.#pairs) {
        const bound = 1 / Math.sqrt(module.cols);
        for (let i = 0; i < down.rows * down.cols; i++) {
          f32[down.address / 4 + i] = (2 * random.uniform() - 1) * bound;
        }
        if (!magnitude) continue;
        for (let row = 0; row < module.rows; row++) {
          const squares = kernels.sum_of_squares(this.#rowOf(module, row), module.cols);
          f32[magnitude.address / 4 + row] = Math.sqrt(squares);
        }
      }
    }
    this.#machine.barrier();
  }

  /** The address of a module's row as f32. Of packed weights it is good until the next is asked for. */
  #rowOf({ parts }: Module, row: number): number {
    const { matrix, first } = parts.findLast((part) => part.first <= row) ?? parts[0];
    return rowAt(this.#machine, matrix, row - first, matrix.packed ? this.#machine.spareTile : 0);
  }

  /** Every tensor by its name in PEFT's files, without "base_model.model."; rows as the module's file has them. */
  values(): { name: string; shape: readonly number[]; values: Float32Array }[] {
    const { f32 } = this.#machine;
    const read = ({ address, rows, cols }: Learned) => f32.slice(address / 4, address / 4 + rows * cols);
    return this.#pairs.flatMap(({ module, down, up, magnitude }) => [
      { name: down.name, shape: [down.rows, down.cols], values: read(down) },
      { name: up.name, shape: [up.rows, up.cols], values: module.toFile(read(up), up.cols) },
      ...(magnitude
        ? [{ name: magnitude.name, shape: [magnitude.rows], values: module.toFile(read(magnitude), 1) }]
        : []),
    ]);
  }

  /** Takes what `values` gave. @throws {BaimoError} `format` when a tensor is missing or of another size */
  take(tensors: ReadonlyMap<string, Float32Array>): void {
    const { f32, rank } = this.#machine;
    if (rank === 0) {
      for (const { module, down, up, magnitude } of this.#pairs) {
        for (const each of magnitude ? [down, up, magnitude] : [down, up]) {
          const values = tensors.get(each.name);
          if (values?.length !== each.rows * each.cols) {
            throw new BaimoError(
              "format",
              `adapter: "${each.name}" should have ${each.rows * each.cols} values, found ${values?.length ?? "none"}`,
            );
          }
          f32.set(each === down ? values : module.fromFile(values, each.cols), each.address / 4);
        }
      }
    }
    this.#machine.barrier();
  }

  /** The changed weights W + scaling B A, or DoRA's, by module; rows as the module's file has them. */
  merged(): { name: string; rows: number; cols: number; values: Float32Array }[] {
    const { f32 } = this.#machine;
    return this.#pairs.map(({ module, down, up, magnitude }) => {
      const { name, rows, cols } = module;
      const values = new Float32Array(rows * cols);
      const row = new Float64Array(cols);
      for (let o = 0; o < rows; o++) {
        const base = this.#rowOf(module, o) / 4;
        for (let i = 0; i < cols; i++) {
          let sum = 0;
          for (let k = 0; k < up.cols; k++)
            sum += f32[up.address / 4 + o * up.cols + k] * f32[down.address / 4 + k * cols + i];
          row[i] = f32[base + i] + this.scaling * sum;
        }
        const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
        const by = magnitude ? f32[magnitude.address / 4 + o] / length : 1;
        for (let i = 0; i < cols; i++) values[o * cols + i] = row[i] * by;
      }
      return { name, rows, cols, values: module.toFile(values, cols) };
    });
  }
}

const lastPart = (name: string) => name.slice(name.lastIndexOf(".") + 1);
