// Finds a model's tensors in a checkpoint by what they are for, and checks their shapes.
import { BaimoError } from "../../errors.ts";
import type { TensorInfo } from "../../formats/tensor-info.ts";
import { dtypes, isRead } from "../../tensor/dtype.ts";
import type { ModelConfig } from "../config/config.ts";
import type { CompleteForm, ExpertPlace, Place, StoredPart } from "../families/family.ts";
import type { MatrixPlan, RowCut, StoredTensor, VectorPlan } from "./tensor-plan.ts";
import type { LinearValues, NormWeights } from "./weights.ts";

/** Finds tensors by what they are for, and remembers which were found. */
export interface Finder {
  /** The file stores query and key rows with their pairs interleaved. */
  readonly interleaved: boolean;
  readonly config: ModelConfig;
  matrix(place: Place | undefined, rows: number, cols: number, options?: MatrixOptions): MatrixPlan;
  expert(
    place: ExpertPlace | undefined,
    expert: number,
    rows: number,
    cols: number,
    bias: boolean,
  ): MatrixPlan;
  vector(place: Place | undefined, length: number, options?: VectorOptions): VectorPlan;
  /** The norm's weights as the config has them. */
  norm(place: Place | undefined, width: number, kind?: VectorPlan["kind"]): NormWeights<VectorPlan>;
  /** A matrix that the main program applies itself, with its bias. */
  values(place: Place | undefined, rows: number, cols: number, bias: boolean): LinearValues<VectorPlan>;
}

export interface MatrixOptions {
  cut?: RowCut;
  bias?: boolean;
  /** Rows of heads of `headDim`, of which pairs may be interleaved in the file. */
  rotated?: boolean;
  order?: Int32Array;
  first?: number;
  /** Rows of the stored tensor, where not all are used. */
  of?: number;
  /** Its columns, where they are not the matrix's. */
  width?: number;
  normalized?: boolean;
  /** See `MatrixPlan`. */
  heads?: number;
  /** The rows of a head are columns of a part of the stored tensor; parts begin so many of its rows apart. */
  partRows?: number;
}

export interface VectorOptions {
  kind?: "vector" | "values";
  onePlus?: boolean;
  rotated?: boolean;
  /** The stored shape, where it is not [length]. */
  shape?: readonly number[];
}

/** What a plan is made over: a checkpoint, or one that is yet to be written. */
export interface TensorSource {
  readonly name: string;
  readonly tensors: {
    /** The tensor of this name; `shape` is the one it is going to be held to. */
    get(name: string, shape: readonly number[]): TensorInfo | undefined;
    has(name: string): boolean;
    keys(): Iterable<string>;
  };
}

/** Row r of a head in halves stands at this row of the head with its pairs interleaved. */
export function interleavedRow(row: number, headDim: number, ropeDims: number): number {
  const within = row % headDim;
  if (within >= ropeDims) return row;
  const half = ropeDims / 2;
  return row - within + (within < half ? 2 * within : 2 * (within - half) + 1);
}

