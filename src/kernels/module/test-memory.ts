// Test support for kernels: a module over a memory of its own, seeded inputs, comparison.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { Random } from "../../random.ts";
import { kernelUrl } from "./kernel-url.ts";
import {
  compileKernels,
  instantiateKernels,
  type KernelBuild,
  type KernelModule,
  type Kernels,
  kernelMemory,
} from "./module.ts";

export const seed = 20_240_501;

/** A module over a memory of its own; room is handed out and never taken back. */
export class TestMemory {
  readonly memory = kernelMemory(256);
  readonly k: Kernels;
  /** The module's own data lies below. */
  #top = 65_536;

  constructor(module: KernelModule) {
    this.k = instantiateKernels(module, this.memory);
  }

  room(bytes: number): number {
    const at = this.#top;
    this.#top = Math.ceil((at + bytes) / 16) * 16;
    const missing = Math.ceil((this.#top + 64 - this.memory.buffer.byteLength) / 65536);
    if (missing > 0) this.memory.grow(missing);
    return at;
  }

  put(data: Uint8Array | Int32Array | Float32Array): number {
    const at = this.room(data.byteLength);
    new Uint8Array(this.memory.buffer).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    return at;
  }

  floats(at: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer.slice(at, at + 4 * count));
  }

  /** A result area full of NaN, so that what a kernel leaves out shows. */
  result(count: number): number {
    return this.put(new Float32Array(count).fill(Number.NaN));
  }
}

export function normals(random: Random, count: number): Float32Array {
  return Float32Array.from({ length: count }, () => random.normal());
}

/** The largest difference, as a part of the root mean square of what was expected. */
function difference(actual: Float32Array, expected: Float32Array): number {
  let square = 0;
  let most = 0;
  for (let i = 0; i < expected.length; i++) {
    square += expected[i] ** 2;
    const distance = Math.abs(actual[i] - expected[i]);
    most = Number.isNaN(distance) ? Infinity : Math.max(most, distance);
  }
  return most / Math.max(Math.sqrt(square / expected.length), 1e-30);
}

export function assertClose(actual: Float32Array, expected: Float32Array, limit: number, what: string) {
  const found = difference(actual, expected);
  assert.ok(found <= limit, `${what}: off by ${found}, limit ${limit} (seed ${seed})`);
}

/** Rows of x at stride cols + 4, with NaN between them. */
export function strided(b: TestMemory, x: Float32Array, tokens: number, cols: number): number {
  const wide = new Float32Array(tokens * (cols + 4)).fill(Number.NaN);
  for (let t = 0; t < tokens; t++) wide.set(x.subarray(t * cols, (t + 1) * cols), t * (cols + 4));
  return b.put(wide);
}

export async function loadBuild(build: KernelBuild, join = true): Promise<KernelModule> {
  // V8 compiles the same bytes once: a section without meaning makes those that are not joined others
  const section = Uint8Array.of(0, 2, 1, 0x61);
  const bytesOf = async (name: string) => {
    const bytes = await readFile(kernelUrl(name));
    return join ? bytes : Buffer.concat([bytes, section]);
  };
  return (await compileKernels(bytesOf, { build, join })).module;
}
