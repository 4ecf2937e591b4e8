// What tests of training share: golden tensors, a machine of one rank, comparison by norms.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { compileTrainingKernels } from "../src/kernels/backward/compile.ts";
import { instantiateTraining } from "../src/kernels/backward/kernels.ts";
import { kernelMemory } from "../src/kernels/module/module.ts";
import { Machine } from "../src/train/tape/machine.ts";

/** A golden tensor; integers and floats alike as doubles. */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** The tensors of a safetensors file. */
export function readTensors(path: string): Map<string, GoldenTensor> {
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> =
    JSON.parse(bytes.subarray(8, 8 + length).toString());
  const { __metadata__: _, ...tensors } = header;
  return new Map(
    Object.entries(tensors).map(([name, { dtype, shape, data_offsets }]) => {
      const data = bytes.buffer.slice(
        ...data_offsets.map((offset) => bytes.byteOffset + 8 + length + offset),
      ) as ArrayBuffer;
      const values =
        dtype === "F64"
          ? new Float64Array(data)
          : dtype === "F32"
            ? Float64Array.from(new Float32Array(data))
            : dtype === "I64"
              ? Float64Array.from(new BigInt64Array(data), Number)
              : Float64Array.from(new Int32Array(data));
      return [name, { shape, values }];
    }),
  );
}

/** ‖a - b‖ / ‖b‖, or ‖a‖ where b is 0. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  let [off, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    off += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  return Math.sqrt(size > 0 ? off / size : off);
}

/** @throws where they are further apart than `limit`, or not numbers */
export function assertNear(a: ArrayLike<number>, b: ArrayLike<number>, limit: number, what: string): void {
  const found = distance(a, b);
  assert.ok(found <= limit, `${what}: off by ${found}, limit ${limit}`);
}

const kernels = compileTrainingKernels();

/** A machine of one rank over a memory of its own. */
export async function machineOfOne(): Promise<Machine> {
  const memory = kernelMemory(2);
  return new Machine(memory, instantiateTraining(await kernels, memory), {
    rank: 0,
    ranks: 1,
    barrier: () => {},
  });
}