/** Makes the finder of one layer, or of what lies outside layers. */
export function createFinder(
  checkpoint: TensorSource,
  config: ModelConfig,
  { interleavedRope: interleaved, readsAllBiases }: Pick<CompleteForm, "interleavedRope" | "readsAllBiases">,
  { used, layer }: { used: Set<string>; layer?: number },
): Finder {
  const ropeDims = config.ropes[0]?.dims ?? config.headDim;

  const find = (name: string, shape: readonly number[]): TensorInfo => {
    const tensor = checkpoint.tensors.get(name, shape);
    if (!tensor) {
      throw new BaimoError(
        "format",
        `${checkpoint.name}: tensor "${name}" of shape [${shape.join(", ")}] is missing` +
          (/-\d{5}-of-(?!00001)\d{5}\.\w+$/.test(checkpoint.name)
            ? "; this file is one of several of a model, so open their folder"
            : ""),
      );
    }
    used.add(name);
    // A matrix of one row may be stored as a vector.
    const [found, expected] = [tensor.shape, shape].map((sizes) => sizes.join().replace(/^(1,)+/, ""));
    if (found !== expected) {
      throw new BaimoError(
        "shape",
        `${checkpoint.name}: tensor "${name}" should have shape [${shape.join(", ")}], found [${tensor.shape.join(", ")}]`,
      );
    }
    if (!isRead(tensor.dtype)) {
      throw new BaimoError(
        "format",
        `${checkpoint.name}: tensor "${name}" has type ${tensor.dtype}, which is not read here; convert the model to BF16 first`,
      );
    }
    return tensor;
  };
  const MX_BLOCK = dtypes.MXFP4.elements;
  /** Blocks and scales of MXFP4 in two tensors, the last size of which is cut in blocks. */
  const storedApart = (name: string, scaleName: string, shape: readonly number[]): StoredTensor => {
    const outer = shape.slice(0, -1);
    const blocks = shape[shape.length - 1] / MX_BLOCK;
    const scales = stored(scaleName, [...outer, blocks]);
    const bytes = stored(name, [...outer, blocks, dtypes.MXFP4.bytes - 1]);
    for (const { name: tensor, dtype } of [scales, bytes]) {
      if (dtype !== "U8")
        throw new BaimoError("format", `${checkpoint.name}: tensor "${tensor}" should be U8, found ${dtype}`);
    }
    const encoding = { kind: "mxfp4", codes: bytes, scales } as const;
    return { ...bytes, dtype: "MXFP4", rows: scales.rows, cols: blocks * MX_BLOCK, encoding };
  };
  const stored = (name: string, shape: readonly number[]): StoredTensor => {
    const { file, offset, dtype, encoding } = find(name, shape);
    const cols = shape[shape.length - 1];
    const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
    return { name, file, offset, dtype, rows, cols, encoding };
  };
  const at = (name: string, expert?: number) =>
    name.replace("{l}", String(layer)).replace("{e}", String(expert));
  const named = (place: Place | undefined): Place => {
    if (place !== undefined) return place;
    throw new BaimoError(
      "config",
      `${checkpoint.name}: architecture "${config.architecture}" names no such tensor`,
    );
  };
  const turned = (order: Int32Array | undefined, rows: number, wanted: boolean | undefined) =>
    wanted && interleaved
      ? Int32Array.from({ length: rows }, (_, row) => {
          const from = interleavedRow(row, config.headDim, ropeDims);
          return order ? order[from] : from;
        })
      : order;
  /** A bias is read where the config asks for one, and in some forms wherever there is one. */
  const hasBias = (name: string, wanted: boolean | undefined) =>
    wanted || (readsAllBiases && checkpoint.tensors.has(name));

  const vector: Finder["vector"] = (place, length, options = {}) => {
    const { kind = "vector", onePlus = false } = options;
    const found = named(place);
    const part: StoredPart =
      typeof found === "string" ? { name: found, shape: options.shape ?? [length] } : found;
    const name = at(part.name) + (part.suffix ?? ".weight");
    const order = turned(part.order, length, options.rotated);
    const { negatedExp, first = 0 } = part;
    return { kind, name, length, stored: stored(name, part.shape), first, order, onePlus, negatedExp };
  };
  const matrix: Finder["matrix"] = (place, rows, cols, options = {}) => {
    const found = named(place);
    const part: StoredPart =
      typeof found === "string" ? { name: found, shape: [options.of ?? rows, options.width ?? cols] } : found;
    return fromPart(part, rows, cols, options);
  };
  const fromPart = (
    part: StoredPart,
    rows: number,
    cols: number,
    options: MatrixOptions & { expert?: number },
  ): MatrixPlan => {
    const { cut = "rows", expert } = options;
    const base = at(part.name, expert);
    const name = base + (part.suffix ?? ".weight");
    const tensor =
      part.scaleSuffix === undefined
        ? stored(name, part.shape)
        : storedApart(name, base + part.scaleSuffix, part.shape);
    const { heads, partRows } = options;
    const transposed = part.transposed || partRows !== undefined;
    const parts = (partRows === undefined ? part.parts : heads) ?? 1;
    const first = (part.first ?? 0) + (options.first ?? 0);
    const picked = options.order ?? part.order;
    const order = turned(picked, rows, options.rotated);
    const biasName = part.biasName ?? base + (part.biasSuffix ?? ".bias");
    let bias: VectorPlan | undefined;
    if (hasBias(biasName, options.bias)) {
      // As many values as the tensor has outputs: its rows, or for each expert its columns.
      const outputs = transposed ? [...part.shape.slice(0, -2), tensor.cols] : part.shape.slice(0, -1);
      bias = {
        kind: "vector",
        name: biasName,
        length: rows,
        stored: stored(biasName, outputs),
        onePlus: false,
        first: transposed ? (first / cols) * tensor.cols : first,
        order,
      };
    }
    const last = Math.max(rows - 1, 0);
    const reach = order ? order.reduce((most, row) => Math.max(most, row), 0) : last;
    const fits = transposed
      ? first + (parts - 1) * (partRows ?? cols) + cols <= tensor.rows && reach < tensor.cols
      : first + reach < tensor.rows && cols === tensor.cols;
    if (!fits) {
      throw new BaimoError(
        "shape",
        `${checkpoint.name}: tensor "${name}" [${part.shape.join(", ")}] does not hold ${rows} rows of ${cols} from ${first}`,
      );
    }
    return {
      kind: "matrix",
      name,
      rows,
      cols,
      cut,
      stored: tensor,
      first,
      order,
      transposed,
      parts,
      partRows,
      heads,
      bias,
      normalized: options.normalized ?? false,
      expert: expert !== undefined,
    };
  };

  return {
    config,
    interleaved,
    matrix,
    vector,
    expert(place, expert, rows, cols, bias) {
      if (place === undefined) return matrix(undefined, rows, cols);
      if (typeof place === "function") return fromPart(place(expert), rows, cols, { bias, expert });
      const count = config.experts?.count ?? 1;
      const part: StoredPart = place.includes("{e}")
        ? { name: place, shape: [rows, cols] }
        : { name: place, shape: [count, rows, cols], first: expert * rows };
      return fromPart(part, rows, cols, { bias, expert });
    },
    norm(place, width, kind) {
      if (config.normWeight === "none") return {};
      const weight = vector(place, width, { kind, onePlus: config.normWeight === "one-plus" });
      if (!config.normBias) return { weight };
      return { weight, bias: vector(biasOf(named(place), width), width, { kind }) };
    },
    values(place, rows, cols, bias) {
      const weight = vector(place, rows * cols, { kind: "values", shape: [rows, cols] });
      const part = biasOf(named(place), rows);
      const isThere = hasBias(part.name + part.suffix, bias);
      return { weight, bias: isThere ? vector(part, rows, { kind: "values" }) : undefined };
    },
  };
}

/** Where the bias of a weight lies. */
function biasOf(place: Place, length: number): StoredPart & { readonly suffix: string } {
  const { name, biasSuffix = ".bias" } = typeof place === "string" ? { name: place } : place;
  return { name, suffix: biasSuffix, shape: [length] };
}
