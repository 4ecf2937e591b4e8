// The plan of all weights: where each lies in its checkpoint, as plain data for a worker.
import { BaimoError } from "../../errors.ts";
import type { TensorInfo } from "../../formats/tensor-info.ts";
import { type DType, dtypes } from "../../tensor/dtype.ts";
import type { ModelConfig } from "../config/config.ts";
import type {
  CheckpointFacts,
  ExpertPlace,
  Family,
  ModelNames,
  Place,
  StoredPart,
  TensorNames,
} from "../families/family.ts";
import { lineNames } from "../families/read/llama-names.ts";
import { planLayer } from "./layer-plan.ts";
import type { ModelParts, NormParts, StackParts } from "./weights.ts";

/** What cuts a matrix for the ranks: its rows in even parts, or the query heads or key heads whose rows they are. */
export type Cut = "rows" | "heads" | "delta";

/** A stored tensor as [rows, cols], one row after another. */
export interface StoredTensor {
  readonly name: string;
  readonly file: number;
  readonly offset: number;
  readonly dtype: DType;
  readonly rows: number;
  readonly cols: number;
}

/** A weight matrix [rows, cols] in a stored tensor. */
export interface MatrixPlan {
  readonly kind: "matrix";
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly cut: Cut;
  readonly stored: StoredTensor;
  /** Row r is stored row first + (order ? order[r] : r). Transposed: that column, of `cols` stored rows from `first`. */
  readonly first: number;
  readonly order?: Int32Array;
  readonly transposed: boolean;
  /** Transposed: so many parts, the rows of one after those of another, each of `cols` stored rows. */
  readonly parts: number;
  /** MXFP4 in two tensors: where the scales lie, a byte for each 32 columns; `stored` has the other 16 bytes. */
  readonly scales?: StoredTensor;
  /** Each row is divided by its length. */
  readonly normalized: boolean;
  readonly bias?: VectorPlan;
  /** One of many experts, of which a token meets few. */
  readonly expert: boolean;
}

/** The element type in which a matrix is read. */
export function readType({ stored, normalized, transposed }: MatrixPlan): DType {
  // Blocks that lie across the rows are read as values.
  return normalized || (transposed && dtypes[stored.dtype].elements > 1) ? "F32" : stored.dtype;
}

/** A weight vector: values first + (order ? order[i] : i) of a stored tensor. "values" are read by the main program. */
export interface VectorPlan {
  readonly kind: "vector" | "values";
  readonly name: string;
  readonly length: number;
  readonly stored: StoredTensor;
  readonly first: number;
  readonly order?: Int32Array;
  /** What is stored is added to 1. */
  readonly onePlus: boolean;
  /** What is stored is -exp of the values. */
  readonly negatedExp?: boolean;
  /** [buckets, heads] as stored, to be spread over distances: [heads, 2 * maxDistance + 1]. */
  readonly buckets?: {
    readonly count: number;
    readonly maxDistance: number;
    readonly bidirectional: boolean;
  };
}

/** A whole model. */
export type WeightPlan = ModelParts<MatrixPlan, VectorPlan, VectorPlan>;

/** Tensors that some publishers leave in and that say nothing which the config does not. */
const ignorable =
  /rotary_emb\.inv_freq$|rotary_emb\.(cos|sin)_cached$|\.masked_bias$|\.attn\.bias$|\.attention\.bias$|^rope_(freqs|factors_(long|short))\.weight$/;

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
  norm(place: Place | undefined, width: number): NormParts<VectorPlan>;
}

