// The linear op: rounds activations once, multiplies in the weights' banks, copies results back.
//
// A step of a small model is little more than such calls, so they allocate nothing.
//
// A step of a small model is little more than such calls, so they allocate nothing.
import { BaimoError } from "../../errors.ts";
import {
  type ActivationForm,
  activationBytes,
  GROUP,
  type Quantize,
  scratchBytes,
  weightForms,
} from "../../kernels/module/module.ts";
import type { Bank } from "./bank.ts";
import type { MatrixPart, WasmMatrix } from "./matrix.ts";
import { type Columns, type Rows, strideOf } from "./rows.ts";
import { type Products, productsOf, SharedProducts, type SharedProductsOptions } from "./work-stealing.ts";

/** What a bank needs beside weights. */
interface Area {
  /** Activations prepared for a product, and the form in which they are there. */
  readonly input: number;
  held: ActivationForm | undefined;
  /** Products of banks beyond the first. */
  readonly output: number;
  readonly scratch: number;
  /** In the first bank, for a rank that helps. */
  readonly helperScratch: number;
  readonly products: Products;
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
  readonly #options: SharedProductsOptions & { maxTokens: number };
  readonly #sizes: Sizes = { cols: 0, partRows: 0, roundedBytes: 0 };
  readonly #areas = new Map<Bank, Area>();
  readonly #quantize: Record<Exclude<ActivationForm, "f32">, Quantize>;
  readonly #shared: SharedProducts;
  #homeArea: Area | undefined;

  constructor(home: Bank, options: SharedProductsOptions & { maxTokens: number }) {
    this.#home = home;
    this.#options = options;
    this.#quantize = { q8: home.kernels.quantize_q8, q8k: home.kernels.quantize_q8k };
    this.#shared = new SharedProducts(options);
  }

  /** Notes a matrix that will be multiplied with, before `allocate`. */
  reserve({ type, cols }: WasmMatrix, mostPartRows: number): void {
    const sizes = this.#sizes;
    const rounded = activationBytes(weightForms[type].activations, this.#options.maxTokens, cols);
    sizes.cols = Math.max(sizes.cols, cols);
    sizes.roundedBytes = Math.max(sizes.roundedBytes, rounded);
    sizes.partRows = Math.max(sizes.partRows, mostPartRows);
  }

  /** Makes room in every bank, when all matrices are known. */
  allocate(banks: readonly Bank[], maxHeadDim: number): void {
    const { cols, partRows, roundedBytes } = this.#sizes;
    const { maxTokens, mode, bus } = this.#options;
    for (const bank of banks) {
      const foreign = bank !== this.#home;
      const copied = foreign ? maxTokens * strideOf(cols) * 4 : 0;
      this.#areas.set(bank, {
        input: bank.allocate(Math.max(roundedBytes, copied)),
        held: undefined,
        output: foreign ? bank.allocate(maxTokens * partRows * 4) : 0,
        scratch: bank.allocate(scratchBytes(cols, maxHeadDim)),
        helperScratch: foreign || bus.ranks === 1 ? 0 : bank.allocate(scratchBytes(cols, 0)),
        products: productsOf(bank.kernels, mode),
      });
    }
    this.#homeArea = this.#areas.get(this.#home);
  }

  /** Scratch of the first bank, for any kernel. */
  get scratch(): number {
    return this.#own().scratch;
  }

  /** Where a bank beyond the first may put a row before it is copied to the first bank. */
  outputOf(bank: Bank): number {
    return this.#areaOf(bank).output;
  }

  /** Forgets what was prepared: other activations come. */
  begin(): void {
    for (const area of this.#areas.values()) area.held = undefined;
  }

  /** to = from W^T, this rank's rows, once `finish` has been called; `from` is what it was since `begin`. */
  multiply(from: Rows, matrix: WasmMatrix, parts: readonly MatrixPart[], to: Columns): void {
    const { type, cols } = matrix;
    to.tokens = from.tokens;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      if (part.bank !== this.#home) {
        this.#multiplyAbroad(from, part, matrix, to);
        continue;
      }
      if (this.#shared.full) this.finish();
      this.#prepare(from, weightForms[type].activations, cols);
      const { address, rowGroups, firstRow, scale } = part;
      this.#shared.add(type, address, rowGroups, cols, to.address + firstRow * 4, to.stride, scale);
    }
  }

  /** Computes the products that wait. */
  finish(): void {
    const { products, scratch, helperScratch } = this.#own();
    this.#shared.run(products, scratch, helperScratch);
  }

  /** Adds a matrix's bias, where it has one, to a finished product. */
  addBias({ biasAddress }: WasmMatrix, to: Columns): void {
    if (biasAddress === undefined) return;
    this.#home.kernels.add_rows(to.address, to.stride, to.tokens, to.width, biasAddress);
  }

  #multiplyAbroad(from: Rows, part: MatrixPart, { type, cols }: WasmMatrix, to: Columns): void {
    const { bank, address, rowGroups, firstRow, scale } = part;
    const area = this.#areaOf(bank);
    const form = weightForms[type].activations;
    if (area.held !== form) {
      const source = this.#prepare(from, form, cols);
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

  /** Where activations lie in the first bank in a form. What waits for the form that was there before is computed first. */
  #prepare(from: Rows, form: ActivationForm, cols: number): number {
    const area = this.#own();
    const input = form === "f32" ? from.address : area.input;
    if (area.held !== form) {
      this.finish();
      if (form !== "f32") this.#quantize[form](from.address, from.stride, from.tokens, cols, input);
      area.held = form;
      this.#shared.begin(input, from.stride, from.tokens);
    }
    return input;
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
