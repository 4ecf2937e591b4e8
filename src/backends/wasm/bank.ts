// A bank: one WASM memory with one instance of the kernel module over it, and a bump allocator.
import { BaimoError } from "../../errors.ts";
import { type Kernels, kernelMemory, MAX_PAGES } from "../../kernels/module/module.ts";

const PAGE = 65_536;
/** The module's own static data lies below this address. */
const FIRST_ADDRESS = PAGE;

/** A memory begins with so many pages at least; pages never touched cost nothing. */
const FIRST_PAGES = 128;

/** Most bytes that one bank holds: a 32-bit address space less a page of slack. */
export const MAX_BANK_BYTES = (MAX_PAGES - 1) * PAGE;

/** How large a bank will be. */
export interface BankSize {
  /** Most bytes of weights. */
  readonly limit?: number;
  /** Bytes that will be allocated, as far as known. */
  readonly expected?: number;
}

/**
 * A memory for a bank. It begins with what is expected, since V8 answers each growth with a full collection.
 * @throws {BaimoError} `memory` when the machine does not give it
 */
export function memoryOf({ limit = MAX_BANK_BYTES, expected = 0 }: BankSize): WebAssembly.Memory {
  const wanted = FIRST_PAGES + Math.ceil(Math.max(0, Math.min(expected, limit)) / PAGE);
  try {
    return kernelMemory(Math.min(wanted, MAX_PAGES));
  } catch (cause) {
    throw noMemory(wanted * PAGE, cause);
  }
}

/** One WASM memory. It grows while a model loads and keeps its size afterwards, so views stay valid. */
export class Bank {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly limit: number;
  #top = FIRST_ADDRESS;
  #f32: Float32Array;
  #u8: Uint8Array;

  /** @throws {BaimoError} `memory` when the machine does not give what `memoryOf` asks for */
  constructor(
    instantiate: (memory: WebAssembly.Memory) => Kernels,
    options: BankSize & { memory?: WebAssembly.Memory } = {},
  ) {
    this.memory = options.memory ?? memoryOf(options);
    this.kernels = instantiate(this.memory);
    this.limit = options.limit ?? MAX_BANK_BYTES;
    this.#f32 = new Float32Array(this.memory.buffer);
    this.#u8 = new Uint8Array(this.memory.buffer);
  }

  /** Bytes that can still be allocated. */
  get room(): number {
    return this.limit - this.#top;
  }

  /** The memory as f32. Read it anew after every allocation. */
  get f32(): Float32Array {
    return this.#f32;
  }

  /** The memory as bytes. Read it anew after every allocation. */
  get u8(): Uint8Array {
    return this.#u8;
  }

  /**
   * The address of `bytes` zeroed bytes, aligned to 64.
   * @throws {BaimoError} `memory` when the bank or the machine has no room
   */
  allocate(bytes: number): number {
    const start = this.#top;
    const end = Math.ceil((start + bytes) / 64) * 64;
    if (!(end <= MAX_BANK_BYTES)) {
      throw new BaimoError(
        "memory",
        `one allocation of ${bytes} bytes does not fit a memory bank of 4 GiB; use a shorter context length`,
      );
    }
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / PAGE);
    if (missing > 0) {
      // growing is dear, so the memory doubles
      const room = MAX_PAGES - this.memory.buffer.byteLength / PAGE;
      const doubled = Math.min(room, Math.max(missing, this.memory.buffer.byteLength / PAGE));
      if (!this.#grow(doubled) && !this.#grow(missing)) {
        throw noMemory(bytes);
      }
      this.#f32 = new Float32Array(this.memory.buffer);
      this.#u8 = new Uint8Array(this.memory.buffer);
    }
    this.#top = end;
    return start;
  }

  /** Whether the memory could grow by so many pages. */
  #grow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }
}

function noMemory(bytes: number, cause?: unknown): BaimoError {
  return new BaimoError("memory", `the machine gave no memory for ${bytes} more bytes of the model`, {
    cause,
  });
}
