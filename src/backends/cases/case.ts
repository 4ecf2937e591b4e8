// A case of an operation: its inputs, how a backend runs it, and what the plain reference answers.
import type { Kernels, ProductMode } from "../../kernels/module/module.ts";
import { createRandom, type Random } from "../../random.ts";
import type { Activation, Backend, Matrix, MatrixSource, Slice, Vector } from "../../tensor/backend.ts";
import { cutEvenly, type Partition } from "../../tensor/partition.ts";

/** Most tokens of a case, those that fill a cache included: what its backend must have room for. */
export const CASE_TOKENS = 128;

type Values = Float32Array | Promise<Float32Array>;

/**
 * How a device rounds. "cpu", "gpu": weights of types that it has no kernels for to half precision, keys and values as their cache
 * stores them; "cpu": activations to 8 bits, too, before they meet quantised weights.
 */
export type Rounding = "none" | "cpu" | "gpu";

/** One case of one operation, for any backend. */
export interface OperationCase {
  readonly operation: keyof Backend;
  /** For people: its sizes and options. */
  readonly about: string;
  /** The CPU's kernels that may be to blame where it comes out wrong, the likeliest first. */
  kernels(products: ProductMode): readonly (keyof Kernels)[];
  /** Largest difference from the reference, over the root mean square of its values. */
  readonly tolerance: number;
  /** Makes the inputs and loads what it needs, before `finishLoading`. */
  prepare(stage: Stage, random: Random): Promise<PreparedCase>;
}

/** A case on one backend. Its inputs are as they were made before each run, whatever the last one did to them. */
export interface PreparedCase {
  /** The operation's answer, whole. */
  run(): Values;
  /** Other ways to the same answer, by what they are called: they must give the same bits. */
  readonly same?: Readonly<Record<string, () => Values>>;
  /**
   * What the plain reference answers, rounded as a device rounds.
   */
  expected(rounding: Rounding): Float32Array;
  /** How far one value may be off, where one tolerance for all of them would hide an error. */
  allowed?(i: number, expected: number): number;
}

/** A prepared case that fills its inputs before each run. */
export async function prepareCase(one: OperationCase, backend: Backend): Promise<PreparedCase> {
  const stage = new Stage(backend);
  const { run, same = {}, expected, allowed } = await one.prepare(stage, createRandom(21));
  const filled = (way: () => Values) => () => {
    stage.fill();
    return way();
  };
  const ways = Object.entries(same).map(([name, way]) => [name, filled(way)] as const);
  return { run: filled(run), same: Object.fromEntries(ways), expected, allowed };
}

/** What a case has of a backend: inputs with values of its own, and room for answers. */
export class Stage {
  readonly backend: Backend;
  readonly #fills: (() => void)[] = [];

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** How ranks share `total` columns, `unit` of which belong together. */
  cut(total: number, unit = 1): Partition {
    return cutEvenly(total, this.backend.ranks, unit);
  }

  vector(values: Float32Array): Promise<Vector> {
    return this.backend.loadVector(vectorSource(values));
  }

  /** A matrix [rows, cols] in file form. */
  matrix(
    source: Pick<MatrixSource, "dtype" | "rows" | "cols"> & { readonly bytes: Uint8Array },
    { bias, unit }: { bias?: Float32Array; unit?: number } = {},
  ): Promise<Matrix> {
    const { dtype, rows, cols, bytes } = source;
    const rowBytes = bytes.length / rows;
    return this.backend.loadMatrix(
      {
        name: "case",
        dtype,
        rows,
        cols,
        bias: bias && vectorSource(bias),
        read: (first, count, target) =>
          target.set(bytes.subarray(first * rowBytes, (first + count) * rowBytes)),
      },
      this.cut(rows, unit),
    );
  }

  /** The same of f32 values. */
  floats(
    values: Float32Array,
    cols: number,
    more: { bias?: Float32Array; unit?: number } = {},
  ): Promise<Matrix> {
    return this.matrix({ dtype: "F32", rows: values.length / cols, cols, bytes: bytesOf(values) }, more);
  }

  /** Activations [tokens, width] with these values. */
  async rows(values: Float32Array, width: number): Promise<Activation> {
    const tokens = values.length / width;
    const table = await this.floats(values, width);
    const all = Int32Array.from({ length: tokens }, (_, token) => token);
    const rows = this.backend.allocate(width, tokens);
    this.#fills.push(() => this.backend.embed(table, all, rows));
    return rows;
  }

  /** The same of which each rank has its own columns. */
  async slice(values: Float32Array, width: number, unit = 1): Promise<Slice> {
    const whole = await this.rows(values, width);
    const slice = this.room(width, whole.width === 0 ? 0 : values.length / width, unit);
    this.#fills.push(() => this.backend.keepOwn(whole, slice));
    return slice;
  }

  /** Room for a slice [tokens, width]. */
  room(width: number, tokens: number, unit = 1): Slice {
    return this.backend.allocateSlice(this.cut(width, unit), tokens);
  }

  /** The values of a slice, whole. */
  read(slice: Slice): Values {
    return this.backend.read(this.backend.gather(slice));
  }

  /** Gives every input its values. */
  fill(): void {
    for (const fill of this.#fills) fill();
  }
}

/** Normal values. */
export function normals(random: Random, count: number): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = random.normal();
  return values;
}

/** One after another. */
export function join(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Sizes and options in a line. */
export function describe(options: object): string {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value]) =>
      value === true ? name : `${name} ${Array.isArray(value) ? value.join("+") : value}`,
    )
    .join(", ");
}

function vectorSource(values: Float32Array) {
  return { name: "case", length: values.length, read: async () => values };
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
