// Products with weight matrices: activations rounded once for all of them and brought to the weights' banks, answers
// brought home. A step of a small model has little else than such calls, so they make no garbage.
import { BaimoError } from "../../errors.ts";
import {
  type ActivationForm,
  activationBytes,
  GROUP,
  type Kernels,
  type Matmul,
  matmulName,
  type ProductMode,
  type Quantize,
  scratchBytes,
  type WeightType,
  weightForms,
} from "../../kernels/module.ts";
import type { Bank } from "./bank.ts";
import type { MatrixPart, WasmMatrix } from "./matrix.ts";
import { type Columns, type Rows, strideOf } from "./rows.ts";

/** What a bank needs beside weights. */
interface Area {
  /** Activations prepared for a product, and the form in which they are there. */
  readonly input: number;
  held: ActivationForm | undefined;
  /** Products of banks beyond the first. */
  readonly output: number;
  readonly scratch: number;
  readonly products: Record<WeightType, Matmul>;
}

/** Largest sizes of the matrices that were loaded. */
interface Sizes {
  cols: number;
  partRows: number;
  roundedBytes: number;
}

/** The products of one rank. `home` is the bank where activations lie. */
export class Linear {
  readonly #home: Bank;
  readonly #mode: ProductMode;
  readonly #maxTokens: number;
  readonly #sizes: Sizes = { cols: 0, partRows: 0, roundedBytes: 0 };
  readonly #areas = new Map<Bank, Area>();
  readonly #quantize: Record<Exclude<ActivationForm, "f32">, Quantize>;
  #homeArea: Area | undefined;

  constructor(home: Bank, mode: ProductMode, maxTokens: number) {
    this.#home = home;
    this.#mode = mode;
    this.#maxTokens = maxTokens;
    this.#quantize = { q8: home.kernels.quantize_q8, q8k: home.kernels.quantize_q8k };
  }

  /** Notes a matrix that will be multiplied with, before `allocate`. */
  expect({ type, cols }: WasmMatrix, mostPartRows: number): void {
    const sizes = this.#sizes;
    const rounded = activationBytes(weightForms[type].activations, this.#maxTokens, cols);
    sizes.cols = Math.max(sizes.cols, cols);
    sizes.roundedBytes = Math.max(sizes.roundedBytes, rounded);
    sizes.partRows = Math.max(sizes.partRows, mostPartRows);
  }

  /** Makes room in every bank, when all matrices are known. */
  allocate(banks: readonly Bank[], maxHeadDim: number): void {
    const { cols, partRows, roundedBytes } = this.#sizes;
    for (const bank of banks) {
      const foreign = bank !== this.#home;
      const copied = foreign ? this.#maxTokens * strideOf(cols) * 4 : 0;
      this.#areas.set(bank, {
        input: bank.allocate(Math.max(roundedBytes, copied)),
        held: undefined,
        output: foreign ? bank.allocate(this.#maxTokens * partRows * 4) : 0,
        scratch: bank.allocate(scratchBytes(cols, maxHeadDim)),
        products: productsOf(bank.kernels, this.#mode),
      });
    }
    this.#homeArea = this.#areas.get(this.#home);
  }

  /** Scratch of the first bank, for any kernel. */
  get scratch(): number {
    return this.#own().scratch;
  }

  /** Where a bank beyond the first may put a row before it is brought home. */
  outputOf(bank: Bank): number {
    return this.#areaOf(bank).output;
  }

  /** Forgets what was prepared: other activations come. */
  begin(): void {
    for (const area of this.#areas.values()) area.held = undefined;
  }

  /** to = from W^T (+ bias), this rank's rows; `from` is what it was since `begin`. */
  multiply(from: Rows, matrix: WasmMatrix, parts: readonly MatrixPart[], to: Columns): void {
    const { type, cols } = matrix;
    const form = weightForms[type].activations;
    to.tokens = from.tokens;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      if (part.bank !== this.#home) {
        this.#multiplyAbroad(from, part, matrix, to);
        continue;
      }
      const area = this.#own();
      const input = form === "f32" ? from.address : this.#rounded(from, form, cols, area);
      area.products[type](
        part.address,
        part.rowGroups,
        cols,
        input,
        from.stride,
        from.tokens,
        to.address + part.firstRow * 4,
        to.stride,
        part.scale,
        area.scratch,
      );
    }
    if (matrix.biasAddress !== undefined) {
      this.#home.kernels.add_rows(to.address, to.stride, to.tokens, to.width, matrix.biasAddress);
    }
  }

  #multiplyAbroad(from: Rows, part: MatrixPart, { type, cols }: WasmMatrix, to: Columns): void {
    const { bank, address, rowGroups, firstRow, scale } = part;
    const area = this.#areaOf(bank);
    const form = weightForms[type].activations;
    if (area.held !== form) {
      const source = form === "f32" ? from.address : this.#rounded(from, form, cols, this.#own());
      const bytes = form === "f32" ? from.tokens * from.stride * 4 : activationBytes(form, from.tokens, cols);
      bank.u8.set(this.#home.u8.subarray(source, source + bytes), area.input);
      area.held = form;
    }
    const rows = rowGroups * GROUP;
    const { input, output, scratch } = area;
    const { stride, tokens } = from;
    area.products[type](address, rowGroups, cols, input, stride, tokens, output, rows, scale, scratch);
    for (let t = 0; t < tokens; t++) {
      const start = output / 4 + t * rows;
      const values = bank.f32.subarray(start, start + rows);
      this.#home.f32.set(values, to.address / 4 + t * to.stride + firstRow);
    }
  }

  /** Where the rounded activations lie in the first bank. */
  #rounded(from: Rows, form: Exclude<ActivationForm, "f32">, cols: number, area: Area): number {
    if (area.held !== form) {
      this.#quantize[form](from.address, from.stride, from.tokens, cols, area.input);
      area.held = form;
    }
    return area.input;
  }

  #own(): Area {
    return this.#homeArea ?? this.#areaOf(this.#home);
  }

  #areaOf(bank: Bank): Area {
    const area = this.#areas.get(bank);
    if (!area) throw new BaimoError("shape", "the backend was used before finishLoading");
    return area;
  }
}

function productsOf(kernels: Kernels, mode: ProductMode): Record<WeightType, Matmul> {
  const types = Object.keys(weightForms) as WeightType[]; // the keys of the record that defines them
  return Object.fromEntries(types.map((type) => [type, kernels[matmulName(type, mode)]])) as Record<
    WeightType,
    Matmul
  >;
}
