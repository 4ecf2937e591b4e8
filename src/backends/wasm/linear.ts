// The linear op: rounds activations once, multiplies in the weights' banks, copies results back.
//
// A step of a small model is little more than such calls, so they allocate nothing.
import { BaimoError } from "../../errors.ts";
import {
  type ActivationForm,
  activationBytes,
  GROUP,
  packedBytes,
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

/** Where rows of activations lie. */
interface Place {
  readonly address: number;
  readonly stride: number;
}

interface Strided extends Place {
  readonly tokens: number;
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
  #heads: Place = { address: 0, stride: 0 };

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

  /** See `Backend.linearHeads`. Where a head is no whole row groups, its rows are taken from the products of those that have them. */
  multiplyHeads(from: Columns, matrix: WasmMatrix, to: Columns, heads: number): void {
    const { type, cols, rows: allRows } = matrix;
    const { kernels } = this.#home;
    const { tokens } = from;
    const rows = allRows / heads;
    const width = from.whole.width / heads;
    const kept = width - cols;
    to.tokens = tokens;
    for (let head = 0; head * width < from.width; head++) {
      const first = from.address + head * width * 4;
      const target = to.address + head * (kept + rows) * 4;
      kernels.copy_rows(first, from.stride, tokens, kept, target, to.stride);
      const x = { address: first + kept * 4, stride: from.stride, tokens };
      this.begin();
      for (const part of matrix.parts) {
        const start = Math.max(head * rows - part.firstRow, 0);
        const end = Math.min((head + 1) * rows - part.firstRow, part.rowGroups * GROUP);
        if (start >= end) continue;
        const group = Math.floor(start / GROUP);
        const rowGroups = Math.ceil(end / GROUP) - group;
        const address = part.address + packedBytes(type, group, cols);
        const own = { ...part, address, rowGroups, firstRow: 0 };
        const y = target + (kept + part.firstRow + start - head * rows) * 4;
        if (start % GROUP === 0 && end % GROUP === 0) {
          this.#multiplyAlone(x, own, matrix, { address: y, stride: to.stride });
          continue;
        }
        const stride = rowGroups * GROUP;
        const room = this.#headRoom(stride);
        this.#multiplyAlone(x, own, matrix, { address: room, stride });
        const skipped = (start - group * GROUP) * 4;
        kernels.copy_rows(room + skipped, stride, tokens, end - start, y, to.stride);
      }
    }
    this.begin();
  }

  /** Room for rows that begin or end within a row group. */
  #headRoom(stride: number): number {
    if (this.#heads.stride < stride) {
      const address = this.#home.allocate(this.#options.maxTokens * stride * 4);
      this.#heads = { address, stride };
    }
    return this.#heads.address;
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

  /** A product that no other rank helps with. */
  #multiplyAlone(from: Strided, part: MatrixPart, matrix: WasmMatrix, to: Place): void {
    const { bank, address, rowGroups, scale } = part;
    if (bank !== this.#home) return this.#multiplyAbroad(from, part, matrix, to);
    const { type, cols } = matrix;
    const input = this.#prepare(from, weightForms[type].activations, cols);
    const { products, scratch } = this.#own();
    const { stride, tokens } = from;
    products[type](address, rowGroups, cols, input, stride, tokens, to.address, to.stride, scale, scratch);
  }

  #multiplyAbroad(from: Strided, part: MatrixPart, { type, cols }: WasmMatrix, to: Place): void {
    const { bank, address, rowGroups, firstRow, scale } = part;
    const area = this.#areaOf(bank);
    const form = weightForms[type].activations;
    const { tokens } = from;
    const stride = strideOf(cols);
    if (area.held !== form) {
      const source = this.#prepare(from, form, cols);
      if (form === "f32") {
        for (let t = 0; t < tokens; t++) {
          const row = source / 4 + t * from.stride;
          bank.f32.set(this.#home.f32.subarray(row, row + cols), area.input / 4 + t * stride);
        }
      } else {
        const bytes = activationBytes(form, tokens, cols);
        bank.u8.set(this.#home.u8.subarray(source, source + bytes), area.input);
      }
      area.held = form;
    }
    const rows = rowGroups * GROUP;
    const { input, output, scratch } = area;
    area.products[type](address, rowGroups, cols, input, stride, tokens, output, rows, scale, scratch);
    for (let t = 0; t < tokens; t++) {
      const start = output / 4 + t * rows;
      const values = bank.f32.subarray(start, start + rows);
      this.#home.f32.set(values, to.address / 4 + t * to.stride + firstRow);
    }
  }

  /** Where activations lie in the first bank in a form. What waits for the form that was there before is computed first. */
  #prepare(from: Strided, form: ActivationForm, cols: number): number {
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