export interface MatrixOptions {
  cut?: Cut;
  bias?: boolean;
  /** Rows of heads of `headDim`, of which pairs may be interleaved in the file. */
  rotated?: boolean;
  order?: Int32Array;
  first?: number;
  /** Rows of the stored tensor, where not all are used. */
  of?: number;
  normalized?: boolean;
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

/**
 * Finds every weight, and checks its shape.
 * @throws {BaimoError} `format` when a tensor is missing or left over, `shape` when its shape is another
 */
export function planWeights(
  checkpoint: TensorSource,
  config: ModelConfig,
  family: Family,
  facts: CheckpointFacts,
): WeightPlan {
  const names: ModelNames = family.names?.(config, facts) ?? { decoder: lineNames(config, facts) };
  const used = new Set<string>();
  const interleaved = family.interleavedRope.includes(facts.dialect);
  const finderOf = (layer?: number) => createFinder(checkpoint, config, facts, { used, interleaved, layer });
  const whole = finderOf();

  const planStack = (parts: Partial<TensorNames>, layers: number, encoder: boolean) => {
    const stack: StackParts<MatrixPlan, VectorPlan, VectorPlan> = {
      layers: Array.from({ length: layers }, (_, l) => planLayer(finderOf(l), parts, l, encoder)),
      finalNorm: config.finalNorm ? whole.norm(parts.finalNorm, config.hiddenSize) : undefined,
      relativeBias:
        config.relativeBuckets > 0 ? planRelativeBias(finderOf(0), config, parts, encoder) : undefined,
    };
    return stack;
  };
  const { decoder, encoder } = names;
  const { vocabSize, hiddenSize, embeddingSize, tiedEmbeddings, headBias } = config;
  const projected = embeddingSize !== hiddenSize;
  const plan: WeightPlan = {
    embedding: whole.matrix(decoder.embedding, vocabSize, embeddingSize),
    positions:
      config.learnedPositions > 0
        ? whole.matrix(decoder.positions, config.learnedPositions, hiddenSize)
        : undefined,
    embeddingNorm: config.embeddingNorm ? whole.norm(decoder.embeddingNorm, embeddingSize) : undefined,
    projectIn: projected ? whole.matrix(decoder.projectIn, hiddenSize, embeddingSize) : undefined,
    projectOut: projected ? whole.matrix(decoder.projectOut, embeddingSize, hiddenSize) : undefined,
    encoder: encoder && config.encoderLayers > 0 ? planStack(encoder, config.encoderLayers, true) : undefined,
    decoder: planStack(decoder, config.numLayers, false),
    head:
      tiedEmbeddings && !headBias
        ? undefined
        : whole.matrix(tiedEmbeddings ? tiedHead(decoder, config) : decoder.head, vocabSize, embeddingSize, {
            bias: headBias,
            normalized: config.headNormalized,
          }),
  };
  if (tiedEmbeddings && typeof decoder.head === "string") used.add(`${decoder.head}.weight`);
  const left = [...checkpoint.tensors.keys()].filter(
    (name) => !used.has(name) && !ignorable.test(name) && !names.ignore?.test(name),
  );
  if (left.length > 0) {
    const shown = left.slice(0, 5).map((name) => `"${name}"`);
    throw new BaimoError(
      "format",
      `${checkpoint.name}: ${left.length} tensors have no place in a model of architecture "${config.architecture}": ` +
        `${shown.join(", ")}${left.length > 5 ? ", …" : ""}; its config does not tell of them`,
    );
  }
  return plan;
}

/** The embedding's rows with the head's own bias. */
function tiedHead({ embedding, head }: Partial<TensorNames>, config: ModelConfig): Place | undefined {
  if (typeof embedding !== "string" || typeof head !== "string") return undefined;
  return { name: embedding, biasName: `${head}.bias`, shape: [config.vocabSize, config.embeddingSize] };
}

function planRelativeBias(
  find: Finder,
  config: ModelConfig,
  names: Partial<TensorNames>,
  encoder: boolean,
): VectorPlan {
  const { relativeBuckets: count, relativeMaxDistance: maxDistance, numHeads } = config;
  const stored = find.vector(names.relativeBias, count * numHeads, { shape: [count, numHeads] });
  return {
    ...stored,
    length: numHeads * (2 * maxDistance + 1),
    buckets: { count, maxDistance, bidirectional: encoder },
  };
}

/** Row r of a head in halves stands at this row of the head with its pairs interleaved. */
export function interleavedRow(row: number, headDim: number, ropeDims: number): number {
  const within = row % headDim;
  if (within >= ropeDims) return row;
  const half = ropeDims / 2;
  return row - within + (within < half ? 2 * within : 2 * (within - half) + 1);
}

function createFinder(
  checkpoint: TensorSource,
  config: ModelConfig,
  facts: CheckpointFacts,
  { used, interleaved, layer }: { used: Set<string>; interleaved: boolean; layer?: number },
): Finder {
  const ropeDims = config.ropes[0]?.dims ?? config.headDim;

  const find = (name: string, shape: readonly number[]): TensorInfo => {
    const tensor = checkpoint.tensors.get(name, shape);
    if (!tensor) {
      throw new BaimoError(
        "format",
        `${checkpoint.name}: tensor "${name}" of shape [${shape.join(", ")}] is missing`,
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
    return tensor;
  };
  const MX_BLOCK = dtypes.MXFP4.elements;
  /** Blocks and scales of MXFP4 in two tensors, the last size of which is cut in blocks. */
  const storedApart = (name: string, scaleName: string, shape: readonly number[]) => {
    const outer = shape.slice(0, -1);
    const blocks = shape[shape.length - 1] / MX_BLOCK;
    const scales = stored(scaleName, [...outer, blocks]);
    const bytes = stored(name, [...outer, blocks, dtypes.MXFP4.bytes - 1]);
    for (const { name: tensor, dtype } of [scales, bytes]) {
      if (dtype !== "U8")
        throw new BaimoError("format", `${checkpoint.name}: tensor "${tensor}" should be U8, found ${dtype}`);
    }
    return {
      tensor: { ...bytes, dtype: "MXFP4", rows: scales.rows, cols: blocks * MX_BLOCK } as const,
      scales,
    };
  };
  const stored = (name: string, shape: readonly number[]): StoredTensor => {
    const { file, offset, dtype } = find(name, shape);
    const cols = shape[shape.length - 1];
    const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
    return { name, file, offset, dtype, rows, cols };
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
  /** A bias is read where the config asks for one, and in GGUF wherever there is one. */
  const hasBias = (name: string, wanted: boolean | undefined) =>
    wanted || (facts.dialect === "gguf" && checkpoint.tensors.has(name));

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
      typeof found === "string" ? { name: found, shape: [options.of ?? rows, cols] } : found;
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
    const { tensor, scales } =
      part.scaleSuffix === undefined
        ? { tensor: stored(name, part.shape), scales: undefined }
        : storedApart(name, base + part.scaleSuffix, part.shape);
    const { transposed = false, parts = 1 } = part;
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
      ? first + cols * parts <= tensor.rows && reach < tensor.cols
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
      scales,
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
    norm(place, width) {
      if (config.normWeight === "none") return {};
      const weight = vector(place, width, { onePlus: config.normWeight === "one-plus" });
      if (!config.normBias) return { weight };
      const found = named(place);
      const name = typeof found === "string" ? found : found.name;
      return { weight, bias: vector({ name, suffix: ".bias", shape: [width] }, width) };
    },
  };
}
