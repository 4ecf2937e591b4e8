// Work stealing between ranks: a rank that waits computes some of another's rows.
//
// The products of one call stand on the bus, where all ranks read them. Every row is computed by the same kernel on the
// same bytes, whoever does it.
//
// The products of one call stand on the bus, where all ranks read them. Every row is computed by the same kernel on the
// same bytes, whoever does it.
import {
  GROUP,
  type Kernels,
  type Matmul,
  matmulName,
  type ProductMode,
  packedBytes,
  type WeightType,
  weightForms,
} from "../../kernels/module/module.ts";
import { type Bus, LINE, WORK_WORDS } from "../bus.ts";

/** The products of one instance of the kernels. */
export type Products = Record<WeightType, Matmul>;

/** Slices that nobody has taken: the first of them in the upper half of the word, their end in the lower. */
const OPEN = 0;
/** Slices that helpers have finished. */
const HELPED = LINE;
/** 1 while a helper is at it: there is scratch for one. */
const HELPER = 2 * LINE;
/** From here on words that stand still while slices are open or in work. */
const COUNT = 3 * LINE;
const INPUT = COUNT + 1;
const INPUT_STRIDE = COUNT + 2;
const TOKENS = COUNT + 3;
const GROUPS_A_SLICE = COUNT + 4;
const HELPER_SCRATCH = COUNT + 5;
const PIECES = COUNT + 6;
/** A piece: type, address, row groups, columns, output, its stride, scale, bytes of a row group, slices. */
const PIECE_WORDS = 9;
const MOST_PIECES = Math.floor((WORK_WORDS - PIECES) / PIECE_WORDS);

/** Weights times tokens of one slice, in bytes: microseconds of work. A rank takes many at a time, since each call begins slowly. */
const SLICE_BYTES = 128 << 10;
/** What half a word counts; a call with more slices, gigabytes of weights, is not shared. */
const MOST_SLICES = 0xffff;

const types = Object.keys(weightForms) as WeightType[]; // the keys of the record that defines them

/** So many ranks watch each rank: more would only slow down the words that they look at. */
const MOST_NEIGHBOURS = 3;

/** Another rank, whose products this one may help with. */
interface Neighbour {
  readonly words: Int32Array;
  readonly floats: Float32Array;
  readonly memory: WebAssembly.Memory;
  /** Made when they are first needed. */
  products?: Products;
}

/** What the products of one rank are shared through. */
export interface SharedProductsOptions {
  bus: Bus;
  mode: ProductMode;
  instantiate: (memory: WebAssembly.Memory) => Kernels;
  /** The first memory of every rank; absent: nothing is shared. */
  homes?: readonly WebAssembly.Memory[];
}

/** One rank's products with weights in its first bank. */
export class SharedProducts {
  readonly #options: SharedProductsOptions;
  readonly #words: Int32Array;
  readonly #floats: Float32Array;
  readonly #neighbours: readonly Neighbour[];
  #slices = 0;

