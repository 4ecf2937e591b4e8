// A model's stored tensors in training's memory: what learns, what is frozen, given back.
import { hasKernels, weightTypeOf } from "../backends/wasm/matrix.ts";
import { BaimoError } from "../errors.ts";
import { dequantize } from "../formats/blocks/dequantize.ts";
import type { ByteSource } from "../formats/sources/byte-source.ts";
import { GROUP, packedBytes, type WeightType } from "../kernels/module/module.ts";
import {
  isTensorPlan,
  type MatrixPlan,
  matricesOf,
  readType,
  type StoredTensor,
  type TensorPlan,
  type VectorPlan,
  type WeightPlan,
} from "../models/weights/tensor-plan.ts";
import { createWeightReader } from "../models/weights/weight-reader.ts";
import { type LoadedWeights, leavesOf, mapLeaves } from "../models/weights/weights.ts";
import type { MatrixSource } from "../tensor/backend.ts";
import { byteLength, type DType } from "../tensor/dtype.ts";
import type { Machine } from "./tape/machine.ts";
import { type PackedRows, TrainedMatrix, TrainedVector } from "./tape/value.ts";

/** Bytes of values that are read at a time. */
const READ_BYTES = 1 << 20;

/** What an optimiser steps: a tensor [rows, cols] of floats without gaps, its gradient and moments. */
export interface Learned {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly address: number;
  readonly gradient: number;
  /** Room of the same size, twice. */
  readonly moments: readonly [number, number];
  /** A matrix of a block whose outputs and inputs are states: Muon's. */
  readonly isBlockMatrix: boolean;
  /** It has two dimensions or more: what decays. */
  readonly isMatrix: boolean;
}

/** A matrix that an adapter may stand beside, as a file of the adapter's names has it. */
export interface Module {
  /** Its tensor's name without ".weight". */
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  /** The weights that have its rows, each from row `first` on. */
  readonly parts: readonly { readonly matrix: TrainedMatrix; readonly first: number }[];
  /** Rows in the model's order -> in that of the outputs of the file's module, and back. */
  toFile(rows: Float32Array, cols: number): Float32Array;
  fromFile(rows: Float32Array, cols: number): Float32Array;
}

/** Rows of a parameter that are those of one weight of the model. */
interface Leaf {
  readonly plan: MatrixPlan | VectorPlan;
  /** Its first row in the parameter. */
  readonly first: number;
  /** Where it stays as its file has it. */
  packed?: PackedRows;
}

/** A stored tensor, or one expert's part of one. Rows stand in the model's order; a vector's values are rows. */
interface Parameter {
  readonly stored: StoredTensor;
  readonly leaves: Leaf[];
  readonly cols: number;
  rows: number;
  address: number;
  learned?: Learned;
  readonly isBlockMatrix: boolean;
}

/** A stored tensor, as its file has it. */
export interface StoredValues {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  /** Put together each time that they are asked for: together they would take the model's memory once more. */
  readonly values: Float32Array;
}

const isVector = (plan: TensorPlan): plan is VectorPlan => plan.kind !== "matrix";

/** The weights of a model in training's memory. */
export class Parameters {
  readonly weights: LoadedWeights;
  readonly learned: readonly Learned[];
  /** Matrices of blocks but for experts. */
  readonly modules: readonly Module[];
  readonly #machine: Machine;
  readonly #parameters: readonly Parameter[];
  /** Vectors that the forward pass reads as 1 + what is stored. */
  readonly #onePlus: readonly TrainedVector[];