  constructor(options: SharedProductsOptions) {
    const { bus, homes = [] } = options;
    this.#options = options;
    this.#words = bus.workOf(bus.rank);
    this.#floats = floatsOf(this.#words);
    // The ranks after this one, so that helpers spread.
    this.#neighbours = homes
      .map((_, i) => (bus.rank + i) % homes.length)
      .slice(1, 1 + MOST_NEIGHBOURS)
      .map((rank) => {
        const words = bus.workOf(rank);
        return { words, floats: floatsOf(words), memory: homes[rank] };
      });
    if (this.#neighbours.length > 0) bus.idle = () => this.#help();
  }

  /** The activations of what is added from here on, as a kernel takes them; what was added before has run. */
  begin(input: number, inputStride: number, tokens: number): void {
    const words = this.#words;
    words[INPUT] = input;
    words[INPUT_STRIDE] = inputStride;
    words[TOKENS] = tokens;
  }

  /** Adds a product with whole row groups; see Matmul. */
  add(
    type: WeightType,
    address: number,
    rowGroups: number,
    cols: number,
    output: number,
    outputStride: number,
    scale: number,
  ): void {
    const words = this.#words;
    const count = words[COUNT];
    const groupBytes = packedBytes(type, 1, cols);
    if (count === 0) words[GROUPS_A_SLICE] = 2 * Math.ceil(SLICE_BYTES / (2 * groupBytes * words[TOKENS]));
    const slices = Math.ceil(rowGroups / words[GROUPS_A_SLICE]);
    const at = PIECES + count * PIECE_WORDS;
    words[at] = types.indexOf(type);
    words[at + 1] = address;
    words[at + 2] = rowGroups;
    words[at + 3] = cols;
    words[at + 4] = output;
    words[at + 5] = outputStride;
    this.#floats[at + 6] = scale;
    words[at + 7] = groupBytes;
    words[at + 8] = slices;
    words[COUNT] = count + 1;
    this.#slices += slices;
  }

  /** Whether another product can be added before `run`. */
  get full(): boolean {
    return this.#words[COUNT] === MOST_PIECES;
  }

  /**
   * Computes what was added, with the help of ranks that wait.
   * @throws {BaimoError} `device` when another rank has failed
   */
  run(products: Products, scratch: number, helperScratch: number): void {
    const words = this.#words;
    const slices = this.#slices;
    if (slices < 2 || slices > MOST_SLICES || this.#neighbours.length === 0) {
      multiply(words, this.#floats, products, scratch, 0, slices);
    } else {
      words[HELPER_SCRATCH] = helperScratch;
      Atomics.store(words, HELPED, 0);
      Atomics.store(words, OPEN, slices);
      let done = 0;
      for (let taken = takeFirst(words); taken !== 0; taken = takeFirst(words)) {
        multiply(words, this.#floats, products, scratch, taken >>> 16, taken & 0xffff);
        done += (taken & 0xffff) - (taken >>> 16);
      }
      this.#options.bus.waitForWork(words, HELPED, slices - done);
    }
    words[COUNT] = 0;
    this.#slices = 0;
  }

  /** Computes slices of others until none is open. */
  #help(): void {
    for (let i = 0; i < this.#neighbours.length; i++) {
      const neighbour = this.#neighbours[i];
      const { words } = neighbour;
      if (!isOpen(words) || Atomics.compareExchange(words, HELPER, 0, 1) !== 0) continue;
      neighbour.products ??= this.#productsOver(neighbour.memory);
      for (let taken = takeLast(words); taken !== 0; taken = takeLast(words)) {
        const scratch = words[HELPER_SCRATCH];
        multiply(words, neighbour.floats, neighbour.products, scratch, taken >>> 16, taken & 0xffff);
        Atomics.add(words, HELPED, (taken & 0xffff) - (taken >>> 16));
        Atomics.notify(words, HELPED);
      }
      Atomics.store(words, HELPER, 0);
    }
  }

  #productsOver(memory: WebAssembly.Memory): Products {
    return productsOf(this.#options.instantiate(memory), this.#options.mode);
  }
}

/** The products of an instance, as this machine multiplies. */
export function productsOf(kernels: Kernels, mode: ProductMode): Products {
  return Object.fromEntries(types.map((type) => [type, kernels[matmulName(type, mode)]])) as Products;
}

function floatsOf(words: Int32Array): Float32Array {
  return new Float32Array(words.buffer, words.byteOffset, words.length);
}

function isOpen(words: Int32Array): boolean {
  const open = Atomics.load(words, OPEN);
  return open >>> 16 < (open & 0xffff);
}

// What follows runs hundreds of times a token, from the first on: whole numbers alone, which make no garbage even where V8
// only interprets them yet. A range of slices is one number: its first in the upper half, its end in the lower.

/**
 * Takes open slices from the front, for their owner; 0 where none is open. Three quarters of them for a single token, whose
 * slices end so soon that beginning counts; half for a prompt, where one that was slow leaves less to wait for.
 */
function takeFirst(words: Int32Array): number {
  for (;;) {
    const open = Atomics.load(words, OPEN);
    const from = open >>> 16;
    const end = open & 0xffff;
    if (from >= end) return 0;
    const to = end - ((end - from) >> (words[TOKENS] === 1 ? 2 : 1));
    if (Atomics.compareExchange(words, OPEN, open, (to << 16) | end) === open) return (from << 16) | to;
  }
}

/** Takes half of them from the back, for a helper. */
function takeLast(words: Int32Array): number {
  for (;;) {
    const open = Atomics.load(words, OPEN);
    const from = open >>> 16;
    const end = open & 0xffff;
    if (from >= end) return 0;
    const to = end - ((end - from + 1) >> 1);
    if (Atomics.compareExchange(words, OPEN, open, (from << 16) | to) === open) return (to << 16) | end;
  }
}

/** Computes slices [from, to) of the products that the words describe. */
function multiply(
  words: Int32Array,
  floats: Float32Array,
  products: Products,
  scratch: number,
  from: number,
  to: number,
): void {
  const groups = words[GROUPS_A_SLICE];
  const count = words[COUNT];
  for (let at = PIECES; at < PIECES + count * PIECE_WORDS && to > 0; at += PIECE_WORDS) {
    const slices = words[at + 8];
    if (from < slices) {
      const start = from > 0 ? from * groups : 0;
      const end = to < slices ? to * groups : words[at + 2];
      products[types[words[at]]](
        words[at + 1] + start * words[at + 7],
        end - start,
        words[at + 3],
        words[INPUT],
        words[INPUT_STRIDE],
        words[TOKENS],
        words[at + 4] + start * GROUP * 4,
        words[at + 5],
        floats[at + 6],
        scratch,
      );
    }
    // Counted from the next piece's first slice.
    from -= slices;
    to -= slices;
  }
}