  /**
   * Allocates them; `load` reads them once the memory is settled.
   *
   * frozen  nothing of them learns: matrices stay in their files' own forms, where there are kernels for these
   * names   the same weights as an adapter's files name them
   * @throws {BaimoError} `config` for a weight that cannot be trained
   */
  constructor(
    machine: Machine,
    plan: WeightPlan,
    { frozen, names = plan }: { readonly frozen: boolean; readonly names?: WeightPlan },
  ) {
    this.#machine = machine;
    const found = collect(plan);
    this.#parameters = [...new Set([...found.values()].map(({ parameter }) => parameter))];
    if (frozen) this.#pack();
    const bytes = ({ rows, cols, leaves: [{ packed }] }: Parameter) =>
      packed ? 0 : Math.ceil((4 * rows * cols) / 64) * 64;
    const total = this.#parameters.reduce((sum, parameter) => sum + bytes(parameter), 0);
    const base = machine.allocate(total);
    const others = frozen ? undefined : [0, 1, 2].map(() => machine.allocate(total) - base);
    const learned: Learned[] = [];
    let at = base;
    for (const parameter of this.#parameters) {
      parameter.address = at;
      at += bytes(parameter);
      if (!others) continue;
      const { stored, rows, cols, address, isBlockMatrix, leaves } = parameter;
      parameter.learned = {
        name: nameOf(parameter),
        rows,
        cols,
        address,
        gradient: address + others[0],
        moments: [address + others[1], address + others[2]],
        isBlockMatrix,
        isMatrix: stored.rows > 1 && !isVector(leaves[0].plan),
      };
      learned.push(parameter.learned);
    }
    this.learned = learned;
    const onePlus: TrainedVector[] = [];
    const weightsOf = (leaf: TensorPlan) => {
      const { parameter, first } = found.get(leaf) ?? missing(leaf);
      const packed = parameter.leaves.find((each) => each.first === first)?.packed;
      if (packed) return { address: 0, gradient: 0, packed };
      const skip = 4 * first * parameter.cols;
      const gradient = parameter.learned ? parameter.learned.gradient + skip : 0;
      return { address: parameter.address + skip, gradient };
    };
    // Each MatrixPlan becomes a matrix and each vector a vector; those of "values" were refused.
    const handles = new Map<TensorPlan, TrainedMatrix>();
    const leaves = new Map(leavesOf(plan, isTensorPlan).map(({ path, leaf }) => [path.join("."), leaf]));
    this.weights = mapLeaves(plan, isTensorPlan, (leaf) => {
      if (!isVector(leaf)) {
        const matrix = new TrainedMatrix(leaf, weightsOf(leaf), leaf.bias && weightsOf(leaf.bias));
        handles.set(leaf, matrix);
        return matrix;
      }
      if (!leaf.onePlus) return new TrainedVector(leaf.length, weightsOf(leaf));
      const vector = new TrainedVector(leaf.length, weightsOf(leaf), machine.allocate(4 * leaf.length));
      onePlus.push(vector);
      return vector;
    }) as LoadedWeights;
    this.#onePlus = onePlus;
    this.modules = modulesOf(names, (path) => handles.get(leaves.get(path) as TensorPlan));
  }

  /** Gives frozen matrices room in the forms of their files. */
  #pack(): void {
    for (const { leaves } of this.#parameters) {
      for (const leaf of leaves) {
        const { plan } = leaf;
        const type = isVector(plan) ? undefined : packedType(plan);
        if (isVector(plan) || type === undefined) continue;
        const address = this.#machine.allocate(packedBytes(type, Math.ceil(plan.rows / GROUP), plan.cols));
        leaf.packed = { type, address };
        this.#machine.reserveTiles();
      }
    }
  }

  /** Values of all of them. */
  get count(): number {
    return this.#parameters.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  }

  /** Reads the model's files, on rank 0. */
  async load(files: readonly ByteSource[]): Promise<void> {
    if (this.#machine.rank === 0) {
      const reader = createWeightReader(files);
      const { f32 } = this.#machine;
      for (const { address, cols, leaves } of this.#parameters) {
        for (const { plan, first, packed } of leaves) {
          const at = address / 4 + first * cols;
          if (packed) await readPacked(reader.matrix(plan as MatrixPlan), packed, this.#machine);
          else if (isVector(plan)) f32.set(await reader.vector({ ...plan, onePlus: false }).read(), at);
          else {
            const target = f32.subarray(at, at + plan.rows * plan.cols);
            await readMatrix(reader.matrix(plan), readType(plan), target);
          }
        }
      }
    }
    this.#machine.barrier();
    this.refresh();
  }

  /** Makes anew what the forward pass reads of weights that are stored otherwise. */
  refresh(): void {
    if (this.#machine.rank === 0) {
      const { f32 } = this.#machine;
      for (const { address, effective, length } of this.#onePlus) {
        for (let i = 0; i < length; i++) f32[effective / 4 + i] = 1 + f32[address / 4 + i];
      }
    }
    this.#machine.barrier();
  }

  /** The values of every stored tensor, as its file has them. */
  values(): StoredValues[] {
    return this.#assemble(({ address }) => address);
  }

  /** Their gradients. */
  gradients(): StoredValues[] {
    return this.#assemble(({ learned }) => learned?.gradient ?? 0);
  }

  #assemble(addressOf: (parameter: Parameter) => number): StoredValues[] {
    const { f32 } = this.#machine;
    const tensors = new Map<string, Parameter[]>();
    for (const parameter of this.#parameters) {
      const { name } = parameter.stored;
      tensors.set(name, [...(tensors.get(name) ?? []), parameter]);
    }
    return Array.from(tensors, ([name, parameters]) => {
      const { rows, cols } = parameters[0].stored;
      return {
        name,
        rows,
        cols,
        get values() {
          const values = new Float32Array(rows * cols);
          for (const parameter of parameters) {
            for (const { plan, first } of parameter.leaves) {
              const from = addressOf(parameter) / 4 + first * parameter.cols;
              putBack(plan, f32.subarray(from, from + rowsOf(plan) * parameter.cols), values);
            }
          }
          return values;
        },
      };
    });
  }
}

/** The matrices of blocks but for experts, in the names and rows of `plan`, with the weights that stand at the same paths. */
function modulesOf(
  plan: WeightPlan,
  matrixAt: (path: string) => TrainedMatrix | undefined,
): readonly Module[] {
  const found = collect(plan);
  const paths = new Map(leavesOf(plan, isTensorPlan).map(({ path, leaf }) => [leaf, path.join(".")]));
  const groups = new Set([...found.values()].map(({ parameter }) => parameter));
  return [...groups].flatMap(({ stored, rows, cols, leaves, isBlockMatrix }) => {
    if (!isBlockMatrix || leaves.some(({ plan: leaf }) => !isVector(leaf) && leaf.expert)) return [];
    const parts = leaves.flatMap(({ plan: leaf, first }) => {
      const matrix = matrixAt(paths.get(leaf) ?? "");
      return matrix ? [{ matrix, first }] : [];
    });
    if (parts.length < leaves.length) return [];
    const name = stored.name.replace(/\.weight$/, "");
    return [{ name, rows, cols, parts, ...reordering(outputsOf(leaves)) }];
  });
}

/** The form in which a frozen matrix stays; undefined where it becomes f32. */
function packedType(plan: MatrixPlan): WeightType | undefined {
  const dtype = readType(plan);
  return dtype !== "F32" && hasKernels(dtype) ? weightTypeOf(dtype) : undefined;
}

/** The forms in which the frozen weights of a plan stay: what kernels must be there for. */
export function packedTypes(plan: WeightPlan): WeightType[] {
  return [...new Set(matricesOf(plan).flatMap((matrix) => packedType(matrix) ?? []))];
}

function missing(leaf: TensorPlan): never {
  throw new Error(`${leaf.name} is no parameter`);
}

const rowsOf = (plan: MatrixPlan | VectorPlan) => (isVector(plan) ? plan.length : plan.rows);

/** For each row of a parameter the output of the file's module that it is. */
function outputsOf(leaves: readonly Leaf[]): Int32Array {
  return Int32Array.from(
    leaves.flatMap(({ plan }) => {
      const { first, order } = plan;
      const start = !isVector(plan) && plan.transposed ? 0 : first;
      return Array.from({ length: rowsOf(plan) }, (_, row) => start + (order ? order[row] : row));
    }),
  );
}

function reordering(outputs: Int32Array): Pick<Module, "toFile" | "fromFile"> {
  const move = (toFile: boolean) => (rows: Float32Array, cols: number) => {
    const moved = new Float32Array(rows.length);
    outputs.forEach((output, row) => {
      const [from, to] = toFile ? [row, output] : [output, row];
      moved.set(rows.subarray(from * cols, (from + 1) * cols), to * cols);
    });
    return moved;
  };
  return { toFile: move(true), fromFile: move(false) };
}

/** An expert's part of a tensor has a number beside the tensor's name. */
function nameOf({ stored, leaves: [{ plan }] }: Parameter): string {
  const isPart = !isVector(plan) && plan.expert && plan.rows * plan.cols < stored.rows * stored.cols;
  return isPart ? `${stored.name} from ${plan.first}` : stored.name;
}

/** The parameters of a plan, and where each of its weights lies in them. */
function collect(plan: WeightPlan): Map<TensorPlan, { parameter: Parameter; first: number }> {
  const parameters = new Map<string, Parameter>();
  const found = new Map<TensorPlan, { parameter: Parameter; first: number }>();
  const add = (leaf: MatrixPlan | VectorPlan, path: readonly string[]) => {
    const { stored, first } = leaf;
    const isExpert = !isVector(leaf) && leaf.expert;
    const key = isExpert ? `${stored.name} from ${first}` : stored.name;
    let parameter = parameters.get(key);
    if (!parameter) {
      const isBlockMatrix =
        path.includes("layers") && !isVector(leaf) && !path.includes("router") && stored.rows > 1;
      const cols = isVector(leaf) ? 1 : leaf.cols;
      parameter = { stored, leaves: [], cols, rows: 0, address: 0, isBlockMatrix };
      parameters.set(key, parameter);
    }
    const same = parameter.leaves.find(({ plan: other }) => liesAlike(other, leaf));
    if (!same) {
      parameter.leaves.push({ plan: leaf, first: parameter.rows });
      parameter.rows += rowsOf(leaf);
    }
    found.set(leaf, { parameter, first: same?.first ?? parameter.rows - rowsOf(leaf) });
  };
  for (const { path, leaf } of leavesOf(plan, isTensorPlan)) {
    checkLeaf(leaf);
    add(leaf, path);
    if (!isVector(leaf) && leaf.bias) {
      checkLeaf(leaf.bias);
      add(leaf.bias, path);
    }
  }
  return found;
}

/** Two weights that are the same rows of the same tensor. */
function liesAlike(a: MatrixPlan | VectorPlan, b: MatrixPlan | VectorPlan): boolean {
  return a.first === b.first && rowsOf(a) === rowsOf(b) && a.order?.join() === b.order?.join();
}

/** @throws {BaimoError} `config` for a weight whose gradient could not go back into its file */
function checkLeaf(leaf: TensorPlan): void {
  const what = isVector(leaf)
    ? leaf.kind === "values"
      ? "values that the main program reads"
      : leaf.buckets
        ? "relativeBuckets"
        : leaf.negatedExp
          ? "a decay"
          : undefined
    : leaf.normalized
      ? "headNormalized"
      : undefined;
  if (what)
    throw new BaimoError(
      "config",
      `"${leaf.name}": ${what} has no backward pass; this model cannot be trained`,
    );
}

/** Reads a matrix into `target`, some rows at a time. */
async function readMatrix(source: MatrixSource, dtype: DType, target: Float32Array): Promise<void> {
  const { rows, cols } = source;
  const step = Math.max(1, Math.floor(READ_BYTES / (4 * cols)));
  for (let row = 0; row < rows; row += step) {
    const count = Math.min(step, rows - row);
    const raw = new Uint8Array(count * byteLength(dtype, cols));
    await source.read(row, count, raw);
    target.set(dequantize(dtype, raw, count * cols), row * cols);
  }
}

/** Reads a matrix as its file has it and packs it, some rows at a time by way of a tile. */
async function readPacked(
  source: MatrixSource,
  { type, address }: PackedRows,
  machine: Machine,
): Promise<void> {
  const { rows, cols, dtype } = source;
  const rowBytes = byteLength(dtype, cols);
  const step = machine.tileRows(cols);
  const room = machine.spareTile;
  const bytes = new Uint8Array(machine.memory.buffer, room, step * rowBytes);
  // Bytes of shared memory are not read into.
  const raw = new Uint8Array(Math.min(step, rows) * rowBytes);
  for (let row = 0; row < rows; row += step) {
    const count = Math.min(step, rows - row);
    await source.read(row, count, raw.subarray(0, count * rowBytes));
    bytes.set(raw.subarray(0, count * rowBytes));
    const groups = Math.ceil(count / GROUP);
    bytes.fill(0, count * rowBytes, groups * GROUP * rowBytes);
    const to = address + packedBytes(type, row / GROUP, cols);
    machine.kernels[`pack_${type}`](room, to, groups, cols, 0);
  }
}

/** Writes the rows of a weight into the tensor that they came from. */
function putBack(plan: MatrixPlan | VectorPlan, rows: Float32Array, tensor: Float32Array): void {
  const { first, order, stored } = plan;
  if (isVector(plan)) {
    for (let i = 0; i < rows.length; i++) tensor[first + (order ? order[i] : i)] = rows[i];
    return;
  }
  const { cols, transposed, parts } = plan;
  for (let row = 0; row < plan.rows; row++) {
    const place = order ? order[row] : row;
    const from = rows.subarray(row * cols, (row + 1) * cols);
    if (!transposed) {
      tensor.set(from, (first + place) * cols);
      continue;
    }
    const start = first + cols * Math.floor((row * parts) / plan.rows);
    for (let c = 0; c < cols; c++) tensor[(start + c) * stored.cols + place] = from[c];
  }
}
